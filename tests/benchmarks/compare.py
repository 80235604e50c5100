"""How fast and how small an export is, against what people use instead.

    python tests/benchmarks/compare.py [--seconds 600] [--runs 7] [--before BEEP]

Every command is a whole process that writes the same kind of file, a new one: stereo, 48 kHz, 16 bits, two keyed
tones with Doppler (sox: a sweep), noise, band-pass. Runs alternate between us and the peer; what is printed is the
median of the ratios, pair by pair, so that a machine that slows down slows both. Peers: Debian's sox and csound, and
peers/naive.py. None of them computes the phase from the light time. `--before` is the program `beep` of an older
version, for what has no peer. Runs are as good as the machine is quiet, whose load is printed before each table;
processor time suffers less. What a file costs depends on the machine's memory: rows to the null device are without it.
"""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

PEERS = Path(__file__).parent / "peers"
STDOUT = Path("-")  # which is the null device here
Peer = Callable[[float, Path], list[str]]


def sox(seconds: float, out: Path) -> list[str]:
    """Tone sweeps, square keying in antiphase, white noise, FIR band-pass."""
    keyed = "square amod 1.6666667 0 0 square amod 1.6666667 0 50"
    return (
        f"sox -R -n -r 48000 -c 2 -b 16 -t wav {out} synth {seconds} sine 2000:1000 sine 2500:500 synth {keyed} "
        "synth whitenoise mix whitenoise mix sinc 300-3000 gain -3"
    ).split()


def csound(seconds: float, out: Path) -> list[str]:
    """The same with first-order Doppler at control rate."""
    score = out.with_suffix(".csd")
    score.write_text((PEERS / "pass.csd").read_text().replace("SECONDS", str(seconds)))
    return ["csound", "-o", str(out), str(score)]


def naive(seconds: float, out: Path) -> list[str]:
    """Whole arrays in NumPy and SciPy."""
    return [sys.executable, str(PEERS / "naive.py"), str(seconds), str(out)]


def ours(seconds: float, out: Path, jobs: int = 1) -> list[str]:
    """The export, noise, filter and all."""
    return [*program(), "export", str(out), "--duration-s", str(seconds), "-q", "--jobs", str(jobs)]


EFFECTS = {  # each by itself over the plain export, then all of them
    "keying in regimes, jitter": "--keying 100:0.2:0.4,300:continuous,310:keyed --jitter-s 0.001",
    "oscillators that drift": "--carrier-offset-hz 50 --carrier-drift-hz-s 0.02 --receiver-drift-hz-s 0.05",
    "ionosphere, Faraday fading": "--ionosphere morning",
    "spin": "--spin-rpm 7",
    "round filter": "--filter-shape round",
    "AGC": "--agc",
    "soft clipping": "--saturation-dbfs -3",
    "hum": "--hum-hz 60",
    "wow": "--wow-percent 0.3",
    "envelope detector": "--detector am --low-hz 100",
}
EFFECTS["everything, with an oscillator"] = " ".join(list(EFFECTS.values())[:-1])
EFFECTS["everything, envelope detector"] = " ".join(EFFECTS[name] for name in list(EFFECTS)[:-1])


def program() -> list[str]:
    """The installed program, which starts a little faster than `python -m beep`."""
    installed = Path(sys.executable).with_name("beep")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "beep"]


class Run(NamedTuple):
    """What a process, with those that it started, has taken; of two runs, a ratio."""

    wall_s: float
    processor_s: float
    peak_mib: float


