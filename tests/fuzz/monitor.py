"""Processor time and memory of a piece of work, and their limits: nothing that is sent may take more."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MOST_S = 5.0  # of processor time
MOST_MIB = 200.0  # of a fresh process; its libraries take half of it
GROWTH_MIB = 100.0
LINUX = sys.platform == "linux"


@dataclass
class Cost:
    """What a piece of work has taken."""

    processor_s: float = 0.0
    growth_mib: float = 0.0  # of the memory in use at most; 0 where the system does not tell it
    peak_mib: float = 0.0  # of the whole process

    def __str__(self) -> str:
        return f"{self.processor_s:.2f} s, {self.growth_mib:.0f} MiB"


worst = Cost()  # of all work that was measured in this process


@contextmanager
def cost() -> Iterator[Cost]:
    """Measure what the block takes."""
    spent = Cost()
    if LINUX:
        Path("/proc/self/clear_refs").write_text("5")  # sets the highest memory to that of now
    before_mib, start_s = peak_mib(), time.process_time()
    try:
        yield spent
    finally:
        spent.processor_s, spent.growth_mib = time.process_time() - start_s, peak_mib() - before_mib
        worst.processor_s = max(worst.processor_s, spent.processor_s)
        worst.growth_mib = max(worst.growth_mib, spent.growth_mib)
        worst.peak_mib = max(worst.peak_mib, peak_mib())


@contextmanager
def bounded_cost() -> Iterator[None]:
    """Measure what the block takes, and fail where it is too much."""
    with cost() as spent:
        yield
    assert spent.processor_s < MOST_S, str(spent)
    assert spent.growth_mib < GROWTH_MIB, str(spent)


def peak_mib() -> float:
    """Highest memory of this process since it was last set; 0 where the system does not tell it."""
    if not LINUX:
        return 0.0
    return int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
