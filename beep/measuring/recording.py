"""A recording as blocks of samples: any file that libsndfile reads, a stream, or an array."""

import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from numbers import Integral
from pathlib import Path
from threading import Lock, Thread
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beep.base.arrays import Samples
from beep.base.errors import RecordingError
from beep.base.text import quoted
from beep.measuring.comment import wav_comment

LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 2000, 1_000_000
LEAST_S = 1.0
_MOST_CHANNELS = 64
LARGEST_RIFF = 0x7FFF_0000  # bytes; a header that says more comes from a stream of unknown length
BLOCK_BYTES = 1 << 20  # of float samples
LOUDEST = 1e6  # full scale is 1; samples that were never scaled to it reach 3e4
FORMATS = "WAV, RF64, W64, FLAC, AIFF, AU, CAF, OGG or MP3"
BEGINNINGS = (b"fLaC", b".snd", b"dns.", b"caff", b"OggS", b"ID3", b"riff\x2e\x91\xcf\x11")  # the last is W64's
CONTAINERS = {b"RIFF": (b"WAVE",), b"RIFX": (b"WAVE",), b"RF64": (b"WAVE",), b"FORM": (b"AIFF", b"AIFC")}
HEAD_BYTES = 12  # tell the format
MOST_STREAM_BYTES = 2 << 30  # three hours of stereo
MOST_SILENT_S, LOOK_S = 60.0, 0.25  # without a byte from a stream; how often that is looked at


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
        """Samples of the frames from `start` up to `stop`, float32 (N, channels) with full scale 1, 1 MB at most.

        Whole numbers are scaled to full scale 1 by libsndfile. A file that ends early gives what it holds. Raises
        RecordingError where samples cannot be decoded, are not finite, or are beyond 1e6.
        """
        stop = self.frames if stop is None else min(stop, self.frames)
        size = max(BLOCK_BYTES // (4 * self.channels), 1)
        at = start
        while at < stop:
            block = self._read(at, min(size, stop - at))
            if not len(block):
                return
            if not -LOUDEST <= block.min() <= block.max() <= LOUDEST:
                bad = int(np.flatnonzero(~(np.abs(block) <= LOUDEST).all(axis=1))[0])
                raise RecordingError(
                    f"samples must be finite and at most {LOUDEST:g}, where full scale is 1, got "
                    f"{quoted(block[bad].tolist())} in frame {at + bad} of {self.name}; convert it again"
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
        _read=partial(_part, array),
    )
    _check(recording)
    return recording


def _part(array: NDArray[Any], first: int, count: int) -> Samples:
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is reported
        return array[first : first + count].astype(np.float32, copy=False)


@contextmanager
def open_recording(source: str | Path | BinaryIO) -> Iterator[Recording]:
    """Open the recording in a file, or in a binary stream, which is copied to a temporary file first.

    A stream may be silent for a minute, and bring 2 GiB. Raises RecordingError where the file does not exist, is empty,
    or is not WAV, RF64, W64, FLAC, AIFF, AU, CAF, OGG or MP3.
    """
    name = str(source) if isinstance(source, str | Path) else "the stream"
    with ExitStack() as stack:
        try:
            file = stack.enter_context(_seekable(source, name))
            head = file.read(HEAD_BYTES)
            file.seek(0)
            _check_format(head, name)
            missing = _missing(head, os.fstat(file.fileno()).st_size, name)
            comment = wav_comment(file)
            sound = stack.enter_context(closing(_Sound(file, name)))
        except RuntimeError as error:
            raise RecordingError(
                f"a recording must be {FORMATS}, got {name} ({_plain(error)}); convert it: ffmpeg -i IN OUT.wav"
            ) from None
        except FileNotFoundError:
            raise RecordingError(f"no such file: {name}; check its name") from None
        except OSError as error:
            raise RecordingError(f"cannot read {name}: {error.strerror or error}; check its name and rights") from None
        recording = Recording(
            sample_rate_hz=sound.file.samplerate,
            channels=sound.file.channels,
            frames=sound.file.frames,
            comment=comment or sound.file.comment,
            name=name,
            missing=missing,
            _read=sound.read,
        )
        _check(recording)
        yield recording


def _check_format(head: bytes, name: str) -> None:
    """Raise RecordingError where the first bytes are of no format that is read."""
    known = head[8:12] in CONTAINERS.get(head[:4], ()) or head.startswith(BEGINNINGS)
    frame_of_mp3 = len(head) > 1 and head[0] == 0xFF and head[1] >= 0xE0
    if not (known or frame_of_mp3):
        came = f"which begins with {quoted(head)}" if head else "which is empty"
        raise RecordingError(f"a recording must be {FORMATS}, got {name}, {came}; convert it: ffmpeg -i IN OUT.wav")


def _missing(head: bytes, held: int, name: str) -> str:
    """Warning about a WAV file that is shorter than its header says; a stream's header says 0 or all ones."""
    header_bytes = int.from_bytes(head[4:8], "little") + 8
    if head[:4] != b"RIFF" or not held + 1 < header_bytes < LARGEST_RIFF:
        return ""
    return f"{name} is cut off: its header says {header_bytes} bytes, it holds {held}; copy it again"


class _Sound:
    """An open file of sound, whose samples are read from any place."""

    def __init__(self, source: BinaryIO, name: str) -> None:
        self._source, self._name, self._lock = source, name, Lock()
        self._open()

    def _open(self) -> None:
        import soundfile

        self._source.seek(0)
        # Opened by its descriptor, so that the content tells the format, not the suffix. Under Windows descriptors of
        # one C library are unknown to another.
        source = self._source if os.name == "nt" else self._source.fileno()
        self.file = soundfile.SoundFile(source, closefd=False)
        # After each read soundfile seeks to where it is, which fails at the end of a FLAC of unknown length.
        self.file.seekable = lambda: False
        self._at = 0

    def close(self) -> None:
        self.file.close()

    def read(self, first: int, count: int) -> Samples:
        """Return up to `count` frames (N, channels) from number `first` on."""
        try:
            with self._lock:
                if self._at != first:
                    self._seek(first)
                # NumPy scales whole numbers faster than libsndfile does, to the same values.
                kind = "int16" if self.file.subtype == "PCM_16" else "float32"
                block: NDArray[Any] = self.file.read(count, dtype=kind, always_2d=True)
                self._at += len(block)
        except RuntimeError as error:  # soundfile's own
            raise RecordingError(
                f"{self._name} cannot be decoded from frame {first} on ({_plain(error)}); convert it again"
            ) from None
        return block if block.dtype == np.float32 else block * np.float32(2.0**-15)

    def _seek(self, first: int) -> None:
        try:
            self._at = self.file.seek(first)
        except RuntimeError:  # a FLAC of unknown length that was read to its end
            self.file.close()
            self._open()
            while self._at < first and (block := self.file.read(min(first - self._at, BLOCK_BYTES))).size:
                self._at += len(block)


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
def _seekable(source: str | Path | BinaryIO, name: str) -> Iterator[BinaryIO]:
    """Open `source` as an ordinary file; pipes and streams as a copy, because libsndfile must seek."""
    if isinstance(source, str | Path):
        kind = os.stat(source).st_mode
        if stat.S_ISREG(kind) or stat.S_ISDIR(kind):  # opening a folder tells what is wrong
            with open(source, "rb", buffering=0) as file:
                yield file
            return
    with tempfile.TemporaryFile() as copy:
        copied = _Copied(name)
        # In a thread, because a pipe may never answer; Windows cannot wait for one.
        thread = Thread(target=copied.fill, args=(source, copy), daemon=True)
        thread.start()
        heard, last_s = 0, time.monotonic()
        while thread.is_alive():
            thread.join(LOOK_S)
            if copied.held != heard:
                heard, last_s = copied.held, time.monotonic()
            elif thread.is_alive() and time.monotonic() - last_s > MOST_SILENT_S:
                raise RecordingError(
                    f"a stream must go on within {MOST_SILENT_S:g} s, but {name} is silent; look at its source"
                )
        if copied.error is not None:
            raise copied.error
        copy.seek(0)
        yield cast(BinaryIO, copy.raw)


class _Copied:
    """The progress of a copy, which another thread makes."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.held = 0  # bytes
        self.error: Exception | None = None

    def fill(self, source: str | Path | BinaryIO, copy: BinaryIO) -> None:
        """Copy the source to its end."""
        try:
            if isinstance(source, str | Path):
                with open(source, "rb", buffering=0) as file:
                    self._fill(file.read, copy)
            else:
                self._fill(getattr(source, "read1", source.read), copy)
            copy.flush()
        except Exception as error:
            self.error = error

    def _fill(self, read: Callable[[int], bytes], copy: BinaryIO) -> None:
        head = b""
        while piece := read(1 << 20):
            if len(head) < HEAD_BYTES <= len(head := head + piece[:HEAD_BYTES]):
                _check_format(head[:HEAD_BYTES], self.name)
            copy.write(piece)
            self.held += len(piece)
            if self.held > MOST_STREAM_BYTES:
                raise RecordingError(
                    f"a stream may bring {MOST_STREAM_BYTES / 2**30:g} GiB, three hours of stereo, got more from "
                    f"{self.name}; write it to a file first"
                )


def _plain(error: Exception) -> str:
    return str(error).rpartition(": ")[2].strip().rstrip(".") or type(error).__name__
