"""What the README shows is what happens."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from beep.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def sessions() -> list[tuple[str, list[str]]]:
    """Commands that begin with `$ beep`, each with the lines shown below it."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", README, flags=re.S):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return [(command, shown) for command, shown in found if command.startswith("beep ")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the whole session, with `beep` on the path."""
    tmp = tmp_path_factory.mktemp("readme")
    program = tmp / "bin" / "beep"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m beep "$@"\n')
    program.chmod(0o755)
    return tmp


@pytest.mark.parametrize(("command", "shown"), sessions())
def test_sessions(command: str, shown: list[str], folder: Path) -> None:
    """Every `$ beep` line succeeds and prints what is shown; a line `...` stands for any lines."""
    environment = os.environ | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "COLUMNS": "120"}
    done = subprocess.run(
        command, shell=True, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout
    pattern = "".join("(.*\n)*" if line == "..." else re.escape(f"{line}\n") for line in shown)
    assert re.fullmatch(pattern, done.stdout), done.stdout


def test_there_are_sessions() -> None:
    """The README shows every command but those that need a sound card, two recordings, a client, a plan or a shell."""
    others = {"play", "compare", "rtl-tcp", "dataset", "completion"}
    assert {command.split()[1] for command, _ in sessions()} == {*COMMANDS} - others


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
