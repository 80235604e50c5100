"""The recipe: everything that decides what is heard, in the user's units.

One flat, frozen record. A field's default, unit (in its name), help and rule stand in one place, and the command
line, TOML, JSON and Python all show the same names.
"""

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from beep.choices import Noise, Sends, Sideband
from beep.errors import ScenarioError
from beep.rules import checked, field, from_table, number_of, parse_time
from beep.stations import parse_station

LEAST_BANDWIDTH_HZ = 200.0
FIRST_YEAR, LAST_YEAR = 1900, 2199
LEAST_EDGE_SAMPLES = 24  # of a shorter edge more than 1e-4 of full scale would fold back into the band


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """One transmitter: frequency, power, and the part of the keying in which it sends."""

    frequency_mhz: float
    power_w: float = 1.0
    sends: Sends = "pulse"

    def __post_init__(self) -> None:
        for name, most in (("frequency_mhz", 500.0), ("power_w", 1e6)):
            value = number_of(name, getattr(self, name))
            if not 0 < value <= most:
                raise ScenarioError(f"a carrier's {name} must be above 0 and at most {most:g}, got {value:g}")
            object.__setattr__(self, name, value)
        if self.sends not in get_args(Sends):
            raise ScenarioError(f"a carrier sends {', '.join(get_args(Sends))}, got {self.sends!r}")

    @property
    def name(self) -> str:
        """The whole MHz: what columns and channels are called by."""
        return str(int(self.frequency_mhz))


SPUTNIK_1 = (
    Carrier(frequency_mhz=20.005, power_w=1.0, sends="pulse"),  # TASS, 5 October 1957
    Carrier(frequency_mhz=40.002, power_w=1.0, sends="pause"),
)


