"""The satellite's keying in time: from which second on which lengths, or a carrier without pauses, or nothing.

Standard library only: the recipe reads it before anything heavy is imported. What the key does at a given moment is
in `beep.signal.pulses`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from typing import Any, get_args

from beep.base.checks import from_table, number_of
from beep.base.choices import Key
from beep.base.errors import ScenarioError

LONGEST_S = 3600.0
WRITTEN = "regimes are written FROM_S:PULSE_S:PAUSE_S or FROM_S:WORD (keyed, continuous, silent), like 200:0.2:0.4"


@dataclass(frozen=True, kw_only=True)
class Regime:
    """How the key behaves from a second of the satellite's time on, until the next regime.

    With lengths it begins a new clock, whose first pulse starts at `from_s`. `keyed` without lengths goes on with the
    clock that was running, which `continuous` (the key stays down) and `silent` (nothing is sent at all) do not stop.
    """

    from_s: float
    pulse_s: float | None = None
    pause_s: float | None = None
    key: Key = "keyed"

    def __post_init__(self) -> None:
        object.__setattr__(self, "from_s", number_of("a regime's from_s", self.from_s))
        if not abs(self.from_s) <= 1e7:
            raise ScenarioError(f"a regime's from_s must be within 1e7 s of the first sample, got {self.from_s:g}")
        for name in ("pulse_s", "pause_s"):
            length_s = getattr(self, name)
            if length_s is None:
                continue
            length_s = number_of(f"a regime's {name}", length_s)
            if not 0 < length_s <= LONGEST_S:
                raise ScenarioError(f"a regime's {name} must be above 0 and at most {LONGEST_S:g}, got {length_s:g}")
            object.__setattr__(self, name, length_s)
        if self.key not in get_args(Key):
            raise ScenarioError(f"a regime's key must be one of {', '.join(get_args(Key))}, got {self.key!r}")
        lengths = (self.pulse_s is not None) + (self.pause_s is not None)
        if lengths == 1:
            raise ScenarioError(
                f"a regime has both lengths or none, got pulse_s {self.pulse_s} and pause_s {self.pause_s}; give both"
            )
        if lengths and self.key != "keyed":
            raise ScenarioError(
                f"only a keyed regime has lengths, got pulse_s {self.pulse_s:g} with key {self.key!r}; drop them"
            )


def parse_keying(value: Any) -> tuple[Regime, ...]:
    """Regimes from text `FROM_S:PULSE_S:PAUSE_S,FROM_S:WORD,...`, from tables as in TOML, or from regimes.

    The word `none` and an empty list are no regimes: the same lengths throughout.
    """
    if isinstance(value, str):
        text = value.strip()
        value = [] if text.lower() in ("", "none") else [_written(part) for part in text.split(",")]
    if not isinstance(value, list | tuple):
        raise ScenarioError(f"keying must be a list of regimes, got {value!r}; {WRITTEN}")
    regimes = tuple(part if isinstance(part, Regime) else from_table(Regime, part) for part in value)
    for before, after in pairwise(regimes):
        if after.from_s <= before.from_s:
            raise ScenarioError(
                f"regimes follow each other in time, got from_s {after.from_s:g} after {before.from_s:g}; sort them"
            )
    return regimes


def _written(text: str) -> dict[str, Any]:
    first, *rest = text.strip().split(":")
    if len(rest) == 1 and rest[0] in get_args(Key):
        return {"from_s": _number(first, text), "key": rest[0]}
    if len(rest) == 2:
        return {
            "from_s": _number(first, text),
            "pulse_s": _number(rest[0], text),
            "pause_s": _number(rest[1], text),
        }
    raise ScenarioError(f"{WRITTEN}, got {text!r}")


def _number(number: str, text: str) -> float:
    try:
        return float(number)
    except ValueError:
        raise ScenarioError(f"{WRITTEN}, got {text!r}") from None


# --- resolved ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of time in which the key behaves in one way. Emission times, seconds."""

    from_s: float  # -inf for the first
    until_s: float  # inf for the last
    key: Key
    origin_s: float  # a pulse starts here, and every pulse_s + pause_s from here on
    pulse_s: float
    pause_s: float
    clock: int  # 0 for the first clock; each new pair of lengths begins another


@dataclass(frozen=True, kw_only=True)
class Keying:
    """The whole keying, resolved: the spans in time, the shape of an edge, the jitter of the lengths."""

    spans: tuple[Span, ...]
    rise_s: float
    jitter_s: float = 0.0
    seed: int = 0


def resolve(
    regimes: Sequence[Regime], *, pulse_s: float, pause_s: float, rise_s: float, jitter_s: float = 0.0, seed: int = 0
) -> Keying:
    """The keying of regimes over the lengths that hold before the first; those count from emission time 0."""
    spans = [Span(from_s=-inf, until_s=inf, key="keyed", origin_s=0.0, pulse_s=pulse_s, pause_s=pause_s, clock=0)]
    for regime in regimes:
        last = spans[-1]
        origin_s, clock = last.origin_s, last.clock
        if regime.pulse_s is not None and regime.pause_s is not None:
            pulse_s, pause_s, origin_s, clock = regime.pulse_s, regime.pause_s, regime.from_s, clock + 1
        spans[-1] = replace(last, until_s=regime.from_s)
        spans.append(
            Span(
                from_s=regime.from_s,
                until_s=inf,
                key=regime.key,
                origin_s=origin_s,
                pulse_s=pulse_s,
                pause_s=pause_s,
                clock=clock,
            )
        )
    return Keying(spans=tuple(spans), rise_s=rise_s, jitter_s=jitter_s, seed=seed)
