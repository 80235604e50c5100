"""What several test files share: the program as a user runs it, and programs that are not ours."""

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import hypothesis
import pytest
from program import Beep
from waiting import LONGEST_WAIT_S, Waiting

hypothesis.settings.register_profile(
    "busy machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy machine")


# They begin first: the tests of the sound card, which mostly wait, then those that are long or share what one has made.
FIRST = ["test_live", "test_roundtrip", "test_readme", "test_examples"]


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: one of them waits for the sound card."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the tests of some files to the front."""
    items.sort(key=lambda item: FIRST.index(item.path.stem) if item.path.stem in FIRST else len(FIRST))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Skip a test of what is heard that has failed while a player, a server or a browser waited for a processor."""
    report = yield
    arguments = getattr(item, "funcargs", {})
    waiting = arguments.get("waiting") or getattr(arguments.get("card"), "waiting", None)
    if waiting and report.failed and call.when == "call" and waiting.longest_s > LONGEST_WAIT_S:
        report.outcome = "skipped"
        reason = f"failed while others used the machine: {waiting.longest_s:.3f} s of waiting within 0.1 s"
        report.longrepr = (str(item.path), item.location[1] or 0, f"Skipped: {reason}\n{report.longrepr}")
    return report


# Each worker has a core of its own: BLAS with a thread per core in each of them takes four times the processor time.
# It is set before NumPy is imported, and the workers inherit it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


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


@pytest.fixture
def waiting() -> Iterator[Waiting]:
    """How long the programs that the test starts wait for a processor, from its beginning on."""
    watch = Waiting(begun=lambda: True)
    watch.start()
    yield watch
    watch.end()


@pytest.fixture
def card(tmp_path):
    """A virtual sound card."""
    from virtual_card import virtual_card  # here, because NumPy is to be imported after the setting above

    folder = tmp_path / "card"
    folder.mkdir()
    with virtual_card(folder) as running:
        yield running


@pytest.fixture
def terminal(card):
    """A function that starts `beep play` on a terminal of its own."""
    from listening import Terminal  # here, because Windows has no termios

    started = []

    def start(*arguments):
        started.append(Terminal(card, *arguments))
        return started[-1]

    yield start
    for listener in started:
        listener.process.kill()
        listener.process.wait()
        os.close(listener.ours)
        os.close(listener.theirs)
