"""`beep export`: writes the sound to a file or a pipe."""

from __future__ import annotations

import argparse
import io
import sys
from typing import get_args

from beep.base.choices import Subtype
from beep.base.errors import OutputError
from beep.cli.messages import say, stdout, warn
from beep.cli.options import add_scenario_options, scenario_of
from beep.cli.parser import Parser
from beep.cli.progress import progress_bar


def add(parser: Parser) -> None:
    parser.add_argument("file", metavar="FILE", help="a .wav or .flac file; - for a WAV stream on stdout")
    output = parser.add_argument_group("output")
    output.add_argument("--subtype", choices=get_args(Subtype), default="pcm16", help="sample format (default: pcm16)")
    output.add_argument(
        "--truth", metavar="FILE", help="also write a .json file with the exact values, pulse by pulse (default: none)"
    )
    output.add_argument("--force", action="store_true", help="replace a file that exists")
    add_scenario_options(parser)


def run(arguments: argparse.Namespace) -> None:
    from beep.output.export import export
    from beep.stream.plan import make_plan
    from beep.stream.words import describe, warnings

    scenario = scenario_of(arguments)
    name = to = arguments.file
    if name == "-":
        if stdout().isatty():
            raise OutputError("sound does not go to a terminal, got FILE -; pipe it: beep export - | aplay")
        unbuffered = io.FileIO(sys.stdout.fileno(), "wb", closefd=False)
        to = io.BufferedWriter(unbuffered)  # so that PYTHONUNBUFFERED has no effect
    planned = make_plan(scenario)
    for warning in warnings(planned.reception):
        warn(warning, arguments)
    with progress_bar(arguments) as progress:
        written = export(
            planned, to, subtype=arguments.subtype, truth=arguments.truth, force=arguments.force, progress=progress
        )
    if written.clipped:
        warn(f"{written.clipped} samples were clipped at full scale; lower level_dbfs", arguments)
    scenario = planned.scenario
    mix = scenario.mix if len(scenario.heard) == 2 else f"{scenario.heard[0].frequency_mhz:g} MHz alone"
    say(
        f"{'stdout' if name == '-' else name}: {_duration(written.frames / scenario.sample_rate_hz)}, "
        f"{scenario.sample_rate_hz} Hz, {mix}, {arguments.subtype}, {written.data_bytes / 1e6:.1f} MB of samples\n"
        f"{describe(planned.reception)}",
        arguments,
    )


def _duration(seconds: float) -> str:
    minutes = int(seconds // 60)
    parts = [f"{minutes // 60} h"] * (minutes >= 60) + [f"{minutes % 60} min"] * (minutes > 0)
    return " ".join([*parts, f"{seconds % 60:.1f} s"])
