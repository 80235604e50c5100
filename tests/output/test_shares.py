"""A WAV file by several processes: the bytes of one process, and nothing left of an export that fails."""

import os
import re
import signal
import subprocess
import time

import pytest
from kill import SIGINT_AS_ON_A_TERMINAL

from beep.base import workers
from beep.base.errors import OutputError
from beep.output import shares, wav
from beep.output.export import _usual_jobs, export
from beep.scenario.scenario import Scenario
from beep.stream.plan import make_plan

ENDS_S = 20  # within which a process must have ended, on a busy machine
LOW = {"sample_rate_hz": 8000, "high_hz": 2500.0}
SCENARIOS = {
    "plain": Scenario(**LOW, duration_s=170),
    "orbit, clipped": Scenario(**LOW, station="dallas", start="1957-10-07T05:00Z", level_dbfs=0.0, snr_db=3.0),
    "effects": Scenario(**LOW, agc=True, saturation_dbfs=-3.0, ionosphere="noon", duration_s=120.001, mix="mono"),
    "envelope of whole beeps": Scenario(**LOW, beeps=300, still=True, detector="am", low_hz=100.0),
}
LONG_EXPORT = ("export", "a.wav", "--duration-s", 300, "--sample-rate-hz", 16_000, "--jobs", 2)
ONE_THREAD = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # as the program sets it, but for the code before it
SHORT_SHARES = "from beep.output import shares\nshares.GROUPS_IN_SHARE = 1\n"
SLOW = f"""{SHORT_SHARES}
import os, time
def blocks(plan, start, stop):
    open(f"../{{os.getpid()}}.pid", "x").close()
    time.sleep(99)
shares.blocks = blocks
"""
forked = pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="processes are forked on Linux only")


@pytest.mark.parametrize(
    ("name", "subtype", "jobs"),
    [
        ("plain", "pcm16", 99),
        ("orbit, clipped", "pcm16", 2),
        ("effects", "pcm24", 2),
        ("envelope of whole beeps", "float", 2),
    ],
)
def test_bytes_of_one_process(tmp_path, monkeypatch, name, subtype, jobs):
    """Any number of processes writes the bytes of one, also where a long file becomes RF64, and counts the same."""
    monkeypatch.setattr(shares, "GROUPS_IN_SHARE", 1)
    monkeypatch.setattr(wav, "LONGEST_32_BIT", 1_000_000 if name == "plain" else wav.LONGEST_32_BIT)
    scenario, calls = SCENARIOS[name], []
    one = export(scenario, tmp_path / "one.wav", subtype=subtype)
    settings = {"subtype": subtype, "jobs": jobs, "progress": lambda *done: calls.append(done)}
    several = export(scenario, tmp_path / "several.wav", **settings)
    written = (tmp_path / "several.wav").read_bytes()

    assert written == (tmp_path / "one.wav").read_bytes()
    assert written[:4] == (b"RF64" if name == "plain" else b"RIFF")
    assert several == one
    assert (one.clipped > 0) == (name == "orbit, clipped")
    assert len(calls) > 2
    assert calls == sorted(calls)
    assert calls[-1] == (one.frames, one.frames)


def test_program_and_library_write_the_same(tmp_path, beep):
    """`beep export --jobs`, whose processes are forked where the system has that, gives the bytes of one process."""
    ran = beep.process(*LONG_EXPORT, "--truth", "a.json", first=SHORT_SHARES, **ONE_THREAD)
    one = beep("export", "one.wav", *LONG_EXPORT[2:-2], "--truth", "one.json")

    assert (ran.status, one.status) == (0, 0)
    assert ran.stderr == one.stderr.replace("one.wav", "a.wav")
    for suffix in ("wav", "json"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"one.{suffix}").read_bytes()


