"""The keys of `beep play`: reading them from the terminal, and what each one changes."""

import contextlib
import os
import select
import sys
import termios
import time
import tty
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

from beep.base.choices import Noise, Sideband
from beep.base.errors import ScenarioError
from beep.output.player import Player
from beep.scenario.scenario import Scenario
from beep.scenario.toml import to_toml

JUMP_S = 10.0
KEY_HELP = (
    "p P pulse shorter, longer   o O pause shorter, longer   t T tone   l L level\n"
    "n noise   b sideband   m mix   space pause   left right jump 10 s   r restart\n"
    "s save   ? help   q quit"
)


STEPS = {"p": ("pulse_s", 0.01), "o": ("pause_s", 0.01), "t": ("tone_hz", 50.0), "l": ("level_dbfs", 1.0)}
TURNS = {"n": "noise", "b": "sideband", "m": "mix"}


def press(player: Player, key: str) -> str | None:
    """Do what a key stands for. Returns a message for the listener, or None for `q`."""
    if key in ("q", "Q"):
        return None
    if key == " ":
        (player.resume if player.paused else player.pause)()
        return "paused" if player.paused else "playing"
    if key in ("right", "left"):
        player.jump_by(JUMP_S if key == "right" else -JUMP_S)
        return f"{JUMP_S:g} s {'forward' if key == 'right' else 'back'}"
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


ARROWS = {b"[C": "right", b"[D": "left", b"OC": "right", b"OD": "left"}


class Keyboard:
    """Keys of a terminal, read without waiting for Enter; the terminal is restored when the `with` block ends."""

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno()

    def __enter__(self) -> "Keyboard":
        self._before = termios.tcgetattr(self._descriptor)
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()

    def take(self) -> None:
        """Switch off line mode and echo where the program is in the foreground; Ctrl-C and Ctrl-Z stay signals."""
        self._taken = self.foreground()
        if self._taken:
            tty.setcbreak(self._descriptor, termios.TCSANOW)

    def foreground(self) -> bool:
        """Whether the program is in the foreground of its terminal, and may read it."""
        try:
            return os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError:  # not the controlling terminal, so there is no background
            return True

    def give_back(self) -> None:
        """Restore the terminal."""
        if self._taken and self.foreground():
            with contextlib.suppress(termios.error):  # the terminal was closed
                termios.tcsetattr(self._descriptor, termios.TCSANOW, self._before)

    def key(self, timeout_s: float) -> str | None:
        """Return the next key, arrows as `left` and `right`; None without one in time, `q` without a terminal."""
        if not self.foreground():
            self._taken = False
            time.sleep(timeout_s)
            return None
        if not self._taken:
            self.take()
        try:
            if not select.select([self._descriptor], [], [], timeout_s)[0]:
                return None
            pressed = os.read(self._descriptor, 1)
            if pressed == b"\x1b":
                return ARROWS.get(self._sequence(), "unknown")
        except OSError:
            return "q"
        return pressed.decode(errors="replace") or "q"

    def _sequence(self) -> bytes:
        """Return the rest of an escape sequence."""
        read = b""
        while len(read) < 16 and select.select([self._descriptor], [], [], 0.02)[0]:
            read += os.read(self._descriptor, 1)
            if len(read) > 1 and 0x40 <= read[-1] <= 0x7E:
                break
        return read
