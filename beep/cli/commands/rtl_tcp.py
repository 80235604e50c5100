"""`beep rtl-tcp`: serves the signal to SDR programs, as rtl_tcp serves that of a dongle."""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from beep.base.errors import ScenarioError
from beep.cli.messages import note, say, warn
from beep.cli.options import add_number, add_scenario_options, iq_scenario_of
from beep.cli.parser import Parser

if TYPE_CHECKING:
    from beep.output.rtl_tcp import Dongle, DongleClient

STATUS_S = 1.0  # between two status lines
UNUSED = ("sample_rate_hz", "level_dbfs")  # which the programs set


def add(parser: Parser) -> None:
    server = parser.add_argument_group("server")
    server.add_argument(
        "--host", metavar="ADDRESS", default="127.0.0.1", help="address to listen on (default: 127.0.0.1, this machine)"
    )
    add_number(server, "port", "port to listen on", 1234, kind=int)
    add_number(server, "from_s", "begin here in the pass", 0.0)
    server.add_argument("--loop", action="store_true", help="begin again at the end of the pass (default: end)")
    about = "act as an up-converter in front of the dongle: 125 puts 20.005 MHz at 145.005 MHz, for programs that do "
    add_number(server, "shift_mhz", f"{about}not tune below 24 MHz", 0.0)
    parser.rare |= {"host", "port"}
    add_scenario_options(parser)


def run(arguments: argparse.Namespace) -> None:
    from beep.output.rtl_tcp import Dongle
    from beep.stream.baseband import without_receiver
    from beep.stream.resolve import receive
    from beep.stream.words import describe, pass_warnings

    typed = [arguments.options[name] for name in UNUSED if hasattr(arguments, name)]
    if typed:
        raise ScenarioError(f"the program that tunes sets sample rate and gain, got {typed[0]}; drop it")
    reception = receive(without_receiver(iq_scenario_of(arguments)), audible=False)
    if not 0 <= arguments.from_s < reception.duration_s:
        limit = f"{reception.duration_s:g}, the length of the pass"
        raise ScenarioError(f"--from-s must be at least 0 and below {limit}, got {arguments.from_s:g}")
    if not -4000 <= arguments.shift_mhz <= 4000:
        raise ScenarioError(f"--shift-mhz must be -4000 to 4000, got {arguments.shift_mhz:g}")
    for warning in pass_warnings(reception):
        warn(warning, arguments)
    dongle = Dongle(
        reception=reception,
        host=arguments.host,
        port=arguments.port,
        from_s=arguments.from_s,
        loop=arguments.loop,
        shift_hz=round(arguments.shift_mhz * 1e6),
    )
    with dongle:
        places = " and ".join(f"{c.frequency_mhz + arguments.shift_mhz:.12g}" for c in reception.scenario.carriers)
        say(f"rtl_tcp at {dongle.host}:{dongle.port}: tune to {places} MHz; Ctrl-C ends", arguments)
        say(describe(reception, sound=False), arguments)
        _show(dongle, arguments)
    note("the pass has ended", arguments)


def _show(dongle: Dongle, arguments: argparse.Namespace) -> None:
    """Show one line of status until the pass ends: anew each second on a terminal, else when a client comes or goes."""
    terminal = not arguments.quiet and sys.stderr is not None and sys.stderr.isatty()
    before: set[str] = set()
    while dongle.wait(STATUS_S):
        clients = dict(dongle.clients)
        if terminal:
            sys.stderr.write(f"\r{_status(dongle, list(clients.values()))}\x1b[K")
            sys.stderr.flush()
        elif clients.keys() != before:
            note(_status(dongle, list(clients.values())), arguments)
        before = set(clients)
    if terminal:
        sys.stderr.write("\n")


def _status(dongle: Dongle, clients: list[DongleClient]) -> str:
    position_s, epoch = dongle.position_s % dongle.reception.duration_s, dongle.reception.epoch
    minutes = f"{int(position_s // 60)}:{int(position_s % 60):02}"
    when = f"{epoch + timedelta(seconds=position_s):%H:%M:%S} UTC" if epoch else minutes
    if not clients:
        return f"{when}  no client"
    tunings = [
        f"{client.settings.frequency_hz / 1e6:.6g} MHz {client.settings.sample_rate_hz / 1e6:.4g} MS/s "
        + ("auto" if client.settings.gain_db is None else f"{client.settings.gain_db:g} dB")
        + (f" missed {client.missed_s:.0f} s" if client.missed_s else "")
        for client in clients[:3]
    ]
    more = f" and {len(clients) - 3} more" if len(clients) > 3 else ""
    return f"{when}  {len(clients)} client{'s' * (len(clients) > 1)}: {', '.join(tunings)}{more}"
