"""The listener's terminal while it plays: a line that follows the ear, and keys that turn the knobs."""

import contextlib
import os
import select
import signal
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from math import degrees, log10
from pathlib import Path
from typing import Any, get_args

import numpy as np

from beep.base.arrays import Array
from beep.base.choices import Noise
from beep.base.errors import ScenarioError
from beep.output.player import Player
from beep.scenario.scenario import Carrier, Scenario
from beep.scenario.toml import to_toml
from beep.signal.pulses import key
from beep.stream.reception import Reception, doppler_hz, tone_hz

REDRAW_S = 0.15
PLAIN_S = 5.0  # between the lines where there is no terminal
JUMP_S = 10.0
METER = 8  # characters
METER_DB = 48.0  # from empty to full

HELP = (
    "p P pulse shorter, longer   o O pause shorter, longer   t T tone   l L level\n"
    "n noise   b sideband   m mix   space pause   left right jump 10 s   r restart\n"
    "s save   ? help   q quit"
)


# --- keys -------------------------------------------------------------------------------------------------------


def _stepped(name: str, step: float, digits: int) -> Callable[[Scenario], Scenario]:
    def change(scenario: Scenario) -> Scenario:
        return replace(scenario, **{name: round(getattr(scenario, name) + step, digits)})

    return change


def _next_noise(scenario: Scenario) -> Scenario:
    places = get_args(Noise)
    return replace(scenario, noise=places[(places.index(scenario.noise) + 1) % len(places)])


def _other_sideband(scenario: Scenario) -> Scenario:
    return replace(scenario, sideband="lower" if scenario.sideband == "upper" else "upper")


def _next_mix(scenario: Scenario) -> Scenario:
    mixes = ("stereo", "mono", *scenario.names)
    return replace(scenario, mix=mixes[(mixes.index(scenario.mix) + 1) % len(mixes)])


