"""Data sets on a real cluster, killed and completed: by hand, because it takes minutes.

    python tests/datasets/by_hand.py [CLIPS]

Makes one set of CLIPS clips (default 300) in many ways and compares one hash over all files: one process, two, a
`dask scheduler` with one, two and four `dask worker` processes, two of which one is killed by -9 in the middle, three
shards at once, and a run that is killed at 20 random moments. Prints wall and processor times.
"""

import hashlib
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PLAN = """
[dataset]
name = "by hand"
count = {count}
seed = 7
[base]
sample_rate_hz = 12_000
mix = "20"
[draw]
altitude_km = {{ log-uniform = [220, 1200] }}
max_elevation_deg = {{ uniform = [10, 90] }}
snr_db = {{ normal = [5, 8], clip = [-10, 25] }}
clip_from = {{ uniform = [0, 1] }}
"""
BEEP = [sys.executable, "-m", "beep", "dataset", "plan.toml"]
PORT = 18786


def digest(folder: Path) -> str:
    """One hash over the sorted files, without what killed runs have left."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and ".part" not in str(p))
    hashes = [f"{path.relative_to(folder)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files]
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()[:16]


def processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(name: str, *arguments: str, folder: Path) -> None:
    """Make a set, and print its hash and times; those of Dask's workers are not in the processor time."""
    began, used = time.monotonic(), processor_s()
    subprocess.run([*BEEP, name, *arguments], cwd=folder, check=True, stderr=subprocess.DEVNULL)
    wall_s = time.monotonic() - began
    print(
        f"{name:12} {digest(folder / name)}  {wall_s:6.1f} s wall, {processor_s() - used:6.1f} s processor", flush=True
    )


def cluster(folder: Path, workers: int) -> list[subprocess.Popen[bytes]]:
    """Start a scheduler and workers of one thread."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", str(PORT), "--no-dashboard"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", f"tcp://127.0.0.1:{PORT}"]
    options = ["--nthreads", "1", "--no-dashboard", "--no-nanny"]
    started = [subprocess.Popen(scheduler, cwd=folder, **quiet)]
    time.sleep(4)
    return started + [subprocess.Popen([*worker, *options], cwd=folder, **quiet) for _ in range(workers)]


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.kill()
        process.wait()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "plan.toml").write_text(PLAN.format(count=count))
        timed("one", "--jobs", "1", folder=folder)
        timed("two", "--jobs", "2", folder=folder)
        address = f"tcp://127.0.0.1:{PORT}"
        for workers in (1, 2, 4):
            processes = cluster(folder, workers)
            timed(f"dask-{workers}", "--scheduler", address, folder=folder)
            stop(processes)
        processes = cluster(folder, 2)
        running = subprocess.Popen(
            [*BEEP, "dask-killed", "--scheduler", address], cwd=folder, stderr=subprocess.DEVNULL
        )
        while len(list((folder / "dask-killed").glob("*.wav"))) < count / 3:
            time.sleep(0.1)
        processes[1].send_signal(signal.SIGKILL)
        assert running.wait() == 0
        print(f"{'dask-killed':12} {digest(folder / 'dask-killed')}  a worker killed by -9", flush=True)
        stop(processes)
        shards = [
            subprocess.Popen([*BEEP, "shards", "--jobs", "1", "--shard", f"{k}/3", "-q"], cwd=folder) for k in (1, 2, 3)
        ]
        assert [shard.wait() for shard in shards] == [0, 0, 0]
        print(f"{'shards':12} {digest(folder / 'shards')}  1/3, 2/3 and 3/3 at once", flush=True)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell makes its background jobs ignore it
        dice, kills = random.Random(1), 0
        while kills < 20:
            running = subprocess.Popen([*BEEP, "killed", "--jobs", "2", "-q"], cwd=folder, start_new_session=True)
            time.sleep(dice.uniform(0.3, 2.0))
            if running.poll() is not None:
                break
            os.kill(running.pid, dice.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
            running.wait()
            kills += 1
        timed("killed", "--jobs", "2", folder=folder)
        print(f"killed {kills} times before it was complete")


if __name__ == "__main__":
    main()
