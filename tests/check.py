"""Run every check of the package, or some of them.

    python tests/check.py                 all of them, one after the other
    python tests/check.py lint types      only these

It needs the extras `test` and `check`: pip install -e '.[test,check]'. The first check that fails ends it.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
OLDEST, NEWEST = 11, 15  # of Python 3: the oldest that the package allows, and the newest to look for
ROOM_TESTS = sorted(str(path) for path in (ROOT / "tests").iterdir() if list(path.glob("test_*.py")))


def run(*command: str | Path, folder: Path = ROOT) -> str:
    """Run a command and return what it wrote on stdout; one that fails ends the program."""
    done = subprocess.run([str(word) for word in command], cwd=folder, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}\nfailed: {' '.join(map(str, command))}")
    return done.stdout


def python(*arguments: str) -> None:
    """Run a module of the Python that runs this, and show what it prints."""
    if subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT).returncode:
        sys.exit(f"failed: python -m {' '.join(arguments)}")


def environment(folder: Path, interpreter: str | Path = sys.executable) -> Path:
    """Make a virtual environment, and return the folder of its programs."""
    run(interpreter, "-m", "venv", folder)
    return folder / ("Scripts" if os.name == "nt" else "bin")


def lint() -> None:
    """Faults and layout, by ruff."""
    python("ruff", "check", ".")
    python("ruff", "format", "--check", ".")


def types() -> None:
    """Types, by mypy."""
    python("mypy")


def tests() -> None:
    """The tests, but for those that need a quiet machine."""
    python("pytest")


def wheel() -> None:
    """The built wheel, installed in an environment of its own and used in another folder."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        run(sys.executable, "-m", "build", "-q", "--wheel", "--outdir", folder / "dist", ".")
        programs = environment(folder / "venv")
        run(programs / "python", "-m", "pip", "install", "-q", *(folder / "dist").glob("*.whl"))
        used = folder / "used"
        used.mkdir()
        beep = programs / "beep"
        run(beep, "export", "sputnik.wav", "--duration-s", "5", folder=used)
        assert (used / "sputnik.wav").read_bytes()[:4] == b"RIFF"
        assert len(run(programs / "sputnik-beep", "track", "--preset", "dallas", folder=used).splitlines()) > 400
        assert "tyuratam" in run(beep, "receptions", folder=used)
        assert "SCENARIO" in (folder / "venv" / "share" / "man" / "man1" / "beep.1").read_text()
        tape = "export tape.wav --preset tatsfield --character tape --beacon sputnik-2 --duration-s 20 -q"
        run(beep, *tape.split(), folder=used)
        assert '"keying": "tass"' in run(beep, "measure", "sputnik.wav", "--json", folder=used)
        drawn = subprocess.run([beep, "plot", "pass", "sheet.png"], cwd=used, capture_output=True, text=True)
        assert drawn.returncode == 1, "a picture without matplotlib"
        assert "sputnik-beep[plot]" in drawn.stderr
        served = subprocess.run([beep, "web"], cwd=used, capture_output=True, text=True)
        assert served.returncode == 1, "a page without Starlette"
        assert "sputnik-beep[web]" in served.stderr
        page = sorted(path.name for path in (ROOT / "beep" / "web" / "page").iterdir())
        where = "import beep, pathlib; print(pathlib.Path(beep.__file__).parent / 'web' / 'page')"
        installed = Path(run(programs / "python", "-c", where, folder=used).strip())
        assert sorted(path.name for path in installed.iterdir()) == page


def pythons() -> None:
    """The tests of the packages with the oldest and the newest Python that are installed, where this is another."""
    if shutil.which("pyenv"):  # which otherwise hides all versions but one
        versions = run("pyenv", "versions", "--bare").split()
        os.environ["PYENV_VERSION"] = ":".join(reversed(versions))
    minors = [OLDEST, next((minor for minor in range(NEWEST, OLDEST, -1) if runs(minor)), NEWEST)]
    for minor in minors:
        if minor == sys.version_info.minor:
            continue
        if not runs(minor):
            print(f"no Python 3.{minor} here" + " or older" * (minor == NEWEST))
            continue
        with tempfile.TemporaryDirectory() as folder:
            programs = environment(Path(folder), f"python3.{minor}")
            print(run(programs / "python", "--version"), end="", flush=True)
            run(programs / "python", "-m", "pip", "install", "-q", "-e", ".[test]")
            print(run(programs / "python", "-m", "pytest", "-q", "-m", "not slow and not quiet", *ROOM_TESTS))


def runs(minor: int) -> bool:
    """Whether Python 3.`minor` can be run."""
    program = shutil.which(f"python3.{minor}")
    return program is not None and subprocess.run([program, "-c", ""], capture_output=True).returncode == 0


CHECKS = {check.__name__: check for check in (lint, types, tests, wheel, pythons)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description="run every check of the package, or some of them",
        epilog="; ".join(f"{name}: {check.__doc__}" for name, check in CHECKS.items()),
    )
    parser.add_argument("check", nargs="*", metavar="CHECK", help=f"{', '.join(CHECKS)} (default: all)")
    names = parser.parse_args().check
    if unknown := set(names) - set(CHECKS):
        parser.error(f"CHECK must be one of {', '.join(CHECKS)}, got {', '.join(sorted(unknown))}")
    for name in names or CHECKS:
        print(f"== {name}", flush=True)
        CHECKS[name]()


if __name__ == "__main__":
    main()
