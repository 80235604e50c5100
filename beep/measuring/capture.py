"""Recordings whose samples can be replaced in place: SigMF pairs, WAV files, bare samples; I/Q or sound."""

import json
import os
import re
import struct
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from beep.base.checks import parse_time
from beep.base.errors import RecordingError
from beep.base.text import read_text

CAPTURE_SUFFIXES = (".sigmf-meta", ".wav", ".cf32", ".cs16", ".cs8", ".cu8")
_RAW = {".cf32": "<f4", ".cs16": "<i2", ".cs8": "i1", ".cu8": "u1"}
_SIGMF = re.compile(r"(?P<complex>c|r)(?P<kind>[fiu])(?P<bits>8|16|32|64)(?:_(?P<order>le|be))?")
LEAST_CAPTURE_RATE_HZ, MOST_CAPTURE_RATE_HZ = 1e3, 1e9
MOST_META_BYTES = 200 << 20  # annotations of 100 hours
MOST_CHUNK_BYTES = 1 << 10  # of those before the samples
MOST_COLUMNS = 64
THREE_BYTES = "24 bits"
FIRST_SYSTEM_YEAR = 1601  # of SYSTEMTIME, where no time is known
_AUXI = struct.Struct("<16H2I")  # start, end, center frequency, rate


@dataclass(frozen=True, kw_only=True)
class Capture:
    """Where the samples of a recording are, and what its metadata say."""

    path: Path  # of the file with the samples
    offset: int  # of the first sample, bytes
    frames: int
    sample: str  # kind of number as NumPy names it; THREE_BYTES for 24 bits
    columns: int  # numbers in a frame: I and Q, or the channels of sound
    iq: bool
    sample_rate_hz: float | None
    center_hz: float | None = None
    start: datetime | None = None
    meta: dict[str, Any] = field(default_factory=dict)  # of SigMF

    @property
    def frame_bytes(self) -> int:
        """Size of a frame."""
        return self.columns * (3 if self.sample == THREE_BYTES else np.dtype(self.sample).itemsize)

    def read(self, file: BinaryIO, start: int, stop: int) -> NDArray[np.float32]:
        """Frames (stop - start, columns), full scale 1; zeros before the first and after the last."""
        low, high = min(max(start, 0), self.frames), min(max(stop, 0), self.frames)
        file.seek(self.offset + low * self.frame_bytes)
        data = np.frombuffer(file.read((high - low) * self.frame_bytes), np.uint8)
        if self.sample == THREE_BYTES:
            data = np.insert(data.reshape(-1, 3), 0, 0, axis=1)  # the upper three bytes of four
        zero, scale, dtype = self._levels
        frames = np.zeros((stop - start, self.columns), np.float32)
        with np.errstate(over="ignore"):
            values = (data.reshape(-1).view(dtype).astype(np.float64) - zero) / scale
            frames[low - start : high - start] = values.reshape(-1, self.columns)
        return frames

    def encoded(self, frames: NDArray[np.float32]) -> bytes:
        """Return frames (N, columns), full scale 1, as the bytes of the file; values beyond full scale are clipped."""
        zero, scale, dtype = self._levels
        values = frames.astype(np.float64) * scale + zero
        if dtype.kind == "f":
            return values.astype(dtype).tobytes()
        if self.sample == THREE_BYTES:
            values = np.clip(np.rint(values / 256), -(2**23), 2**23 - 1) * 256
            return values.astype(dtype).reshape(-1).view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()
        limits = np.iinfo(dtype)
        return np.clip(np.rint(values), limits.min, limits.max).astype(dtype).tobytes()

    @property
    def _levels(self) -> tuple[float, float, np.dtype[Any]]:
        """Values that stand for 0 and for the step from 0 to full scale, and their kind."""
        dtype = np.dtype("<i4" if self.sample == THREE_BYTES else self.sample)
        half = 2.0 ** (8 * dtype.itemsize - 1)
        return {"f": (0.0, 1.0, dtype), "i": (0.0, half, dtype), "u": (half - 0.5, half - 0.5, dtype)}[dtype.kind]


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
    if suffix not in CAPTURE_SUFFIXES:
        raise RecordingError(f"the recording must end in {', '.join(CAPTURE_SUFFIXES)}, got {path}; convert it")
    try:
        if path.exists() and not path.is_file():
            raise RecordingError(f"the recording must be a file, got {path}; copy it to one")
        capture = _sigmf(path) if suffix == ".sigmf-meta" else _wav(path) if suffix == ".wav" else _raw(path)
    except OSError as error:
        raise RecordingError(f"cannot read {path}: {error.strerror or error}; check its name and rights") from None
    except RecordingError:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, struct.error) as error:
        raise RecordingError(f"{path} is damaged or incomplete ({error}); copy it again") from None
    changes: dict[str, Any] = {"sample_rate_hz": sample_rate_hz, "start": parse_time(start) if start else None}
    if center_mhz is not None and capture.columns == 2:
        changes |= {"center_hz": center_mhz * 1e6, "iq": True}
    capture = replace(capture, **{name: value for name, value in changes.items() if value is not None})
    rate_hz = capture.sample_rate_hz
    if not rate_hz or not LEAST_CAPTURE_RATE_HZ <= rate_hz <= MOST_CAPTURE_RATE_HZ:
        limits = f"{LEAST_CAPTURE_RATE_HZ:g} to {MOST_CAPTURE_RATE_HZ:g} Hz"
        raise RecordingError(f"the sample rate must be {limits}, {path} says {rate_hz}; give sample_rate_hz")
    if capture.frames < 1:
        raise RecordingError(f"a recording must have samples, {path} has none; copy it again")
    return capture


