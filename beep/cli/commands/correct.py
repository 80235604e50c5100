"""`beep correct`: takes the Doppler of a satellite out of a recording."""

from __future__ import annotations

import argparse
from typing import get_args

from beep.base.choices import Sideband
from beep.cli.messages import say, warn
from beep.cli.options import STATION_NAMES, add_tle_options, note_utc, tle_of
from beep.cli.parser import Parser, reader
from beep.cli.progress import progress_bar


def add(parser: Parser) -> None:
    parser.add_argument("file", metavar="IN", help="I/Q or sound: .sigmf-meta, .wav, .cf32, .cs16, .cs8 or .cu8")
    parser.add_argument("corrected", metavar="OUT", help="file to write, in the format of IN")
    source = parser.add_argument_group("recording")
    source.add_argument(
        "--station", required=True, metavar="PLACE", help=f"place: a name or LAT,LON[,HEIGHT_M]; known: {STATION_NAMES}"
    )
    add_tle_options(source, "the orbit of Sputnik 1")
    source.add_argument("--start", metavar="UTC", help="time of the first sample, UTC (default: from the metadata)")
    source.add_argument(
        "--frequency-mhz",
        type=reader("frequency_mhz"),
        action="append",
        metavar="MHZ",
        help="frequency that the satellite sends; for sound with two tones give the option twice, once for each "
        "channel (default for I/Q: the center frequency)",
    )
    source.add_argument(
        "--center-mhz",
        type=reader("center_mhz"),
        metavar="MHZ",
        help="center frequency of I/Q (default: from the metadata)",
    )
    source.add_argument(
        "--sample-rate-hz",
        type=reader("sample_rate_hz", int),
        metavar="HZ",
        help="sample rate of a .cf32, .cs16, .cs8 or .cu8 file",
    )
    source.add_argument(
        "--sideband",
        choices=get_args(Sideband),
        default="upper",
        help="sound: tones follow the Doppler (upper) or mirror it (lower) (default: upper)",
    )
    output = parser.add_argument_group("output")
    output.add_argument("--reverse", action="store_true", help="put the Doppler in instead of taking it out")
    output.add_argument(
        "--truth", metavar="FILE", help="also write the Doppler second by second to a .csv or .json file (default: no)"
    )
    output.add_argument("--force", action="store_true", help="replace a file that exists")


def run(arguments: argparse.Namespace) -> None:
    from beep.output.correct import correct
    from beep.stream.words import pass_warnings

    note_utc(arguments.start, arguments)
    with progress_bar(arguments) as progress:
        made = correct(
            arguments.file,
            arguments.corrected,
            station=arguments.station,
            tle=tle_of(arguments),
            start=arguments.start,
            frequency_mhz=tuple(arguments.frequency_mhz or ()),
            center_mhz=arguments.center_mhz,
            sample_rate_hz=arguments.sample_rate_hz,
            sideband=arguments.sideband,
            reverse=arguments.reverse,
            truth=arguments.truth,
            force=arguments.force,
            progress=progress,
        )
    for warning in pass_warnings(made.reception):
        warn(warning, arguments)
    kind = "I/Q" if made.capture.iq else "sound"
    of = " and ".join(f"{frequency_hz / 1e6:.12g}" for frequency_hz in made.frequency_hz)
    done = "put in" if arguments.reverse else "taken out"
    say(
        f"{arguments.corrected}: {made.reception.duration_s:.1f} s of {kind}, "
        f"first sample {made.reception.epoch:%Y-%m-%d %H:%M:%S} UTC; Doppler of {of} MHz {done}",
        arguments,
    )
