"""Work in threads: results in order, few items taken ahead, errors where they arise."""

import time
from threading import Event

import pytest

from beep.base import threads
from beep.base.threads import in_threads


@pytest.mark.parametrize("count", [1, 2])
def test_results_come_in_the_order_of_the_items(monkeypatch, count):
    """Also where the first takes longest, and in a browser, which has no threads."""
    monkeypatch.setattr(threads, "THREADS", count)

    def slow(item):
        time.sleep(0.02 if item == 0 else 0.0)
        return item**2

    assert list(in_threads(slow, range(20))) == [item**2 for item in range(20)]
    assert list(in_threads(slow, [])) == []


def test_few_items_are_taken_ahead():
    """What is read for a long recording does not pile up in memory."""
    taken = []
    results = in_threads(lambda item: item, (taken.append(item) or item for item in range(1000)))
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert len(taken) <= 5 + threads.THREADS + 1
    results.close()


def test_what_is_under_way_is_not_waited_for():
    """Ctrl-C leaves at once, though NumPy works on for seconds."""
    end = Event()
    results = in_threads(lambda item: item if item == 0 else end.wait(60), range(10))
    assert next(results) == 0
    results.close()  # would not return
    end.set()


@pytest.mark.parametrize("bad", ["item", "work"])
def test_an_error_comes_where_its_result_would(bad):
    """In the items as in the work; results before it still come."""

    def items():
        yield from range(3)
        if bad == "item":
            raise ValueError("no more")
        yield 3

    def work(item):
        if bad == "work" and item == 3:
            raise ValueError("too large")
        return item

    seen = []
    results = (seen.append(result) for result in in_threads(work, items()))
    with pytest.raises(ValueError, match=r"no more|too large"):
        list(results)
    assert seen == list(range(len(seen)))
    assert len(seen) == 3 if bad == "work" else len(seen) < 4
