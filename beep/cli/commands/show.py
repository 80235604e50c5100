"""`beep show`: the recipe as TOML."""

import argparse

from beep.cli.options import add_scenario_options, scenario_of
from beep.cli.terminal import stdout
from beep.scenario.toml import to_toml


def add(parser: argparse.ArgumentParser) -> None:
    add_scenario_options(parser)


def run(arguments: argparse.Namespace) -> None:
    stdout().write(to_toml(scenario_of(arguments)))
