"""Sputnik 1's radio signal as a receiver on the ground heard it.

    import beep

    beep.export(beep.Scenario(station="dallas", start="1957-10-07T05:00Z"), "dallas.wav")
    samples = beep.render(beep.Scenario(duration_s=20))        # (N, channels) float32, full scale 1
    for block in beep.blocks(beep.preset("dallas")): ...       # the same, a second at a time
    left, right = beep.measure("dallas.wav")                   # beeps, clock, tone, SNR, each with its error
    beep.fit_pass(beep.tones_of([left, right], carriers_hz=[20.005e6, 40.002e6]))  # when, how far, how fast

Conventions
    units      are in the name: _s _m _km _m_s _hz _rad _deg _db
    time       t_s is receive time, u_s emission time, float64 seconds after the first sample; dates are aware UTC
    shapes     sound is (N, channels), vectors (3, N), everything else (N,)
    signs      range rate > 0 receding, Doppler > 0 approaching, azimuth from north through east
    levels     linear inside, full scale 1.0; dB at the edges
    order      arrays first, then keywords
    errors     one tree, `BeepError`; the message says the rule, what came, the remedy
"""

from importlib import import_module

TYPE_CHECKING = False  # as typing has it, whose import takes a tenth of `beep --help`
if TYPE_CHECKING:
    from beep.base.errors import (
        BeepError,
        ExtraError,
        FitError,
        OutputError,
        PlaybackError,
        RecordingError,
        ScenarioError,
        TleError,
    )
    from beep.fitting.fit import PassFit, fit_pass, tones_of
    from beep.fitting.solve import Tones
    from beep.geometry.forecast import predict
    from beep.geometry.tle import read_tle
    from beep.measuring.measure import Measurement, measure
    from beep.measuring.recording import Recording, open_recording
    from beep.output.export import export
    from beep.output.player import play, playing
    from beep.scenario.receptions import receptions
    from beep.scenario.recipe import beacon, beacons, character, load, preset, presets, to_toml
    from beep.scenario.scenario import Carrier, Scenario
    from beep.stream.reception import date_keying
    from beep.stream.tiles import blocks, render
    from beep.stream.track import track

__version__ = "0.1.0"

_HOMES = {
    "beep.fitting.solve": ("Tones",),
    "beep.base.errors": (
        "BeepError",
        "ExtraError",
        "FitError",
        "OutputError",
        "PlaybackError",
        "RecordingError",
        "ScenarioError",
        "TleError",
    ),
    "beep.output.export": ("export",),
    "beep.fitting.fit": ("PassFit", "fit_pass", "tones_of"),
    "beep.measuring.measure": ("Measurement", "measure"),
    "beep.output.player": ("play", "playing"),
    "beep.geometry.forecast": ("predict",),
    "beep.scenario.recipe": ("beacon", "beacons", "character", "load", "preset", "presets", "to_toml"),
    "beep.measuring.recording": ("Recording", "open_recording"),
    "beep.stream.reception": ("date_keying",),
    "beep.scenario.receptions": ("receptions",),
    "beep.scenario.scenario": ("Carrier", "Scenario"),
    "beep.stream.tiles": ("blocks", "render"),
    "beep.geometry.tle": ("read_tle",),
    "beep.stream.track": ("track",),
}
__all__ = [
    "BeepError",
    "Carrier",
    "ExtraError",
    "FitError",
    "Measurement",
    "OutputError",
    "PassFit",
    "PlaybackError",
    "Recording",
    "RecordingError",
    "Scenario",
    "ScenarioError",
    "TleError",
    "Tones",
    "beacon",
    "beacons",
    "blocks",
    "character",
    "date_keying",
    "export",
    "fit_pass",
    "load",
    "measure",
    "open_recording",
    "play",
    "playing",
    "predict",
    "preset",
    "presets",
    "read_tle",
    "receptions",
    "render",
    "to_toml",
    "tones_of",
    "track",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> object:
    # Looked up when asked for, so that `beep --help` need not wait for NumPy.
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
