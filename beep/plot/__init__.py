"""Pictures: each function returns a matplotlib Figure, and `save` writes it. The only home of matplotlib.

    from beep import plot

    figure = plot.pass_sheet(beep.preset("dallas"), paper=plot.Paper(dark=True))
    plot.save(figure, "dallas.png", kind="png")
    with beep.open_recording("tape.wav") as tape:
        plot.waterfall(tape)

Nothing touches pyplot or keeps a state. Raises ExtraError where matplotlib is not installed.
"""

from beep.base.errors import ExtraError

try:
    import matplotlib  # noqa: F401
except ModuleNotFoundError:
    raise ExtraError("pictures need matplotlib, which is not here; pip install 'sputnik-beep[plot]'") from None

from beep.plot.recordings import fit, keying, measured, waterfall
from beep.plot.sheets import doppler, pass_sheet
from beep.plot.style import Paper, save

__all__ = ["Paper", "doppler", "fit", "keying", "measured", "pass_sheet", "save", "waterfall"]
