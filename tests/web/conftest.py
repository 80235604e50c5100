"""A real Chromium for the tests of the page, and the page's server."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from browser import until
from page import serving

Serve = Callable[..., str]
Visit = Callable[..., Any]
SILENT_FAULTS = (
    "WebSocket connection to",  # these two of a server that a test has stopped
    "Failed to load resource",
    "The ScriptProcessorNode is deprecated",  # where there is no audio thread
)


@pytest.fixture(scope="module")  # while it is open, no other test of this process can run an event loop
def chromium() -> Iterator[Any]:
    """Chromium without a window, whose sound needs no tap; skipped where it is missing, or fails where CI=true."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        path = None
    if path is None:
        message = "needs chromium and the Python package playwright"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A function that serves the page with a scenario until the end of the test, and returns its address."""
    with ExitStack() as stack:
        yield lambda scenario, **settings: stack.enter_context(serving(scenario, **settings)).url


@pytest.fixture
def visit(chromium: Any) -> Iterator[Visit]:
    """A function that opens an address in a new window and returns the page; the test fails where it had an error."""
    contexts, faults = [], []

    def visit(url: str, *, script: str = "", **options: Any) -> Any:
        context = chromium.new_context(**{"locale": "en-GB", "viewport": {"width": 1366, "height": 768}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        home = url.partition("#")[0]  # it needs nothing from elsewhere
        page.on("request", lambda request: None if request.url.startswith(home) else faults.append(request.url))
        page.on(
            "console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None
        )
        if script:
            page.add_init_script(script)
        page.goto(url)
        until(page, "globalThis.sputnik?.sound.heard().pass && sputnik.sound.heard().time_s > 0")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert [fault for fault in faults if not fault.startswith(SILENT_FAULTS)] == []
