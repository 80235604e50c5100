"""`beep show`: prints the scenario as TOML."""

import argparse

from beep.cli.messages import stdout
from beep.cli.options import add_scenario_options, scenario_of
from beep.cli.parser import Parser
from beep.scenario.toml import to_toml


def add(parser: Parser) -> None:
    add_scenario_options(parser)


def run(arguments: argparse.Namespace) -> None:
    stdout().write(to_toml(scenario_of(arguments)))
