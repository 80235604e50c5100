"""What the README shows is what happens."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from beep.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


LIVE = ("beep play", "aplay", "beep rtl-tcp", "beep web")  # need a sound card or a client; their own tests run them
SET_UP = (
    "pip install",
    "beep completion",
)  # of the shell that reads the README; .ci/run and a test of their own run them


def sessions() -> list[tuple[str, list[str] | None]]:
    """All command lines in their order, each with the lines shown below it; None where a block shows none."""
    commands: list[tuple[str, list[str] | None]] = []
    for kind, block in re.findall(r"```(console|sh)\n(.*?)```", README, flags=re.S):
        shown: list[str] = []
        for line in block.splitlines():
            if kind == "sh":
                commands.append((line, None))
            elif line.startswith("$ "):
                shown = []
                commands.append((line[2:], shown))
            else:
                shown.append(line)
    return commands


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all commands, as a checkout: with `examples`, and with `beep` on the path."""
    tmp = tmp_path_factory.mktemp("readme")
    (tmp / "examples").symlink_to(ROOT / "examples")
    program = tmp / "bin" / "beep"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m beep "$@"\n')
    program.chmod(0o755)
    return tmp


@pytest.mark.parametrize(("command", "shown"), sessions())
def test_sessions(command: str, shown: list[str] | None, folder: Path, program: Callable[..., str]) -> None:
    """Every command line succeeds, in order and in one folder, and prints what is shown; `...` stands for any lines."""
    if any(word in command for word in LIVE + SET_UP):
        return
    if "ffmpeg" in command:
        program("ffmpeg", package="ffmpeg")
    environment = os.environ | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "COLUMNS": "120"}
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout
    if shown is not None:
        pattern = "".join("(.*\n)*" if line == "..." else re.escape(f"{line}\n") for line in shown)
        assert re.fullmatch(pattern, done.stdout), done.stdout


def test_there_are_sessions() -> None:
    """The README shows every command but one that only needs two recordings; some lines are left to other tests."""
    commands = [command for command, _ in sessions()]
    left_out = [command for command in commands if any(word in command for word in LIVE + SET_UP)]
    named = {name for name in COMMANDS if any(f"beep {name}" in command for command in commands)}
    assert named >= {*COMMANDS} - {"compare", "rtl-tcp"}
    assert len(left_out) < len(commands) / 4


def test_python(tmp_path: Path) -> None:
    """The README's Python runs as printed."""
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.S)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "baldock.wav").exists()


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]


def test_links_lead_somewhere() -> None:
    """Every relative link of README, CONTRIBUTING and docs names a file that exists."""
    links = [(page, link) for page in PAGES for link in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text())]
    assert [(page.name, link) for page, link in links if not (page.parent / link).exists()] == []
    assert len(links) >= 10


def test_files_named_in_the_docs_exist() -> None:
    """Every path in backticks of a Python file or a folder is in the repository or in the package."""
    pattern = r"`((?:[a-z_.-]+/)+(?:[a-z_]+\.pyi?)?)`"
    names = [(page, name) for page in PAGES for name in re.findall(pattern, page.read_text())]
    missing = [
        (page.name, name) for page, name in names if not any((at / name).exists() for at in (ROOT, ROOT / "beep"))
    ]
    assert missing == []
    assert len(names) >= 20
