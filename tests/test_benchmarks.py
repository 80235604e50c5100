"""The benchmark runs; what it measures is no test's business."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.quiet
def test_compare_prints_its_tables() -> None:
    """Two seconds of sound, one pair of runs: a row for each peer, and ratios."""
    script = Path(__file__).parent / "benchmarks" / "compare.py"
    command = [sys.executable, str(script), "--seconds", "2", "--runs", "1", "--hours", "0.001", "0.002"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1].strip() for line in done.stdout.splitlines() if line.startswith("|")]
    assert {"sox, 2 s", "csound, 2 s", "naive, 2 s"} <= set(rows)
    assert sum("MiB" in line for line in done.stdout.splitlines()) >= 3
