"""Windows and macOS, as far as they can be simulated: every command without what only Unix has.

These tests take modules and functions away; they do not show that the program runs on Windows.
"""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from program import TIMEOUT_S

from beep.cli.keyboard import open_keyboard
from beep.cli.main import COMMANDS

START = ["--start", "1957-10-07T05:00Z", "--station", "dallas"]
RUNS = {
    "export": ["export", "a.wav", "--duration-s", "30", "--mix", "20", "--sample-rate-hz", "8000"],
    "play": ["play", "--duration-s", "0.2"],
    "rtl-tcp": ["rtl-tcp", "--duration-s", "30", "--from-s", "29.5", "--port", "0"],
    "correct": ["correct", "a.wav", "b.wav", *START, "--frequency-mhz", "20.005"],
    "track": ["track", "-o", "track.csv"],
    "passes": ["passes", *START],
    "receptions": ["receptions"],
    "measure": ["measure", "a.wav"],
    "fit": ["fit", "a.wav"],
    "compare": ["compare", "a.wav", "a.wav"],
    "plot": ["plot", "doppler", "a.svg"],
    "show": ["show"],
    "dataset": ["dataset", "plan.toml", "clips", "--jobs", "1"],
    "completion": ["completion", "bash"],
    "web": ["web", "--port", "0"],  # the last one, as Ctrl-C closes stdout
}
STATUS = {name: 130 if name == "web" else 0 for name in RUNS}  # the page is served until Ctrl-C
PLAN = """
dataset = {name = "small", count = 1, seed = 5, clip_s = 2.0}
base = {sample_rate_hz = 8000, mix = "20", high_hz = 2500}
draw = {snr_db = {uniform = [0, 20]}}
"""
TAKE_AWAY = f"""
import os, select, signal, sys
for name in ("fcntl", "grp", "posix_ipc", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"):
    sys.modules[name] = None
for name in ("chown", "fchmod", "fork", "getpgrp", "getuid", "geteuid", "killpg", "mkfifo", "pread", "pwrite", "readv",
             "sendfile", "setsid", "statvfs", "tcgetpgrp", "wait4"):
    delattr(os, name)
for name in ("SIGALRM", "SIGCONT", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGSTOP", "SIGTSTP", "SIGUSR1",
             "SIGWINCH"):
    delattr(signal, name)
for name in ("epoll", "poll"):
    delattr(select, name)
sys.path.insert(0, {str(Path(__file__).parent)!r})
import fake_sounddevice
sys.modules["sounddevice"] = fake_sounddevice
from beep.cli.main import main
"""


def test_every_command_without_what_only_unix_has(tmp_path):
    """No command needs a Unix module, function or signal; and a console in cp1252 shows every result."""
    assert RUNS.keys() == COMMANDS.keys()
    (tmp_path / "plan.toml").write_text(PLAN)
    code = f"""{TAKE_AWAY}
import _thread, threading, webbrowser
webbrowser.open = lambda url: threading.Timer(0.5, _thread.interrupt_main).start()
told = open(os.dup(1), "w")
for run in {list(RUNS.values())}:
    print(run[0], main(run), flush=True, file=told)
"""
    done = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "cp1252", "BROWSER": "any"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT_S,
    )
    said = done.stdout.decode("cp1252")
    assert "Traceback" not in done.stderr.decode("cp1252")
    assert [name for name, status in STATUS.items() if f"{name} {status}\n" not in said] == [], done.stderr


class Console(SimpleNamespace):
    """Windows' msvcrt, with keys that were pressed."""

    def kbhit(self):
        return bool(self.pressed)

    def getwch(self):
        return self.pressed.pop(0)


def test_keys_of_a_windows_console(monkeypatch):
    """Without termios, msvcrt gives the keys: letters, and arrows as two characters."""
    monkeypatch.setitem(sys.modules, "termios", None)
    monkeypatch.setitem(sys.modules, "msvcrt", Console(pressed=[*"p\xe0M\0Hq", "\xe0"], __spec__=object()))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    with open_keyboard() as keyboard:
        assert [keyboard.key(0.01) for _ in range(6)] == ["p", "right", "up", "q", "\xe0", None]


def test_no_keys_without_a_way_to_read_them(monkeypatch):
    """Where there is neither termios nor msvcrt, and where stdin is no terminal, it plays without keys."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: False))
    assert open_keyboard() is None
    for name in ("termios", "msvcrt"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    assert open_keyboard() is None