def run(command: list[str], *, first_bytes: int = 0) -> Run:
    """Run a command to its end; with `first_bytes`, the wall time is that until it has written so many."""
    began = time.perf_counter()
    output = subprocess.PIPE if first_bytes else subprocess.DEVNULL
    process = subprocess.Popen(command, stdout=output, stderr=subprocess.DEVNULL)
    if process.stdout:
        process.stdout.read(first_bytes)
        seconds = time.perf_counter() - began
        process.stdout.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if not first_bytes:
        seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with status {process.returncode}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def paired(
    a: list[str], b: list[str], *, runs: int, first_bytes_of_a: int = 0, writing: Path | None = None
) -> tuple[Run, Run, Run]:
    """Medians of a / b over alternating runs, of a, and of b; before each, WAV files in `writing` are deleted."""

    def fresh(command: list[str], first_bytes: int = 0) -> Run:
        for path in writing.glob("*.wav") if writing else ():
            path.unlink()
        return run(command, first_bytes=first_bytes)

    rows = []
    for _ in range(runs + 1):
        one, other = fresh(a, first_bytes_of_a), fresh(b)
        rows.append((Run(*(mine / yours for mine, yours in zip(one, other, strict=True))), one, other))
    del rows[0]  # the first pair warms the caches
    ratio, one, other = (Run(*map(statistics.median, zip(*column, strict=True))) for column in zip(*rows, strict=True))
    return ratio, one, other


def head(*columns: str) -> None:
    """Print the load of the machine and the head of a table."""
    print(f"\nload {os.getloadavg()[0]:.1f}\n")
    print(f"| {' | '.join(columns)} |")
    print(f"|{'---|' * len(columns)}")


