"""Words on stderr, data on stdout, and a bar while something takes its time."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager

from beep.base.errors import OutputError

TYPE_CHECKING = False  # as typing has it, whose import takes a tenth of `beep --help`
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from typing import Any, TextIO

BAR_AFTER_S = 0.5
GAP = 2  # between the columns of a table


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


def show_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, file: TextIO | None = None, spare: int = 0
) -> list[str]:
    """Words in columns under their heads, on stdout or into `file`.

    A head that begins with `>` stands, like its column, to the right. A terminal too narrow for all goes without the
    last column, and so on, for `spare` columns at most; returns the heads that were left out.
    """
    out = file or stdout()
    rows = list(rows)
    right = [title.startswith(">") for title in head]
    titles = [title.removeprefix(">") for title in head]
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    shown = len(titles)
    if out.isatty():
        from rich.console import Console
        from rich.table import Table

        console = Console(file=out, markup=False, highlight=False)
        while shown > len(titles) - spare and sum(widths[:shown]) + GAP * (shown - 1) > console.width:
            shown -= 1
        table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold", show_header=any(titles))
        for title, to_the_right in zip(titles[:shown], right, strict=False):
            table.add_column(title, justify="right" if to_the_right else "left", overflow="fold")
        for row in rows:
            table.add_row(*row[:shown])
        console.print(table)
        return titles[shown:]
    for line in [titles, *rows] if any(titles) else rows:
        placed = (
            text.rjust(width) if to_the_right else text.ljust(width)
            for text, width, to_the_right in zip(line, widths, right, strict=True)
        )
        out.write((" " * GAP).join(placed).rstrip() + "\n")
    return []


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
