"""`beep export`: writes the sound, or the signal before the receiver, to a file or a pipe."""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import BinaryIO, get_args

from beep.base.choices import IqName, IqSubtype, Subtype
from beep.base.errors import OutputError
from beep.cli.messages import say, stdout, warn
from beep.cli.options import add_number, add_scenario_options, iq_scenario_of, scenario_of, typed_fields
from beep.cli.parser import Parser
from beep.cli.progress import progress_bar

IQ_ONLY = (".sigmf-meta", ".sigmf-data", ".sigmf", ".sigmf-collection", ".cf32", ".cs16", ".cu8")


def add(parser: Parser) -> None:
    parser.add_argument(
        "file",
        metavar="FILE",
        help="sound: a .wav or .flac file; - for a WAV stream on stdout. I/Q: "
        ".sigmf-meta, .sigmf, .sigmf-collection, .cf32, .cs16, .cu8; .wav or - with --iq",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "--subtype",
        choices=(*get_args(Subtype), *get_args(IqSubtype)),
        help="sample format (default: pcm16; of I/Q that of the file's suffix, or cf32)",
    )
    output.add_argument(
        "--iq", action="store_true", help="write complex samples of the signal before the receiver (I/Q), not sound"
    )
    add_number(output, "center_mhz", "center frequency of I/Q", unset="5 kHz below the first carrier")
    output.add_argument(
        "--name",
        choices=get_args(IqName),
        help="give the I/Q file a name from which that program reads frequency and sample rate, in the folder of FILE "
        "(default: FILE)",
    )
    output.add_argument(
        "--truth", metavar="FILE", help="also write a .json file with the exact values, pulse by pulse (default: none)"
    )
    output.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="number of processes that write a .wav file of sound (default: one for each core from 20 minutes on)",
    )
    output.add_argument("--force", action="store_true", help="replace a file that exists")
    parser.rare |= {"subtype", "center_mhz", "name", "truth", "jobs"}
    add_scenario_options(parser)


def run(arguments: argparse.Namespace) -> None:
    suffix = Path(arguments.file).suffix.lower()
    iq = arguments.iq or suffix in IQ_ONLY
    if arguments.jobs not in (None, 1) and (iq or suffix != ".wav"):
        warn(
            f"jobs={arguments.jobs} does nothing: only a .wav file of sound is written by several processes", arguments
        )
    if iq:
        _run_iq(arguments)
        return
    given = [arguments.options[name] for name in ("center_mhz", "name") if getattr(arguments, name) is not None]
    if given or arguments.subtype in get_args(IqSubtype):
        what = given[0] if given else f"--subtype {arguments.subtype}"
        raise OutputError(f"{what} is for I/Q, got {arguments.file}; give --iq, or a file such as pass.sigmf-meta")
    _run_sound(arguments)


def _run_sound(arguments: argparse.Namespace) -> None:
    from beep.output.export import export
    from beep.stream.plan import make_plan
    from beep.stream.words import describe, warnings

    scenario = scenario_of(arguments)
    subtype: Subtype = arguments.subtype or "pcm16"
    to = _target(arguments, "sound does not go to a terminal, got FILE -; pipe it: beep export - | aplay")
    planned = make_plan(scenario)
    for warning in warnings(planned.reception):
        warn(warning, arguments)
    with progress_bar(arguments) as progress:
        written = export(
            planned,
            to,
            subtype=subtype,
            truth=arguments.truth,
            force=arguments.force,
            jobs=arguments.jobs,
            progress=progress,
        )
    if written.clipped:
        warn(f"{written.clipped} samples were clipped at full scale; lower level_dbfs", arguments)
    scenario = planned.scenario
    mix = scenario.mix if len(scenario.heard) == 2 else f"{scenario.heard[0].frequency_mhz:g} MHz alone"
    say(
        f"{'stdout' if arguments.file == '-' else arguments.file}: "
        f"{_duration(written.frames / scenario.sample_rate_hz)}, "
        f"{scenario.sample_rate_hz} Hz, {mix}, {subtype}, {written.data_bytes / 1e6:.1f} MB of samples\n"
        f"{describe(planned.reception)}",
        arguments,
    )


def _run_iq(arguments: argparse.Namespace) -> None:
    from beep.output.iq import export_iq
    from beep.stream.baseband import IQ_LEVEL_DBFS
    from beep.stream.resolve import receive
    from beep.stream.words import describe, pass_warnings

    scenario = iq_scenario_of(arguments)
    to = _target(arguments, "samples do not go to a terminal, got FILE -; pipe them: beep export - --iq | ...")
    reception = receive(scenario, audible=False)
    for warning in pass_warnings(reception):
        warn(warning, arguments)
    with progress_bar(arguments) as progress:
        written = export_iq(
            reception,
            to,
            center_mhz=arguments.center_mhz,
            level_dbfs=typed_fields(arguments).get("level_dbfs", IQ_LEVEL_DBFS),
            subtype=arguments.subtype,
            name=arguments.name,
            truth=arguments.truth,
            force=arguments.force,
            progress=progress,
        )
    if written.clipped:
        warn(f"{written.clipped} values were clipped at full scale; lower level_dbfs", arguments)
    centers = " and ".join(f"{tuning.center_hz / 1e6:.12g}" for tuning in written.tunings)
    length = _duration(written.tunings[0].frames / written.tunings[0].sample_rate_hz)
    form = f"{written.tunings[0].sample_rate_hz} samples/s, {written.subtype}"
    say(
        f"{', '.join(written.files) or 'stdout'}: {length}, I/Q about {centers} MHz, {form}, "
        f"{written.data_bytes / 1e6:.1f} MB of samples\n"
        f"{describe(written.reception, sound=False)}",
        arguments,
    )


def _target(arguments: argparse.Namespace, refusal: str) -> str | BinaryIO:
    """Return the file's name, or stdout. Raises OutputError where that is a terminal."""
    if arguments.file != "-":
        return str(arguments.file)
    if stdout().isatty():
        raise OutputError(refusal)
    unbuffered = io.FileIO(sys.stdout.fileno(), "wb", closefd=False)
    return io.BufferedWriter(unbuffered)  # so that PYTHONUNBUFFERED has no effect


def _duration(seconds: float) -> str:
    minutes = int(seconds // 60)
    parts = [f"{minutes // 60} h"] * (minutes >= 60) + [f"{minutes % 60} min"] * (minutes > 0)
    return " ".join([*parts, f"{seconds % 60:.1f} s"])
