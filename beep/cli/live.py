"""The live display of `beep play`: the status lines, and the loop that draws them and obeys the keys."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from math import degrees, inf, log10
from textwrap import wrap
from typing import Any

import numpy as np

from beep.base.arrays import Array
from beep.cli.keyboard import Keyboard, open_keyboard
from beep.cli.keys import press
from beep.cli.messages import tell
from beep.cli.picture import HERE, LEAST_COLUMNS, LEAST_LINES, LivePicture
from beep.output.player import Player
from beep.scenario.carriers import Carrier
from beep.scenario.scenario import Scenario
from beep.signal.pulses import key
from beep.stream.reception import Reception, doppler_hz, tone_hz
from beep.stream.words import minutes

REDRAW_S = 0.15
PLAIN_S = 5.0  # between two lines where there is no terminal
METER_CHARACTERS = 8
METER_DB = 48.0  # from empty to full
METER_S = 0.05  # of sound whose peak is shown
LOOK_AHEAD_S = 8.0  # for which look angles and Doppler are computed at once: one redraw of the lines would take 7 ms
LOOK_STEP_S, KEY_STEP_S = 0.25, 0.01
OFF = "\N{WHITE CIRCLE}"
MESSAGE_LINES = 3
LAMPS_IN_ASCII = str.maketrans({HERE: "*", OFF: ".", "\N{DEGREE SIGN}": " "})


class Status:
    """Time, look angles, level, Doppler and tones of a player as two lines below 80 characters."""

    def __init__(self) -> None:
        self._reception: Reception | None = None
        self._t_s = self._key_s = np.zeros(1)
        self._values: dict[str, Array] = {}
        self._keys: list[Array] = []
        self.tones_hz: list[float] = []  # at the time of the last lines

    def lines(self, player: Player) -> list[str]:
        """Return time, elevation, azimuth, range, level and time left; lamp, Doppler and tone of each carrier."""
        at_s, scenario, reception = player.position_s, player.scenario, player.plan.reception
        if reception is not self._reception or not self._t_s[0] <= at_s < self._t_s[-1]:
            self._look_ahead(reception, at_s)
        now = {name: float(np.interp(at_s, self._t_s, values)) for name, values in self._values.items()}
        when = f"{at_s:7.1f} s"
        if reception.epoch is not None:
            when = f"{reception.epoch + timedelta(seconds=at_s):%H:%M:%S} UTC"
        samples = player.recent(round(METER_S * player.rate_hz))
        underflows = f"  {underflows_in_words(player.card.underflows)}" if player.card.underflows else ""
        carriers = []
        self.tones_hz = [now[f"tone {number}"] for number in range(len(scenario.heard))]
        for number, carrier in enumerate(scenario.heard):
            tone = self.tones_hz[number]
            sends = self._keys[number][np.searchsorted(self._key_s, at_s, side="right") - 1]
            lamp = HERE if sends and now["elevation"] > 0 and not player.paused else OFF
            outside = "" if scenario.low_hz <= tone <= scenario.high_hz else " (outside the filter)"
            shift = round(now[f"shift {number}"])
            carriers.append(
                f"{lamp} {scenario.name_of(carrier)} MHz Doppler {shift:+5d} Hz tone {tone:4.0f} Hz{outside}"
            )
        return [
            f"{when}  el {degrees(now['elevation']):5.1f}\N{DEGREE SIGN}  az {degrees(now['azimuth']) % 360:5.1f}"
            f"\N{DEGREE SIGN}  {now['range'] / 1e3:5.0f} km  {_meter(float(np.abs(samples).max()))}  "
            f"{minutes(max(0.0, reception.duration_s - at_s))} left{underflows}",
            "  ".join(carriers),
        ]

    def _look_ahead(self, reception: Reception, at_s: float) -> None:
        """Compute the values of the next seconds."""
        self._reception = reception
        self._t_s = at_s + np.arange(0.0, LOOK_AHEAD_S + LOOK_STEP_S, LOOK_STEP_S)
        self._key_s = np.arange(self._t_s[0], self._t_s[-1], KEY_STEP_S)
        look = reception.look(self._t_s)
        azimuth = np.unwrap(look.azimuth_rad)
        self._values = {"elevation": look.elevation_rad, "azimuth": azimuth, "range": look.range_m}
        sent_s = self._key_s - np.interp(self._key_s, self._t_s, look.delay_s)
        self._keys = [_on(reception.scenario, carrier, sent_s) for carrier in reception.scenario.heard]
        for number, carrier in enumerate(reception.scenario.heard):
            shift_hz = doppler_hz(reception, carrier, self._t_s, delay_rate=look.delay_rate)
            self._values[f"shift {number}"] = shift_hz
            self._values[f"tone {number}"] = tone_hz(
                reception, carrier, self._t_s, shift_hz=shift_hz, delay_s=look.delay_s
            )


def _on(scenario: Scenario, carrier: Carrier, sent_s: Array) -> Array:
    """Whether a carrier is on at times of emission (N,)."""
    down, power = key(sent_s, scenario.key)
    amplitude = {"pulse": down, "pause": power - down, "always": power}[carrier.sends]
    return np.broadcast_to(np.asarray(amplitude) > 0.5, sent_s.shape)


def underflows_in_words(underflows: int) -> str:
    """Return "1 underflow" or "2 underflows"."""
    return f"{underflows} underflow{'' if underflows == 1 else 's'}"


def _meter(level: float) -> str:
    db = 20 * log10(level) if level > 0 else -inf
    full = round(METER_CHARACTERS * min(max(1 + db / METER_DB, 0.0), 1.0))
    number = f"{db:4.0f}" if level > 0 else "  --"
    return f"[{'#' * full}{'.' * (METER_CHARACTERS - full)}]{number} dBFS"


class Screen:
    """The status on the terminal of stderr, with the picture on a large one.

    It has the alternate screen: so it leaves nothing behind, also where the terminal changes its size.
    """

    def __init__(self) -> None:
        self._size = os.terminal_size((0, 0))
        self._live: Any = None
        self._status = Status()
        try:
            (HERE + OFF).encode(sys.stderr.encoding or "ascii")
            self._unicode = True
        except (UnicodeEncodeError, LookupError):
            self._unicode = False

    def draw(self, player: Player, message: str) -> None:
        """Show the state of the player, and a message."""
        columns, rows = os.get_terminal_size(sys.stderr.fileno())
        size = os.terminal_size((columns or 80, rows or 24))  # 0 where it is not known
        if self._live is None or size != self._size:
            self._resize(size)
        status = self._status.lines(player)
        words = [part for line in message.splitlines() for part in wrap(line, size.columns - 1)]
        if self._picture is None:
            lines = [*status, *words]
        else:
            picture = self._picture.lines(player, self._status.tones_hz)
            lines = [*picture[:2], "", *status, *picture[2:], *words]
        if not self._unicode:
            lines = [line.translate(LAMPS_IN_ASCII) for line in lines]
        self._live.update(_Lines([line[: size.columns - 1] for line in lines[: size.lines - 1]]), refresh=True)

    def _resize(self, size: os.terminal_size) -> None:
        from rich.console import Console
        from rich.live import Live

        large = self._unicode and size.columns >= LEAST_COLUMNS and size.lines >= LEAST_LINES
        self.leave()
        self._size = size
        self._picture = LivePicture(size.columns, size.lines - 4 - MESSAGE_LINES) if large else None
        console = Console(stderr=True, width=size.columns, height=size.lines)
        self._live = Live(
            console=console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def leave(self) -> None:
        """Give the terminal back as it was."""
        if self._live is not None:
            self._live.stop()
            self._live = None


class _Lines:
    """Lines for rich, which takes a text apart word by word otherwise: 0.2 ms instead of 3."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def __rich_console__(self, *_: object) -> Iterator[Any]:
        from rich.segment import Segment

        for number, line in enumerate(self._lines):
            yield Segment(line if number == 0 else f"\n{line}")


