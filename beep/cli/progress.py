"""The progress bar."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

BAR_AFTER_S = 0.5


@contextmanager
def progress_bar(arguments: argparse.Namespace) -> Iterator[Callable[..., None] | None]:
    """Return a function of (done, all, text="") that draws a bar on a terminal, if the work takes half a second."""
    if arguments.quiet or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    began = time.monotonic()
    bar: Any = None
    with ExitStack() as stack:

        def progress(done: int, total: int, text: str = "") -> None:
            nonlocal bar
            if bar is None and time.monotonic() - began > BAR_AFTER_S:
                from rich.console import Console
                from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

                columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
                bar = stack.enter_context(Progress(*columns, console=Console(stderr=True), transient=True))
                bar.add_task("", total=total)
            if bar is not None:
                bar.update(bar.task_ids[0], completed=done, description=text)

        yield progress