@pytest.mark.parametrize(("cores", "minutes", "jobs"), [(8, 19.9, 1), (8, 20, 4), (8, 60, 8), (1, 60, 1)])
def test_usual_number_of_processes(monkeypatch, cores, minutes, jobs):
    """One process below 20 minutes, then one for each core, as far as each has 5 minutes of sound."""
    monkeypatch.setattr(workers, "cores", lambda: cores)

    assert _usual_jobs(make_plan(Scenario(duration_s=60 * minutes))) == jobs


def test_jobs_that_cannot_be(tmp_path, beep):
    """No process at all is refused; where one process is all that there can be, a warning says so."""
    with pytest.raises(OutputError, match="jobs must be 1 or more, got 0"):
        export(SCENARIOS["plain"], tmp_path / "a.wav", jobs=0)
    refused = beep("export", "a.wav", "--jobs", 0)
    warned = [beep("export", name, "--duration-s", 1, "--jobs", 3) for name in ("a.flac", "-", "a.cs16")]

    assert (refused.status, refused.stderr) == (1, "beep: error: --jobs must be 1 or more, got 0\n")
    assert all(ran.status == 0 and ran.stderr.startswith("beep: warning: --jobs 3 does nothing") for ran in warned)
    assert "warning" not in beep("export", "b.flac", "--duration-s", 1, "--jobs", 1).stderr


@forked
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("os.kill(os.getpid(), 9)", "one ended early.*--jobs 1"),
        ("resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, -1)); return real(plan, start=start, stop=stop)", "a.wav"),
    ],
)
def test_process_that_fails(tmp_path, beep, fault, said):
    """A killed process, or one whose disk is full, fails the export in one line, and nothing is left."""
    first = f"""{SHORT_SHARES}
import os, resource
real = shares.blocks
def blocks(plan, start, stop):
    if start == 0:
        return real(plan, start=start, stop=stop)
    {fault}
shares.blocks = blocks
"""
    ran = beep.process(*LONG_EXPORT, "--truth", "a.json", first=first, **ONE_THREAD)

    assert ran.status == 1
    assert re.fullmatch(f"beep: error: .*{said}.*\n", ran.stderr)
    assert list(tmp_path.iterdir()) == []


@forked
def test_processes_that_cannot_start(tmp_path, beep):
    """Where the system gives no more processes or files, the message names the remedy, and nothing is left."""
    first = f"{SHORT_SHARES}import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (14, 14))"
    ran = beep.process(*LONG_EXPORT, "--jobs", 9, first=first, **ONE_THREAD)

    assert ran.status == 1
    assert re.fullmatch(r"beep: error: \d processes must start: Too many open files; use --jobs 1\n", ran.stderr)
    assert list(tmp_path.iterdir()) == []


@forked
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_no_process_outlives_the_program(tmp_path, beep, number, status):
    """Ctrl-C, a polite kill and kill -9 of the program end its processes, also in the middle of their work."""
    beep.folder = tmp_path / "out"
    beep.folder.mkdir()
    settings = {"env": ONE_THREAD, "stderr": subprocess.PIPE, "first": SIGINT_AS_ON_A_TERMINAL + SLOW}
    with beep.start(*LONG_EXPORT, **settings) as running:
        _wait(lambda: len(list(tmp_path.glob("*.pid"))) == 2)
        running.send_signal(number)
        said = running.stderr.read().decode()

    assert running.returncode == status
    assert said == ("beep: interrupted\n" if number == signal.SIGINT else "")
    assert number == signal.SIGKILL or list(beep.folder.iterdir()) == []
    _wait(lambda: not any(_runs(int(path.stem)) for path in tmp_path.glob("*.pid")))


def _wait(until):
    """Wait until a condition holds; fail where it does not."""
    end = time.monotonic() + ENDS_S
    while not until():
        assert time.monotonic() < end
        time.sleep(0.02)


def _runs(number):
    """Whether a process with this number is there, and is not only waiting to be counted."""
    try:
        with open(f"/proc/{number}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
