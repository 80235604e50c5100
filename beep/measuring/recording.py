"""A recording as blocks of samples: any file that libsndfile reads, a stream, or an array."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import ArrayLike

from beep.base.arrays import Samples
from beep.base.errors import RecordingError
from beep.measuring.comment import wav_comment

LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 2000, 10_000_000
LEAST_S = 1.0
_MOST_CHANNELS = 64
LARGEST_RIFF = 0x7FFF_0000  # bytes; a header that says more comes from a stream of unknown length
BLOCK_BYTES = 4 << 20  # of float samples


@dataclass(frozen=True, kw_only=True)
class Recording:
    """An open recording, from `open_recording`: its format, and its samples block by block."""

    sample_rate_hz: int
    channels: int
    frames: int
    comment: str = ""  # of the file; this package writes its scenario there, as JSON
    name: str = "the recording"
    missing: str = ""  # warning where the file is shorter than its header says
    start_s: float = 0.0  # time in the file of the first sample; above 0 for a section
    _read: Callable[[int, int], Samples] = field(repr=False)  # first frame, number -> (N, channels)

    @property
    def duration_s(self) -> float:
        """Length of the recording."""
        return self.frames / self.sample_rate_hz

    def section(self, *, from_s: float = 0.0, to_s: float | None = None) -> "Recording":
        """Return the part between two times of the file. Raises RecordingError where that is not a part of it."""
        until_s = self.duration_s if to_s is None else to_s
        if not 0 <= from_s < until_s <= self.duration_s:
            raise RecordingError(
                f"a section must lie within the recording, 0 to {self.duration_s:g} s, got from_s={from_s:g} and "
                f"to_s={until_s:g}; change them"
            )
        first = round(from_s * self.sample_rate_hz)
        section = replace(
            self,
            frames=round(until_s * self.sample_rate_hz) - first,
            start_s=self.start_s + from_s,
            _read=lambda start, count: self._read(first + start, count),
        )
        _check(section)
        return section

    def shortened(self, frames: int) -> "Recording":
        """Return as many frames of it. Raises RecordingError where that is too short to be measured."""
        shorter = replace(self, frames=frames)
        _check(shorter)
        return shorter

    def blocks(self, *, start: int = 0, stop: int | None = None) -> Iterator[Samples]:
        """Samples of the frames from `start` up to `stop`, float32 (N, channels) with full scale 1, 4 MB at most.

        Whole numbers are scaled to full scale 1 by libsndfile. A file that ends early gives what it holds. Raises
        RecordingError where samples cannot be decoded or are not finite.
        """
        stop = self.frames if stop is None else min(stop, self.frames)
        size = max(BLOCK_BYTES // (4 * self.channels), 1)
        at = start
        while at < stop:
            block = self._read(at, min(size, stop - at))
            if not len(block):
                return
            if not np.isfinite(block.sum(dtype=np.float64)) and not np.isfinite(block).all():
                bad = int(np.flatnonzero(~np.isfinite(block).all(axis=1))[0])
                raise RecordingError(
                    f"samples must be finite numbers, got {block[bad].tolist()} in frame {at + bad} of {self.name}; "
                    f"convert it again from its source"
                )
            yield block
            at += len(block)


def recording_of(samples: ArrayLike, *, sample_rate_hz: int) -> Recording:
    """Return samples (N,) or (N, channels), full scale 1, as a recording. Raises RecordingError for other arrays."""
    try:
        array = np.asarray(samples)
        if array.dtype.kind not in "fiu" or array.ndim not in (1, 2):
            raise ValueError
        array = array.reshape(len(array), -1)
    except (ValueError, TypeError):
        raise RecordingError(
            f"samples must be real numbers (N,) or (N, channels), full scale 1, got {_shape(samples)}; convert them"
        ) from None
    recording = Recording(
        sample_rate_hz=sample_rate_hz,
        channels=array.shape[1],
        frames=len(array),
        name="the samples",
        _read=lambda first, count: array[first : first + count].astype(np.float32, copy=False),
    )
    _check(recording)
    return recording


@contextmanager
def open_recording(source: str | Path | BinaryIO) -> Iterator[Recording]:
    """Open the recording in a file, or in a binary stream, which is copied to a temporary file first.

    Raises RecordingError where the file does not exist, is empty, or is not in a format that libsndfile reads.
    """
    import soundfile

    name = str(source) if isinstance(source, str | Path) else "the stream"
    with ExitStack() as stack:
        try:
            file = stack.enter_context(_seekable(source))
            if not os.fstat(file.fileno()).st_size:
                raise RecordingError(f"a recording must hold sound, but {name} is empty; record or copy it again")
            comment = wav_comment(file)
            os.lseek(file.fileno(), 0, os.SEEK_SET)  # a buffered file may have read beyond its own position
            # Opened by its descriptor, so that the content tells the format, not the suffix.
            sound = stack.enter_context(soundfile.SoundFile(file.fileno(), closefd=False))
        except RuntimeError as error:
            raise RecordingError(
                f"a recording must be WAV, FLAC or another format that libsndfile reads, got {name} "
                f"({_plain(error)}); convert it: ffmpeg -i IN OUT.wav"
            ) from None
        except FileNotFoundError:
            raise RecordingError(f"no such file: {name}; check its name") from None
        except OSError as error:
            raise RecordingError(f"cannot read {name}: {error.strerror or error}; check its name and rights") from None
        recording = Recording(
            sample_rate_hz=sound.samplerate,
            channels=sound.channels,
            frames=sound.frames,
            comment=comment or sound.comment,
            name=name,
            missing=_missing(file, name),
            _read=partial(_read, sound, name),
        )
        _check(recording)
        yield recording


def _missing(file: BinaryIO, name: str) -> str:
    """Warning about a WAV file that is shorter than its header says; a stream's header says 0 or all ones."""
    held = os.fstat(file.fileno()).st_size
    head = os.pread(file.fileno(), 8, 0)
    header_bytes = int.from_bytes(head[4:8], "little") + 8
    if head[:4] != b"RIFF" or not held + 1 < header_bytes < LARGEST_RIFF:
        return ""
    return f"{name} is cut off: its header says {header_bytes} bytes, it holds {held}; copy it again"


