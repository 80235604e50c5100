"""Data sets: clips by the thousand, made by any executor, each exactly once."""

import csv
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from beep.base.errors import BeepError, OutputError, ScenarioError
from beep.datasets.clips import clip_files, clip_names, clip_row
from beep.datasets.folder import Folder
from beep.datasets.plan import DatasetPlan, canonical, check_draws, clip_scenario, load_plan, plan_of
from beep.datasets.table import TABLE, csv_text, write_table

PLAN = "plan.json"
ATTEMPTS = 3
MOST_IN_FLIGHT = 1000  # tasks, so that a scheduler holds few of a million

DatasetProgress = Callable[[int, int, int], None]  # clips done, all clips of this run, clips that failed


@dataclass(frozen=True, kw_only=True)
class DatasetReport:
    """What one run did."""

    made: int  # clips
    kept: int  # clips whose files were there
    failed: tuple[str, ...]  # the reason for each bundle that could not be made
    complete: bool  # whether the whole set is there, with its table


def dataset(
    plan: DatasetPlan | Mapping[str, Any] | str | Path,
    folder: str | Path,
    *,
    executor: Executor | None = None,
    shard: tuple[int, int] = (1, 1),
    extend: bool = False,
    progress: DatasetProgress | None = None,
) -> DatasetReport:
    """Make a data set, or what is missing of it, and return what was done.

    `folder` is a folder or an address of fsspec; workers of `executor` must be able to write to it. The work is cut
    into bundles of some seconds; without an executor they are made one after the other. `shard` (k, n) makes the k-th
    of n parts of the bundles. Whoever makes the last bundle writes the table. `extend` allows a larger count than that
    of the set in the folder.

    Raises ScenarioError for a plan that breaks a rule, before anything is written, and OutputError where the folder has
    a set of another plan. BrokenExecutor of a lost worker goes through: call again with a new executor.
    """
    if isinstance(plan, Mapping):
        plan = plan_of(plan)
    elif not isinstance(plan, DatasetPlan):
        plan = load_plan(plan)
    number, shards = shard
    if not 1 <= number <= shards:
        raise ScenarioError(f"shard must be K/N with K from 1 to N, got {number}/{shards}")
    store = Folder(str(folder))
    _check_plan(plan, store, extend=extend)
    mine = range(number - 1, plan.bundles, shards)
    todo = [bundle for bundle in mine if _part(plan, store, bundle) is None]
    for bundle in todo:
        check_draws(plan, clips_of(plan, bundle))
    store.make()
    store.write(PLAN, canonical(plan).encode())
    made, kept, failed = _run(plan, store, todo, executor, progress)
    complete = not failed and _finish(plan, store)
    return DatasetReport(made=made, kept=kept, failed=tuple(failed), complete=complete)


def clips_of(plan: DatasetPlan, bundle: int) -> range:
    """Return the indices of the clips of a bundle."""
    first = bundle * plan.clips_in_bundle
    return range(first, min(first + plan.clips_in_bundle, plan.count))


def make_bundle(plan: DatasetPlan, url: str, bundle: int) -> tuple[int, int]:
    """Make the clips of one bundle that are not there, then its part of the table; returns the clips made and kept."""
    store, rows, kept = Folder(url), [], 0
    archive = io.BytesIO()
    shard_name = f"{bundle:09}.tar"
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for index in clips_of(plan, bundle):
            scenario, names = clip_scenario(plan, index), clip_names(plan, index)
            if plan.layout != "tar" and all(store.has(name) for name in names):
                files, kept = {name: store.read(name) for name in names}, kept + 1
            else:
                files = clip_files(plan, index, scenario)
                for name, content in reversed(files.items()):
                    if plan.layout == "tar":
                        member = tarfile.TarInfo(name)
                        member.size = len(content)
                        tar.addfile(member, io.BytesIO(content))
                    else:
                        store.write(name, content)
            row = clip_row(plan, index, scenario, files)
            rows.append({"index": index, "shard": shard_name} | row if plan.layout == "tar" else row)
    if plan.layout == "tar":
        store.write(shard_name, archive.getvalue())
    store.write(_part_name(bundle), csv_text(rows).encode())
    return len(rows) - kept, kept


