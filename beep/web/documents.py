"""What the page is told, as JSON: the fields of a scenario and the names to choose from, and a pass with its course."""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array
from beep.base.checks import choices, number_type, unit_of
from beep.base.constants import VERSION
from beep.geometry.ground import ground_points
from beep.geometry.look import Look, LookFunction
from beep.geometry.sputnik import ON_AIR
from beep.geometry.stations import STATIONS
from beep.scenario.presets import beacons, characters, presets, reception_names
from beep.scenario.presets import reception as reception_record
from beep.scenario.scenario import Scenario, fields
from beep.scenario.toml import to_dict
from beep.signal.keying import Keying
from beep.stream.plan import Plan
from beep.stream.reception import Reception, clear_from_s
from beep.stream.track import sent_pulses, track_rows
from beep.stream.words import describe, station_name, title, warnings
from beep.web.recipes import to_link

MOST_ROWS = 1000
MOST_PULSES = 20_000
TURN_S = 5800.0  # a turn of Sputnik 1 around the Earth, in October 1957
GROUND_STEP_S = 20.0
FEW_PLACES = 5  # decimals


def scenario_document(*, kiosk: bool) -> dict[str, Any]:
    """Every field with its rules, and the names of presets, receptions, characters, beacons and stations."""
    return {
        "version": VERSION,
        "kiosk": kiosk,
        "fields": [_field_document(field) for field in fields() if field.name != "sample_rate_hz"],
        "characters": characters(),
        "beacons": beacons(),
        "presets": presets(),
        "stations": [
            {"name": name, "latitude_deg": station.latitude_deg, "longitude_deg": station.longitude_deg}
            for name, station in STATIONS.items()
        ],
        "receptions": sorted(map(_reception_document, reception_names()), key=lambda record: record["heard_from"]),
    }


def _field_document(field: Any) -> dict[str, Any]:
    rule, words = field.metadata, choices(field)
    number = {int: "integer", float: "number"}.get(number_type(field) or str)
    plain = isinstance(field.default, str | int | float | None)
    return {
        "name": field.name,
        "kind": number or ("switch" if field.type is bool else "choice" if words else "text"),
        "unit": unit_of(field.name),
        "choices": list(words),
        "default": field.default if plain else to_dict(Scenario())[field.name],
        **{key: rule[key] for key in ("group", "help", "above", "least", "most", "unset", "needs", "usual")},
    }


def _reception_document(name: str) -> dict[str, Any]:
    record = reception_record(name)
    times = {key: _utc(record[key]) for key in ("heard_from", "heard_until")}
    facts = {key: record[key] for key in ("who", "report", "grade", "source")}
    playable = "over_horizon" not in record
    return {"name": name, **facts, **times, "station": record["recipe"]["station"], "playable": playable}


def pass_document(plan: Plan, number: int) -> dict[str, Any]:
    """One pass: its scenario, words about it, its course in a table, key-down times, and the track on the ground."""
    reception = plan.reception
    scenario, names = plan.scenario, plan.scenario.names
    sides = ("left", "right") if scenario.channels == 2 else ("both", "both")
    heard = dict(zip(map(scenario.name_of, scenario.heard), sides, strict=False))
    up_s = reception.times_s[reception.looks.elevation_rad > 0]
    return {
        "type": "pass",
        "number": number,
        "scenario": {field.name: None for field in fields()} | to_dict(scenario),
        "link": to_link(scenario),
        "title": title(reception),
        "about": describe(reception).split("\n"),
        "warnings": warnings(reception),
        "rate_hz": scenario.sample_rate_hz,
        "duration_s": plan.frames / scenario.sample_rate_hz,
        "tca_s": reception.tca_s,
        "aos_s": float(up_s[0]) if up_s.size else None,
        "los_s": float(up_s[-1]) if up_s.size else None,
        "clear_s": clear_from_s(reception),
        "epoch": _utc(reception.epoch),
        "station": _station_document(reception),
        "carriers": [
            {"name": name, "frequency_mhz": carrier.frequency_mhz, "heard": name in heard, "side": heard.get(name)}
            for name, carrier in zip(names, scenario.carriers, strict=True)
        ],
        "table": _table(reception),
        "ground": _ground_document(reception),
        "pulses": _pulses(reception),
    }


def _utc(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat().replace("+00:00", "Z")


def _station_document(reception: Reception) -> dict[str, Any] | None:
    if reception.scenario.station is None:
        return None
    place = {"latitude_deg": reception.site.latitude_deg, "longitude_deg": reception.site.longitude_deg}
    return {"name": station_name(reception.scenario) or reception.scenario.station, **place}


def _table(reception: Reception) -> dict[str, list[float | None]]:
    step_s = max(1.0, reception.duration_s / (MOST_ROWS - 1))
    columns: dict[str, list[float | None]] = defaultdict(list)
    for rows in track_rows(reception, step_s=step_s, parts=False):
        for name, values in rows.items():
            if name not in ("utc", "delay_s"):
                columns[name] += _numbers(values)
    return dict(columns)


def _ground_document(reception: Reception) -> dict[str, list[float | None]] | None:
    if reception.scenario.station is None:
        return None
    first_s, last_s = min(reception.tca_s - TURN_S / 2, 0.0), max(reception.tca_s + TURN_S / 2, reception.duration_s)
    if reception.scenario.tle is None and reception.epoch is not None:
        first_s = max(first_s, min((ON_AIR - reception.epoch).total_seconds(), 0.0))  # it was not in orbit before
    t_s = np.arange(first_s, last_s + GROUND_STEP_S, GROUND_STEP_S)
    points = ground_points(reception.look(t_s), reception.site)
    names = ("latitude_deg", "longitude_deg", "height_km")
    return {"t_s": _numbers(t_s)} | {name: _numbers(points[name]) for name in names}


def _pulses(reception: Reception) -> dict[str, list[list[float]]]:
    """Begin and end of each key-down of each carrier, in the recording; none where they are too many to be seen."""
    if reception.duration_s > MOST_PULSES * _shortest_period_s(reception.key):
        return {name: [] for name in reception.scenario.names}
    pulses: dict[str, list[list[float]]] = {name: [] for name in reception.scenario.names}
    plain = replace(  # within 5 ms, and some twenty times as fast
        reception, look=_interpolated(reception), layer=None, scenario=replace(reception.scenario, flutter_percent=0.0)
    )
    for rows in sent_pulses(plain):
        begins, ends = np.nan_to_num(rows["start_s"]), np.nan_to_num(rows["end_s"], nan=reception.duration_s)
        for name, begin_s, end_s in zip(rows["carrier"], _numbers(begins), _numbers(ends), strict=True):
            pulses[str(name)].append([begin_s or 0.0, end_s or 0.0])
    return pulses


def _interpolated(reception: Reception) -> LookFunction:
    """Return the look function of a reception, interpolated between whole seconds: the delay is right within 1 us."""
    t_s = np.arange(-1.0, reception.duration_s + 2)
    look = reception.look(t_s)
    return lambda at_s: Look(**{name: np.interp(at_s, t_s, values) for name, values in vars(look).items()})


def _shortest_period_s(key: Keying) -> float:
    return min(span.pulse_s + span.pause_s for span in key.spans)


def _numbers(values: Array | NDArray[Any]) -> list[float | None]:
    """Rounded numbers; what JSON has no number for is None."""
    return [float(value) if np.isfinite(value) else None for value in np.round(values, FEW_PLACES)]
