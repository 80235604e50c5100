"""`beep show`: the recipe as TOML."""

import argparse

from beep.options import add_scenario_options, scenario_of
from beep.recipe import to_toml
from beep.terminal import stdout


def add(parser: argparse.ArgumentParser) -> None:
    add_scenario_options(parser)


def run(arguments: argparse.Namespace) -> None:
    stdout().write(to_toml(scenario_of(arguments)))