def verify(folder: str | Path) -> list[str]:
    """Return what is wrong with a data set, a line for each file that is missing or spoilt; empty where all is well.

    Raises OutputError where the folder has no complete set.
    """
    store = Folder(str(folder))
    if not store.has(PLAN) or not store.has(TABLE):
        raise OutputError(f"a set needs {PLAN} and {TABLE}, but {folder} has not both; make or complete it first")
    plan = plan_of(json.loads(store.read(PLAN)))
    rows = list(csv.DictReader(io.StringIO(store.read(TABLE).decode())))
    wrong = [] if len(rows) == plan.count else [f"{TABLE}: {len(rows)} rows for {plan.count} clips"]
    opened: tuple[str, dict[str, bytes]] = ("", {})  # the shard read last
    for row in rows:
        if plan.layout == "tar" and opened[0] != row["shard"]:
            opened = (row["shard"], _members(store, row["shard"]))
        for name, sha256 in ((row["file"], row["sha256"]), (row["metadata"], row["metadata_sha256"])):
            if plan.layout == "tar":
                place, content = f"{row['shard']}: {name}", opened[1].get(name)
            else:
                place, content = name, store.read(name) if store.has(name) else None
            if content is None:
                wrong.append(f"{place}: missing")
            elif hashlib.sha256(content).hexdigest() != sha256:
                wrong.append(f"{place}: spoilt")
    return wrong


def _members(store: Folder, shard: str) -> dict[str, bytes]:
    """Content of each member of a tar file; as many as can be read."""
    members: dict[str, bytes] = {}
    if not store.has(shard):
        return members
    try:
        with tarfile.open(fileobj=io.BytesIO(store.read(shard))) as tar:
            for member in tar:
                file = tar.extractfile(member)
                members[member.name] = b"" if file is None else file.read()
    except tarfile.TarError:
        pass
    return members


def _check_plan(plan: DatasetPlan, store: Folder, *, extend: bool) -> None:
    """Raise OutputError where the folder holds a set of another plan."""
    if not store.has(PLAN):
        return
    old = plan_of(json.loads(store.read(PLAN)))
    if canonical(old) == canonical(plan):
        return
    longer = dict(old.table["dataset"]) | {"count": plan.count}
    if canonical(replace(old, table={**old.table, "dataset": longer})) != canonical(plan):
        raise OutputError(f"{store.url} holds a set of another plan (its {PLAN}); choose another folder")
    if plan.count < old.count:
        raise OutputError(f"{store.url} holds {old.count} clips, more than {plan.count}; choose another folder")
    if not extend:
        raise OutputError(f"{store.url} holds {old.count} clips of this plan, got count {plan.count}; give extend=True")


def _run(
    plan: DatasetPlan,
    store: Folder,
    todo: list[int],
    executor: Executor | None,
    progress: DatasetProgress | None,
) -> tuple[int, int, list[str]]:
    """Make bundles; returns the clips made and kept, and the reasons of the bundles that failed."""
    workers = executor or _Here()
    waiting, attempts = list(reversed(todo)), dict.fromkeys(todo, 0)
    running: dict[Future[tuple[int, int]], int] = {}
    made = kept = lost = 0
    total = sum(len(clips_of(plan, bundle)) for bundle in todo)
    failed: list[str] = []
    try:
        while waiting or running:
            while waiting and len(running) < (1 if executor is None else MOST_IN_FLIGHT):
                bundle = waiting.pop()
                running[workers.submit(make_bundle, plan, store.url, bundle)] = bundle
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                bundle = running.pop(future)
                attempts[bundle] += 1
                try:
                    new, old = future.result()
                    made, kept = made + new, kept + old
                except BrokenExecutor:
                    raise
                except Exception as error:  # of a worker: a full disk, a lost worker, no pass
                    if attempts[bundle] < ATTEMPTS and not isinstance(error, ScenarioError):
                        waiting.append(bundle)
                    else:
                        clips = clips_of(plan, bundle)
                        lost += len(clips)
                        reason = str(error) if isinstance(error, BeepError) else f"{type(error).__name__}: {error}"
                        failed.append(f"clips {clips[0]} to {clips[-1]}: {reason}")
                if progress is not None:
                    progress(made + kept, total, lost)
    finally:
        for future in running:
            future.cancel()
    return made, kept, failed


class _Here(Executor):
    """Runs each task at once, in this process."""

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(task(*arguments, **options))
        except Exception as error:
            future.set_exception(error)
        return future


def _part_name(bundle: int) -> str:
    return f"parts/{bundle:09}.csv"


def _part(plan: DatasetPlan, store: Folder, bundle: int) -> str | None:
    """Text of a bundle's part of the table; None where it is not there, or has other clips."""
    if not store.has(_part_name(bundle)):
        return None
    text = store.read(_part_name(bundle)).decode()
    return text if text.count("\n") == 1 + len(clips_of(plan, bundle)) else None


def _finish(plan: DatasetPlan, store: Folder) -> bool:
    """Write the table where all bundles are made; returns whether they are."""
    if any(_part(plan, store, bundle) is None for bundle in range(plan.bundles)):
        return False
    write_table(plan, store, lambda: (store.read(_part_name(bundle)).decode() for bundle in range(plan.bundles)))
    return True
