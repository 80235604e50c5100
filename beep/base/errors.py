"""Every error that the package raises on purpose; its message says the rule, what was given, and the remedy."""

from __future__ import annotations

from beep.base.text import quoted

TYPE_CHECKING = False  # as in typing, whose import takes a tenth of the time of `beep --help`
if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_LISTED, _FIRST_LISTED = 20, 5
_MOST_COMPARED = 24  # characters, as many as a satellite's name has: the time grows with their square


class BeepError(Exception):
    """Root of the errors of this package."""


class ScenarioError(BeepError, ValueError):
    """The scenario breaks a rule, or names something unknown."""


class TleError(BeepError, ValueError):
    """The element set breaks a rule of its format, or SGP4 cannot compute its orbit."""


class OutputError(BeepError, OSError):
    """The output file or pipe cannot be written."""


class PlaybackError(BeepError, RuntimeError):
    """The sound card is missing, busy, or was disconnected during playback."""


class RecordingError(BeepError, ValueError):
    """The recording cannot be read, or holds nothing that can be measured."""


class ExtraError(BeepError, ImportError):
    """An optional part needs a library that is not installed."""


class FitError(BeepError, ArithmeticError):
    """The tones do not determine a pass: no Doppler, too short an arc, too few values."""


def unknown_name(what: str, name: object, known: Iterable[str], *, error: type[BeepError] = ScenarioError) -> BeepError:
    """Return the error for a name that is not among the known names, with the nearest of them.

    `what` begins the message: "a preset must be" gives "a preset must be one of ..., got ...; did you mean ...?".
    """
    known = list(known)
    return error(f"{what} one of {listed(known)}, got {quoted(str(name))}{did_you_mean(str(name), known)}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a question with the known name that is nearest to a name, or an empty text."""
    import difflib  # takes longer to import than the rest of this module

    known = list(known)
    begins = {word[:_MOST_COMPARED].casefold(): word for word in known}
    nearest = difflib.get_close_matches(name[:_MOST_COMPARED].casefold(), begins, n=1)
    return f"; did you mean {begins[nearest[0]]!r}?" if nearest else ""


def listed(names: list[str]) -> str:
    """Names separated by commas; of a long list the first five and the number of the others."""
    if len(names) <= _MOST_LISTED:
        return ", ".join(names)
    return f"{', '.join(names[:_FIRST_LISTED])} and {len(names) - _FIRST_LISTED} more"
