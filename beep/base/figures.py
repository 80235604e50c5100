"""Numbers as text."""

from math import floor, isfinite, log10

MOST_DECIMALS = 9


def decimals_of(sd: float) -> int:
    """Number of decimals that shows two significant digits of a standard error; 4 where there is none."""
    return min(max(1 - floor(log10(sd)), 0), MOST_DECIMALS) if isfinite(sd) and sd > 0 else 4


def with_error(
    value: float, sd: float, unit: str = "", *, decimals: int | None = None, unknown: str = "not known"
) -> str:
    """Value and standard error as text, to two digits of the error; `unknown` where the value is not finite.

    `decimals` is the least number of decimals, and the number of a value without an error (else it has six digits).
    """
    if not isfinite(value):
        return unknown
    if isfinite(sd) and sd > 0:
        shown = max(decimals_of(sd), decimals or 0)
        text = f"{value:z.{shown}f} \N{PLUS-MINUS SIGN} {sd:.{shown}f}"
    else:
        text = f"{value:.6g}" if decimals is None else f"{value:z.{decimals}f}"
    return f"{text} {unit}".strip()
