"""What the tests of the sound card share: the program playing, with or without a terminal, and what was recorded."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

import numpy as np
from program import TIMEOUT_S, Beep
from virtual_card import RATE_HZ, find

FADE = round(0.005 * RATE_HZ)
WAITS_ALOUD = """
import concurrent.futures, sys
wait = concurrent.futures.Future.exception
def aloud(self, timeout):
    try:
        return wait(self, timeout)
    except TimeoutError:
        print("waiting", file=sys.stderr)
        concurrent.futures.Future.exception = wait
        raise
concurrent.futures.Future.exception = aloud
"""


def play(card, *arguments, first="", **settings):
    """The program in the card's environment, playing from the beginning if not from elsewhere."""
    begin = () if "--from-s" in arguments else ("--from-s", 0)
    command = Beep(card.folder).command("play", *begin, *arguments, first=first)
    card.players.append(
        subprocess.Popen(command, cwd=card.folder, env=card.environment | {"TERM": "xterm"}, **settings)
    )
    return card.players[-1]


def ended(process):
    """Status and stderr of a program that has been left to end."""
    _, stderr = process.communicate(timeout=TIMEOUT_S)
    return process.returncode, stderr.decode()


def assert_whole(recording, expected):
    """The recording holds every frame in order, bit for bit but for the fades at both ends."""
    inner = expected[FADE:-FADE]
    at = find(inner, recording)
    assert at is not None
    assert np.array_equal(recording[at : at + len(inner)], inner)
    assert at >= FADE  # also the first and the last frames were there
    assert not recording[at + len(inner) + FADE :].any()


class Terminal:
    """A program with a terminal of its own, and what it has shown."""

    def __init__(self, card, *arguments):
        self.ours, theirs = pty.openpty()
        self.before = termios.tcgetattr(theirs)
        self.theirs = theirs
        self.process = play(card, *arguments, stdin=theirs, stderr=theirs, start_new_session=True)
        self.shown = ""

    def look(self, seconds=0.0):
        """Read what is shown for a while."""
        until_s = time.monotonic() + seconds
        while select.select([self.ours], [], [], max(0.0, until_s - time.monotonic()))[0]:
            self.shown += os.read(self.ours, 65_536).decode(errors="replace")
        return self.shown

    def await_text(self, text, timeout_s=TIMEOUT_S):
        until_s = time.monotonic() + timeout_s
        while not re.search(text, self.look(0.05)):
            assert time.monotonic() < until_s, self.shown[-2000:]

    def resize(self, columns, rows):
        """Change the size of the terminal."""
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys):
        os.write(self.ours, keys.encode())

    def ended(self):
        """Its status; the terminal is as it was."""
        until_s = time.monotonic() + TIMEOUT_S
        while self.process.poll() is None:
            self.look(0.05)
            assert time.monotonic() < until_s, self.shown[-2000:]
        assert termios.tcgetattr(self.theirs) == self.before
        return self.process.returncode


def is_whole(recording, expected):
    """Whether the recording holds every frame but those of the fades, in order and without a gap."""
    inner = expected[FADE:-FADE]
    at = find(inner, recording)
    return at is not None and np.array_equal(recording[at : at + len(inner)], inner)
