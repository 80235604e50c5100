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
    from typing import Any, TextIO

BAR_AFTER_S = 0.5


def say(text: str, arguments: argparse.Namespace) -> None:
    if not arguments.quiet:
        tell(text)


def tell(text: str) -> None:
    if sys.stderr is not None:  # where it is closed, print would put the words on stdout
        print(text, file=sys.stderr)


def stdout() -> TextIO:
    if sys.stdout is None:
        raise OutputError("stdout must be open, but it is closed; redirect it to a file or a pipe")
    return sys.stdout


def show_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table on stdout: with rules on a terminal, otherwise plain text in columns."""
    out = stdout()
    if out.isatty():
        from rich.console import Console
        from rich.table import Table

        table = Table(*head, highlight=False)
        for row in rows:
            table.add_row(*row)
        Console(file=out).print(table)
        return
    lines = [head, *rows] if any(head) else rows
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        out.write("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() + "\n")


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