def rendering(arguments: argparse.Namespace, out: Path) -> None:
    """Ten minutes against the peers, an hour in two processes against sox."""
    seconds, hour = arguments.seconds, 6 * arguments.seconds
    head("against", "its run time", "`beep`", "faster", "less processor time", "its peak memory", "`beep`")
    file = out / "sound.wav"
    rows: list[tuple[Peer, float, int, Path]] = [(peer, seconds, 1, file) for peer in (sox, csound, naive)]
    for peer, length, jobs, to in [*rows, (sox, hour, 2, file), (sox, seconds, 1, STDOUT)]:
        name = f"{peer.__name__}, {length:g} s" + f", {jobs} processes of `beep`" * (jobs > 1)
        name += ", to the null device" * (to == STDOUT)
        if peer is not naive and not shutil.which(peer.__name__):
            print(f"| {name} | not installed | | | | | |")
            continue
        few = arguments.runs if jobs == 1 else max(1, arguments.runs // 2)
        ratio, mine, yours = paired(ours(length, to, jobs), peer(length, to), runs=few, writing=out)
        print(
            f"| {name} | {yours.wall_s:.2f} s | {mine.wall_s:.2f} s | {1 / ratio.wall_s:.1f} times "
            f"| {1 / ratio.processor_s:.1f} times | {yours.peak_mib:.0f} MiB | {mine.peak_mib:.0f} MiB |"
        )


def effects(arguments: argparse.Namespace, out: Path) -> None:
    """Each effect against the plain export, all of them against plain sox."""
    mine = ours(arguments.seconds, out / "ours.wav")
    head(
        f"{arguments.seconds:g} s with", "price over plain", "in processor time", "faster than plain sox", "less of it"
    )
    for name, options in EFFECTS.items():
        rich = [*mine, *options.split()]
        price, *_ = paired(rich, mine, runs=arguments.runs, writing=out)
        lead = "|"
        if name.startswith("everything") and shutil.which("sox"):
            ratio, *_ = paired(rich, sox(arguments.seconds, out / "sox.wav"), runs=arguments.runs, writing=out)
            lead = f"{1 / ratio.wall_s:.1f} times | {1 / ratio.processor_s:.1f} times"
        print(f"| {name} | {price.wall_s:.2f} | {price.processor_s:.2f} | {lead} |")


def start_up(arguments: argparse.Namespace, out: Path) -> None:
    """Against the interpreter and its import of NumPy."""
    python, often = [sys.executable, "-c"], 3 * arguments.runs
    head("start-up", "ratio", "of processor time")
    ratio, *_ = paired([*program(), "--help"], [*python, "pass"], runs=often)
    print(f"| `beep --help` / `python -c pass` | {ratio.wall_s:.2f} | {ratio.processor_s:.2f} |")
    stream = [*program(), "export", "-", "-q", "--duration-s", "30"]
    ratio, *_ = paired(stream, [*python, "import numpy"], runs=often, first_bytes_of_a=48)
    print(f"| first sample of `beep export -` / `python -c 'import numpy'` | {ratio.wall_s:.2f} | |")
    export = ours(arguments.seconds, out / "ours.wav")
    ratio, *_ = paired(export, [*python, "import numpy"], runs=arguments.runs, writing=out)
    print(f"| whole export / `python -c 'import numpy'` | {ratio.wall_s:.1f} | |")


IN_PROCESSES = """
import resource, sys, time
from pathlib import Path
from beep.output.shares import write_wav_in_shares
from beep.scenario.scenario import Scenario
from beep.stream.plan import make_plan
plan = make_plan(Scenario(duration_s=float(sys.argv[1])))
layout = {"frames": plan.frames, "sample_rate_hz": 48000, "channels": 2, "subtype": "pcm16", "comment": ""}
write_wav_in_shares(Path("/dev/null"), plan, jobs=2, progress=None, **layout)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_maxrss / 1024, used.ru_utime + used.ru_stime)
"""
LIVE = """
import time
from beep.scenario.scenario import Scenario
from beep.stream.plan import make_plan
from beep.stream.tiles import Reader
plan = make_plan(Scenario(duration_s=600))
reader = Reader(plan)
reader.read(0, 480)
began_s = time.process_time()
for start in range(480, plan.frames - 480, 480):
    reader.read(start, 480)
print((time.process_time() - began_s) / (plan.frames / 48000) * 100)
"""


def long_and_live(arguments: argparse.Namespace, out: Path) -> None:
    """A day in two processes, memory by length, reads of a sound card, and a waterfall."""
    alone = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # as the program sets it: processes are then forked

    def printed(code: str, *words: object) -> list[float]:
        command = [sys.executable, "-c", code, *map(str, words)]
        done = subprocess.run(command, env=alone, stdout=subprocess.PIPE, check=True, text=True)
        return [float(word) for word in done.stdout.split()]

    short_h, long_h = arguments.hours
    head("long and live", "")
    short_mib = statistics.median(printed(IN_PROCESSES, 3600 * short_h)[0] for _ in range(3))
    began_s = time.perf_counter()
    long_mib, processor_s = printed(IN_PROCESSES, 3600 * long_h)
    wall_s = time.perf_counter() - began_s
    print(f"| {long_h:g} h to the null device, two processes | {wall_s:.1f} s, {processor_s:.1f} s of processor time |")
    print(f"| peak of a process, {long_h:g} h over {short_h:.2g} h | {long_mib:.1f} / {short_mib:.1f} MiB |")
    for hours in arguments.hours:
        piped = run([*program(), "export", "-", "-q", "--duration-s", str(hours * 3600)])
        print(f"| {hours * 60:g} min to a pipe, peak | {piped.peak_mib:.1f} MiB |")
    shares = [printed(LIVE)[0] for _ in range(arguments.runs)]
    print(f"| reads of 10 ms, of a core | {statistics.median(shares):.3f} % |")
    if arguments.before:
        hour, seconds = out / "hour.wav", 6 * arguments.seconds
        run(ours(seconds, hour, 2))
        picture = ["plot", "waterfall", str(out / "hour.png"), str(hour), "--force", "-q"]
        few = max(1, arguments.runs // 2)
        ratio, *_ = paired([*program(), *picture], [arguments.before, *picture], runs=few)
        print(
            f"| waterfall of {seconds:g} s, against before | {ratio.wall_s:.2f}, "
            f"in processor time {ratio.processor_s:.2f} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="compare an export with what people use instead")
    parser.add_argument("--seconds", type=float, default=600.0, help="of sound (default: 600)")
    parser.add_argument("--runs", type=int, default=7, help="pairs of runs (default: 7)")
    parser.add_argument("--hours", type=float, nargs=2, default=(1 / 6, 24.0), help="whose memory is compared")
    parser.add_argument("--before", metavar="BEEP", help="program of an older version, to compare a waterfall")
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, NumPy {version('numpy')}\n", flush=True)
    subprocess.run([sys.executable, PEERS.with_name("accuracy.py")], check=True)
    with tempfile.TemporaryDirectory() as folder:
        for part in (rendering, effects, start_up, long_and_live):
            part(arguments, Path(folder))


if __name__ == "__main__":
    main()
