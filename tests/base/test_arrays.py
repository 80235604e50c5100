"""Rows of records whose fields are columns."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from beep.base.arrays import joined, picked


@dataclass(frozen=True)
class Level:
    power: np.ndarray


@dataclass(frozen=True)
class Table:
    name: str
    t_s: np.ndarray
    position: np.ndarray
    level: Level


TABLE = Table("a", np.arange(4.0), np.arange(8.0).reshape(4, 2), Level(np.arange(4.0) ** 2))


@pytest.mark.parametrize("rows", [slice(1, 4, 2), np.array([1, 3]), np.array([False, True, False, True])])
def test_picked_takes_the_rows_of_every_column(rows):
    """Slice, indices and mask give the same rows, also of a record inside; other fields stay."""
    table = picked(TABLE, rows)

    assert table.name == "a"
    assert table.t_s.tolist() == [1, 3]
    assert table.position.tolist() == [[2, 3], [6, 7]]
    assert table.level.power.tolist() == [1, 9]


def test_joined_puts_records_one_after_the_other():
    """Joining the parts of a record gives the record; a single record stays as it is."""
    parts = [picked(TABLE, slice(0, 1)), replace(picked(TABLE, slice(1, 4)), name="b")]
    table = joined(parts)

    assert table.name == "a"
    assert np.array_equal(table.t_s, TABLE.t_s)
    assert np.array_equal(table.position, TABLE.position)
    assert np.array_equal(table.level.power, TABLE.level.power)
    assert np.array_equal(joined([TABLE]).t_s, TABLE.t_s)
