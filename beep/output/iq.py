"""Export of a scenario as I/Q: SigMF, WAV with an `auxi` chunk, or bare samples."""

import hashlib
import io
import tarfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from struct import pack
from typing import BinaryIO, get_args

import numpy as np

from beep.base.choices import IqName, IqSubtype, Subtype
from beep.base.errors import OutputError, ScenarioError
from beep.base.progress import Progress
from beep.output.files import whole_file
from beep.output.sigmf import collection, write_meta
from beep.output.truth import write_truth
from beep.output.wav import LONGEST_32_BIT, chunk, packed24, quantized
from beep.scenario.carriers import MOST_MHZ
from beep.scenario.scenario import Scenario
from beep.stream.baseband import IQ_LEVEL_DBFS, Iq, Tuning, default_center_hz, iq_blocks, tune, without_receiver
from beep.stream.reception import Reception
from beep.stream.resolve import receive
from beep.stream.words import title

RAW_SUFFIXES = tuple(f".{subtype}" for subtype in get_args(IqSubtype))
SIGMF_SUFFIXES = (".sigmf-meta", ".sigmf", ".sigmf-collection")
IQ_SUFFIXES = (*SIGMF_SUFFIXES, *RAW_SUFFIXES, ".wav")
FRAME_BYTES = {"cf32": 8, "cs16": 4, "cu8": 2, "float": 8, "pcm24": 6, "pcm16": 4}
UNSIGNED_ZERO = 127.5  # of cu8: the middle between its lowest and highest value, as rtl_tcp and its programs take it


@dataclass(frozen=True, kw_only=True)
class IqExport:
    """What was written."""

    files: tuple[str, ...]  # names; none for a stream
    tunings: tuple[Tuning, ...]  # of each recording, one for each carrier in a collection
    reception: Reception  # without the receiver, with the carriers of all recordings
    subtype: str
    frames: int  # of all recordings
    clipped: int  # values, I and Q counted apart, beyond full scale

    @property
    def data_bytes(self) -> int:
        """Size of the samples."""
        return self.frames * FRAME_BYTES[self.subtype]


