"""A value with its standard error, as text."""

from math import inf, nan

import pytest

from beep.base.figures import decimals_of, with_error


@pytest.mark.parametrize(
    ("value", "sd", "text"),
    [
        (300.00752, 0.0041, "300.0075 ± 0.0041 ms"),
        (0.1234567, 0.012, "0.123 ± 0.012 ms"),
        (1234.5, 26.0, "1234 ± 26 ms"),
        (-0.4, 0.04, "-0.400 ± 0.040 ms"),
        (-0.001, 1.2, "0.0 ± 1.2 ms"),
        (1.23456789, 0.0, "1.23457 ms"),
        (1.23456789, nan, "1.23457 ms"),
        (nan, 1.0, "not known"),
        (inf, 1.0, "not known"),
    ],
)
def test_two_digits_of_the_error(value, sd, text):
    """The error has two digits, the value as many decimals; without an error the value has six digits."""
    assert with_error(value, sd, "ms") == text


def test_fewest_decimals():
    """`decimals` is the least number of decimals, and that of a value without an error; a unit may be missing."""
    assert with_error(300.0, 26.0, "ms", decimals=1) == "300.0 ± 26.0 ms"
    assert with_error(300.0, 0.0, decimals=1) == "300.0"
    assert with_error(nan, 0.0, decimals=1, unknown="") == ""


def test_decimals():
    """Two digits of the error, at most nine decimals, four where nothing is known."""
    assert [decimals_of(sd) for sd in (12.0, 1.2, 0.12, 1e-30, 0.0, nan)] == [0, 1, 2, 9, 4, 4]
