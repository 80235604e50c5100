"""`beep plot`: pictures of a pass, and of any recording."""

from __future__ import annotations

import argparse
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from beep.base.errors import OutputError, RecordingError
from beep.cli.options import add_scenario_options, scenario_of
from beep.cli.terminal import bar, say, stdout
from beep.scenario.scenario import Scenario, fields
from beep.scenario.toml import from_comment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from beep.measuring.recording import Recording
    from beep.plot.style import Figure, Paper

KINDS = {
    "pass": "one sheet: S-curve, elevation and level, sky track, waterfall",
    "doppler": "the S-curve of every carrier",
    "waterfall": "the sound of FILE, or of the recipe, as colours over tone and time",
    "keying": "envelope of FILE's first seconds with the beeps found, histogram of lengths",
    "fit": "FILE's measured tones, the curve fitted to them, and what remains",
}
PER_INCH = {"px": None, "in": 1.0, "cm": 2.54, "mm": 25.4}  # of a pixel dpi says it
NEED_A_FILE = ("keying", "fit")


def add(parser: argparse.ArgumentParser) -> None:
    about = "; ".join(f"{kind}: {text}" for kind, text in KINDS.items())
    parser.add_argument("kind", metavar="KIND", choices=tuple(KINDS), help=about)
    parser.add_argument("out", metavar="OUT", help=".png, .svg or .pdf; - for a PNG on stdout")
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="?",
        help="a recording (- for stdin); without, the picture is of the recipe. Ours has its recipe with it; "
        "options given beside another one say what is predicted for it",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "--size",
        metavar="WxH",
        help="width and height in pixels, or with a unit: 1200x900, 16x9in, 25x18cm, 250x180mm (default: by kind)",
    )
    output.add_argument("--dpi", type=float, default=100.0, help="pixels an inch; letters grow with it (default: 100)")
    output.add_argument("--dark", action="store_true", help="light on dark")
    output.add_argument("--no-curve", action="store_true", help="leave the prediction out of a waterfall")
    output.add_argument("--force", action="store_true", help="replace a file that exists")
    add_scenario_options(parser, needs="KIND OUT [FILE]")


def run(arguments: argparse.Namespace) -> None:
    from beep.output.files import whole_file
    from beep.plot import kind_of, save

    out = arguments.out
    if arguments.kind in NEED_A_FILE and arguments.file is None:
        raise RecordingError(
            f"a picture of kind {arguments.kind} needs a recording: beep export tape.wav, then "
            f"beep plot {arguments.kind} {out} tape.wav"
        )
    paper = _paper(arguments)
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


def _paper(arguments: argparse.Namespace) -> Paper:
    from beep.plot import Paper

    size_in = _size_in(arguments.size, arguments.dpi) if arguments.size else None
    return Paper(size_in=size_in, dpi=arguments.dpi, dark=arguments.dark)


def _size_in(text: str, dpi: float) -> tuple[float, float]:
    """Inches of `WxH` with or without a unit."""
    number = r"(\d+\.?\d*)"
    match = re.fullmatch(rf"{number}\s*x\s*{number}\s*({'|'.join(PER_INCH)})?", text.strip().lower())
    if match is None:
        raise OutputError(
            f"a size is WIDTHxHEIGHT in pixels, or with in, cm or mm behind it, like 1200x900 or 16x9in, got {text!r}"
        )
    per_inch = PER_INCH[match[3] or "px"] or dpi
    return float(match[1]) / per_inch, float(match[2]) / per_inch


def _figure(arguments: argparse.Namespace, paper: Paper) -> Figure:
    from beep.plot import doppler, fit, keying, pass_sheet, waterfall

    if arguments.kind in ("pass", "doppler"):
        return {"pass": pass_sheet, "doppler": doppler}[arguments.kind](_flown(arguments), paper=paper)
    curve = not arguments.no_curve
    if arguments.file is None:
        return waterfall(scenario_of(arguments), curve=curve, paper=paper)
    with _opened(arguments) as recording:
        if arguments.kind == "waterfall":
            scenario = scenario_of(arguments) if _typed(arguments) else None
            with bar(arguments) as progress:
                return waterfall(recording, scenario=scenario, curve=curve, paper=paper, progress=progress)
        from beep.measuring.measure import measure

        measurements = measure(recording)
        if arguments.kind == "keying":
            return keying(recording, measurements, paper=paper)
        from beep.fitting.fit import fit_pass, tones_of

        scenario = scenario_of(arguments) if _typed(arguments) else from_comment(recording.comment)
        carriers = (scenario or Scenario()).heard
        tones = tones_of(measurements, carriers_hz=[carrier.frequency_mhz * 1e6 for carrier in carriers])
        return fit(fit_pass(tones), tones, name=Path(recording.name).name, scenario=scenario, paper=paper)


def _flown(arguments: argparse.Namespace) -> Scenario:
    """The scenario of the options, or the one that FILE has with it."""
    if arguments.file is None:
        return scenario_of(arguments)
    with _opened(arguments) as recording:
        scenario = scenario_of(arguments) if _typed(arguments) else from_comment(recording.comment)
    if scenario is None:
        raise RecordingError(
            f"{arguments.file} has no recipe in its comment, so what flew over is not known; "
            f"find it with beep plot fit, or give the recipe by options"
        )
    return scenario


@contextmanager
def _opened(arguments: argparse.Namespace) -> Iterator[Recording]:
    from beep.measuring.recording import open_recording

    with open_recording(sys.stdin.buffer if arguments.file == "-" else arguments.file) as recording:
        yield recording


def _typed(arguments: argparse.Namespace) -> bool:
    """Whether any option of a recipe was given."""
    named = arguments.preset is not None or arguments.scenario is not None
    return named or any(hasattr(arguments, field.name) for field in fields())
