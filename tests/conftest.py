"""What several test files share: the program as a user runs it, and programs that are not ours."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from program import Beep


@pytest.fixture
def beep(tmp_path: Path) -> Beep:
    """The program, run in an empty folder."""
    return Beep(tmp_path)


@pytest.fixture
def program() -> Callable[..., str]:
    """A function that finds a program; without it the test is skipped, or fails where CI=true."""

    def find(name: str, *, package: str) -> str:
        found = shutil.which(name)
        if found is None:
            message = f"{name} is not installed: apt install {package}"
            pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
        return found

    return find