# A key, the field it changes, and how.
KNOBS: dict[str, tuple[str, Callable[[Scenario], Scenario]]] = {
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
    """Do what a key stands for; returns what to tell the listener, or None for `q`."""
    if key in ("q", "Q"):
        return None
    if key == " ":
        (player.resume if player.paused else player.pause)()
        return "paused" if player.paused else "on"
    if key in ("right", "left"):
        player.jump_by(JUMP_S if key == "right" else -JUMP_S)
        return f"{JUMP_S:g} s {'on' if key == 'right' else 'back'}"
    if key == "r":
        player.jump(0.0)
        return "from the start"
    if key == "s":
        try:
            path = save(player.scenario)
        except OSError as error:
            return f"cannot save in this folder: {error.strerror or error}"
        return f"saved as {path}: beep play --scenario {path}"
    if key == "?":
        return HELP
    if key not in KNOBS:
        return "press ? for the keys"
    name, change = KNOBS[key]
    try:
        player.scenario = change(player.scenario)
    except ScenarioError as error:
        return str(error)
    return f"{name} = {getattr(player.scenario, name)}"


def save(scenario: Scenario) -> Path:
    """Write a scenario as TOML under the first free name beep-1.toml, beep-2.toml, ... of this folder."""
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
    """Keys of a terminal, one at a time, without waiting for Enter; the terminal is as it was when the block ends."""

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno()

    def __enter__(self) -> "Keyboard":
        self._before = termios.tcgetattr(self._descriptor)
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()

    def take(self) -> None:
        """Keys at once, without echo, where the terminal is ours; Ctrl-C and Ctrl-Z stay signals."""
        self._taken = self.foreground()
        if self._taken:
            tty.setcbreak(self._descriptor, termios.TCSANOW)

    def foreground(self) -> bool:
        """Whether the terminal is ours; in the background it is another's."""
        try:
            return os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError:  # not our controlling terminal: nobody else is told by it either
            return True

    def give_back(self) -> None:
        """The terminal as it was."""
        if self._taken and self.foreground():
            with contextlib.suppress(termios.error):  # it has gone
                termios.tcsetattr(self._descriptor, termios.TCSANOW, self._before)

    def key(self, timeout_s: float) -> str | None:
        """The next key, `left` and `right` by name; None where none comes in time, `q` where the terminal has gone."""
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
        """What follows an escape, to its final byte."""
        read = b""
        while len(read) < 16 and select.select([self._descriptor], [], [], 0.02)[0]:
            read += os.read(self._descriptor, 1)
            if len(read) > 1 and 0x40 <= read[-1] <= 0x7E:
                break
        return read


# --- the line ---------------------------------------------------------------------------------------------------


def status(player: Player) -> str:
    """What one hears now, in two lines below 80 characters: time, look angles, level, what is left; the carriers."""
    made, at_s = player.plan, player.position_s
    scenario, reception = made.scenario, made.reception
    seen = reception.look(np.array([at_s]))
    when = f"{at_s:7.1f} s"
    if reception.epoch is not None:
        when = f"{reception.epoch + timedelta(seconds=at_s):%H:%M:%S} UTC"
    up = seen.elevation_rad[0] > 0 and not player.paused
    carriers = "  ".join(
        _carrier(
            reception,
            carrier,
            doppler_hz(reception, carrier, np.array([at_s])),
            at_s,
            float(seen.delay_s[0]),
            on=bool(up) and _on(scenario, carrier, at_s - float(seen.delay_s[0])),
        )
        for carrier in scenario.heard
    )
    left_s = max(0.0, reception.duration_s - at_s)
    return (
        f"{when}  el {degrees(seen.elevation_rad[0]):5.1f}  az {degrees(seen.azimuth_rad[0]):5.1f}  "
        f"{seen.range_m[0] / 1e3:5.0f} km  {_meter(player.level)}  -{int(left_s // 60)}:{int(left_s % 60):02d}  "
        f"{counted(player.card.underflows)}\n{carriers}"
    )


def _carrier(reception: Reception, carrier: Carrier, shift_hz: Array, at_s: float, delay_s: float, *, on: bool) -> str:
    scenario = reception.scenario
    tone = float(tone_hz(reception, carrier, np.array([at_s]), shift_hz=shift_hz, delay_s=np.array([delay_s]))[0])
    outside = "" if scenario.low_hz <= tone <= scenario.high_hz else " (outside the filter)"
    return f"{_lamp(on)} {scenario.name_of(carrier)} MHz Doppler {round(shift_hz[0]):+5d}, tone {tone:4.0f} Hz{outside}"


def _lamp(on: bool) -> str:
    try:
        "●○".encode(sys.stderr.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "*" if on else "."
    return "●" if on else "○"


def _on(scenario: Scenario, carrier: Carrier, sent_s: float) -> bool:
    """Whether a carrier's key is down at an emission time."""
    down, power = key(np.array([sent_s]), scenario.key)
    amplitude = {"pulse": down, "pause": power - down, "always": power}[carrier.sends]
    return bool(np.all(np.asarray(amplitude) > 0.5))


def counted(underflows: int) -> str:
    """The underflows in words."""
    return f"{underflows} underflow{'' if underflows == 1 else 's'}"


def _meter(level: float) -> str:
    db = 20 * log10(level) if level > 0 else -np.inf
    full = round(METER * min(max(1 + db / METER_DB, 0.0), 1.0))
    return "[" + "#" * full + "." * (METER - full) + "]"


# --- the loop ---------------------------------------------------------------------------------------------------


def attend(player: Player, *, quiet: bool = False, verbose: bool = False) -> None:
    """Stay with a player until its end or `q`: on a terminal draw the line and obey the keys.

    Without a terminal, `verbose` prints the line now and then.
    Raises PlaybackError where the card goes or freezes.
    """
    with contextlib.ExitStack() as stack:
        keyboard = None
        if sys.stdin is not None and sys.stdin.isatty() and _terminal():
            keyboard = stack.enter_context(Keyboard())
        show = stack.enter_context(_screen(quiet=quiet, verbose=verbose))
        stack.enter_context(_stoppable(player, keyboard, show))
        told, told_until = ("? for the keys" if keyboard else ""), time.monotonic() + 5
        drawn = -np.inf
        while not player.ended:
            player.card.check()
            pressed = None
            if keyboard:
                pressed = keyboard.key(REDRAW_S)
            else:
                time.sleep(REDRAW_S)
            if pressed is not None:
                answer = press(player, pressed)
                if answer is None:
                    return
                told, told_until = answer, time.monotonic() + max(4, len(answer) / 12)
                drawn = -np.inf
            if time.monotonic() - drawn >= REDRAW_S and (keyboard is None or keyboard.foreground()):
                show(lambda: status(player), told if time.monotonic() < told_until else "")
                drawn = time.monotonic()


def _terminal() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()


Show = Callable[[Callable[[], str], str], None]


@contextlib.contextmanager
def _screen(*, quiet: bool, verbose: bool) -> Iterator[Any]:
    """A function that shows the status line, and what was told below it."""
    if quiet or sys.stderr is None or not (_terminal() or verbose):
        yield lambda line, told: None
        return
    if not _terminal():
        last = -np.inf

        def tell(line: Callable[[], str], told: str) -> None:
            nonlocal last
            if time.monotonic() - last >= PLAIN_S:
                print(line().replace("\n", "  "), file=sys.stderr, flush=True)
                last = time.monotonic()

        yield tell
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(stderr=True, highlight=False), auto_refresh=False, transient=False) as live:

        def draw(line: Callable[[], str], told: str) -> None:
            live.update(Text(line() + ("\n" + told if told else ""), overflow="ellipsis"), refresh=True)

        draw.live = live  # type: ignore[attr-defined]
        yield draw


@contextlib.contextmanager
def _stoppable(player: Player, keyboard: Keyboard | None, show: Any) -> Iterator[None]:
    """Ctrl-Z fades out and gives the terminal back before the process stops; `fg` takes both again."""

    def stop(*_: object) -> None:
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # one stop at a time
        was_paused = player.paused
        player.pause()
        time.sleep(player.card.latency_s + 0.05)
        live = getattr(show, "live", None)
        if live:
            live.stop()
        if keyboard:
            keyboard.give_back()
        os.kill(os.getpid(), signal.SIGSTOP)  # here the process stands still until somebody says `fg`
        if keyboard:
            keyboard.take()
        if live:
            live.start()
        player.card.awake()
        if not was_paused:
            player.resume()
        signal.signal(signal.SIGTSTP, stop)

    before = signal.signal(signal.SIGTSTP, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)
