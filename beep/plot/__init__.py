"""Pictures: each function returns a matplotlib Figure, which a notebook shows and `save` writes.

    from beep import plot

    figure = plot.pass_sheet(beep.preset("dallas"), paper=plot.Paper(dark=True))
    plot.save(figure, "dallas.png", kind="png")
    with beep.open_recording("tape.wav") as tape:
        plot.waterfall(tape)

Pyplot is not used, and no setting of matplotlib is changed. Raises ExtraError where matplotlib is not installed.
"""

from beep.base.errors import ExtraError
from beep.base.lazy import names_of

_get, __dir__, __all__ = names_of(__name__, __file__)


def __getattr__(name: str) -> object:
    try:
        return _get(name)
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        raise ExtraError("pictures need matplotlib, which is not here; pip install 'sputnik-beep[plot]'") from None