def parse_carriers(value: Any) -> tuple[Carrier, ...]:
    """One or two carriers from text `MHz:WATTS:SENDS,...`, from tables as in TOML, or from carriers."""
    if isinstance(value, str):
        if any(part.count(":") > 2 for part in value.split(",")):
            raise ScenarioError(f"carriers are written MHz:WATTS:SENDS, like 20.005:1:pulse, got {value!r}")
        value = [
            dict(zip(("frequency_mhz", "power_w", "sends"), part.split(":"), strict=False)) for part in value.split(",")
        ]
        for table in value:
            for name in ("frequency_mhz", "power_w"):
                if name in table:
                    try:
                        table[name] = float(table[name])
                    except ValueError:
                        raise ScenarioError(
                            f"carriers are written MHz:WATTS:SENDS, like 20.005:1:pulse, got {table[name]!r} for {name}"
                        ) from None
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= 2:
        raise ScenarioError(f"carriers must be a list of one or two, got {value!r}")
    return tuple(part if isinstance(part, Carrier) else from_table(Carrier, part) for part in value)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What flies over, what it sends, and what receives it. Raises ScenarioError at birth where a rule is broken."""

    pulse_s: float = field(0.3, "pulses", "length of a pulse at half amplitude", above=0, most=3600)
    pause_s: float = field(0.3, "pulses", "length of the pause at half amplitude", above=0, most=3600)
    rise_s: float = field(0.005, "pulses", "length of an edge, centred on the keying instant", least=0.0005, most=10)
    jitter_s: float = field(0.0, "pulses", "rms error of each pulse's length, drawn by its number", least=0)

    altitude_km: float = field(500.0, "pass", "height of the simple, circular pass", least=100, most=100_000)
    max_elevation_deg: float = field(60.0, "pass", "highest elevation of the simple pass", least=0, most=90)
    tca_s: float | None = field(
        None, "pass", "closest approach, counted from the first sample", least=-1e7, most=1e7, unset="the middle"
    )
    station: str | None = field(
        None, "pass", "Sputnik's own orbit over a known place or LAT,LON[,HEIGHT_M]", unset="the simple pass"
    )
    start: datetime | str | None = field(  # text is read at birth: afterwards it is an aware datetime or None
        None,
        "pass",
        "UTC (ISO 8601); with a station, the first pass that rises after it",
        unset="no date",
        read=parse_time,
    )
    still: bool = field(False, "pass", "hang at the closest point instead: no Doppler, no fading")

    carriers: tuple[Carrier, ...] = field(
        SPUTNIK_1, "carriers", "MHz:WATTS:SENDS of one or two, separated by a comma", read=parse_carriers
    )

    noise: Noise = field("rural", "channel", "where the antenna stands (ITU-R P.372)")

    tone_hz: float = field(1500.0, "receiver", "tone of a carrier without Doppler", above=0, most=200_000)
    sideband: Sideband = field(
        "upper", "receiver", "oscillator below the carrier: the tone falls (upper), or above: it rises (lower)"
    )
    low_hz: float = field(300.0, "receiver", "lower edge of the band filter", least=0)
    high_hz: float = field(3000.0, "receiver", "upper edge of the band filter", above=0, most=192_000)

    duration_s: float | None = field(
        None, "recording", "length of the recording", above=0, most=1e7, unset="horizon to horizon"
    )
    sample_rate_hz: int = field(48_000, "recording", "samples a second", least=8000, most=384_000)
    seed: int = field(1957, "recording", "of noise and jitter", least=0, most=2**63 - 1)
    mix: str = field("stereo", "recording", "stereo (first carrier left), mono, or one carrier by its whole MHz")
    level_dbfs: float = field(
        -6.0, "recording", "amplitude of each carrier at closest approach, against full scale", least=-120, most=0
    )

    def __post_init__(self) -> None:
        for each in fields():
            object.__setattr__(self, each.name, checked(each, getattr(self, each.name)))
        for complaint in _complaints(self):
            raise ScenarioError(complaint)

    @property
    def heard(self) -> tuple[Carrier, ...]:
        """The carriers that `mix` lets through."""
        one = tuple(carrier for carrier in self.carriers if carrier.name == self.mix)
        return one or self.carriers

    @property
    def channels(self) -> int:
        """Channels of the recording."""
        return 1 if self.mix == "mono" else len(self.heard)

    def _repr_html_(self) -> str:
        """What a notebook shows: a table, the S-curve, and a player."""
        from beep.notebook import scenario_html  # upwards, when a notebook asks: see docs/decisions.md

        return scenario_html(self)


def fields() -> tuple["dataclasses.Field[Any]", ...]:
    """The fields of a Scenario, each with its metadata."""
    return dataclasses.fields(Scenario)


def _complaints(s: Scenario) -> list[str]:
    """The rules between fields that `s` breaks, each with what came and the remedy."""
    found = []
    shorter_s = min(s.pulse_s, s.pause_s)
    if s.rise_s > shorter_s:
        found.append(
            f"an edge must fit into the pulse and the pause: rise_s is {s.rise_s:g}, the shorter of pulse_s and "
            f"pause_s is {shorter_s:g}; lower rise_s"
        )
    elif s.rise_s * s.sample_rate_hz < LEAST_EDGE_SAMPLES:
        found.append(
            f"an edge must have {LEAST_EDGE_SAMPLES} samples: rise_s is {s.rise_s:g} with sample_rate_hz "
            f"{s.sample_rate_hz}; raise rise_s to {LEAST_EDGE_SAMPLES / s.sample_rate_hz:.2g} or sample_rate_hz"
        )
    elif 3 * s.jitter_s > shorter_s - s.rise_s:
        found.append(
            f"three times jitter_s plus rise_s must fit into the pulse and the pause ({shorter_s:g} s), "
            f"got jitter_s {s.jitter_s:g}; lower it to {(shorter_s - s.rise_s) / 3:.3g} or less"
        )
    if s.high_hz - s.low_hz < LEAST_BANDWIDTH_HZ:
        found.append(
            f"the filter must be at least {LEAST_BANDWIDTH_HZ:g} Hz wide: low_hz is {s.low_hz:g}, "
            f"high_hz is {s.high_hz:g}; move them apart"
        )
    if s.high_hz > s.sample_rate_hz / 2:
        found.append(
            f"high_hz must be at most half the sample rate, got {s.high_hz:g} with sample_rate_hz "
            f"{s.sample_rate_hz}; lower high_hz or raise sample_rate_hz"
        )
    names = [carrier.name for carrier in s.carriers]
    if len(names) != len(set(names)):
        found.append(f"carriers are told apart by their whole MHz, got {' and '.join(names)}; choose others")
    elif s.mix not in ("stereo", "mono", *names):
        found.append(f"mix must be stereo, mono or one of {', '.join(names)}, got {s.mix!r}")
    if isinstance(s.start, datetime) and not FIRST_YEAR <= s.start.year <= LAST_YEAR:
        found.append(f"start must lie within the years {FIRST_YEAR} to {LAST_YEAR}, got {s.start:%Y-%m-%d}")
    if s.station is not None:
        parse_station(s.station)
        if s.start is None:
            found.append("a station needs a start, the UTC from which to look for a pass: --start 1957-10-07T05:00Z")
        for name in ("altitude_km", "max_elevation_deg"):
            if getattr(s, name) != getattr(Scenario, name):
                found.append(
                    f"{name} is the simple pass's, but station asks for Sputnik's own orbit; "
                    f"drop one of the two (--station none)"
                )
    return found
