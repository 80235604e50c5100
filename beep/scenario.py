"""The recipe: everything that decides what is heard, in the user's units; from and to dict and TOML.

One flat, frozen record. A field's default, unit (in its name), help and rule stand in one place, and the command
line, TOML, JSON and Python all show the same names.
"""

import dataclasses
import difflib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from numbers import Integral, Real
from pathlib import Path
from typing import Any, get_args

from beep.choices import Noise, Sends, Sideband
from beep.errors import ScenarioError
from beep.stations import parse_station

LEAST_BANDWIDTH_HZ = 200.0
FIRST_YEAR, LAST_YEAR = 1900, 2199
LEAST_EDGE_SAMPLES = 24  # of a shorter edge more than 1e-4 of full scale would fold back into the band
PRESETS = Path(__file__).parent / "scenarios"


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ScenarioError(f"{name} must be a number, got {value!r}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ScenarioError(f"{name} must be finite, got {number}")
    return number


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """One transmitter: frequency, power, and the part of the keying in which it sends."""

    frequency_mhz: float
    power_w: float = 1.0
    sends: Sends = "pulse"

    def __post_init__(self) -> None:
        for name, most in (("frequency_mhz", 500.0), ("power_w", 1e6)):
            value = _number(name, getattr(self, name))
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


def _field(
    default: Any,
    group: str,
    text: str,
    *,
    above: float | None = None,
    least: float | None = None,
    most: float | None = None,
    unset: str = "",
) -> Any:
    """A field with its help; `above`, `least`, `most` bound a number, `unset` says what None stands for."""
    metadata = {"group": group, "help": text, "above": above, "least": least, "most": most, "unset": unset}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What flies over, what it sends, and what receives it. Raises ScenarioError at birth where a rule is broken."""

    pulse_s: float = _field(0.3, "pulses", "length of a pulse at half amplitude", above=0, most=3600)
    pause_s: float = _field(0.3, "pulses", "length of the pause at half amplitude", above=0, most=3600)
    rise_s: float = _field(0.005, "pulses", "length of an edge, centred on the keying instant", least=0.0005, most=10)
    jitter_s: float = _field(0.0, "pulses", "rms error of each pulse's length, drawn by its number", least=0)

    altitude_km: float = _field(500.0, "pass", "height of the simple, circular pass", least=100, most=100_000)
    max_elevation_deg: float = _field(60.0, "pass", "highest elevation of the simple pass", least=0, most=90)
    tca_s: float | None = _field(
        None, "pass", "closest approach, counted from the first sample", least=-1e7, most=1e7, unset="the middle"
    )
    station: str | None = _field(
        None, "pass", "Sputnik's own orbit over a known place or LAT,LON[,HEIGHT_M]", unset="the simple pass"
    )
    start: datetime | str | None = _field(  # text is read at birth: afterwards it is an aware datetime or None
        None, "pass", "UTC (ISO 8601); with a station, the first pass that rises after it", unset="no date"
    )
    still: bool = _field(False, "pass", "hang at the closest point instead: no Doppler, no fading")

    carriers: tuple[Carrier, ...] = _field(SPUTNIK_1, "carriers", "MHz:WATTS:SENDS of one or two, separated by a comma")

    noise: Noise = _field("rural", "channel", "where the antenna stands (ITU-R P.372)")

    tone_hz: float = _field(1500.0, "receiver", "tone of a carrier without Doppler", above=0, most=200_000)
    sideband: Sideband = _field(
        "upper", "receiver", "oscillator below the carrier: the tone falls (upper), or above: it rises (lower)"
    )
    low_hz: float = _field(300.0, "receiver", "lower edge of the band filter", least=0)
    high_hz: float = _field(3000.0, "receiver", "upper edge of the band filter", above=0, most=192_000)

    duration_s: float | None = _field(
        None, "recording", "length of the recording", above=0, most=1e7, unset="horizon to horizon"
    )
    sample_rate_hz: int = _field(48_000, "recording", "samples a second", least=8000, most=384_000)
    seed: int = _field(1957, "recording", "of noise and jitter", least=0, most=2**63 - 1)
    mix: str = _field("stereo", "recording", "stereo (first carrier left), mono, or one carrier by its whole MHz")
    level_dbfs: float = _field(
        -6.0, "recording", "amplitude of each carrier at closest approach, against full scale", least=-120, most=0
    )

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, _checked(field, getattr(self, field.name)))
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


def fields() -> tuple["dataclasses.Field[Any]", ...]:
    """The fields of a Scenario, each with its metadata."""
    return dataclasses.fields(Scenario)


def choices(field: "dataclasses.Field[Any]") -> tuple[str, ...]:
    """The values that a field allows, or none where it is free."""
    return tuple(value for value in get_args(field.type) if isinstance(value, str))


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


def _checked(field: "dataclasses.Field[Any]", value: Any) -> Any:
    """`value` as the field's type, within its bounds; raises ScenarioError with the rule and the default."""
    name, rule = field.name, field.metadata
    if value is None and field.default is None:
        return None
    allowed = choices(field)
    if allowed:
        if value not in allowed:
            near = difflib.get_close_matches(str(value), allowed, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ScenarioError(f"{name} must be one of {', '.join(allowed)}, got {value!r}{hint}")
        return value
    if name == "carriers":
        return parse_carriers(value)
    if name == "start":
        return parse_time(value)
    if field.type is bool:
        if not isinstance(value, bool):
            raise ScenarioError(f"{name} must be true or false, got {value!r}")
        return value
    if field.type is str or field.type == (str | None):
        if not isinstance(value, str):
            raise ScenarioError(f"{name} must be text, got {value!r}; put it in quotes")
        return value
    number = _number(name, value)
    if field.type is int:
        if not isinstance(value, Integral):
            raise ScenarioError(f"{name} must be a whole number, got {value!r}; the default is {field.default}")
        number = int(value)
    above, least, most = rule["above"], rule["least"], rule["most"]
    bounds = [f"above {above:g}"] if above is not None else [f"{least:g} or more"] if least is not None else []
    bounds += [f"at most {most:g}"] if most is not None else []
    low_enough = (above is None or number > above) and (least is None or number >= least)
    if not (low_enough and (most is None or number <= most)):
        default = field.metadata["unset"] or f"{field.default:g}"
        raise ScenarioError(f"{name} must be {' and '.join(bounds)}, got {number:g}; the default is {default}")
    return number


def parse_time(value: str | date) -> datetime:
    """Aware UTC datetime of ISO 8601 text, or of a date or datetime; without an offset it is UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ScenarioError(
                f"start must be a time in ISO 8601, UTC, like 1957-10-07T05:00Z, got {value!r}"
            ) from None
    if not isinstance(value, datetime):
        if not isinstance(value, date):
            raise ScenarioError(f"start must be a time in ISO 8601, UTC, like 1957-10-07T05:00Z, got {value!r}")
        value = datetime(value.year, value.month, value.day)
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError:
        raise ScenarioError(f"a time must lie within the years 1 to 9999 in UTC, got {value}") from None


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
    return tuple(part if isinstance(part, Carrier) else _from_table(Carrier, part) for part in value)


def _from_table(kind: type, table: Any) -> Any:
    """A `kind` from a mapping; raises ScenarioError that names an unknown key and the nearest known one."""
    if not isinstance(table, Mapping):
        raise ScenarioError(f"a {kind.__name__.lower()} is a table of keys and values, got {table!r}")
    known = [field.name for field in dataclasses.fields(kind)]
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
            raise ScenarioError(f"unknown key {key!r} in a {kind.__name__.lower()}; {hint}")
    missing = [f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING and f.name not in table]
    if missing:
        raise ScenarioError(f"a {kind.__name__.lower()} needs {', '.join(missing)}, got {dict(table)!r}")
    return kind(**table)


def from_dict(table: Mapping[str, Any]) -> Scenario:
    """Scenario of a mapping of field names, as TOML and JSON give it; what is missing takes its default."""
    scenario: Scenario = _from_table(Scenario, table)
    return scenario


def to_dict(scenario: Scenario) -> dict[str, Any]:
    """The fields as plain JSON values, without those that are None; `from_dict` takes it back unchanged."""
    table = {name: value for name, value in dataclasses.asdict(scenario).items() if value is not None}
    if isinstance(scenario.start, datetime):
        table["start"] = _iso(scenario.start)
    return table | {"carriers": list(table["carriers"])}


def load(path: str | Path) -> Scenario:
    """Scenario of a TOML file. Raises ScenarioError, with the file's name, where it cannot be read or is wrong."""
    import tomllib

    try:
        with open(path, "rb") as file:
            return from_dict(tomllib.load(file))
    except OSError as error:
        raise ScenarioError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ScenarioError(f"{path} is not a TOML recipe ({error}); `beep show` prints one to start from") from None
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from None


def presets() -> list[str]:
    """Names of the scenarios that come with the package."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def preset(name: str) -> Scenario:
    """Scenario that comes with the package, by name."""
    if name not in presets():
        near = difflib.get_close_matches(name, presets(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(presets())}"
        raise ScenarioError(f"no preset is called {name!r}; {hint}")
    return load(PRESETS / f"{name}.toml")


def to_toml(scenario: Scenario) -> str:
    """TOML of a scenario, grouped, with the help of each field beside it; `load` takes it back unchanged."""
    lines = []
    group = None
    for field in fields():
        if field.metadata["group"] != group:
            group = field.metadata["group"]
            lines += ["", f"# --- {group}"]
        value = getattr(scenario, field.name)
        if value is None:
            lines.append(f"# {field.name} =   # {field.metadata['help']}; now: {field.metadata['unset']}")
        elif field.name == "carriers":
            lines.append("carriers = [")
            lines += [
                f'  {{frequency_mhz = {c.frequency_mhz!r}, power_w = {c.power_w!r}, sends = "{c.sends}"}},'
                for c in scenario.carriers
            ]
            lines.append("]")
        else:
            text = _iso(value) if isinstance(value, datetime) else json.dumps(value, ensure_ascii=False)
            options = f" ({', '.join(choices(field))})" if choices(field) else ""
            lines.append(f"{field.name} = {text}  # {field.metadata['help']}{options}")
    return "\n".join(lines[1:]) + "\n"


def _iso(utc: datetime) -> str:
    return utc.isoformat().replace("+00:00", "Z")
