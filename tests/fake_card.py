"""A card for the player that plays when a test says so."""

import numpy as np


class FakeCard:
    """A card that takes what a test gives it time for, and plays it `LATENCY` frames later."""

    LATENCY = 4800
    latency_s = 0.0  # nobody waits

    def __init__(self, pull):
        self.pull = pull
        self.frames = 0
        self.underflows = 0
        self.closed = False

    def take(self, *sizes):
        """What it is handed in blocks of these sizes, (N, 2)."""
        self.frames += sum(sizes)
        return np.concatenate([self.pull(size).copy() for size in sizes])

    def heard(self):
        return float(max(0, self.frames - self.LATENCY))

    def check(self):
        pass

    def awake(self):
        pass

    def close(self):
        self.closed = True
