"""The keys of `beep play`, and what each one changes."""

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from beep.base.choices import Noise, Sideband
from beep.base.errors import ScenarioError
from beep.output.player import Player
from beep.scenario.scenario import Scenario
from beep.scenario.toml import to_toml

KEY_HELP = (
    "p P pulse shorter, longer   o O pause shorter, longer   t T tone   n noise\n"
    "b sideband   m mix   up down level   space pause   s save   ? help   q quit\n"
    "left right 10 s back, on   , . a minute back, on   c closest   r restart"
)

JUMPS_S = {"left": -10.0, "right": 10.0, ",": -60.0, ".": 60.0}
LEVELS = {"down": "l", "up": "L"}
STEPS = {"p": ("pulse_s", 0.01), "o": ("pause_s", 0.01), "t": ("tone_hz", 50.0), "l": ("level_dbfs", 1.0)}
TURNS = {"n": "noise", "b": "sideband", "m": "mix"}


def press(player: Player, key: str) -> str | None:
    """Do what a key stands for. Returns a message for the listener, or None for `q`."""
    if key in ("q", "Q"):
        return None
    if key == " ":
        (player.resume if player.paused else player.pause)()
        return "paused" if player.paused else "playing"
    if key in JUMPS_S:
        player.jump_by(JUMPS_S[key])
        return f"{abs(JUMPS_S[key]):g} s {'forward' if JUMPS_S[key] > 0 else 'back'}"
    if key == "c":
        player.jump(player.plan.reception.loudest_s)
        return "closest approach"
    if key == "r":
        player.jump(0.0)
        return "from the start"
    if key == "s":
        try:
            path = _save(player.scenario)
        except OSError as error:
            return f"cannot save in this folder: {error.strerror or error}"
        return f"saved as {path}: beep play --scenario {path}"
    if key == "?":
        return KEY_HELP
    key = LEVELS.get(key, key)
    name = STEPS[key.lower()][0] if key.lower() in STEPS else TURNS.get(key)
    if name is None:
        return "press ? for the keys"
    try:
        player.scenario = replace(player.scenario, **{name: _next_value(player.scenario, name, key)})
    except ScenarioError as error:
        return str(error)
    return f"{name} = {getattr(player.scenario, name)}"


def _next_value(scenario: Scenario, name: str, key: str) -> Any:
    """Return the new value of a field: a step up (capital letter) or down, or the next of its choices."""
    value = getattr(scenario, name)
    if name not in TURNS.values():
        step = STEPS[key.lower()][1]
        return round(value + (step if key.isupper() else -step), 6)
    choices = {"noise": get_args(Noise), "sideband": get_args(Sideband), "mix": ("stereo", "mono", *scenario.names)}
    values: tuple[str, ...] = choices[name]
    return values[(values.index(value) + 1) % len(values)]


def _save(scenario: Scenario) -> Path:
    """Write a scenario as TOML under the first free name of beep-1.toml, beep-2.toml, ... in this folder."""
    number = 0
    while True:
        number += 1
        path = Path(f"beep-{number}.toml")
        with contextlib.suppress(FileExistsError), path.open("x", encoding="utf-8") as file:
            file.write(to_toml(scenario))
            return path
