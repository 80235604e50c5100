"""Worker processes: how many, how they start, how they share tasks, and how they end."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

from beep.base.errors import OutputError
from beep.base.signals import ENDING, signals_blocked

MOST_WORKERS = 60  # Windows waits for at most 63 things at once


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def in_processes(
    workers: int, work: Callable[..., Any], common: tuple[Any, ...], tasks: Iterable[tuple[Any, ...]]
) -> Generator[Any, None, None]:
    """Yield `work(*common, *task)` for each task, as the worker processes return them; close the generator to end them.

    A process takes the next task when it has returned one. Processes are forked where the system is Linux and this
    process has no other thread, in 5 ms; elsewhere each is a new interpreter. All that goes to them is pickled.

    Raises what `work` raises, and OutputError where a process cannot start or was killed.
    """
    alone = sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1
    context: Any = multiprocessing.get_context("fork" if alone else "spawn")
    if not alone and os.name == "posix":
        resource_tracker.ensure_running()  # the first start would do so, and let blocked signals through
    busy: list[Any] = []
    remaining = iter(tasks)

    def start_next(connection: Any) -> None:
        task = next(remaining, None)
        if task is None:
            busy.remove(connection)
        else:
            connection.send(task)

    with ExitStack() as ending:
        try:
            with signals_blocked():  # in a process, `prepare` lets them through
                for _ in range(min(workers, MOST_WORKERS)):
                    ours, theirs = context.Pipe()
                    busy.append(ending.enter_context(ours))
                    with theirs:  # closed here, so that `ours` ends with the process
                        process = context.Process(target=_serve, args=(theirs,), daemon=True)
                        process.start()
                    ending.callback(process.join)
                    ending.callback(process.kill)
        except OSError as error:
            raise OutputError(f"{workers} processes must start: {error.strerror or error}; use jobs=1") from None
        try:
            for connection in list(busy):
                connection.send((work, common))
                start_next(connection)
            while busy:
                ready: list[Any] = wait(busy)
                for connection in ready:
                    result = connection.recv()
                    if isinstance(result, Exception):
                        raise result
                    start_next(connection)
                    yield result
        except (EOFError, ConnectionError):
            raise OutputError(
                "all processes must run to the end, but one ended early (killed, or out of memory); use jobs=1"
            ) from None


def prepare() -> None:
    """Leave Ctrl-C to the program that started this process, and end with it, even where it was killed."""
    for number in ENDING:
        signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _serve(connection: Connection) -> None:
    """Do tasks until there are no more."""
    prepare()
    with suppress(EOFError, ConnectionError):
        work, common = connection.recv()
        while True:
            task = connection.recv()
            try:
                result = work(*common, *task)
            except Exception as error:
                result = error
            connection.send(result)


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