def _raw(path: Path) -> Capture:
    sample = _RAW[path.suffix.lower()]
    frames = path.stat().st_size // (2 * np.dtype(sample).itemsize)
    return Capture(path=path, offset=0, frames=frames, sample=sample, columns=2, iq=True, sample_rate_hz=None)


def _sigmf(path: Path) -> Capture:
    meta = json.loads(read_text(path, most_bytes=MOST_META_BYTES))
    about, captures = meta["global"], meta["captures"]
    if not all(isinstance(note, dict) for note in meta.get("annotations", [])):
        raise ValueError("its annotations are no objects")
    datatype = _SIGMF.fullmatch(about["core:datatype"])
    if datatype is None or about.get("core:num_channels", 1) != 1 or len(captures) != 1:
        raise RecordingError(f"{path} must have one channel, one capture and samples of a known type; split it")
    data = path.with_suffix(".sigmf-data")
    columns, (capture,) = 2 if datatype["complex"] == "c" else 1, captures
    sample = f"{'>' if datatype['order'] == 'be' else '<'}{datatype['kind']}{int(datatype['bits']) // 8}"
    start, rate_hz = capture.get("core:datetime"), about.get("core:sample_rate")
    center_hz = capture.get("core:frequency")
    return Capture(
        path=data,
        offset=0,
        frames=data.stat().st_size // (columns * np.dtype(sample).itemsize),
        sample=sample,
        columns=columns,
        iq=columns == 2,
        sample_rate_hz=None if rate_hz is None else float(rate_hz),
        center_hz=None if center_hz is None else float(center_hz),
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
            chunks[name] = file.read(min(size, MOST_CHUNK_BYTES))
            file.seek(size + size % 2 - len(chunks[name]), os.SEEK_CUR)
        offset, size = file.tell(), struct.unpack("<I", head[4:])[0]
    code, channels, rate_hz, _, frame, bits = struct.unpack("<HHIIHH", chunks[b"fmt "][:16])
    code = struct.unpack("<H", chunks[b"fmt "][24:26])[0] if code == 0xFFFE else code
    sample = {(1, 8): "u1", (1, 16): "<i2", (1, 24): THREE_BYTES, (1, 32): "<i4", (3, 32): "<f4", (3, 64): "<f8"}[
        code, bits
    ]
    known: dict[str, Any] = {}
    if b"auxi" in chunks and channels == 2:
        numbers = _AUXI.unpack(chunks[b"auxi"][: _AUXI.size])
        year, month, _, day, hour, minute, second, millisecond = numbers[:8]
        known = {"iq": True, "center_hz": float(numbers[16])}
        with suppress(ValueError):  # no time
            start = datetime(year, month, day, hour, minute, second, 1000 * millisecond, tzinfo=UTC)
            known["start"] = start if year > FIRST_SYSTEM_YEAR else None
    if not 1 <= channels <= MOST_COLUMNS or frame != channels * bits // 8:
        raise ValueError(f"{channels} channels of {bits} bits in frames of {frame} bytes")
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
