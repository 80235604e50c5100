"""Every error that the package raises on purpose; its message says the rule, what was given, and the remedy."""


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