def attend(
    player: Player, *, quiet: bool = False, verbose: bool = False, keys: bool = True, warnings: list[str]
) -> None:
    """Wait for the end of a player, or `q`; on a terminal draw its state and obey the keys.

    The warnings are shown for some seconds. Without a terminal, `verbose` prints the status every 5 s. Raises
    PlaybackError where the card is removed or freezes.
    """
    terminal = sys.stderr is not None and sys.stderr.isatty()
    with contextlib.ExitStack() as stack:
        keyboard = screen = None
        if terminal and keys:
            keyboard = open_keyboard()
            if keyboard:
                stack.enter_context(keyboard)
        if terminal and not quiet:
            screen = Screen()
            stack.callback(screen.leave)
        stack.enter_context(_stoppable(player, keyboard, screen))
        status = Status()
        message = "\n".join([*warnings, "? for the keys"] if keyboard else warnings)
        message_until = time.monotonic() + reading_s(message)
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
                message, message_until = answer, time.monotonic() + reading_s(answer)
            if screen and (keyboard is None or keyboard.foreground()):
                screen.draw(player, message if time.monotonic() < message_until else "")
            elif verbose and not (quiet or terminal) and time.monotonic() - printed >= PLAIN_S:
                tell("  ".join(status.lines(player)))
                printed = time.monotonic()


def reading_s(message: str) -> float:
    """Return how long a message is shown: 12 characters per second, 4 s at least."""
    return max(4.0, len(message) / 12)


@contextlib.contextmanager
def _stoppable(player: Player, keyboard: Keyboard | None, screen: Screen | None) -> Iterator[None]:
    """Fade out and restore the terminal on Ctrl-Z, before the process stops; go on after `fg`."""

    def stop(*_: object) -> None:
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # until this stop is over
        was_paused = player.paused
        player.pause()
        time.sleep(player.card.latency_s + 0.05)
        if screen:
            screen.leave()
        if keyboard:
            keyboard.give_back()
        os.kill(os.getpid(), signal.SIGSTOP)  # returns when the process is continued, as by `fg`
        if keyboard:
            keyboard.take()
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
