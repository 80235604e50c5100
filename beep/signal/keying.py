"""Keying of the satellite over time: pulse and pause lengths that may change, a continuous carrier, or silence.

Standard library only, because a scenario is read before NumPy is imported. `beep.signal.pulses` computes the key at a
given time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from typing import Any, get_args

from beep.base.checks import from_table, number_of
from beep.base.choices import Key
from beep.base.errors import ScenarioError, unknown_name
from beep.base.text import quoted

_LONGEST_S = 60.0
_SYNTAX = "keying is written FROM_S:PULSE_S:PAUSE_S or FROM_S:WORD (keyed, continuous, silent), like 200:0.2:0.4"


@dataclass(frozen=True, kw_only=True)
class Regime:
    """State of the keying from one emission time on, until the next regime.

    A regime with lengths starts a new clock, whose first pulse begins at `from_s`. A regime without lengths keeps the
    clock that is running: `continuous` (key down all the time) and `silent` (no transmission) do not stop it, and
    `keyed` returns to it.
    """

    from_s: float
    pulse_s: float | None = None
    pause_s: float | None = None
    key: Key = "keyed"

    def __post_init__(self) -> None:
        object.__setattr__(self, "from_s", number_of("keying.from_s", self.from_s))
        if not abs(self.from_s) <= 1e7:
            raise ScenarioError(f"keying.from_s must be within 1e7 s of the first sample, got {self.from_s:g}")
        for name in ("pulse_s", "pause_s"):
            length_s = getattr(self, name)
            if length_s is None:
                continue
            length_s = number_of(f"keying.{name}", length_s)
            if not 0 < length_s <= _LONGEST_S:
                raise ScenarioError(f"keying.{name} must be above 0 and at most {_LONGEST_S:g}, got {length_s:g}")
            object.__setattr__(self, name, length_s)
        if self.key not in get_args(Key):
            raise unknown_name("keying.key must be", self.key, get_args(Key))
        if (self.pulse_s is None) != (self.pause_s is None):
            raise ScenarioError(f"keying needs both lengths or none, got {self.pulse_s} and {self.pause_s}; give both")
        if self.pulse_s is not None and self.key != "keyed":
            raise ScenarioError(
                f"keying has lengths or a word, got {self.pulse_s:g} and {quoted(self.key)}; drop one of the two"
            )


def parse_keying(value: Any) -> tuple[Regime, ...]:
    """Return regimes from text `FROM_S:PULSE_S:PAUSE_S,FROM_S:WORD,...`, from tables as in TOML, or from regimes.

    The word `none` and an empty list give no regimes: the lengths do not change.
    """
    if isinstance(value, str):
        text = value.strip()
        value = [] if text.lower() in ("", "none") else [_parse_regime(part) for part in text.split(",")]
    if not isinstance(value, list | tuple):
        raise ScenarioError(f"keying must be a list of regimes, got {quoted(value)}; {_SYNTAX}")
    regimes = tuple(part if isinstance(part, Regime) else from_table(Regime, part) for part in value)
    for before, after in pairwise(regimes):
        if after.from_s <= before.from_s:
            raise ScenarioError(
                f"keying must be in order of time, got from_s {after.from_s:g} after {before.from_s:g}; sort it"
            )
    return regimes


def _parse_regime(text: str) -> dict[str, Any]:
    first, *rest = text.strip().split(":")
    try:
        if len(rest) == 1 and rest[0] in get_args(Key):
            return {"from_s": float(first), "key": rest[0]}
        from_s, pulse_s, pause_s = map(float, (first, *rest))
    except ValueError:
        raise ScenarioError(f"{_SYNTAX}, got {quoted(text)}") from None
    return {"from_s": from_s, "pulse_s": pulse_s, "pause_s": pause_s}


@dataclass(frozen=True, kw_only=True)
class Span:
    """An interval of time with one state of the keying. Emission times, seconds."""

    from_s: float  # -inf for the first
    until_s: float  # inf for the last
    key: Key
    origin_s: float  # pulses start here and every pulse_s + pause_s after it
    pulse_s: float
    pause_s: float
    clock: int  # 0 for the first clock; each new pair of lengths starts the next clock


@dataclass(frozen=True, kw_only=True)
class Keying:
    """The whole keying: spans in order of time, rise time of an edge, jitter of pulse lengths and of the clock."""

    spans: tuple[Span, ...]
    rise_s: float
    jitter_s: float = 0.0
    clock_jitter_s: float = 0.0
    seed: int = 0


def resolve(regimes: Sequence[Regime], *, pulse_s: float, pause_s: float, **settings: Any) -> Keying:
    """Return the keying with these lengths from emission time 0 on, changed by the regimes; `settings` as in Keying."""
    spans = [Span(from_s=-inf, until_s=inf, key="keyed", origin_s=0.0, pulse_s=pulse_s, pause_s=pause_s, clock=0)]
    for regime in regimes:
        last = spans[-1]
        spans[-1] = replace(last, until_s=regime.from_s)
        following = replace(last, from_s=regime.from_s, key=regime.key)
        if regime.pulse_s is not None and regime.pause_s is not None:
            following = replace(following, pulse_s=regime.pulse_s, pause_s=regime.pause_s)
            following = replace(following, origin_s=regime.from_s, clock=last.clock + 1)
        spans.append(following)
    return Keying(spans=tuple(spans), **settings)
