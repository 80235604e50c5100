"""The live display of `beep play`: the status line, and the loop that draws it and obeys the keys."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from math import degrees, inf, log10
from typing import Any

import numpy as np

from beep.base.arrays import Array
from beep.cli.keyboard import Keyboard, open_keyboard
from beep.cli.keys import press
from beep.cli.messages import tell
from beep.output.player import Player
from beep.scenario.carriers import Carrier
from beep.signal.pulses import key
from beep.stream.reception import Reception, doppler_hz, tone_hz

REDRAW_S = 0.15
PLAIN_S = 5.0  # between two lines where there is no terminal
METER_CHARACTERS = 8
METER_DB = 48.0  # from empty to full


def status(player: Player) -> str:
    """Return two lines below 80 characters: time, look angles, level, time left; Doppler and tone of the carriers."""
    at_s, scenario, reception = player.position_s, player.scenario, player.plan.reception
    look = reception.look(np.array([at_s]))
    elevation_rad = look.elevation_rad[0]
    when = f"{at_s:7.1f} s"
    if reception.epoch is not None:
        when = f"{reception.epoch + timedelta(seconds=at_s):%H:%M:%S} UTC"
    audible = bool(elevation_rad > 0) and not player.paused
    carriers = (_carrier(reception, carrier, np.array([at_s]), look.delay_s, audible) for carrier in scenario.heard)
    left_s = max(0.0, reception.duration_s - at_s)
    return (
        f"{when}  el {degrees(elevation_rad):5.1f}  az {degrees(look.azimuth_rad[0]):5.1f}  "
        f"{look.range_m[0] / 1e3:5.0f} km  {_meter(player.level)}  -{int(left_s // 60)}:{int(left_s % 60):02d}  "
        f"{underflows_in_words(player.card.underflows)}\n{'  '.join(carriers)}"
    )


def _carrier(reception: Reception, carrier: Carrier, t_s: Array, delay_s: Array, audible: bool) -> str:
    scenario = reception.scenario
    shift_hz = doppler_hz(reception, carrier, t_s)
    tone = float(tone_hz(reception, carrier, t_s, shift_hz=shift_hz, delay_s=delay_s)[0])
    outside = "" if scenario.low_hz <= tone <= scenario.high_hz else " (outside the filter)"
    lamp = _lamp(audible and _on(reception, carrier, t_s - delay_s))
    return f"{lamp} {scenario.name_of(carrier)} MHz Doppler {round(shift_hz[0]):+5d}, tone {tone:4.0f} Hz{outside}"


def _lamp(on: bool) -> str:
    try:
        "●○".encode(sys.stderr.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "*" if on else "."
    return "●" if on else "○"


def _on(reception: Reception, carrier: Carrier, sent_s: Array) -> bool:
    """Whether a carrier is on at an emission time (1,)."""
    down, power = key(sent_s, reception.key)
    amplitude = {"pulse": down, "pause": power - down, "always": power}[carrier.sends]
    return bool(np.all(np.asarray(amplitude) > 0.5))


def underflows_in_words(underflows: int) -> str:
    """Return "1 underflow" or "2 underflows"."""
    return f"{underflows} underflow{'' if underflows == 1 else 's'}"


def _meter(level: float) -> str:
    db = 20 * log10(level) if level > 0 else -inf
    full = round(METER_CHARACTERS * min(max(1 + db / METER_DB, 0.0), 1.0))
    return "[" + "#" * full + "." * (METER_CHARACTERS - full) + "]"


def attend(player: Player, *, quiet: bool = False, verbose: bool = False, keys: bool = True) -> None:
    """Wait for the end of a player, or `q`; on a terminal draw the status line and obey the keys.

    Without a terminal, `verbose` prints the line every 5 s. Raises PlaybackError where the card is removed or freezes.
    """
    terminal = sys.stderr is not None and sys.stderr.isatty()
    with contextlib.ExitStack() as stack:
        keyboard = live = None
        if terminal and keys:
            keyboard = open_keyboard()
            if keyboard:
                stack.enter_context(keyboard)
        if terminal and not quiet:
            live = stack.enter_context(_live())
        stack.enter_context(_stoppable(player, keyboard, live))
        message, message_until = ("? for the keys" if keyboard else ""), time.monotonic() + 5
        printed = -inf
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
                message, message_until = answer, time.monotonic() + max(4, len(answer) / 12)
            if live and (keyboard is None or keyboard.foreground()):
                live.update(status(player) + (f"\n{message}" if time.monotonic() < message_until else ""), refresh=True)
            elif verbose and not (quiet or terminal) and time.monotonic() - printed >= PLAIN_S:
                tell(status(player).replace("\n", "  "))
                printed = time.monotonic()


def _live() -> Any:
    """Return rich's display of some lines, which it redraws in place."""
    from rich.console import Console
    from rich.live import Live

    return Live(console=Console(stderr=True, highlight=False, markup=False), auto_refresh=False)


@contextlib.contextmanager
def _stoppable(player: Player, keyboard: Keyboard | None, live: Any) -> Iterator[None]:
    """Fade out and restore the terminal on Ctrl-Z, before the process stops; go on after `fg`."""

    def stop(*_: object) -> None:
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # until this stop is over
        was_paused = player.paused
        player.pause()
        time.sleep(player.card.latency_s + 0.05)
        if live:
            live.stop()
        if keyboard:
            keyboard.give_back()
        os.kill(os.getpid(), signal.SIGSTOP)  # returns when the process is continued, as by `fg`
        if keyboard:
            keyboard.take()
        if live:
            live.start()
        player.card.awake()
        if not was_paused:
            player.resume()
        signal.signal(signal.SIGTSTP, stop)

    if not hasattr(signal, "SIGTSTP"):  # Windows
        yield
        return
    before = signal.signal(signal.SIGTSTP, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)
