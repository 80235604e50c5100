"""`beep completion`: prints a script that completes commands, options, names and files in a shell."""

import argparse

from beep.base.errors import ExtraError
from beep.cli.messages import stdout
from beep.cli.parser import Parser

ALIAS = "sputnik-beep"  # the program's other name


def add(parser: Parser) -> None:
    parser.add_argument("shell", metavar="SHELL", choices=("bash", "zsh", "fish"), help="bash, zsh or fish")


def run(arguments: argparse.Namespace) -> None:
    from beep.cli.whole import whole_parser
    from beep.geometry.stations import STATIONS
    from beep.scenario.presets import beacons, characters, presets

    try:
        import shtab
    except ImportError:
        raise ExtraError("completions need shtab, which is not here; pip install 'sputnik-beep[completion]'") from None
    names = {
        "preset": presets(),
        "station": list(STATIONS),
        "character": characters(),
        "beacon": beacons(),
    }
    script = shtab.complete(whole_parser(each=lambda command: command.complete(names, shtab.FILE)), arguments.shell)
    if arguments.shell == "zsh":
        script = script.replace("#compdef beep", f"#compdef beep {ALIAS}", 1).replace("-N beep", f"-N beep {ALIAS}")
    elif arguments.shell == "bash":
        script += f"\ncomplete -o bashdefault -F _shtab_beep {ALIAS}"
    else:
        script += f"\ncomplete -c {ALIAS} -w beep"
    stdout().write(script + "\n")
