"""`beep dataset`: makes labelled passes by the thousand."""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from beep.base.errors import ExtraError, OutputError, ScenarioError
from beep.cli.messages import say, stdout, tell
from beep.cli.parser import Parser
from beep.cli.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from beep.datasets.dataset import DatasetReport
    from beep.datasets.plan import DatasetPlan

_POOLS = 3  # a lost worker breaks a pool


def add(parser: Parser) -> None:
    parser.add_argument("plan", metavar="PLAN", help="a plan in TOML: docs/datasets.md")
    parser.add_argument(
        "folder",
        metavar="FOLDER",
        nargs="?",
        help="the folder of the set, or an address of fsspec like s3://bucket/set",
    )
    work = parser.add_argument_group("work")
    work.add_argument("--jobs", type=int, metavar="N", help="processes of this machine (default: one for each core)")
    work.add_argument(
        "--scheduler", metavar="ADDRESS", help="Dask scheduler whose workers make the clips, like tcp://host:8786"
    )
    work.add_argument(
        "--shard", metavar="K/N", default="1/1", help="make the K-th of N parts, for a job array (default: 1/1, all)"
    )
    work.add_argument("--extend", action="store_true", help="let the set in FOLDER grow to the larger count of PLAN")
    look = parser.add_argument_group("looking")
    look.add_argument("--show", type=int, metavar="N", help="print the first N scenarios as TOML, and write nothing")
    look.add_argument("--verify", action="store_true", help="check the hashes of a complete set, and write nothing")


def run(arguments: argparse.Namespace) -> None:
    from beep.datasets.dataset import verify
    from beep.datasets.plan import load_plan

    plan = load_plan(arguments.plan)
    if arguments.show is not None:
        _show(plan, arguments.show)
        return
    if arguments.folder is None:
        raise OutputError("a set needs a folder, got none; give FOLDER after the plan, or --show N")
    if arguments.verify:
        wrong = verify(arguments.folder)
        for line in wrong:
            print(line, file=stdout())
        if wrong:
            raise OutputError(f"{len(wrong)} files of {arguments.folder} are missing or spoilt; delete them, run again")
        say(f"{arguments.folder}: all hashes are right", arguments)
        return
    report = _make(plan, arguments)
    for reason in report.failed:
        tell(f"beep: {reason}")
    say(f"{arguments.folder}: {report.made} clips made, {report.kept} were there", arguments)
    if report.failed:
        raise OutputError(f"{len(report.failed)} bundles of clips could not be made; run the command again")
    if not report.complete:
        say("other shards are missing: the last one to end writes the table", arguments)


def _show(plan: DatasetPlan, count: int) -> None:
    from beep.datasets.plan import clip_scenario
    from beep.scenario.scenario import Scenario
    from beep.scenario.toml import to_toml

    if count < 1:
        raise ScenarioError(f"show must be 1 or more, got {count}")
    for index in range(min(count, plan.count)):
        print(f"# --- clip {index}", to_toml(clip_scenario(plan, index), without=Scenario()), sep="\n", file=stdout())


def _make(plan: DatasetPlan, arguments: argparse.Namespace) -> DatasetReport:
    from beep.datasets.dataset import dataset

    shard = _shard(arguments.shard)
    for attempt in range(_POOLS):
        try:
            with _executor(arguments) as executor, progress_bar(arguments) as bar:
                settings: dict[str, Any] = {"shard": shard, "extend": arguments.extend}
                if bar is not None:
                    settings["progress"] = partial(_progress, bar, time.monotonic())
                return dataset(plan, arguments.folder, executor=executor, **settings)
        except BrokenExecutor:
            if attempt == _POOLS - 1:
                raise OutputError(
                    "workers were lost three times; run the command again, perhaps with fewer --jobs"
                ) from None
    raise AssertionError("the last attempt returns or raises")


def _progress(bar: Callable[..., None], began_s: float, done: int, total: int, failed: int) -> None:
    rate = done / max(time.monotonic() - began_s, 1e-3)
    bar(done, total, f"{rate:.1f} clips/s, {failed} failed")


def _shard(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal()):
        raise ScenarioError(f"shard is written K/N, like 3/16, got {text!r}")
    return int(number), int(count)


@contextmanager
def _executor(arguments: argparse.Namespace) -> Iterator[Executor | None]:
    """The executor of the options; None for one process. Its tasks end or are cancelled on leaving."""
    if arguments.scheduler is not None:
        if arguments.jobs is not None:
            raise ScenarioError("a scheduler has its own workers, got --jobs too; drop one of the two")
        yield from _dask(arguments.scheduler)
        return
    jobs = os.cpu_count() or 1 if arguments.jobs is None else arguments.jobs
    if jobs < 1:
        raise ScenarioError(f"jobs must be 1 or more, got {jobs}")
    if jobs == 1:
        yield None
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    from beep.base.workers import prepare

    executor = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), initializer=prepare)
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


def _dask(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError:
        raise ExtraError("a scheduler needs Dask; pip install 'sputnik-beep[cluster]'") from None
    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        raise OutputError(
            f"no Dask scheduler answers at {address} ({str(error)[:200]}); start one: dask scheduler"
        ) from None
    try:
        yield client.get_executor(pure=False, retries=2)
    finally:
        client.close()
