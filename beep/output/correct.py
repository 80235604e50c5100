"""The Doppler taken out of a recording: every sample multiplied by exp(2 pi j f delay)."""

import hashlib
import json
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from beep.base.arrays import Array
from beep.base.choices import Sideband
from beep.base.errors import OutputError, RecordingError
from beep.base.progress import Progress
from beep.geometry.look import LookFunction
from beep.measuring.capture import Capture, open_capture
from beep.measuring.comment import wav_comment
from beep.output.files import whole_file
from beep.output.table import WRITERS
from beep.radio.receiver import doppler_sign
from beep.scenario.carriers import MOST_MHZ
from beep.scenario.scenario import Scenario
from beep.signal.pulses import phasor
from beep.stream.reception import Reception
from beep.stream.resolve import receive_from, recorded_reception
from beep.stream.track import track_rows

BLOCK = 1 << 16  # frames at once, and at most those of a second
NODES_IN_BLOCK = 10  # at which the delay is computed; between them a polynomial: 1e-9 turn at 40 MHz
HILBERT_S = 0.02  # reach of the filter to each side that turns sound by 90 degrees: right above some 100 Hz
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Corrected:
    """What was done."""

    capture: Capture
    reception: Reception
    frequency_hz: tuple[float, ...]  # whose Doppler was taken out: one, or one for each channel


