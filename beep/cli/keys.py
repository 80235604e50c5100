"""The keys of `beep play`: reading them from the terminal, and what each one changes."""

import contextlib
import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

from beep.base.choices import Noise
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


def _stepped(name: str, step: float, digits: int) -> Callable[[Scenario], Scenario]:
    def change(scenario: Scenario) -> Scenario:
        return replace(scenario, **{name: round(getattr(scenario, name) + step, digits)})

    return change


def _next_noise(scenario: Scenario) -> Scenario:
    kinds = get_args(Noise)
    return replace(scenario, noise=kinds[(kinds.index(scenario.noise) + 1) % len(kinds)])


def _other_sideband(scenario: Scenario) -> Scenario:
    return replace(scenario, sideband="lower" if scenario.sideband == "upper" else "upper")


def _next_mix(scenario: Scenario) -> Scenario:
    mixes = ("stereo", "mono", *scenario.names)
    return replace(scenario, mix=mixes[(mixes.index(scenario.mix) + 1) % len(mixes)])


CHANGES: dict[str, tuple[str, Callable[[Scenario], Scenario]]] = {  # key: the field that it changes, and how
    "p": ("pulse_s", _stepped("pulse_s", -0.01, 6)),
    "P": ("pulse_s", _stepped("pulse_s", 0.01, 6)),
    "o": ("pause_s", _stepped("pause_s", -0.01, 6)),
    "O": ("pause_s", _stepped("pause_s", 0.01, 6)),
    "t": ("tone_hz", _stepped("tone_hz", -50.0, 3)),
    "T": ("tone_hz", _stepped("tone_hz", 50.0, 3)),
    "l": ("level_dbfs", _stepped("level_dbfs", -1.0, 3)),
    "L": ("level_dbfs", _stepped("level_dbfs", 1.0, 3)),
    "n": ("noise", _next_noise),
    "b": ("sideband", _other_sideband),
    "m": ("mix", _next_mix),
}


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
    if key not in CHANGES:
        return "press ? for the keys"
    name, change = CHANGES[key]
    try:
        player.scenario = change(player.scenario)
    except ScenarioError as error:
        return str(error)
    return f"{name} = {getattr(player.scenario, name)}"


def _save(scenario: Scenario) -> Path:
    """Write a scenario as TOML under the first free name of beep-1.toml, beep-2.toml, ... in this folder."""
    number = 1
    while True:
        path = Path(f"beep-{number}.toml")
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(to_toml(scenario))
            return path
        except FileExistsError:
            number += 1


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
