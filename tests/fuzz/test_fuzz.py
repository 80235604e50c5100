"""A few cases of each kind; `python -m tests.fuzz` tries as many as there is time for."""

import pytest
from fuzz.cases import KINDS
from hypothesis import given, settings


@pytest.mark.parametrize("name", KINDS)
def test_only_beep_errors_come_out(name):
    """Whatever is sent, it is taken, or refused in one short line, in little time and memory."""
    kind = KINDS[name]
    settings(max_examples=kind.in_suite, derandomize=True, database=None)(
        given(kind.strategy)(lambda case: kind.try_it(case))
    )()
