"""Work on several items at once. Threads are enough: NumPy lets others run while it works on large arrays."""

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

THREADS = 1 if sys.platform == "emscripten" else min(os.cpu_count() or 1, 2)  # a browser has no threads

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_threads(function: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
    """Results of a function for each item, in order. Of the items only a few are taken before they are worked on."""
    if THREADS < 2:
        yield from map(function, items)
        return
    waiting: deque[Future[_Result]] = deque()
    pool = ThreadPoolExecutor(THREADS)
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:  # on Ctrl-C what is under way is not waited for
        pool.shutdown(wait=False, cancel_futures=True)
