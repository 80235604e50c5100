"""How long programs waited for a processor: Linux counts it for each thread."""

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

SAMPLE_S = 0.01
WINDOW_S = 0.1
LONGEST_WAIT_S = 0.075  # three quarters of what the sound card holds: a shorter wait leaves no gap


class Waiting(threading.Thread):
    """Measure how long the processes that this process has started wait for a processor.

    `longest_s` is the longest wait within 0.1 s, counted from 0.1 s before `begun()` is first true. A thread waits
    while it is ready to run and does not run; that is 0 while it sleeps or computes. A standstill of this process,
    as of a whole virtual machine, counts as a wait.
    """

    def __init__(self, *, begun: Callable[[], bool]) -> None:
        super().__init__(daemon=True)
        self.ignored: set[int] = set()  # processes that are meant to wait
        self.longest_s = 0.0
        self.measuring = threading.Event()
        self._begun = begun
        self._ended = threading.Event()

    def run(self) -> None:
        window: deque[tuple[float, float]] = deque([(time.monotonic(), 0.0)])
        before = waits_s(os.getpid(), self.ignored)
        while not self._ended.wait(SAMPLE_S):
            now_s, now = time.monotonic(), waits_s(os.getpid(), self.ignored)
            waited_s = sum(max(0.0, wait_s - before.get(thread, 0.0)) for thread, wait_s in now.items())
            window.append((now_s, max(waited_s, now_s - window[-1][0] - SAMPLE_S)))
            before = now
            while window[0][0] < now_s - WINDOW_S:
                window.popleft()
            if self.measuring.is_set() or self._begun():
                self.measuring.set()
                self.longest_s = max(self.longest_s, sum(wait_s for _, wait_s in window))

    def end(self) -> None:
        """Stop measuring."""
        self._ended.set()
        self.join()


def waits_s(process: int, ignored: set[int]) -> dict[int, float]:
    """Return the seconds that each thread of a process's descendants has waited since its start, by thread number."""
    waits: dict[int, float] = {}
    with contextlib.suppress(OSError):  # a process that has just ended
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in {*map(int, (task / "children").read_text().split())} - ignored:
                with contextlib.suppress(OSError):
                    for thread in Path(f"/proc/{child}/task").iterdir():
                        waits[int(thread.name)] = 1e-9 * int((thread / "schedstat").read_text().split()[1])
                waits |= waits_s(child, ignored)
    return waits
