"""How many workers a Dask scheduler can feed: by hand, with workers that sleep instead of making clips.

    python tests/datasets/simulate.py [SECONDS OF A TASK]

Workers are threads of this process. What is measured is the scheduler: the share of the time in which workers have a
task. A real bundle of clips takes a second or two of a core.
"""

import sys
import time
from concurrent.futures import FIRST_COMPLETED, wait

from distributed import Client, LocalCluster

from beep.datasets.dataset import MOST_IN_FLIGHT


def main() -> None:
    task_s = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    print("workers  tasks  ideal s  wall s  busy")
    for workers in (1, 8, 64, 256):
        tasks = max(8, round(20 / task_s) * workers)
        threads = {"n_workers": 1, "threads_per_worker": workers, "processes": False, "dashboard_address": None}
        with LocalCluster(**threads) as cluster, Client(cluster) as client:
            executor = client.get_executor(pure=False)
            list(executor.map(time.sleep, [0.0] * workers))
            began, waiting, running = time.monotonic(), tasks, set()
            while waiting or running:
                while waiting and len(running) < MOST_IN_FLIGHT:
                    running.add(executor.submit(time.sleep, task_s))
                    waiting -= 1
                running = wait(running, return_when=FIRST_COMPLETED).not_done
            wall_s = time.monotonic() - began
        ideal_s = -(-tasks // workers) * task_s
        print(f"{workers:7} {tasks:6} {ideal_s:8.1f} {wall_s:7.1f}  {ideal_s / wall_s:4.0%}", flush=True)


if __name__ == "__main__":
    main()
