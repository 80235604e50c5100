"""Numbers as text."""

from math import floor, isfinite, log10


def with_error(value: float, sd: float, unit: str) -> str:
    """Value and standard error, to two digits of the error."""
    if not isfinite(value):
        return "not known"
    if not (isfinite(sd) and sd > 0):
        return f"{value:.6g} {unit}"
    digits = max(0, 1 - floor(log10(sd)))
    return f"{value:.{digits}f} \N{PLUS-MINUS SIGN} {sd:.{digits}f} {unit}"
