"""The transmitters of a satellite: frequency, power, and when each one sends."""

import re
from dataclasses import dataclass
from typing import Any, get_args

from beep.base.checks import from_table, number_of
from beep.base.choices import Sends
from beep.base.errors import ScenarioError, unknown_name
from beep.base.text import quoted

LEAST_MHZ, MOST_MHZ = 0.001, 30_000.0  # there the steps of SGP4, 0.02 mm, are 0.002 turns


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """One transmitter: frequency, power, and the part of the keying in which it sends."""

    frequency_mhz: float
    power_w: float = 1.0
    sends: Sends = "pulse"

    def __post_init__(self) -> None:
        for name, least, most in (("frequency_mhz", LEAST_MHZ, MOST_MHZ), ("power_w", 1e-9, 1e6)):
            value = number_of(f"carriers.{name}", getattr(self, name))
            if not least <= value <= most:
                raise ScenarioError(f"carriers.{name} must be {least:g} to {most:g}, got {value:g}")
            object.__setattr__(self, name, value)
        if self.sends not in get_args(Sends):
            raise unknown_name("carriers.sends must be", self.sends, get_args(Sends))


SPUTNIK_1 = (  # the same as data/beacons/sputnik-1.toml, which `--beacon sputnik-1` reads
    Carrier(frequency_mhz=20.005, power_w=1.0, sends="pulse"),  # TASS, 5 October 1957
    Carrier(frequency_mhz=40.002, power_w=1.0, sends="pause"),
)


def parse_carriers(value: Any) -> tuple[Carrier, ...]:
    """Return one or two carriers from text `MHZ:WATTS:SENDS,...`, from tables as in TOML, or from carriers."""
    if isinstance(value, str):
        if comma := re.fullmatch(r"\s*(\d+),(\d+)\s*(:.*)?", value):  # 20,005
            remedy = f"did you mean {comma[1]}.{comma[2]}? Two carriers are {comma[1]}.0,{int(comma[2])}.0"
            raise ScenarioError(f"carriers need a decimal point, got {quoted(value)}; {remedy}")
        value = [_carrier_table(part) for part in value.split(",")]
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= 2:
        given = len(value) if isinstance(value, list | tuple) else quoted(value)
        raise ScenarioError(f"carriers must be a list of one or two, got {given}")
    return tuple(part if isinstance(part, Carrier) else from_table(Carrier, part) for part in value)


def _carrier_table(text: str) -> dict[str, Any]:
    parts = text.split(":")
    try:
        values = [*map(float, parts[:2]), *parts[2:]]
        return dict(zip(("frequency_mhz", "power_w", "sends")[: len(values)], values, strict=True))
    except ValueError:
        raise ScenarioError(f"carriers are written MHZ:WATTS:SENDS, like 20.005:1:pulse, got {quoted(text)}") from None
