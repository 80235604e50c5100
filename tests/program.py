"""The program as a user runs it: in a process of its own, in a folder, on a pipe or a terminal."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_S = 300  # on a busy machine; the longest command takes 10 s on a free one


@dataclass(frozen=True)
class Ran:
    """A program that has ended."""

    status: int
    stdout: bytes
    stderr: str


class Beep:
    """The program, run in `folder`; `first` is Python to run in the new process before it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def command(self, *arguments: object, first: str = "") -> list[str]:
        run = [sys.executable, "-m", "beep"]
        if first:
            run = [sys.executable, "-c", f"{first}\nimport sys\nfrom beep.cli.main import main\nsys.exit(main())"]
        return [*run, *map(str, arguments)]

    @contextmanager
    def start(self, *arguments: object, first: str = "", **settings) -> Iterator[subprocess.Popen]:
        """Run while the block lasts, and to the end; a test that fails in the block does not wait for it."""
        with subprocess.Popen(self.command(*arguments, first=first), cwd=self.folder, **settings) as running:
            try:
                yield running
            except BaseException:
                running.kill()
                raise

    def __call__(self, *arguments: object, first: str = "", **environment: str) -> Ran:
        """Run to the end, which is never a traceback."""
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
        """Run with stdout or stderr on a terminal; the other is kept too, up to what a pipe holds."""
        ours, theirs = os.openpty()
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: theirs}
        environment = {**os.environ, "TERM": "xterm"}  # pytest may run without a terminal
        with self.start(*arguments, first=first, env=environment, stdin=subprocess.DEVNULL, **streams) as running:
            os.close(theirs)
            shown = _all_of_terminal(ours)
            other = (running.stderr if stream == "stdout" else running.stdout).read()
        stdout, stderr = (shown, other) if stream == "stdout" else (other, shown)
        return Ran(running.returncode, stdout, stderr.decode())


def _all_of_terminal(number: int) -> bytes:
    shown = b""
    try:
        while piece := os.read(number, 65536):
            shown += piece
    except OSError:  # how Linux says that nobody holds the other end any more
        pass
    finally:
        os.close(number)
    return shown
