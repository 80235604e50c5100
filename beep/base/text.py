"""Text from outside: read up to a limit, quoted in messages, and made printable."""

from __future__ import annotations

import reprlib

TYPE_CHECKING = False  # as in typing, whose import takes a tenth of the time of `beep --help`
if TYPE_CHECKING:
    from pathlib import Path

MOST_QUOTED = 60  # characters

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = MOST_QUOTED


def quoted(value: object) -> str:
    """Return a value as Python writes it, cut to 60 characters: what a message quotes."""
    try:
        text = _SHORT.repr(value)
    except ValueError:  # Python writes no whole number of more than 4300 digits
        text = "a number with thousands of digits"
    return text if len(text) <= MOST_QUOTED else f"{text[: MOST_QUOTED - 3]}..."


def printable(text: str) -> str:
    """Return a text with escapes in place of control characters, surrogates and other characters without a shape."""
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def read_text(path: str | Path, *, most_bytes: int) -> str:
    """Return the text of a file. Raises OSError, and ValueError with the reason where it is too long or not text."""
    with open(path, "rb") as file:
        data = file.read(most_bytes + 1)
    try:
        text = data[:most_bytes].decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise ValueError("it is not text in UTF-8")
    if len(data) > most_bytes:
        raise ValueError(f"it has more than {most_bytes / 1e6:g} MB")
    return text
