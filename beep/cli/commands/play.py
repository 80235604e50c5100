"""`beep play`: plays the pass on the sound card; keys change it."""

from __future__ import annotations

import argparse
import gc
import time
from typing import TYPE_CHECKING

from beep.base.errors import PlaybackError, ScenarioError
from beep.cli.messages import for_user, note, warn
from beep.cli.options import add_number, add_scenario_options, scenario_of
from beep.cli.parser import Parser

if TYPE_CHECKING:
    from beep.scenario.scenario import Scenario

RETRY_S, LONGEST_RETRY_S = 3.0, 60.0  # doubled at each attempt, because PortAudio loses 22 kB each time


def add(parser: Parser) -> None:
    output = parser.add_argument_group("playing")
    clear = "where the signal is 10 dB above the noise"
    add_number(output, "from_s", "seconds into the recording to start playing at", unset=clear)
    output.add_argument("--loop", action="store_true", help="repeat the recording until interrupted")
    add_number(output, "gap_s", "silence before each repetition of --loop or --until-stopped", 0.0)
    output.add_argument(
        "--until-stopped",
        action="store_true",
        help="repeat forever; while the sound card is not there, wait for it (for exhibits)",
    )
    output.add_argument("--no-keys", action="store_true", help="ignore the keyboard (for exhibits)")
    output.add_argument(
        "--device", metavar="NAME", help="output device: number, name or part of the name (default: that of the system)"
    )
    add_number(output, "latency_ms", "buffer of the sound card; longer is safer on a busy machine", 100.0)
    output.add_argument("--list-devices", action="store_true", help="list the output devices and exit")
    output.add_argument(
        "-v", "--verbose", action="store_true", help="print the status line every 5 s when the output is not a terminal"
    )
    parser.rare |= {"gap_s", "until_stopped", "no_keys", "latency_ms", "list_devices", "verbose"}
    add_scenario_options(parser)


def run(arguments: argparse.Namespace) -> None:
    from beep.output.card import devices, quiet

    scenario = scenario_of(arguments)
    if arguments.list_devices:
        for number, name, channels, rate_hz, default in devices():
            print(f"{'*' if default else ' '} {number:3}  {name}  ({channels} channels, {rate_hz} Hz)")
        return
    if not 1 <= arguments.latency_ms <= 5000:
        raise ScenarioError(f"--latency-ms must be 1 to 5000, got {arguments.latency_ms:g}; the default is 100")
    gc.collect()
    gc.freeze()  # what is loaded now; to collect it would delay the card's callback by 0.1 s
    try:
        with quiet():
            _play(arguments, scenario)
    finally:
        gc.unfreeze()


def _play(arguments: argparse.Namespace, scenario: Scenario) -> None:
    """Play to the end; with --until-stopped for ever, also while there is no card."""
    from beep.cli.live import attend, underflows_in_words
    from beep.output.card import look_again
    from beep.output.player import playing
    from beep.stream.reception import clear_from_s
    from beep.stream.resolve import receive
    from beep.stream.words import warnings

    settings = {"device": arguments.device, "latency_s": arguments.latency_ms / 1e3, "gap_s": arguments.gap_s}
    retry_s, played = 0.0, False
    from_s = clear_from_s(receive(scenario)) if arguments.from_s is None else arguments.from_s
    if arguments.from_s is None and from_s >= 1:
        note(f"from {from_s:.0f} s on, where the signal is clear; --from-s 0 plays all", arguments)
    while True:
        try:
            with playing(scenario, from_s=from_s, loop=arguments.loop or arguments.until_stopped, **settings) as player:
                said = [] if played else [for_user(text, arguments) for text in warnings(player.plan.reception)]
                for warning in said:
                    warn(warning, arguments)
                if retry_s:
                    note("the sound card is there: playing", arguments)
                played, retry_s = True, 0.0
                try:
                    shown = {"quiet": arguments.quiet, "verbose": arguments.verbose, "warnings": said}
                    attend(player, keys=not arguments.no_keys, **shown)
                finally:
                    scenario, from_s = player.scenario, 0.0
                    if player.card.underflows:
                        note(f"{underflows_in_words(player.card.underflows)}; a longer --latency-ms helps", arguments)
                    if player.clipped:
                        warn(f"{player.clipped} samples were beyond full scale; lower level_dbfs", arguments)
                return
        except PlaybackError as error:
            if not arguments.until_stopped:
                raise
            if not retry_s:
                note(f"{for_user(str(error), arguments)}; waiting for the card", arguments)
            retry_s = min(max(2 * retry_s, RETRY_S), LONGEST_RETRY_S)
            time.sleep(retry_s)
            look_again()