def export_iq(
    scenario: Scenario | Reception,
    to: str | Path | BinaryIO,
    *,
    center_mhz: float | None = None,
    level_dbfs: float = IQ_LEVEL_DBFS,
    subtype: IqSubtype | Subtype | None = None,
    name: IqName | None = None,
    truth: str | Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> IqExport:
    """Write the signal before the receiver, as complex samples about `center_mhz`, exp(+2 pi j f t).

    The file's suffix says the format: .sigmf-meta (with .sigmf-data beside it), .sigmf (both in an archive),
    .sigmf-collection (a pair for each carrier, on one time base), .wav (with the center frequency and the start in its
    `auxi` chunk), .cf32, .cs16 or .cu8 (samples alone, also to an open binary file). `center_mhz` is 5 kHz below the
    first carrier by default, in a collection below each. All carriers within half the scenario's sample rate are in
    the recording. `level_dbfs` is the level of the strongest carrier at closest approach. `name` makes a name that a
    program reads, in the folder of `to`. Settings of the receiver have no effect. With `truth`, a JSON file of that
    name holds all that is true: see `beep.output.truth.write_truth`. All files appear, or none.

    Raises ScenarioError where no carrier is in the band, and OutputError where a file cannot be written, exists
    (without `force`), or has another suffix.
    """
    suffix, kind = _subtype_of(to, subtype)
    if name is not None and not suffix:
        raise OutputError(f"a stream has no name, got name {name!r}; drop it")
    if truth is not None and Path(truth).suffix.lower() != ".json":
        raise OutputError(f"the truth file must end in .json, got {str(truth)!r}")
    reception = receive(scenario, audible=False)
    recipe = replace(reception.scenario, level_dbfs=level_dbfs)
    rate_hz, carriers = reception.scenario.sample_rate_hz, reception.scenario.carriers
    if center_mhz is not None and suffix == ".sigmf-collection":
        raise OutputError(f"a collection has a center for each carrier, got center_mhz {center_mhz:g}; drop it")
    if center_mhz is not None and not 0 < center_mhz <= MOST_MHZ:
        raise ScenarioError(f"center_mhz must be above 0 and at most {MOST_MHZ:g}, got {center_mhz:g}")
    if suffix == ".sigmf-collection":
        centers_hz = [default_center_hz(carrier, rate_hz) for carrier in carriers]
    else:
        centers_hz = [default_center_hz(carriers[0], rate_hz) if center_mhz is None else round(center_mhz * 1e6)]
    tunings = tuple(tune(reception, center_hz=center_hz, level_dbfs=level_dbfs) for center_hz in centers_hz)
    _check_band(tunings)
    frames = sum(tuning.frames for tuning in tunings)
    with ExitStack() as stack:
        out = _Writer(stack=stack, force=force, recipe=recipe, kind=kind, frames=frames, progress=progress)
        if truth is not None:
            out.truth(Path(truth), reception)
        if not isinstance(to, str | Path):
            out.samples(to, tunings[0])
            to.flush()
        else:
            path = Path(to) if name is None else Path(to).with_name(file_name(tunings[0], suffix, name))
            if suffix == ".sigmf-collection":
                out.collection(path, tunings)
            elif suffix == ".sigmf-meta":
                out.pair(path, tunings[0])
            elif suffix == ".sigmf":
                out.archive(path, tunings[0])
            else:
                file = out.opened(path)
                file.write(iq_wav_header(tunings[0], kind) if suffix == ".wav" else b"")
                out.samples(file, tunings[0])
        out.flush()
    scenario = replace(without_receiver(recipe), carriers=tuple(c for tuning in tunings for c in tuning.carriers))
    return IqExport(
        files=tuple(out.files),
        tunings=tunings,
        reception=replace(reception, scenario=scenario),
        subtype=kind,
        frames=frames,
        clipped=out.clipped,
    )


def _subtype_of(to: str | Path | BinaryIO, subtype: str | None) -> tuple[str, str]:
    """Return the suffix of the output, empty for a stream, and the sample format. Raises OutputError."""
    suffix = Path(to).suffix.lower() if isinstance(to, str | Path) else ""
    raw, sound = get_args(IqSubtype), get_args(Subtype)
    if isinstance(to, str | Path) and suffix not in IQ_SUFFIXES:
        raise OutputError(f"the name of an I/Q file must end in {', '.join(IQ_SUFFIXES)}, got {str(to)!r}")
    allowed = sound if suffix == ".wav" else (suffix[1:],) if suffix in RAW_SUFFIXES else raw
    if subtype is not None and subtype not in allowed:
        what = f"{suffix} holds" if suffix else "a stream of I/Q is"
        raise OutputError(f"{what} {' or '.join(allowed)}, got subtype {subtype!r}; choose one of these")
    return suffix, subtype or allowed[0]


def _check_band(tunings: tuple[Tuning, ...]) -> None:
    """Raise where a recording would have no carrier, or no sample."""
    for tuning in tunings:
        scenario, half_hz = tuning.reception.scenario, tuning.sample_rate_hz / 2
        if not tuning.carriers:
            low, high = ((tuning.center_hz + sign * half_hz) / 1e6 for sign in (-1, 1))
            known = " nor ".join(f"{carrier.frequency_mhz:g}" for carrier in scenario.carriers)
            raise ScenarioError(
                f"the band must hold a carrier with its Doppler, but {low:.6g} to {high:.6g} MHz does not hold {known} "
                f"MHz; change center_mhz or raise sample_rate_hz"
            )
        if tuning.frames < 1:
            duration_s = tuning.reception.duration_s
            raise ScenarioError(f"a recording has at least one sample, got duration_s {duration_s:g}; raise it")


@dataclass(kw_only=True, eq=False)
class _Writer:
    """Writes files that belong together; they appear when the stack ends."""

    stack: ExitStack
    force: bool
    recipe: Scenario
    kind: str
    frames: int  # of all recordings
    progress: Progress | None
    files: list[str] = field(default_factory=list)
    open_files: list[BinaryIO] = field(default_factory=list)
    clipped: int = 0
    done: int = 0

    def opened(self, path: Path) -> BinaryIO:
        part = self.stack.enter_context(whole_file(path, force=self.force))
        self.open_files.append(self.stack.enter_context(part.open("wb")))
        self.files.append(str(path))
        return self.open_files[-1]

    def flush(self) -> None:
        """Write out every file, so that a full disk leaves none of them."""
        for file in self.open_files:
            file.flush()

    def truth(self, path: Path, reception: Reception) -> None:
        text = io.TextIOWrapper(self.opened(path), encoding="utf-8", newline="\n")
        write_truth(replace(reception, scenario=self.recipe), text)
        text.detach()

    def samples(self, file: BinaryIO, tuning: Tuning) -> str:
        """Write all samples of a recording; returns their SHA-512."""
        sha512 = hashlib.sha512()
        for block in iq_blocks(tuning):
            data, clipped = encoded(block, self.kind)
            sha512.update(data)
            file.write(data)
            self.clipped += clipped
            self.done += len(block)
            if self.progress is not None:
                self.progress(self.done, self.frames)
        return sha512.hexdigest()

    def meta(self, file: BinaryIO, tuning: Tuning, sha512: str) -> None:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="\n")
        write_meta(text, tuning, recipe=self.recipe, subtype=self.kind, sha512=sha512)
        text.detach()

    def pair(self, path: Path, tuning: Tuning) -> str:
        """Write data and metadata; returns the SHA-512 of the metadata."""
        data, meta = self.opened(path.with_suffix(".sigmf-data")), self.opened(path)
        self.meta(meta, tuning, self.samples(data, tuning))
        self.flush()
        with open(meta.name, "rb") as written:
            return hashlib.file_digest(written, "sha512").hexdigest()

    def collection(self, path: Path, tunings: tuple[Tuning, ...]) -> None:
        file, hashes = self.opened(path), {}
        for tuning in tunings:
            base = f"{path.stem}-{self.recipe.name_of(tuning.carriers[0])}"
            hashes[base] = self.pair(path.with_name(f"{base}.sigmf-meta"), tuning)
        file.write(collection(hashes, title(tunings[0].reception)).encode())

    def archive(self, path: Path, tuning: Tuning) -> None:
        """Write data and metadata into a tar archive; the data come first, because the metadata have their hash."""
        file, base = self.opened(path), f"{path.stem}/{path.stem}"

        def member(name: str, size: int, write: Callable[[], str]) -> str:
            info = tarfile.TarInfo(name)
            info.size = size
            file.write(info.tobuf(tarfile.PAX_FORMAT))
            written = write()
            file.write(bytes(-size % tarfile.BLOCKSIZE))
            return written

        size = tuning.frames * FRAME_BYTES[self.kind]
        sha512 = member(f"{base}.sigmf-data", size, lambda: self.samples(file, tuning))
        text = io.BytesIO()
        self.meta(text, tuning, sha512)
        member(f"{base}.sigmf-meta", len(text.getvalue()), lambda: str(file.write(text.getvalue())))
        file.write(bytes(2 * tarfile.BLOCKSIZE))


