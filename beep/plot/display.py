"""What IPython shows for the objects of this package; imports nothing heavy before it is needed."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

SHOWN = {  # module, type, and the function of beep.plot.notebook that returns its HTML
    ("beep.scenario.scenario", "Scenario"): "scenario_html",
    ("beep.measuring.measure", "Measurement"): "measurement_html",
    ("beep.measuring.measure", "Measurements"): "measurements_html",
    ("beep.fitting.fit", "PassFit"): "fit_html",
    ("beep.geometry.forecast", "Passes"): "passes_html",
    ("beep.scenario.receptions", "Receptions"): "receptions_html",
}


def register(shell: Any) -> None:
    """Let an IPython shell show the types of `SHOWN` as HTML; they are named, not imported."""
    html = shell.display_formatter.formatters["text/html"]
    for (module, name), function in SHOWN.items():
        html.for_type_by_name(module, name, _later(function))


def _later(function: str) -> Callable[[Any], str]:
    return lambda shown: str(getattr(import_module("beep.plot.notebook"), function)(shown))
