"""`beep export`: the sound into a file or a pipe."""

from __future__ import annotations

import argparse
import io
import sys
from typing import TYPE_CHECKING, get_args

from beep.base.choices import Subtype
from beep.base.errors import OutputError
from beep.cli.options import add_scenario_options, scenario_of
from beep.cli.terminal import bar, say, stdout

if TYPE_CHECKING:
    from beep.output.export import Export
    from beep.stream.plan import Plan


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=".wav or .flac; - for a WAV stream on stdout")
    output = parser.add_argument_group("output")
    output.add_argument("--subtype", choices=get_args(Subtype), default="pcm16", help="samples (default: pcm16)")
    output.add_argument(
        "--truth", metavar="FILE", help=".json of all that is true of the recording, pulse by pulse (default: none)"
    )
    output.add_argument("--force", action="store_true", help="replace a file that exists")
    add_scenario_options(parser, needs="FILE")


def run(arguments: argparse.Namespace) -> None:
    from beep.output.export import export
    from beep.stream.plan import make_plan
    from beep.stream.words import warnings

    scenario = scenario_of(arguments)
    to = arguments.file
    if to == "-":
        if stdout().isatty():
            raise OutputError("sound does not go to a terminal, got FILE -; pipe it: beep export - | aplay")
        to = io.BufferedWriter(
            io.FileIO(sys.stdout.fileno(), "wb", closefd=False)
        )  # buffered, whatever PYTHONUNBUFFERED says
    made = make_plan(scenario)
    for warning in warnings(made.reception):
        say(f"beep: warning: {warning}", arguments)
    with bar(arguments) as progress:
        done = export(
            made, to, subtype=arguments.subtype, truth=arguments.truth, force=arguments.force, progress=progress
        )
    if done.clipped:
        say(f"beep: warning: {done.clipped} samples were clipped at full scale; lower --level-dbfs", arguments)
    say(_summary(arguments, made, done), arguments)


def _summary(arguments: argparse.Namespace, made: Plan, done: Export) -> str:
    from beep.stream.words import describe

    scenario = made.scenario
    seconds = done.frames / scenario.sample_rate_hz
    mix = scenario.mix if len(scenario.heard) == 2 else f"{scenario.heard[0].frequency_mhz:g} MHz alone"
    name = "stdout" if arguments.file == "-" else arguments.file
    return (
        f"{name}: {_lasting(seconds)}, {scenario.sample_rate_hz} Hz, {mix}, "
        f"{arguments.subtype}, {done.data_bytes / 1e6:.1f} MB of samples\n"
        f"{describe(made.reception)}"
    )


def _lasting(seconds: float) -> str:
    minutes = int(seconds // 60)
    parts = [f"{minutes // 60} h"] * (minutes >= 60) + [f"{minutes % 60} min"] * (minutes > 0)
    return " ".join([*parts, f"{seconds % 60:.1f} s"])
