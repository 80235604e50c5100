"""Recordings whose samples can be replaced in place: SigMF pairs, WAV files, bare samples; I/Q or sound."""

import json
import re
import struct
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from beep.base.checks import parse_time
from beep.base.errors import RecordingError

CAPTURE_SUFFIXES = (".sigmf-meta", ".wav", ".cf32", ".cs16", ".cs8", ".cu8")
_RAW = {".cf32": "<f4", ".cs16": "<i2", ".cs8": "i1", ".cu8": "u1"}
_SIGMF = re.compile(r"(?P<complex>c|r)(?P<kind>[fiu])(?P<bits>8|16|32|64)(?:_(?P<order>le|be))?")
LEAST_CAPTURE_RATE_HZ = 1000
FIRST_SYSTEM_YEAR = 1601  # of SYSTEMTIME, where no time is known
_AUXI = struct.Struct("<16H2I")  # start, end, center frequency, rate


@dataclass(frozen=True, kw_only=True)
class Capture:
    """Where the samples of a recording are, and what its metadata say."""

    path: Path  # of the file with the samples
    offset: int  # of the first sample, bytes
    frames: int
    sample: str  # kind of number as NumPy names it; i3 for 24 bits
    columns: int  # numbers in a frame: I and Q, or the channels of sound
    iq: bool
    sample_rate_hz: float | None
    center_hz: float | None = None
    start: datetime | None = None
    meta: dict[str, Any] = field(default_factory=dict)  # of SigMF

    @property
    def frame_bytes(self) -> int:
        """Size of a frame."""
        return self.columns * (3 if self.sample == "i3" else np.dtype(self.sample).itemsize)

    def read(self, file: BinaryIO, start: int, stop: int) -> NDArray[np.float32]:
        """Frames (stop - start, columns), full scale 1; zeros before the first and after the last."""
        low, high = min(max(start, 0), self.frames), min(max(stop, 0), self.frames)
        file.seek(self.offset + low * self.frame_bytes)
        data = file.read((high - low) * self.frame_bytes)
        if self.sample == "i3":
            wide = np.zeros((len(data) // 3, 4), np.uint8)
            wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
            values = wide.reshape(-1).view("<i4") / np.float32(2**31)
        else:
            values = np.frombuffer(data, self.sample).astype(np.float32)
            values = (values - self._zero) / self._scale
        frames = np.zeros((stop - start, self.columns), np.float32)
        frames[low - start : high - start] = values.reshape(-1, self.columns)
        return frames

    def encoded(self, frames: NDArray[np.float32]) -> bytes:
        """Return frames (N, columns), full scale 1, as the bytes of the file; values beyond full scale are clipped."""
        if self.sample == "i3":
            whole = np.clip(np.rint(frames.astype(np.float64) * 2**23), -(2**23), 2**23 - 1).astype("<i4")
            return whole.reshape(-1).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
        values, dtype = frames.astype(np.float64) * self._scale + self._zero, np.dtype(self.sample)
        if dtype.kind != "f":
            limits = np.iinfo(dtype)
            values = np.clip(np.rint(values), limits.min, limits.max)
        return values.astype(dtype).tobytes()

    @property
    def _scale(self) -> float:
        dtype = np.dtype(self.sample)
        return 1.0 if dtype.kind == "f" else 2.0 ** (8 * dtype.itemsize - 1) - (0.5 if dtype.kind == "u" else 0.0)

    @property
    def _zero(self) -> float:
        return self._scale if np.dtype(self.sample).kind == "u" else 0.0


def open_capture(
    name: str | Path,
    *,
    sample_rate_hz: float | None = None,
    center_mhz: float | None = None,
    start: datetime | str | None = None,
) -> Capture:
    """Return what the metadata of a recording say; the arguments stand in place of what is missing, or replace it.

    Raises RecordingError where the file cannot be read, or has no sample rate.
    """
    path = Path(name)
    suffix = path.suffix.lower()
    try:
        if suffix == ".sigmf-meta":
            capture = _sigmf(path)
        elif suffix == ".wav":
            capture = _wav(path)
        elif suffix in _RAW:
            sample = _RAW[suffix]
            frames = path.stat().st_size // (2 * np.dtype(sample).itemsize)
            capture = Capture(
                path=path, offset=0, frames=frames, sample=sample, columns=2, iq=True, sample_rate_hz=None
            )
        else:
            raise RecordingError(f"the recording must end in {', '.join(CAPTURE_SUFFIXES)}, got {path}; convert it")
    except OSError as error:
        raise RecordingError(f"cannot read {path}: {error.strerror or error}; check its name and rights") from None
    except (ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        if isinstance(error, RecordingError):
            raise
        raise RecordingError(f"{path} is damaged or incomplete ({error}); copy it again") from None
    changes: dict[str, Any] = {"sample_rate_hz": sample_rate_hz, "start": parse_time(start) if start else None}
    if center_mhz is not None and capture.columns == 2:
        changes |= {"center_hz": center_mhz * 1e6, "iq": True}
    capture = replace(capture, **{name: value for name, value in changes.items() if value is not None})
    if not capture.sample_rate_hz or capture.sample_rate_hz < LEAST_CAPTURE_RATE_HZ:
        raise RecordingError(
            f"the sample rate must be {LEAST_CAPTURE_RATE_HZ} Hz or more, {path} says none; give sample_rate_hz"
        )
    if capture.frames < 1:
        raise RecordingError(f"a recording must have samples, {path} has none; copy it again")
    return capture


def _sigmf(path: Path) -> Capture:
    meta = json.loads(path.read_text(encoding="utf-8"))
    about, captures = meta["global"], meta["captures"]
    datatype = _SIGMF.fullmatch(about["core:datatype"])
    if datatype is None or about.get("core:num_channels", 1) != 1 or len(captures) != 1:
        raise RecordingError(f"{path} must have one channel, one capture and samples of a known type; split it")
    data = path.with_suffix(".sigmf-data")
    columns, (capture,) = 2 if datatype["complex"] == "c" else 1, captures
    sample = f"{'>' if datatype['order'] == 'be' else '<'}{datatype['kind']}{int(datatype['bits']) // 8}"
    start = capture.get("core:datetime")
    return Capture(
        path=data,
        offset=0,
        frames=data.stat().st_size // (columns * np.dtype(sample).itemsize),
        sample=sample,
        columns=columns,
        iq=columns == 2,
        sample_rate_hz=about.get("core:sample_rate"),
        center_hz=capture.get("core:frequency"),
        start=parse_time(start) if start else None,
        meta=meta,
    )


def _wav(path: Path) -> Capture:
    with path.open("rb") as file:
        if file.read(4) != b"RIFF" or file.read(8)[4:] != b"WAVE":
            raise RecordingError(f"{path} is no WAV file with sizes of 32 bits; convert it: sox IN OUT.wav")
        chunks = {}
        while (head := file.read(8)) and (name := head[:4]) != b"data":
            size = struct.unpack("<I", head[4:])[0]
            chunks[name] = file.read(size + size % 2)
        offset, size = file.tell(), struct.unpack("<I", head[4:])[0]
    code, channels, rate_hz, _, frame, bits = struct.unpack("<HHIIHH", chunks[b"fmt "][:16])
    code = struct.unpack("<H", chunks[b"fmt "][24:26])[0] if code == 0xFFFE else code
    sample = {(1, 8): "u1", (1, 16): "<i2", (1, 24): "i3", (1, 32): "<i4", (3, 32): "<f4", (3, 64): "<f8"}[code, bits]
    known: dict[str, Any] = {}
    if b"auxi" in chunks and channels == 2:
        numbers = _AUXI.unpack(chunks[b"auxi"][: _AUXI.size])
        year, month, _, day, hour, minute, second, millisecond = numbers[:8]
        known = {"iq": True, "center_hz": float(numbers[16])}
        if year > FIRST_SYSTEM_YEAR:
            known["start"] = datetime(year, month, day, hour, minute, second, 1000 * millisecond, tzinfo=UTC)
    held = min(size, path.stat().st_size - offset)
    return Capture(
        path=path,
        offset=offset,
        frames=held // frame,
        sample=sample,
        columns=channels,
        sample_rate_hz=rate_hz,
        **{"iq": False, **known},
    )
