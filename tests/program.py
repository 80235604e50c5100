"""The program: in this process, or as a user runs it, in a process of its own on a pipe or a terminal."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from beep.cli.main import main

TIMEOUT_S = 300  # on a busy machine; the longest command takes 10 s on a free one


@dataclass(frozen=True)
class Ran:
    """A program that has ended."""

    status: int
    stdout: bytes
    stderr: str


class Beep:
    """The program, run in `folder`; `first` is Python to run in a new process before it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def command(self, *arguments: object, first: str = "") -> list[str]:
        run = [sys.executable, "-m", "beep"]
        if first:
            run = [sys.executable, "-c", f"{first}\nimport sys\nfrom beep.cli.main import main\nsys.exit(main())"]
        return [*run, *map(str, arguments)]

    @contextmanager
    def start(self, *arguments: object, first: str = "", **settings) -> Iterator[subprocess.Popen]:
        """Run in a new process while the block lasts, and to the end; a test that fails in it does not wait."""
        with subprocess.Popen(self.command(*arguments, first=first), cwd=self.folder, **settings) as running:
            try:
                yield running
            except BaseException:
                running.kill()
                raise

    def __call__(self, *arguments: object, **environment: str) -> Ran:
        """Run to the end in this process, with stdout and stderr on files and no stdin."""
        before = Path.cwd()
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
        with (
            _file() as out,
            _file() as err,
            open(os.devnull) as nothing,
            redirect_stdout(out),
            redirect_stderr(err),
            mock.patch("sys.stdin", nothing),
            mock.patch.dict(os.environ, environment),
        ):
            os.chdir(self.folder)
            try:
                status = main([str(argument) for argument in arguments])
            except SystemExit as leaving:
                status = leaving.code
            finally:
                os.chdir(before)
                for number, handler in handlers.items():
                    signal.signal(number, handler)
            return Ran(status, _written(out), _written(err).decode())

    def process(self, *arguments: object, first: str = "", **environment: str) -> Ran:
        """Run to the end in a new process, which is never a traceback."""
        done = subprocess.run(
            self.command(*arguments, first=first),
            cwd=self.folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
        )
        stderr = done.stderr.decode()
        assert "Traceback" not in stderr
        return Ran(done.returncode, done.stdout, stderr)

    def on_terminal(self, stream: str, *arguments: object, first: str = "") -> Ran:
        """Run in a new process with stdout or stderr on a terminal; the other is kept too, up to what a pipe holds."""
        ours, theirs = os.openpty()
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: theirs}
        environment = {**os.environ, "TERM": "xterm"}  # pytest may run without a terminal
        with self.start(*arguments, first=first, env=environment, stdin=subprocess.DEVNULL, **streams) as running:
            os.close(theirs)
            shown = _all_of_terminal(ours)
            other = (running.stderr if stream == "stdout" else running.stdout).read()
        stdout, stderr = (shown, other) if stream == "stdout" else (other, shown)
        return Ran(running.returncode, stdout, stderr.decode())


def _file():
    """An empty file for text, which has a descriptor as a pipe has."""
    return tempfile.TemporaryFile("w+", encoding="utf-8", newline="")


def _written(file) -> bytes:
    file.flush()
    file.buffer.seek(0)
    return file.buffer.read()


def _all_of_terminal(number: int) -> bytes:
    shown = b""
    try:
        while piece := os.read(number, 65536):
            shown += piece
    except OSError:  # Linux reports that the other end is closed
        pass
    finally:
        os.close(number)
    return shown
