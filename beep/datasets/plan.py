"""The plan of a data set: which clips it has, and how the settings of each are drawn."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from statistics import NormalDist
from typing import Any, Literal, get_args

from beep.base.checks import number_of, parse_time
from beep.base.errors import BeepError, ScenarioError, unknown_name
from beep.base.text import quoted
from beep.geometry.tle import read_tles
from beep.scenario.presets import character, preset
from beep.scenario.scenario import Scenario, fields
from beep.scenario.toml import from_dict, read_toml, to_dict
from beep.stream.resolve import receive

Layout = Literal["wav", "sigmf", "tar"]

WORK_S = 400.0  # of sound in a bundle: about a second of work
MOST_CLIPS = 10**9  # file names have nine digits
BESIDE_FIELDS = ("preset", "character", "clip_from")  # what can be set or drawn beside the fields of a scenario
_KINDS = ("uniform", "log-uniform", "normal", "choice", "file")


@dataclass(frozen=True, kw_only=True)
class Draw:
    """How one setting is drawn: uniform or log-uniform between two values, normal, or one of several values."""

    name: str
    kind: str
    values: tuple[Any, ...]  # the two limits; mean and standard deviation; the choices
    clip: tuple[float, float] = (-math.inf, math.inf)  # of a normal value
    weights: tuple[float, ...] = ()  # of the choices; equal without
    whole: bool = False  # rounded to a whole number


@dataclass(frozen=True, kw_only=True)
class DatasetPlan:
    """A data set: `count` clips of `clip_s` seconds, each a scenario that `clip_scenario` draws."""

    name: str
    count: int
    seed: int
    layout: Layout
    clip_s: float
    licence: str
    base: Mapping[str, Any]
    draws: tuple[Draw, ...]
    labels: tuple[str, ...]  # columns of the table beside the drawn settings; empty: the usual ones
    table: Mapping[str, Any]  # the plan as it was read, with the element sets of files

    @property
    def clips_in_bundle(self) -> int:
        """Clips that are made together, as one task: a function of the plan alone."""
        return max(1, min(100, round(WORK_S / self.clip_s)))

    @property
    def bundles(self) -> int:
        """Number of bundles."""
        return -(-self.count // self.clips_in_bundle)


def load_plan(path: str | Path) -> DatasetPlan:
    """Return the plan of a TOML file; raises ScenarioError with the file's name where it breaks a rule."""
    table = read_toml(path)
    try:
        return plan_of(table, folder=Path(path).parent)
    except BeepError as error:
        raise ScenarioError(f"{path}: {error}") from None


def plan_of(table: Mapping[str, Any], *, folder: Path = Path()) -> DatasetPlan:
    """Return the plan of the tables `dataset`, `base`, `draw` and `labels`; `folder` has the files that it names.

    Raises ScenarioError where a key is unknown or a value breaks a rule.
    """
    for part in table:
        if part not in ("dataset", "base", "draw", "labels"):
            raise unknown_name("a table of a plan must be", part, ("dataset", "base", "draw", "labels"))
        if not isinstance(table[part], Mapping):
            raise ScenarioError(f"{part} must be a table, got {quoted(table[part])}; write it below [{part}]")
    about: dict[str, Any] = {"seed": 1, "layout": "wav", "clip_s": 8.0, "licence": "CC0-1.0"} | dict(
        table.get("dataset", {})
    )
    known = ("name", "count", "seed", "layout", "clip_s", "licence")
    for key in about:
        if key not in known:
            raise unknown_name("a key of [dataset] must be", key, known)
    for key in ("name", "count"):
        if key not in about:
            raise ScenarioError(f"[dataset] needs {key}, got {', '.join(about) or 'nothing'}; add it")
    for key, least, most in (("count", 1, MOST_CLIPS), ("seed", 0, 2**63 - 1)):
        value = about[key]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ScenarioError(f"{key} must be a whole number from {least} to {most}, got {quoted(value)}")
    if about["layout"] not in get_args(Layout):
        raise unknown_name("layout must be", about["layout"], get_args(Layout))
    clip_s = number_of("clip_s", about["clip_s"])
    if not 0 < clip_s <= 3600:
        raise ScenarioError(f"clip_s must be above 0 and at most 3600, got {clip_s:g}; a clip is held in memory")
    base, drawn = dict(table.get("base", {})), dict(table.get("draw", {}))
    settings = (*(field.name for field in fields()), *BESIDE_FIELDS)
    for part, given in (("[base]", base), ("[draw]", drawn)):
        for name in given:
            if name not in settings:
                raise unknown_name(f"a setting in {part} must be", name, settings)
            if name == "duration_s":
                raise ScenarioError("clip_s is the length of every clip, got duration_s; drop it")
    drawn = {name: _with_files(name, rule, folder) for name, rule in drawn.items()}
    labels = dict(table.get("labels", {}))
    columns = labels.pop("columns", [])
    if labels or not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        raise ScenarioError(f"[labels] has columns, a list of names, got {quoted(table['labels'])}")
    return DatasetPlan(
        name=str(about["name"]),
        count=about["count"],
        seed=about["seed"],
        layout=about["layout"],
        clip_s=clip_s,
        licence=str(about["licence"]),
        base=base,
        draws=tuple(_draw(name, rule) for name, rule in sorted(drawn.items())),
        labels=tuple(columns),
        table={"dataset": about, "base": base, "draw": drawn, "labels": {"columns": columns}},
    )


def canonical(plan: DatasetPlan) -> str:
    """Return the plan as JSON in one fixed form."""
    return json.dumps(plan.table, sort_keys=True, indent=1, default=lambda time: time.isoformat()) + "\n"


