"""What a process of a pool does before its first task."""

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import wait


def prepare() -> None:
    """Leave Ctrl-C to the program that started this process, and end with it, even where it was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
