"""The error for an unknown name: what it lists, and what it proposes."""

import pytest

from beep.base.errors import ScenarioError, TleError, unknown_name


@pytest.mark.parametrize(
    ("name", "known", "message"),
    [
        ("dalas", ["dallas", "tass"], "a preset must be one of dallas, tass, got 'dalas'; did you mean 'dallas'?"),
        ("DALLAS", ["dallas", "tass"], "a preset must be one of dallas, tass, got 'DALLAS'; did you mean 'dallas'?"),
        ("moon", ["dallas", "tass"], "a preset must be one of dallas, tass, got 'moon'"),
        (7, ["dallas"], "a preset must be one of dallas, got '7'"),
        ("no 4", [f"no {n:04}" for n in range(99)], "no 0000, no 0001, no 0002, no 0003, no 0004 and 94 more, got"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(name, known, message):
    """The message lists the known names, of many the first five, says what was given, and proposes the nearest."""
    error = unknown_name("a preset must be", name, known)

    assert isinstance(error, ScenarioError)
    assert message in str(error)


def test_the_kind_of_error_can_be_chosen():
    """An unknown satellite is a TleError."""
    assert isinstance(unknown_name("a satellite must be", "ISS", [], error=TleError), TleError)
