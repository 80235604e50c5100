"""Words on stderr, data on stdout, and a bar while something takes its time."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager

from beep.errors import OutputError

TYPE_CHECKING = False  # as typing has it, whose import takes a tenth of `beep --help`
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from typing import Any, TextIO

BAR_AFTER_S = 0.5


def say(text: str, arguments: argparse.Namespace) -> None:
    if not arguments.quiet:
        tell(text)


def tell(text: str) -> None:
    if sys.stderr is not None:  # where it is closed, print would put the words on stdout
        print(text, file=sys.stderr)


def clock(when: datetime | None, form: str = "%H:%M:%S") -> str:
    """A time to the nearest second, or nothing."""
    from datetime import timedelta

    return "" if when is None else format(when + timedelta(seconds=0.5), form)


def stdout() -> TextIO:
    if sys.stdout is None:
        raise OutputError("stdout must be open, but it is closed; redirect it to a file or a pipe")
    return sys.stdout


@contextmanager
def bar(arguments: argparse.Namespace) -> Iterator[Callable[[int, int], None] | None]:
    """A progress function that draws a bar on a terminal, if the work takes longer than a moment."""
    if arguments.quiet or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    began = time.monotonic()
    shown: Any = None
    task: Any = None

    def progress(done: int, frames: int) -> None:
        nonlocal shown, task
        if shown is None and time.monotonic() - began > BAR_AFTER_S:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

            columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
            shown = Progress(*columns, console=Console(stderr=True), transient=True)
            shown.start()
            task = shown.add_task("", total=frames)
        if shown is not None:
            shown.update(task, completed=done)

    try:
        yield progress
    finally:
        if shown is not None:
            shown.stop()
