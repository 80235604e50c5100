"""A recording back in: any file that libsndfile reads, or a stream, as blocks of samples."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from beep.arrays import Samples
from beep.errors import RecordingError

HIGHEST_RATE_HZ = 10_000_000
MOST_CHANNELS = 64
BLOCK_BYTES = 4 << 20  # of float samples


@dataclass(frozen=True, kw_only=True)
class Recording:
    """An open recording, as `open_recording` gives it: what it holds, and its samples block by block."""

    sample_rate_hz: int
    channels: int
    frames: int
    comment: str = ""  # as the file has it; this package puts its scenario there, as JSON
    name: str = "the recording"
    _file: Any = field(repr=False)

    @property
    def duration_s(self) -> float:
        """Length of the recording."""
        return self.frames / self.sample_rate_hz

    def blocks(self, *, start: int = 0, stop: int | None = None) -> Iterator[Samples]:
        """Samples of the frames from `start` up to `stop`, (N, channels) float32 with full scale 1, some MB each.

        8 bits and other whole numbers are scaled to full scale 1, as libsndfile does. A file that ends early gives
        what there is. Raises RecordingError where samples cannot be decoded or are not finite.
        """
        stop = self.frames if stop is None else min(stop, self.frames)
        size = max(BLOCK_BYTES // (4 * self.channels), 1)
        at = start
        try:
            if at < stop:
                self._file.seek(at)
            while at < stop:
                block: Samples = self._file.read(min(size, stop - at), dtype="float32", always_2d=True)
                if not len(block):
                    return
                finite = np.isfinite(block.sum(dtype=np.float64))
                if not finite and not np.isfinite(block).all():
                    bad = at + int(np.flatnonzero(~np.isfinite(block).all(axis=1))[0])
                    raise RecordingError(
                        f"samples must be finite numbers, got {block[bad - at].tolist()} in frame {bad} of "
                        f"{self.name}; convert it anew from its source"
                    )
                yield block
                at += len(block)
        except RuntimeError as error:  # soundfile's own
            raise RecordingError(
                f"{self.name} cannot be decoded from frame {at} on ({_plain(error)}); convert it anew from its source"
            ) from None


@contextmanager
def open_recording(source: str | Path | BinaryIO) -> Iterator[Recording]:
    """The recording in a file, or in an open binary stream, which is kept in a temporary file first.

    Raises RecordingError where there is no such file, where it is not sound that libsndfile reads, or holds none.
    """
    import soundfile

    name = str(source) if isinstance(source, str | Path) else "the stream"
    with ExitStack() as stack:
        try:
            file = stack.enter_context(_seekable(source))
            if not os.fstat(file.fileno()).st_size:
                raise RecordingError(f"a recording must hold sound, but {name} is empty; record or copy it again")
            # By its descriptor, so that the content says what it is, and not the suffix.
            sound = stack.enter_context(soundfile.SoundFile(file.fileno(), closefd=False))
        except RuntimeError as error:
            raise RecordingError(
                f"a recording must be WAV, FLAC or another format that libsndfile reads, got {name} "
                f"({_plain(error)}); convert it: ffmpeg -i IN OUT.wav"
            ) from None
        except OSError as error:
            raise RecordingError(f"cannot read {name}: {error.strerror or error}; check its name and rights") from None
        recording = Recording(
            sample_rate_hz=sound.samplerate,
            channels=sound.channels,
            frames=sound.frames,
            comment=sound.comment,
            name=name,
            _file=sound,
        )
        if not 0 < recording.sample_rate_hz <= HIGHEST_RATE_HZ or not 0 < recording.channels <= MOST_CHANNELS:
            raise RecordingError(
                f"a recording has 1 to {HIGHEST_RATE_HZ} samples a second in 1 to {MOST_CHANNELS} channels, got "
                f"{sound.samplerate} in {sound.channels} from {name}; convert it anew from its source"
            )
        yield recording


@contextmanager
def _seekable(source: str | Path | BinaryIO) -> Iterator[BinaryIO]:
    """`source` as an ordinary file; of pipes and other streams a copy, because libsndfile must go back and forth."""
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
        yield copy  # type: ignore[misc]  # a BinaryIO in all that is used


def _plain(error: Exception) -> str:
    return str(error).rpartition(": ")[2].strip().rstrip(".") or type(error).__name__
