"""Keys read without waiting for Enter: from a terminal on Linux and macOS, from a console on Windows."""

import contextlib
import os
import select
import sys
import time
from importlib import import_module
from importlib.util import find_spec

BETWEEN_KEYS_S = 0.02  # of a Windows console, which cannot be waited for

ARROWS = {b"A": "up", b"B": "down", b"C": "right", b"D": "left"}  # the end of their escape sequence


class TerminalKeyboard:
    """Keys of a terminal, read without waiting for Enter; the terminal is restored when the `with` block ends."""

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno()
        self._termios = import_module("termios")

    def __enter__(self) -> "TerminalKeyboard":
        self._before = self._termios.tcgetattr(self._descriptor)
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()

    def take(self) -> None:
        """Switch off line mode and echo where the program is in the foreground; Ctrl-C and Ctrl-Z stay signals."""
        self._taken = self.foreground()
        if self._taken:
            import_module("tty").setcbreak(self._descriptor, self._termios.TCSANOW)

    def foreground(self) -> bool:
        """Whether the program is in the foreground of its terminal, and may read it."""
        try:
            return os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError:  # not the controlling terminal, so there is no background
            return True

    def give_back(self) -> None:
        """Restore the terminal."""
        if self._taken and self.foreground():
            with contextlib.suppress(self._termios.error):  # the terminal was closed
                self._termios.tcsetattr(self._descriptor, self._termios.TCSANOW, self._before)

    def key(self, timeout_s: float) -> str | None:
        """Return the next key, arrows as `up`, `down`, `left` and `right`; None without one in time.

        Without a terminal, `q`.
        """
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
                return ARROWS.get(self._sequence()[1:], "unknown")
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


CONSOLE_ARROWS = {"H": "up", "P": "down", "M": "right", "K": "left"}  # the second character of their pair


class ConsoleKeyboard:
    """Keys of a Windows console, which needs no other mode; Ctrl-C stays a signal."""

    def __init__(self) -> None:
        self._console = import_module("msvcrt")

    def __enter__(self) -> "ConsoleKeyboard":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    take = give_back = __exit__

    def foreground(self) -> bool:
        """Whether the program may read the keys: always."""
        return True

    def key(self, timeout_s: float) -> str | None:
        """Return the next key, arrows as `up`, `down`, `left` and `right`; None without one in time."""
        until_s = time.monotonic() + timeout_s
        while not self._console.kbhit():
            if time.monotonic() > until_s:
                return None
            time.sleep(BETWEEN_KEYS_S)
        pressed: str = self._console.getwch()
        if pressed in "\0\xe0" and self._console.kbhit():  # without a second character it is the letter a with grave
            return CONSOLE_ARROWS.get(self._console.getwch(), "unknown")
        return pressed


Keyboard = TerminalKeyboard | ConsoleKeyboard


def open_keyboard() -> Keyboard | None:
    """Return the keyboard of stdin; None where stdin is no terminal, or this system has neither kind."""
    if sys.stdin is None or not sys.stdin.isatty():
        return None
    if find_spec("termios"):
        return TerminalKeyboard()
    return ConsoleKeyboard() if find_spec("msvcrt") else None
