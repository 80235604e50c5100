"""Tables of text on stdout."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TextIO

from beep.base.text import printable
from beep.cli.messages import stdout

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

GAP = 2  # between the columns


def clock(when: datetime | None, form: str = "%H:%M:%S") -> str:
    """Return a time to the nearest second, or nothing."""
    return "" if when is None else format(when + timedelta(seconds=0.5), form)


def show_table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, file: TextIO | None = None, spare: int = 0
) -> list[str]:
    """Print text in columns under their heads, on stdout or into `file`.

    A column whose head begins with `>` is aligned to the right. On a terminal that is too narrow, up to `spare` of the
    last columns are left out; returns their heads.
    """
    out = file or stdout()
    rows, head = [tuple(map(printable, row)) for row in rows], tuple(map(printable, head))
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
        cells = (text.rjust(w) if r else text.ljust(w) for text, w, r in zip(line, widths, right, strict=True))
        out.write((" " * GAP).join(cells).rstrip() + "\n")
    return []


def write_values(file: TextIO, form: str, document: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a document of plain values as JSON, or rows of the same keys as CSV."""
    if form == "json":
        file.write(json.dumps(document, indent=1, allow_nan=False) + "\n")
    else:
        out = csv.DictWriter(file, rows[0] if rows else (), lineterminator="\n")
        out.writeheader()
        out.writerows(rows)
