"""The kinds of array in the package, and rows of records whose fields are columns."""

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Array = NDArray[np.float64]  # times, or values that depend on time, mostly (N,)
Vectors = NDArray[np.float64]  # positions and velocities, (3, N)
Samples = NDArray[np.float32]  # sound with full scale 1, (N, channels) at the seams

MOST_MULTIPLICATIONS = 1 << 17  # in one matrix product: from 2^18 on OpenBLAS has its threads work

Record = TypeVar("Record", bound="DataclassInstance")


def product(rows: Samples, matrix: Samples) -> Samples:
    """Product (..., N, M) of rows (..., N, K) and a matrix (K, M), some rows at a time: one thread does it."""
    result = np.empty((*rows.shape[:-1], matrix.shape[1]), np.float32)
    count = max(MOST_MULTIPLICATIONS // matrix.size, 1)
    for start in range(0, rows.shape[-2], count):
        part = slice(start, start + count)
        np.matmul(rows[..., part, :], matrix, out=result[..., part, :])
    return result


def picked(record: Record, rows: slice | NDArray[Any]) -> Record:
    """Return a dataclass of columns (N, ...) with only some rows, chosen by slice, indices or mask.

    Every field that is an array is a column. Fields that are dataclasses are picked likewise; other fields stay.
    """
    return _by_column([record], lambda columns: columns[0][rows])


def joined(records: Sequence[Record]) -> Record:
    """Return dataclasses of columns (N, ...) as one, in order; fields that are no columns are those of the first."""
    return _by_column(records, np.concatenate)


def _by_column(records: Sequence[Record], column_of: Callable[[list[NDArray[Any]]], NDArray[Any]]) -> Record:
    first = records[0]
    values = {}
    for field in fields(first):
        value = getattr(first, field.name)
        if isinstance(value, np.ndarray):
            value = column_of([getattr(record, field.name) for record in records])
        elif is_dataclass(value):
            value = _by_column([getattr(record, field.name) for record in records], column_of)
        values[field.name] = value
    return type(first)(**values)
