"""Waiting for a page in Chromium."""

import time
from typing import Any

LONGEST_S = 20.0


def until(page: Any, expression: str) -> Any:
    """Return a JavaScript expression's value as soon as it is true.

    Playwright's own `wait_for_function` evaluates text inside the page, which the page's security policy forbids.
    """
    end_s = time.monotonic() + LONGEST_S
    while not (value := page.evaluate(expression)):
        assert time.monotonic() < end_s, f"never true: {expression}"
        page.wait_for_timeout(30)
    return value
