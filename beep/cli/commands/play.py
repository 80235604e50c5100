"""`beep play`: on the sound card, with knobs."""

from __future__ import annotations

import argparse
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from beep.base.errors import PlaybackError, ScenarioError
from beep.cli.options import add_scenario_options, scenario_of
from beep.cli.terminal import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from beep.output.player import Player
    from beep.scenario.scenario import Scenario

RETRY_S, RETRY_MOST_S = 3.0, 60.0  # PortAudio loses 22 kB each time: the wait doubles


def add(parser: argparse.ArgumentParser) -> None:
    output = parser.add_argument_group("playing")
    output.add_argument("--from-s", type=float, default=0.0, metavar="S", help="where to begin (default: 0.0 s)")
    output.add_argument("--loop", action="store_true", help="again and again")
    output.add_argument(
        "--until-stopped", action="store_true", help="the same, and wait for the sound card where it goes: for exhibits"
    )
    output.add_argument("--device", metavar="NAME", help="number, name or part of a name (default: the system's)")
    output.add_argument(
        "--latency-ms",
        type=float,
        default=100.0,
        metavar="MS",
        help="how far ahead of the ear the sound card is filled (default: 100.0 ms)",
    )
    output.add_argument("--list-devices", action="store_true", help="print the output devices and leave")
    output.add_argument("-v", "--verbose", action="store_true", help="print the line now and then without a terminal")
    add_scenario_options(parser)


def run(arguments: argparse.Namespace) -> None:
    from beep.output.card import devices, quiet

    scenario = scenario_of(arguments)
    if arguments.list_devices:
        for number, name, channels, rate_hz, default in devices():
            print(f"{'*' if default else ' '} {number:3}  {name}  ({channels} channels, {rate_hz} Hz)")
        return
    if not 1 <= arguments.latency_ms <= 5000:
        raise ScenarioError(f"latency_ms must be 1 to 5000, got {arguments.latency_ms:g}; the default is 100")
    with quiet():
        _attend(arguments, scenario)


def _attend(arguments: argparse.Namespace, scenario: Scenario) -> None:
    """Play to the end, or with --until-stopped for ever, whatever becomes of a card that once was there."""
    from beep.output.card import look_again

    from_s, retry_s, played = arguments.from_s, 0.0, False
    while True:
        try:
            with _playing(arguments, scenario, from_s) as player:
                from beep.cli.console import attend
                from beep.stream.words import warnings

                if not played:
                    for warning in warnings(player.plan.reception):
                        say(f"beep: warning: {warning}", arguments)
                played, retry_s = True, 0.0
                attend(player, quiet=arguments.quiet, verbose=arguments.verbose)
                return
        except PlaybackError as error:
            if not (arguments.until_stopped and played):
                raise
            if not retry_s:
                scenario, from_s = player.scenario, 0.0
                say(f"beep: {error}; trying again", arguments)
            retry_s = min(max(2 * retry_s, RETRY_S), RETRY_MOST_S)
            time.sleep(retry_s)
            look_again()


@contextmanager
def _playing(arguments: argparse.Namespace, scenario: Scenario, from_s: float) -> Iterator[Player]:
    """A player as the options ask; what went wrong while it played is said at the end, however that comes."""
    from beep.output.player import playing

    with playing(
        scenario,
        from_s=from_s,
        loop=arguments.loop or arguments.until_stopped,
        device=arguments.device,
        latency_s=arguments.latency_ms / 1e3,
    ) as player:
        try:
            yield player
        finally:
            if player.card.underflows:
                from beep.cli.console import counted

                say(f"beep: {counted(player.card.underflows)}; a longer --latency-ms helps", arguments)
            if player.clipped:
                say(f"beep: warning: {player.clipped} samples were beyond full scale; lower --level-dbfs", arguments)
