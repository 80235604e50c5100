"""Columns of numbers, times and words into CSV or JSON, row by row, or as a table for people."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

Table = Mapping[str, NDArray[Any]]

DIGITS = {"t_s": 9, "delay_s": 15, "range_rate_km_s": 12}  # after the point
OTHER_DIGITS = 9
UNFOLDED = 200  # characters of a table's line: a narrow terminal breaks lines better than words
HALF_MS = np.timedelta64(500, "us")


def write_csv(file: TextIO, tables: Iterable[Table]) -> None:
    """Write tables of the same columns, each (N,), one below the other under one header line.

    Numbers carry enough digits for a nanohertz of Doppler and a femtosecond of delay; a missing time is empty.
    """
    out = csv.writer(file, lineterminator="\n")
    for number, table in enumerate(tables):
        if number == 0:
            out.writerow(table)
        out.writerows(zip(*(_texts(name, column) for name, column in table.items()), strict=True))


def write_json(file: TextIO, tables: Iterable[Table]) -> None:
    """Write the same as one JSON array, an object a row; what JSON has no number for is null."""
    _write_rows(file, tables)
    file.write("\n")


def write_document(file: TextIO, head: Mapping[str, Any], parts: Mapping[str, Iterable[Table]]) -> None:
    """Write one JSON object: first the members of `head`, then each part's tables as an array of objects."""
    separator = "{\n"
    for name, value in head.items():
        file.write(f"{separator}{json.dumps(name)}: {json.dumps(value, allow_nan=False, ensure_ascii=False)}")
        separator = ",\n"
    for name, tables in parts.items():
        file.write(f"{separator}{json.dumps(name)}: ")
        _write_rows(file, tables)
        separator = ",\n"
    file.write("\n}\n")


def _write_rows(file: TextIO, tables: Iterable[Table]) -> None:
    separator = "[\n"
    for table in tables:
        for row in zip(*(_values(column) for column in table.values()), strict=True):
            file.write(separator + json.dumps(dict(zip(table, row, strict=True)), allow_nan=False))
            separator = ",\n"
    file.write("\n]" if separator == ",\n" else "[]")


def _texts(name: str, column: NDArray[Any]) -> list[str]:
    if column.dtype.kind == "M":
        return [value or "" for value in _values(column)]
    if column.dtype.kind == "U":
        return [str(value) for value in column]
    if column.dtype.kind in "iub":
        return [str(value).lower() for value in column.tolist()]
    digits = DIGITS.get(name, 15 if name.startswith("ionosphere_") else OTHER_DIGITS)
    return [f"{value:.{digits}f}" for value in column]


def _values(column: NDArray[Any]) -> list[Any]:
    if column.dtype.kind == "M":
        return [
            None if np.isnat(value) else f"{np.datetime_as_string(value + HALF_MS, unit='ms')}Z" for value in column
        ]
    values: list[Any] = column.tolist()
    return [value if np.isfinite(value) else None for value in values] if column.dtype.kind == "f" else values


def print_table(file: TextIO, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows of words under their heads, if any, as wide as they need.

    A head that begins with `>` stands, like its column, to the right.
    """
    from rich.console import Console
    from rich.table import Table as RichTable

    shown = RichTable(box=None, pad_edge=False, header_style="bold", show_header=any(head))
    for title in head:
        shown.add_column(title.lstrip(">"), justify="right" if title.startswith(">") else "left", overflow="fold")
    for row in rows:
        shown.add_row(*row)
    console = Console(file=file, markup=False, highlight=False, width=UNFOLDED)
    console.print(shown)