def correct(
    name: str | Path,
    to: str | Path,
    *,
    station: str,
    tle: str | None = None,
    start: datetime | str | None = None,
    frequency_mhz: tuple[float, ...] = (),
    center_mhz: float | None = None,
    sample_rate_hz: float | None = None,
    sideband: Sideband = "upper",
    reverse: bool = False,
    truth: str | Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Corrected:
    """Write a recording (SigMF pair, WAV, bare I/Q) again without the Doppler of a satellite; `reverse` puts it in.

    The satellite is that of the text `tle`, or Sputnik 1. `frequency_mhz` is the frequency that it sends, by default
    the center frequency; for sound it must be given, once or for each channel. Metadata give sample rate, center
    frequency and start, or the arguments do. The new file has the format of the old one. Sound is shifted by its
    analytic signal; `sideband` tells whether its tones follow the Doppler (upper) or mirror it. The delay is that of
    vacuum, and pulse lengths stay as they are. `truth`, a .csv or .json file, has the Doppler second by second.

    Raises RecordingError where the recording cannot be read or its start is not known, OutputError where a file cannot
    be written, ScenarioError or TleError where there is no orbit.
    """
    path, suffix = Path(to), Path(name).suffix.lower()
    if path.suffix.lower() != suffix:
        raise OutputError(f"the corrected file must end in {suffix} like the recording, got {str(to)!r}")
    if truth is not None and Path(truth).suffix.lower()[1:] not in WRITERS:
        raise OutputError(f"the truth file must end in .csv or .json, got {str(truth)!r}")
    capture = open_capture(name, sample_rate_hz=sample_rate_hz, center_mhz=center_mhz, start=start)
    if capture.start is None and suffix == ".wav" and not capture.iq:
        capture = replace(capture, start=_recorded_start(capture.path))
    assert capture.sample_rate_hz is not None
    if capture.start is None:
        rule = "the orbit needs the time of the first sample"
        raise RecordingError(f"{rule}, {name} says none; give start='1957-10-07T05:05:28Z'")
    frequency_hz = tuple(1e6 * mhz for mhz in frequency_mhz)
    if not frequency_hz and capture.center_hz is not None:
        frequency_hz = (capture.center_hz,)
    if len(frequency_hz) not in (1, 1 if capture.iq else capture.columns):
        need = "one" if capture.iq else f"one, or one for each of {capture.columns} channels"
        raise RecordingError(f"frequency_mhz must be given: {need}, got {len(frequency_hz)}")
    if not all(0 < hz <= MOST_MHZ * 1e6 for hz in frequency_hz):
        raise RecordingError(f"frequency_mhz must be above 0 and at most {MOST_MHZ:g}, got {frequency_hz[0] / 1e6:g}")
    scenario = Scenario(station=station, tle=tle, start=capture.start)
    reception = receive_from(scenario, capture.start, capture.frames / capture.sample_rate_hz)
    sign = -1 if reverse else 1
    signs = sign if capture.iq else sign * doppler_sign(sideband)
    with ExitStack() as stack:

        def opened(target: Path) -> BinaryIO:
            return stack.enter_context(stack.enter_context(whole_file(target, force=force)).open("wb"))

        outputs = [opened(path.with_suffix(capture.path.suffix))]
        sha512 = _write(capture, outputs[0], reception.look, signs * np.array(frequency_hz), progress)
        if capture.meta:
            outputs.append(opened(path))
            outputs[-1].write(_changed_meta(capture.meta, sha512, reverse).encode())
        for file in outputs:
            file.flush()
        if truth is not None:
            part = stack.enter_context(whole_file(truth, force=force))
            with part.open("w", encoding="utf-8") as table:
                rows = track_rows(reception, frequency_mhz=frequency_hz[0] / 1e6)
                WRITERS[Path(truth).suffix.lower()[1:]](table, rows)
    return Corrected(capture=capture, reception=reception, frequency_hz=frequency_hz)


def _recorded_start(path: Path) -> datetime | None:
    """Return the time of the first sample of a recording of this package, from its comment."""
    with path.open("rb") as file:
        reception = recorded_reception(wav_comment(file))
    return None if reception is None else reception.epoch


def _write(capture: Capture, to: BinaryIO, look: LookFunction, turns_s: Array, progress: Progress | None) -> str:
    """Write the whole file with its samples turned by `turns_s` (1 or channels,) times the delay; returns SHA-512."""
    rate_hz, sha512 = capture.sample_rate_hz, hashlib.sha512()
    assert rate_hz is not None
    size = min(BLOCK, int(rate_hz))
    reach = 0 if capture.iq else round(HILBERT_S * rate_hz)
    with capture.path.open("rb") as file, np.errstate(invalid="ignore", over="ignore"):  # samples that are no numbers
        head = file.read(capture.offset)
        to.write(head)
        for start in range(0, capture.frames, size):
            stop = min(start + size, capture.frames)
            frames = capture.read(file, start - reach, stop + reach)
            turn = phasor(_delay_s(look, start, stop, rate_hz)[:, None] * turns_s)
            if capture.iq:
                turned = (frames.view(np.complex64) * turn).view(np.float32)
            else:
                turned = (_analytic(frames, reach) * turn).real
            data = capture.encoded(turned)
            sha512.update(data)
            to.write(data)
            if progress is not None:
                progress(stop, capture.frames)
        file.seek(capture.offset + capture.frames * capture.frame_bytes)
        first = True
        while rest := file.read(CHUNK_BYTES):
            # A comment says what the recording was, with its Doppler: readers skip a JUNK chunk.
            to.write(rest.replace(b"LIST", b"JUNK", 1) if first and rest[:5].lstrip(b"\0")[:4] == b"LIST" else rest)
            first = False
    return sha512.hexdigest()


def _delay_s(look: LookFunction, start: int, stop: int, rate_hz: float) -> Array:
    """Delay (stop - start,) of each frame."""
    nodes = np.cos(np.pi * (np.arange(NODES_IN_BLOCK) + 0.5) / NODES_IN_BLOCK)
    middle, half = (start + stop - 1) / 2, max((stop - start - 1) / 2, 0.5)
    delay_s = look((middle + half * nodes) / rate_hz).delay_s
    coefficients = chebyshev.chebfit(nodes, delay_s, NODES_IN_BLOCK - 1)
    return np.asarray(chebyshev.chebval((np.arange(start, stop) - middle) / half, coefficients))


def _analytic(frames: NDArray[np.float32], reach: int) -> NDArray[np.complex64]:
    """Analytic signal (N, channels) of sound (N + 2 reach, channels)."""
    n = np.arange(-reach, reach + 1)
    taps = np.where(n % 2, 2 / (np.pi * np.where(n, n, 1)), 0) * np.kaiser(n.size, 8)
    size = 1 << (len(frames) - 1).bit_length()  # what wraps around falls before the part that is kept
    spectrum = np.fft.rfft(frames, size, axis=0) * np.fft.rfft(taps, size)[:, None]
    turned = np.fft.irfft(spectrum, size, axis=0)[2 * reach : len(frames)]
    return np.asarray(frames[reach : len(frames) - reach] + 1j * turned, np.complex64)


def _changed_meta(meta: dict[str, Any], sha512: str, reverse: bool) -> str:
    """The metadata with the hash of the new samples, without what the correction has moved."""
    about = meta["global"] | {"core:sha512": sha512}
    done = "Doppler put in" if reverse else "Doppler taken out"
    about["core:description"] = "; ".join(filter(None, (about.get("core:description"), done)))
    moved = ("core:freq_lower_edge", "core:freq_upper_edge", "beep:frequency_hz")
    notes = [{name: note[name] for name in note if name not in moved} for note in meta.get("annotations", [])]
    return json.dumps({**meta, "global": about, "annotations": notes}, indent=1, ensure_ascii=False) + "\n"
