"""Overlapping frames of a recording that comes in blocks."""

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from beep.base.arrays import Samples


class Framer:
    """Cuts blocks of any length into frames of `size` samples, `step` apart."""

    def __init__(self, *, size: int, step: int, most: int = 256) -> None:
        self.size = size
        self.step = step  # may be changed between frames
        self.most = most  # frames returned at once; may be changed too
        self._rest: Samples | None = None

    def frames(self, block: Samples) -> Iterator[Samples]:
        """Frames (channels, frames, size) that a block (N, channels) completes, as views."""
        samples = block.T if self._rest is None else np.concatenate([self._rest, block.T], axis=1)
        start = 0
        while start + self.size <= samples.shape[1]:
            step = self.step
            count = min((samples.shape[1] - start - self.size) // step + 1, self.most)
            stop = start + (count - 1) * step + self.size
            yield sliding_window_view(samples[:, start:stop], self.size, axis=1)[:, ::step]
            start += count * step
        self._rest = samples[:, start:].copy()


def silence(frames: int, channels: int) -> Samples:
    """A block (frames, channels) of zeros."""
    return np.zeros((frames, channels), np.float32)