def _read(sound: Any, name: str, first: int, count: int) -> Samples:
    try:
        if sound.tell() != first:
            sound.seek(first)
        block: Samples = sound.read(count, dtype="float32", always_2d=True)
    except RuntimeError as error:  # soundfile's own
        raise RecordingError(
            f"{name} cannot be decoded from frame {first} on ({_plain(error)}); convert it again from its source"
        ) from None
    return block


def _check(recording: Recording) -> None:
    rate, channels, name = recording.sample_rate_hz, recording.channels, recording.name
    if isinstance(rate, bool) or not isinstance(rate, Integral) or not LOWEST_RATE_HZ <= rate <= HIGHEST_RATE_HZ:
        raise RecordingError(
            f"the sample rate must be a whole number from {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz, got {rate} from "
            f"{name}; convert it again from its source"
        )
    if not 1 <= channels <= _MOST_CHANNELS:
        raise RecordingError(
            f"a recording must have 1 to {_MOST_CHANNELS} channels, got {channels} from {name}; leave some out"
        )
    frames = max(recording.frames, 0)
    if frames < LEAST_S * rate:
        raise RecordingError(
            f"a recording must last {LEAST_S:g} s, to tell a beep from a steady tone, got {frames} samples "
            f"({frames / rate:.3g} s) from {name}; take a longer one"
        )


def _shape(samples: Any) -> str:
    array = np.asarray(samples, dtype=object) if isinstance(samples, list | tuple) else samples
    return f"{getattr(samples, 'dtype', type(samples).__name__)} {getattr(array, 'shape', '')}".strip()


@contextmanager
def _seekable(source: str | Path | BinaryIO) -> Iterator[BinaryIO]:
    """Open `source` as an ordinary file; pipes and streams as a copy, because libsndfile must seek."""
    if isinstance(source, str | Path):
        with open(source, "rb") as file:
            if Path(source).is_file():
                yield file
            else:
                with _seekable(file) as copy:
                    yield copy
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
        copy.flush()
        copy.seek(0)
        yield copy


def _plain(error: Exception) -> str:
    return str(error).rpartition(": ")[2].strip().rstrip(".") or type(error).__name__