def _with_files(name: str, rule: Any, folder: Path) -> Any:
    """Return a rule of a draw with the element sets of a file in place of its name."""
    if not isinstance(rule, Mapping) or "file" not in rule:
        return rule
    if name != "tle":
        raise ScenarioError(f"only element sets are drawn from a file, got file for {name}; give a choice")
    return {key: value for key, value in rule.items() if key != "file"} | {
        "choice": list(read_tles(folder / str(rule["file"])))
    }


def _draw(name: str, rule: Any) -> Draw:
    """Return a checked rule. Raises ScenarioError."""
    form = f"{name} in [draw] has one of {', '.join(_KINDS)}, like {{ uniform = [1, 2] }}"
    if not isinstance(rule, Mapping):
        raise ScenarioError(f"{form}, got {quoted(rule)}")
    kinds = [key for key in rule if key in _KINDS]
    others = set(rule) - set(kinds)
    allowed = {"normal": {"clip"}, "choice": {"weights"}}
    if len(kinds) != 1 or others - allowed.get(kinds[0], set()):
        raise ScenarioError(f"{form}, got {quoted(dict(rule))}")
    kind, values = kinds[0], rule[kinds[0]]
    if not isinstance(values, list) or not values:
        raise ScenarioError(f"{form}, and a list of values, got {quoted(values)}")
    field = next((field for field in fields() if field.name == name), None)
    if kind == "choice":
        weights = rule.get("weights", [])
        good = isinstance(weights, list) and all(isinstance(w, int | float) and w >= 0 for w in weights)
        if not good or (weights and (len(weights) != len(values) or not 0 < sum(weights) < math.inf)):
            raise ScenarioError(f"weights of {name} must be {len(values)} numbers, 0 or more, got {quoted(weights)}")
        return Draw(name=name, kind=kind, values=tuple(values), weights=tuple(map(float, weights)))
    if len(values) != 2:
        raise ScenarioError(f"{kind} of {name} needs two values, got {quoted(values)}")
    if name == "start":
        if kind != "uniform":
            raise ScenarioError(f"start is drawn uniform or by choice, got {kind}")
        return Draw(name=name, kind=kind, values=tuple(parse_time(value).timestamp() for value in values))
    first, second = (number_of(f"{kind} of {name}", value) for value in values)
    clip = rule.get("clip", [-math.inf, math.inf])
    if not isinstance(clip, list) or len(clip) != 2:
        raise ScenarioError(f"clip of {name} must be two numbers, got {quoted(clip)}")
    if (kind == "log-uniform" and not 0 < first <= second) or (kind == "uniform" and not first <= second):
        raise ScenarioError(f"{kind} of {name} goes from a smaller to a larger value, got {quoted(values)}")
    return Draw(
        name=name,
        kind=kind,
        values=(first, second),
        clip=(float(clip[0]), float(clip[1])),
        whole=field is not None and field.type in (int, int | None),
    )


def uniform(seed: int, index: int, name: str) -> float:
    """Return a number from 0 to below 1, a function of its three arguments: the first 53 bits of a SHA-256."""
    digest = hashlib.sha256(f"{seed}/{index}/{name}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53


def drawn_value(draw: Draw, *, seed: int, index: int) -> Any:
    """Return the value of a setting for one clip; a time is a datetime."""
    part = uniform(seed, index, draw.name)
    if draw.kind == "choice":
        steps = list(accumulate(draw.weights or [1.0] * len(draw.values)))
        return next(value for value, step in zip(draw.values, steps, strict=True) if part * steps[-1] < step)
    first, second = draw.values
    if draw.kind == "normal":
        value = NormalDist(first, second).inv_cdf(max(part, 2.0**-54)) if second > 0 else first
        value = min(max(value, draw.clip[0]), draw.clip[1])
    elif draw.kind == "log-uniform":
        value = first * (second / first) ** part
    else:
        value = first + (second - first) * part
    if draw.name == "start":
        return datetime.fromtimestamp(round(value), UTC)
    return round(value) if draw.whole else value


def settings_of(plan: DatasetPlan, index: int) -> dict[str, Any]:
    """Return the drawn settings of one clip by name."""
    return {draw.name: drawn_value(draw, seed=plan.seed, index=index) for draw in plan.draws}


def clip_scenario(plan: DatasetPlan, index: int, *, placed: bool = True) -> Scenario:
    """Return the scenario of one clip.

    A preset comes first, then [base], then what is drawn; a character replaces the receiver of the preset. Each clip
    has its own `seed` unless the plan sets it. `clip_from` is the part of the pass at which the clip begins, 0 at AOS,
    1 where it ends at LOS; without `placed` it is ignored, which needs no search for a pass. Raises ScenarioError, with
    the index, where the settings break a rule or there is no pass.
    """
    settings = dict(plan.base) | settings_of(plan, index)
    name, receiver, clip_from = (settings.pop(key, None) for key in BESIDE_FIELDS)
    settings.setdefault("seed", int(uniform(plan.seed, index, "seed") * 2**53))
    try:
        start = Scenario() if name is None else preset(name)
        if receiver is not None:
            start = character(receiver, start)
        scenario = from_dict(to_dict(start) | settings | {"duration_s": plan.clip_s})
        if clip_from is None or not placed:
            return scenario
        whole = receive(replace(scenario, duration_s=None, tca_s=None))
        begin_s = number_of("clip_from", clip_from) * max(whole.duration_s - plan.clip_s, 0.0)
        return replace(scenario, tca_s=whole.tca_s - begin_s)
    except BeepError as error:
        raise ScenarioError(f"clip {index}: {error}") from None


def check_draws(plan: DatasetPlan, indices: range) -> None:
    """Raise ScenarioError for the first of these clips whose settings break a rule of the scenario."""
    for index in indices:
        clip_scenario(plan, index, placed=False)
