"""The receptions of 1957 on record, and what the orbit says of each."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from beep.geometry import sputnik
from beep.geometry.forecast import Prediction, predict
from beep.geometry.forecast import table as prediction_table
from beep.geometry.overhead import view_over
from beep.geometry.stations import parse_station
from beep.scenario.recipe import reception, reception_names

MINUTE = timedelta(minutes=1)  # to which a report is given
EARLY = timedelta(minutes=10)  # before a rise: a clock, a rounding, or the ionosphere's bending
STEPS = 61


@dataclass(frozen=True, kw_only=True)
class Documented:
    """One reception on record: what was reported, the pass that belongs to it, and whether the two agree."""

    name: str
    who: str
    report: str
    heard_from: datetime
    heard_until: datetime
    grade: str
    source: str
    found: Prediction | None  # the highest pass of that time, or the next to rise; None where none is near
    lowest_deg: float  # elevation while it was heard
    highest_deg: float
    verdict: str  # agrees, too early, or over the horizon


def receptions() -> list[Documented]:
    """The receptions of 1957 on record, in order of time, with what the orbit says of each.

    "agrees": a pass was above the horizon while it was heard, to the minute. "too early": heard up to ten minutes
    before the pass rose. "over the horizon": neither; the signal went round the Earth. The orbit is good to 3 s.
    """
    return sorted(map(_documented, reception_names()), key=lambda one: one.heard_from)


def _documented(name: str) -> Documented:
    record = reception(name)
    heard_from, heard_until = record["heard_from"], record["heard_until"]
    station = record["recipe"]["station"]
    begin = max(heard_from - EARLY, sputnik.ORBIT_FROM)
    days = (heard_until + EARLY + MINUTE - begin) / timedelta(days=1)
    near = list(predict(station, begin, days=days))
    during = [one for one in near if one.aos and one.los and one.aos < heard_until + MINUTE and one.los > heard_from]
    later = [one for one in near if one.aos and one.aos >= heard_until]
    found = max(during, key=lambda one: one.max_elevation_deg) if during else later[0] if later else None
    t_s = np.linspace(0.0, (heard_until - heard_from).total_seconds(), STEPS)
    view = view_over(parse_station(station), sputnik.elements(found.tca if found else heard_from), heard_from)
    elevation_deg = np.degrees(view(t_s).elevation_rad)
    return Documented(
        **{key: record[key] for key in ("who", "report", "heard_from", "heard_until", "grade", "source")},
        name=name,
        found=found,
        lowest_deg=float(elevation_deg.min()),
        highest_deg=float(elevation_deg.max()),
        verdict="agrees" if during else "too early" if later else "over the horizon",
    )


def table(found: list[Documented]) -> dict[str, NDArray[np.generic]]:
    """Columns (N,) of receptions, those of their passes among them; a missing pass is NaT, nan or empty."""
    blank = Prediction(
        aos=None,
        tca=found[0].heard_from,
        los=None,
        aos_azimuth_deg=None,
        tca_azimuth_deg=np.nan,
        los_azimuth_deg=None,
        max_elevation_deg=np.nan,
        tca_range_km=np.nan,
        direction="",
    )
    passes = prediction_table([one.found or blank for one in found])
    passes["tca_utc"][[one.found is None for one in found]] = np.datetime64("NaT")
    words: dict[str, NDArray[np.generic]] = {
        key: np.array([getattr(one, key) for one in found], np.str_)
        for key in ("name", "who", "report", "grade", "source", "verdict")
    }
    times: dict[str, NDArray[np.generic]] = {
        f"{key}_utc": np.array([getattr(one, key).replace(tzinfo=None) for one in found], "datetime64[us]")
        for key in ("heard_from", "heard_until")
    }
    heard: dict[str, NDArray[np.generic]] = {
        "heard_lowest_deg": np.array([one.lowest_deg for one in found]),
        "heard_highest_deg": np.array([one.highest_deg for one in found]),
    }
    return words | times | heard | passes
