"""Columns of numbers, times and words written as CSV or JSON."""

import csv
import json
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

import numpy as np
from numpy.typing import NDArray

Table = Mapping[str, NDArray[Any]]

DECIMALS = {"t_s": 9, "delay_s": 15, "range_rate_km_s": 12}
OTHER_DECIMALS = 9
HALF_MS = np.timedelta64(500, "us")


def write_csv(file: TextIO, tables: Iterable[Table]) -> None:
    """Write tables of the same columns (N,) below one header line.

    Numbers resolve a nanohertz of Doppler and a femtosecond of delay; a missing time is empty.
    """
    out = csv.writer(file, lineterminator="\n")
    for number, table in enumerate(tables):
        if number == 0:
            out.writerow(table)
        out.writerows(zip(*(_texts(name, column) for name, column in table.items()), strict=True))


def write_json(file: TextIO, tables: Iterable[Table]) -> None:
    """Write tables of the same columns (N,) as one JSON array of objects, one per row; nan and infinity are null."""
    _write_rows(file, tables)
    file.write("\n")


def write_document(file: TextIO, head: Mapping[str, Any], parts: Mapping[str, Iterable[Table]]) -> None:
    """Write one JSON object: the members of `head`, then the tables of each part as an array of objects."""
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
    decimals = DECIMALS.get(name, 15 if name.startswith("ionosphere_") else OTHER_DECIMALS)
    return [f"{value:.{decimals}f}" for value in column]


def _values(column: NDArray[Any]) -> list[Any]:
    if column.dtype.kind == "M":
        return [
            None if np.isnat(value) else f"{np.datetime_as_string(value + HALF_MS, unit='ms')}Z" for value in column
        ]
    values: list[Any] = column.tolist()
    return [value if np.isfinite(value) else None for value in values] if column.dtype.kind == "f" else values


WRITERS = {"csv": write_csv, "json": write_json}