def encoded(block: Iq, kind: str) -> tuple[bytes | memoryview, int]:
    """Return samples (N, 1) as the bytes of a file, I before Q, and the number of clipped values."""
    pairs = block.view(np.float32)
    if kind == "cu8":
        scaled = np.rint(pairs * np.float32(UNSIGNED_ZERO) + np.float32(UNSIGNED_ZERO))
        clipped = int(np.count_nonzero((scaled < 0) | (scaled > 255)))
        return np.clip(scaled, 0, 255).astype(np.uint8).data, clipped
    subtype: Subtype = "pcm24" if kind == "pcm24" else "pcm16" if kind in ("cs16", "pcm16") else "float"
    whole, clipped = quantized(pairs, subtype=subtype)
    return packed24(whole) if subtype == "pcm24" else whole.data, clipped


def iq_wav_header(tuning: Tuning, kind: str) -> bytes:
    """Return the bytes of an I/Q WAV file before its first sample: format, `auxi`, in float files `fact`.

    `auxi` is that of SpectraVue: start, end, center frequency, rate and bandwidth. Programs that take every byte after
    the 44th as a sample read some whole frames more, so I and Q keep their places. Raises OutputError above 4 GiB,
    where such programs cannot read a WAV file, and for a frequency that `auxi` cannot hold.

    References: the readers of SDRangel and Linrad (`z_WAV_FORMATS.txt`).
    """
    rate_hz, frame = tuning.sample_rate_hz, FRAME_BYTES[kind]
    size = tuning.frames * frame
    code, bits = 3 if kind == "float" else 1, 4 * frame
    start = tuning.reception.epoch or datetime(1601, 1, 1, tzinfo=UTC)
    numbers = (tuning.center_hz, rate_hz, 0, rate_hz, 0, 0, 0, 0, 0)
    if not 0 <= tuning.center_hz <= LONGEST_32_BIT:
        raise OutputError(f"a WAV file holds centers from 0 to 4294 MHz, got {tuning.center_hz / 1e6:g}; take SigMF")
    times = b"".join(map(_system_time, (start, start + timedelta(seconds=tuning.frames / rate_hz))))
    chunks = chunk(b"fmt ", pack("<HHIIHH", code, 2, rate_hz, rate_hz * frame, frame, bits))
    chunks += chunk(b"fact", pack("<I", tuning.frames)) if kind == "float" else b""
    chunks += chunk(b"auxi", times + pack("<9I", *numbers) + bytes(96))
    riff = len(b"WAVE") + len(chunks) + 8 + size + size % 2
    if riff > LONGEST_32_BIT:
        raise OutputError(f"an I/Q WAV file must stay below 4 GiB, got {size / 2**30:.1f}; take .sigmf-meta or .cf32")
    return b"RIFF" + pack("<I", riff) + b"WAVE" + chunks + b"data" + pack("<I", size)


