"""Columns of numbers into CSV or JSON, row by row."""

import csv
import json
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

Table = Mapping[str, NDArray[Any]]

DIGITS = {"t_s": 9, "delay_s": 15, "range_rate_km_s": 12}  # after the point
OTHER_DIGITS = 9
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
    separator = "[\n"
    for table in tables:
        for row in zip(*(_values(column) for column in table.values()), strict=True):
            file.write(separator + json.dumps(dict(zip(table, row, strict=True)), allow_nan=False))
            separator = ",\n"
    file.write("\n]\n" if separator == ",\n" else "[]\n")


def _texts(name: str, column: NDArray[Any]) -> list[str]:
    if column.dtype.kind == "M":
        return [value or "" for value in _values(column)]
    if column.dtype.kind in "iub":
        return [str(value).lower() for value in column.tolist()]
    digits = DIGITS.get(name, OTHER_DIGITS)
    return [f"{value:.{digits}f}" for value in column]


def _values(column: NDArray[Any]) -> list[Any]:
    if column.dtype.kind == "M":
        return [
            None if np.isnat(value) else f"{np.datetime_as_string(value + HALF_MS, unit='ms')}Z" for value in column
        ]
    return [value if np.isfinite(value) else None for value in column.tolist()]
