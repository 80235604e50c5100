"""Progress of a stream of blocks."""

from collections.abc import Callable, Iterator

from beep.base.arrays import Samples

Progress = Callable[[int, int], None]  # frames done, frames in all


def watched(samples: Iterator[Samples], frames: int, progress: Progress | None) -> Iterator[Samples]:
    """Yield the same blocks; after each, call `progress`, if any, with the number of frames so far and in all."""
    done = 0
    for block in samples:
        yield block
        done += len(block)
        if progress is not None:
            progress(done, frames)
