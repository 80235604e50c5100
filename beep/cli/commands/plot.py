"""`beep plot`: draws a pass or a recording."""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from beep.base.choices import Orbit
from beep.base.errors import OutputError, RecordingError
from beep.base.text import quoted
from beep.cli.commands.fit import place_and_date
from beep.cli.messages import say, stdout
from beep.cli.options import (
    add_number,
    add_scenario_options,
    add_section_options,
    open_input,
    scenario_of,
    typed_fields,
)
from beep.cli.parser import Parser
from beep.cli.progress import progress_bar
from beep.scenario.scenario import Scenario

if TYPE_CHECKING:
    from beep.plot.style import Figure, Paper

KINDS = {
    "pass": "one sheet with Doppler curve, elevation, level, sky track and waterfall",
    "doppler": "the Doppler curve of every carrier",
    "waterfall": "the spectrum of FILE or of the scenario over time",
    "keying": "eight seconds of FILE from the loudest beep on, with the beeps found, and a histogram of their lengths",
    "fit": "the tones measured in FILE, the fitted curve and the residuals",
}
UNITS_PER_INCH = {"px": None, "in": 1.0, "cm": 2.54, "mm": 25.4}  # None: by --dpi
MOST_SAMPLES = 25_000_000  # of a pass that a file's comment describes: 35 minutes at 12 kHz
NEED_A_FILE = ("keying", "fit")


def add(parser: Parser) -> None:
    about = "; ".join(f"{kind}: {text}" for kind, text in KINDS.items())
    parser.add_argument("kind", metavar="KIND", choices=tuple(KINDS), help=about)
    parser.add_argument("out", metavar="OUT", help="a .png, .svg or .pdf file; - for a PNG on stdout")
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        help="a recording (- for stdin); without it the scenario is drawn. A file of `beep export` brings its own "
        "scenario; for any other recording the scenario options give the predicted curve",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "--size",
        metavar="WxH",
        help="width and height in pixels, or with a unit: 1200x900, 16x9in, 25x18cm, 250x180mm (default: by kind)",
    )
    add_number(output, "dpi", "pixels per inch, which also scales the text", 100.0)
    output.add_argument("--dark", action="store_true", help="draw on a dark background")
    output.add_argument(
        "--orbit",
        choices=get_args(Orbit),
        default="circular",
        help="of the fit: circular, a straight line, or the known orbit of Sputnik 1, whose station and start are "
        "those of the scenario (default: circular)",
    )
    output.add_argument("--no-curve", action="store_true", help="draw a waterfall without the predicted curve")
    output.add_argument("--force", action="store_true", help="replace a file that exists")
    add_section_options(output)
    add_scenario_options(parser)
    parser.rare |= {"dpi", "orbit", "no_curve", "force", "from_s", "to_s"}


def run(arguments: argparse.Namespace) -> None:
    os.environ.pop("MPLBACKEND", None)  # no window is opened, and matplotlib refuses an unknown one
    from beep.output.files import whole_file
    from beep.plot import Paper, kind_of, save

    out = arguments.out
    if arguments.kind in NEED_A_FILE and arguments.file is None:
        raise RecordingError(
            f"a picture of kind {arguments.kind} needs a recording: beep export tape.wav, then "
            f"beep plot {arguments.kind} {out} tape.wav"
        )
    size_in = _size_in(arguments.size, arguments.dpi) if arguments.size else None
    paper = Paper(size_in=size_in, dpi=arguments.dpi, dark=arguments.dark)
    if out == "-":
        if stdout().isatty():
            raise OutputError("a picture does not go to a terminal, got OUT -; redirect it: beep plot pass - > a.png")
        figure = _figure(arguments, paper)
        with open(sys.stdout.fileno(), "wb", closefd=False) as file:
            save(figure, file, kind="png")
        return
    kind_of(out)
    with whole_file(out, force=arguments.force) as part:
        figure = _figure(arguments, paper)
        save(figure, part, kind=kind_of(out))
    width_in, height_in = figure.get_size_inches()
    size = f"{width_in:.3g} x {height_in:.3g} inches"
    if kind_of(out) == "png":
        size = f"{width_in * paper.dpi:.0f} x {height_in * paper.dpi:.0f} pixels"
    say(f"{out}: {arguments.kind}, {size}", arguments)


def _size_in(text: str, dpi: float) -> tuple[float, float]:
    """Return width and height in inches of `WxH` with or without a unit."""
    number = r"(\d+\.?\d*)"
    match = re.fullmatch(rf"{number}\s*x\s*{number}\s*({'|'.join(UNITS_PER_INCH)})?", text.strip().lower())
    if match is None:
        raise OutputError(
            "--size is WIDTHxHEIGHT in pixels, or with the unit in, cm or mm, like 1200x900 or 16x9in, "
            f"got {quoted(text)}"
        )
    per_inch = UNITS_PER_INCH[match[3] or "px"] or dpi
    return float(match[1]) / per_inch, float(match[2]) / per_inch


def _figure(arguments: argparse.Namespace, paper: Paper) -> Figure:
    from beep.plot import doppler_curve, fit_sheet, keying_sheet, pass_sheet, waterfall
    from beep.plot.preview import at_low_rate
    from beep.stream.resolve import recorded_reception

    of_a_pass = {"pass": pass_sheet, "doppler": doppler_curve}.get(arguments.kind)
    curve = not arguments.no_curve
    if arguments.file is None:
        scenario = scenario_of(arguments)
        return of_a_pass(scenario, paper=paper) if of_a_pass else waterfall(scenario, curve=curve, paper=paper)
    with open_input(arguments.file, arguments) as recording:
        recorded = recorded_reception(recording.comment)
        typed = arguments.preset is not None or arguments.scenario is not None or typed_fields(arguments)
        given = scenario_of(arguments) if typed else None
        if arguments.kind == "waterfall":
            with progress_bar(arguments) as progress:
                return waterfall(recording, scenario=given, curve=curve, paper=paper, progress=progress)
        known = given or (recorded.scenario if recorded else None)
        if of_a_pass:
            samples = recorded.duration_s * at_low_rate(recorded.scenario).sample_rate_hz if recorded else 0
            if given is None and samples > max(recording.frames + 1, MOST_SAMPLES):
                raise RecordingError(
                    f"a pass has as many samples as its file, {recording.frames}, or at most {MOST_SAMPLES}, but the "
                    f"comment of {arguments.file} describes {samples:.0f}; give the scenario by options"
                )
            if known is None:
                raise RecordingError(
                    f"{arguments.file} has no scenario in its comment, so its pass is not known; find it with "
                    f"`beep plot fit`, or give the scenario by options"
                )
            return of_a_pass(known, paper=paper)
        from beep.fitting.fit import fit, model_of
        from beep.measuring.measure import measure
        from beep.stream.resolve import receive

        model: dict[str, Any] = {"orbit": arguments.orbit}
        if arguments.kind == "fit" and arguments.orbit == "sputnik1":
            model |= place_and_date(None if known is None else receive(known), arguments)
            model_of(**model)  # reports what is missing before the long measurement
        measurements = measure(recording)
        if arguments.kind == "keying":
            return keying_sheet(recording, measurements, paper=paper)
        carriers_hz = [carrier.frequency_mhz * 1e6 for carrier in (known or Scenario()).heard]
        fitted = fit(measurements, carriers_hz=carriers_hz, **model)
        return fit_sheet(fitted, name=Path(recording.name).name, scenario=known, paper=paper)
