"""Every error that the package raises on purpose; the message says the rule, what came, the remedy.

BeepError
├── ScenarioError(ValueError)    a recipe that cannot be flown or heard
├── TleError(ValueError)         an element set that cannot be read, or an orbit that SGP4 cannot follow
├── OutputError(OSError)         a file or pipe that cannot be written
├── PlaybackError(RuntimeError)  a sound card that cannot be had, or has gone
├── RecordingError(ValueError)   a recording that cannot be read or measured
├── FitError(ArithmeticError)    tones from which no pass can be told
└── ExtraError(ImportError)      a library that an optional part needs, and that is not installed
"""


class BeepError(Exception):
    """Root of the errors of this package."""


class ScenarioError(BeepError, ValueError):
    """The recipe breaks a rule, or names something unknown."""


class TleError(BeepError, ValueError):
    """The element set breaks a rule of its format, or its orbit cannot be followed."""


class OutputError(BeepError, OSError):
    """The result cannot be written where it should go."""


class PlaybackError(BeepError, RuntimeError):
    """The sound card cannot be had, or has gone while playing."""


class RecordingError(BeepError, ValueError):
    """The recording cannot be read, or is nothing that could be measured."""


class ExtraError(BeepError, ImportError):
    """An optional part needs a library that is not installed."""


class FitError(BeepError, ArithmeticError):
    """The tones do not tell a pass: no Doppler, too short an arc, too few."""
