"""How fast and how small an export is, against what people use instead.

    python tests/benchmarks/compare.py [--seconds 600] [--runs 7]

Every command is a whole process that writes the same kind of file: stereo, 48 kHz, 16 bits, two keyed tones with
Doppler (sox: a sweep), noise, band-pass. Runs alternate between us and the peer; what is printed is the median of
the ratios, pair by pair, so that a machine that slows down slows both. Peers: Debian's sox and csound, and
peers/naive.py. None of them computes the phase from the light time.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PEERS = Path(__file__).parent / "peers"


def sox(seconds: float, out: Path) -> list[str]:
    """Tone sweeps, square keying in antiphase, white noise, FIR band-pass."""
    keyed = "square amod 1.6666667 0 0 square amod 1.6666667 0 50"
    return (
        f"sox -R -n -r 48000 -c 2 -b 16 {out} synth {seconds} sine 2000:1000 sine 2500:500 synth {keyed} "
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


def ours(seconds: float, out: Path) -> list[str]:
    """The export, noise, filter and all."""
    return [*program(), "export", str(out), "--duration-s", str(seconds), "--force", "-q"]


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


def run(command: list[str], *, first_bytes: int = 0) -> tuple[float, float]:
    """Wall seconds and peak MiB of a command; with `first_bytes`, the seconds until it has written so many."""
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
    return seconds, usage.ru_maxrss / 1024


def paired(
    a: list[str], b: list[str], *, runs: int, first_bytes_of_a: int = 0
) -> tuple[float, float, float, float, float]:
    """Medians: the ratio of wall times a / b over alternating runs, both wall times, both peaks in MiB."""
    rows = []
    for number in range(runs + 1):
        (seconds_a, peak_a), (seconds_b, peak_b) = run(a, first_bytes=first_bytes_of_a), run(b)
        if number:  # the first pair warms the caches
            rows.append((seconds_a / seconds_b, seconds_a, seconds_b, peak_a, peak_b))
    ratio, seconds_a, seconds_b, peak_a, peak_b = (statistics.median(column) for column in zip(*rows, strict=True))
    return ratio, seconds_a, seconds_b, peak_a, peak_b


def main() -> None:
    parser = argparse.ArgumentParser(description="compare an export with what people use instead")
    parser.add_argument("--seconds", type=float, default=600.0, help="of sound (default: 600)")
    parser.add_argument("--runs", type=int, default=7, help="pairs of runs (default: 7)")
    parser.add_argument("--hours", type=float, nargs=2, default=(1 / 6, 10.0), help="whose memory is compared")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        mine = ours(arguments.seconds, out / "ours.wav")
        print(f"| {arguments.seconds:g} s against | its run time | `beep` | `beep` is | its peak memory | `beep` |")
        print("|---|---|---|---|---|---|")
        for peer in (sox, csound, naive):
            if peer is not naive and not shutil.which(peer.__name__):
                print(f"| {peer.__name__} | not installed | | | | |")
                continue
            theirs = peer(arguments.seconds, out / f"{peer.__name__}.wav")
            ratio, our_s, their_s, our_mib, their_mib = paired(mine, theirs, runs=arguments.runs)
            print(
                f"| {peer.__name__} | {their_s:.2f} s | {our_s:.2f} s | {1 / ratio:.1f} times faster "
                f"| {their_mib:.0f} MiB | {our_mib:.0f} MiB |"
            )
        print()
        print(f"| {arguments.seconds:g} s of sound with | price against the plain export | faster than plain sox |")
        print("|---|---|---|")
        for name, options in EFFECTS.items():
            rich = [*mine, *options.split()]
            price, *_ = paired(rich, mine, runs=arguments.runs)
            lead = "not installed"
            if shutil.which("sox"):
                ratio, *_ = paired(rich, sox(arguments.seconds, out / "sox.wav"), runs=arguments.runs)
                lead = f"{1 / ratio:.1f} times"
            print(f"| {name} | {price:.2f} | {lead} |")
        print()
        print("| start-up | ratio |")
        print("|---|---|")
        python = [sys.executable, "-c"]
        ratio, *_ = paired([*program(), "--help"], [*python, "pass"], runs=3 * arguments.runs)
        print(f"| `beep --help` / `python -c pass` | {ratio:.2f} |")
        stream = [*program(), "export", "-", "-q", "--duration-s", "30"]
        ratio, *_ = paired(stream, [*python, "import numpy"], runs=3 * arguments.runs, first_bytes_of_a=48)
        print(f"| first sample of `beep export -` / `python -c 'import numpy'` | {ratio:.2f} |")
        ratio, *_ = paired(mine, [*python, "import numpy"], runs=arguments.runs)
        print(f"| whole export / `python -c 'import numpy'` | {ratio:.1f} |")
        print()
        print("| length | peak |")
        print("|---|---|")
        for hours in arguments.hours:
            _, peak = run([*program(), "export", "-", "-q", "--duration-s", str(hours * 3600)], first_bytes=0)
            print(f"| {hours * 60:g} min, to a pipe | {peak:.1f} MiB |")


if __name__ == "__main__":
    main()
