"""The program: arguments in, one library call, text out.

Data goes to stdout, words to stderr. Exit status: 0 done (also when the reader of a pipe has gone), 1 an error in one
line, 2 wrong usage, 130 Ctrl-C. Nothing but the standard library is imported before the arguments are read.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from importlib import import_module

from beep.base.constants import VERSION
from beep.base.errors import BeepError
from beep.cli.terminal import tell

TYPE_CHECKING = False  # as typing has it, whose import takes a tenth of `beep --help`
if TYPE_CHECKING:
    from typing import Any, NoReturn

EXAMPLES = """\
  beep play                                                     the simple pass, on the sound card
  beep play --station baldock --start 1957-10-06T22:40Z --from-s 120
                                                                the real one, from its third minute
  beep export sputnik.wav                                       a simple pass: 500 km, 60 degrees high
  beep export dallas.wav --station dallas --start 1957-10-07T05:00Z
                                                                the real orbit over a real place
  beep export - --duration-s 20 | aplay                         a WAV stream on stdout
  beep track --preset dallas --format csv                       the truth of the same pass, second by second
  beep track --tle iss.tle --station 52.2,0.1,20 --start 2018-07-04T04:00Z --format doppler --frequency-mhz 145.8
                                                                another satellite's, as gr-satellites reads it
  beep passes --station cambridge --start 1957-10-13 --days 3   when could it be heard
  beep passes --tle iss.tle --station 52.2,0.1 --start 2018-07-04T04:00Z
                                                                another satellite
  beep receptions                                               who heard it in 1957, and what the orbit says
  beep plot pass sputnik.png                                    one sheet: S-curve, elevation, level, sky, waterfall
  beep plot doppler curve.svg --station cambridge --start 1957-10-13
                                                                the S-curve alone
  beep plot waterfall tape.png tape.wav                         any recording, and the curve laid over ours
  beep fit sputnik.wav                                          distance and speed from its Doppler
  beep fit dallas.wav --orbit sputnik1 --station dallas --start 1957-10-07T05:00Z
                                                                the orbit's shape known: shifts in time and node
  beep show --preset dallas > mine.toml                         a recipe to change and to give back
  beep measure tape.wav                                         what is in a recording
  beep export - --duration-s 60 | beep measure -
  beep compare dallas.wav tape.wav                              two recordings side by side
"""
COMMANDS = {  # each a module of beep.commands, with add(parser) and run(arguments)
    "play": "play it on the sound card, and turn the knobs meanwhile",
    "export": "write the sound to a file or a pipe",
    "track": "print the exact geometry, delay, Doppler and tones of the pass",
    "passes": "print when a satellite rises, comes closest and sets over a place",
    "receptions": "list the receptions of 1957 on record, with what the orbit says of each",
    "measure": "find the beeps in a recording, and measure their keying, tone, drift and SNR",
    "fit": "find when, how far and how fast the satellite of a recorded pass flew by",
    "compare": "measure two recordings and show them side by side",
    "plot": "draw a pass, or what is in a recording",
    "show": "print the recipe as TOML, to be changed and given back",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the program and return its exit status; only wrong usage and --help leave through SystemExit."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        _stop_on("SIGTERM")
        _stop_on("SIGHUP")
        if not arguments or arguments[0].startswith("-"):
            _top_parser().parse_args(arguments or ["--help"])
            _top_parser().error("a command comes first")
        if arguments[0] not in COMMANDS:
            _top_parser().error(f"no command is called {arguments[0]!r}; there are {', '.join(COMMANDS)}")
        _run(arguments[0], arguments[1:])
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
    except BeepError as error:
        tell(f"beep: error: {error}")
        return 1
    except OSError as error:  # stdout on a full disk, for one
        tell(f"beep: error: cannot write: {error.strerror or error}")
        _forget_stdout()
        return 1
    except KeyboardInterrupt:
        tell("beep: interrupted")
        _forget_stdout()
        return 130
    return 0


def _run(name: str, rest: list[str]) -> None:
    from beep.cli.options import joined_negatives

    command = import_module(f"beep.cli.commands.{name}")
    lines = [line for line in EXAMPLES.splitlines() if line.lstrip().startswith(f"beep {name} ")]
    described = f"{COMMANDS[name][0].upper()}{COMMANDS[name][1:]}."
    parser = Parser(prog=f"beep {name}", description=described, epilog="examples:\n" + "\n".join(lines))
    command.add(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    command.run(parser.parse_args(joined_negatives(rest)))


class Parser(argparse.ArgumentParser):
    """An argparse parser that complains in one line."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **settings)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message}; see {self.prog} --help\n")


def _top_parser() -> Parser:
    commands = "".join(f"  {name:10} {text}\n" for name, text in COMMANDS.items())
    parser = Parser(
        prog="beep",
        usage="beep COMMAND [options]",
        description="Sputnik 1's radio signal as a receiver on the ground heard it.",
        epilog=f"commands:\n{commands}\nexamples:\n{EXAMPLES}\nbeep COMMAND --help shows every option.",
    )
    parser.add_argument("--version", action="version", version=f"beep {VERSION}")
    return parser


def _stop_on(name: str) -> None:
    """Leave through the same clean-up as Ctrl-C when the system asks for it, with the status that a shell expects."""
    number = getattr(signal, name, None)
    if number is None or signal.getsignal(number) == signal.SIG_IGN:  # nohup
        return

    def stop(*_: Any) -> NoReturn:
        raise SystemExit(128 + number)

    signal.signal(number, stop)


def _forget_stdout() -> None:
    """Nobody reads any more: keep the interpreter from complaining when it closes stdout."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