def _system_time(time: datetime) -> bytes:
    """Return a time as Windows' SYSTEMTIME."""
    utc = time.astimezone(UTC)
    date = (utc.year, utc.month, utc.isoweekday() % 7, utc.day)
    return pack("<8H", *date, utc.hour, utc.minute, utc.second, utc.microsecond // 1000)


def file_name(tuning: Tuning, suffix: str, name: IqName) -> str:
    """Return the file name from which a program reads center frequency and sample rate (and SatDump the time).

    References: the readers of gqrx (`iq_tool.cpp`), SatDump and strf, rtl_433 (`fileformat.c`).
    """
    center_hz, rate_hz = tuning.center_hz, tuning.sample_rate_hz
    start = (tuning.reception.epoch or datetime(1970, 1, 1, tzinfo=UTC)).astimezone(UTC)
    if name == "gqrx":
        if suffix not in (".cf32", ".sigmf-meta"):
            raise OutputError(f"gqrx reads complex float samples, got {suffix}; give a .cf32 or .sigmf-meta file")
        suffix = ".raw" if suffix == ".cf32" else suffix
        return f"gqrx_{start:%Y%m%d_%H%M%S}_{center_hz}_{rate_hz}_fc{suffix}"
    if name == "rtl_433":
        return f"g001_{center_hz / 1e6:.12g}M_{rate_hz / 1e3:.12g}k{suffix}"
    return f"{start:%Y-%m-%d_%H-%M-%S}_{rate_hz}SPS_{center_hz}Hz{suffix}"
