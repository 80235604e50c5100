"""Pass prediction over a station: Sputnik 1 in October 1957, or any element set."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import degrees, isfinite, radians

import numpy as np
from numpy.typing import NDArray

from beep.base.checks import number_of, parse_time
from beep.base.constants import SECONDS_PER_DAY
from beep.base.errors import ScenarioError, TleError
from beep.geometry import sputnik
from beep.geometry.elements import Elements
from beep.geometry.orbit import northbound, orbit_passes, orbit_view
from beep.geometry.search import Pass
from beep.geometry.stations import Station, parse_station
from beep.geometry.tle import element_set, elements_of, satellite_name

SEARCH_DAYS = 10.0  # for the first pass of an element set
MOST_DAYS = 366.0
_EVER = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """One pass over a station. A rise or set more than two days away is None, and so is its azimuth."""

    aos: datetime | None  # UTC
    tca: datetime
    los: datetime | None
    aos_azimuth_deg: float | None  # from north through east
    tca_azimuth_deg: float
    los_azimuth_deg: float | None
    max_elevation_deg: float
    tca_range_km: float
    direction: str  # of flight at TCA: north or south; empty where it neither rises nor sets


class Passes(tuple[Prediction, ...]):
    """Predicted passes in order of time.

    `ended` is None, or the TleError that ended the search before its time: SGP4 cannot follow a decaying orbit.
    """

    ended: TleError | None = None


def passes(
    station: str, start: str | datetime, *, days: float = 1.0, tle: str | None = None, min_elevation_deg: float = 0.0
) -> Passes:
    """Passes over a station that rise within some days of `start`, and the one in progress at `start`.

    `station`, `start` and `tle` are those of a Scenario; without `tle` it is Sputnik 1 in October 1957. At rise and set
    the elevation crosses `min_elevation_deg`, without refraction, to a millisecond of the orbit. The orbit of Sputnik 1
    is accurate to 3 s (1 sigma), an element set to 1 to 3 km per day from its epoch.

    Raises ScenarioError or TleError where there is no orbit, and TleError where an orbit decays before its first pass;
    where it decays later, the result holds the passes before, and the error in `ended`.
    """
    days = number_of("days", days)
    if not 0 < days <= MOST_DAYS:
        raise ScenarioError(f"days must be above 0 and at most {MOST_DAYS:g}, got {days:g}; the default is 1")
    above_deg = number_of("min_elevation_deg", min_elevation_deg)
    if not 0 <= above_deg < 90:
        raise ScenarioError(f"min_elevation_deg must be 0 or more and below 90, got {above_deg:g}; the default is 0")
    place, begin, above_rad = parse_station(station), parse_time(start), radians(above_deg)
    if tle is None:
        return Passes(_sputnik_predictions(place, begin, days, above_rad))
    elements, stop_s = elements_of(element_set(tle)), days * SECONDS_PER_DAY
    predictions: list[Prediction] = []
    ended = None
    try:
        for passage in orbit_passes(place, elements, begin, stop_s=stop_s, above_rad=above_rad, running=True):
            predictions.append(_prediction(place, begin, passage, elements))
    except TleError as error:
        if not predictions:
            raise
        ended = error
    result = Passes(predictions)
    result.ended = ended
    return result


predict = passes  # its name in version 0.1


def _sputnik_predictions(station: Station, begin: datetime, days: float, above_rad: float) -> Iterable[Prediction]:
    sputnik.check_date(begin)
    on_air_s = (sputnik.ON_AIR - begin).total_seconds()  # over Tyuratam it had risen before
    end = begin + timedelta(days=days)
    for passage in sputnik.sputnik_passes(station, begin, end, above_rad=above_rad, running=True):
        elements = sputnik.elements(begin + timedelta(seconds=passage.tca_s))
        on_air = {name: max(value, on_air_s) for name, value in vars(passage).items()}
        yield _prediction(station, begin, Pass(**on_air), elements)


def _prediction(station: Station, begin: datetime, passage: Pass, elements: Elements) -> Prediction:
    times_s = np.array([passage.aos_s, passage.tca_s, passage.los_s, passage.highest_s])
    known = np.isfinite(times_s)
    view = orbit_view(station, elements, begin)(np.where(known, times_s, passage.tca_s))
    utc = [begin + timedelta(seconds=float(s)) if isfinite(s) else None for s in times_s]
    azimuth_deg = [degrees(a) if k else None for a, k in zip(view.azimuth_rad, known, strict=True)]
    tca = begin + timedelta(seconds=passage.tca_s)
    return Prediction(
        aos=utc[0],
        tca=tca,
        los=utc[2],
        aos_azimuth_deg=azimuth_deg[0],
        tca_azimuth_deg=degrees(view.azimuth_rad[1]),
        los_azimuth_deg=azimuth_deg[2],
        max_elevation_deg=degrees(view.elevation_rad[3]),
        tca_range_km=float(view.range_m[1]) / 1e3,
        direction="" if not known[[0, 2]].any() else "north" if northbound(elements, tca) else "south",
    )


@lru_cache
def first_pass(
    station: Station, start: datetime, tle: str | None, least_rad: float = 0.0
) -> tuple[Pass, Elements, datetime]:
    """First pass that rises after `start`, in seconds after it, its elements, and when the transmission began.

    Lower passes than `least_rad` are left out. A satellite that is up at `start` and does not set for days has a pass
    with infinite rise and set. Raises ScenarioError where none rises: for Sputnik within a day, with `least_rad` until
    its battery was flat; within ten days for an element set.
    """
    if tle is None and not least_rad:
        first, tca = sputnik.first_sputnik_pass(station, start)
        return first, sputnik.elements(tca), sputnik.ON_AIR
    if tle is None:
        name, on_air, when = "Sputnik 1", sputnik.ON_AIR, "before its battery is flat (1957-10-26), from"
        rising = sputnik.sputnik_passes(station, start, sputnik.ORBIT_UNTIL)
        candidates = ((each, sputnik.elements(start + timedelta(seconds=each.tca_s))) for each in rising)
    else:
        name, on_air, when = satellite_name(tle), _EVER, f"within {SEARCH_DAYS:g} days of"
        elements = elements_of(tle)
        found = orbit_passes(station, elements, start, stop_s=SEARCH_DAYS * SECONDS_PER_DAY, running=True)
        candidates = ((each, elements) for each in found if each.aos_s >= 0 or not isfinite(each.los_s))
    for passage, elements in candidates:
        highest_s = np.array([passage.highest_s if isfinite(passage.highest_s) else passage.tca_s])
        if not least_rad or orbit_view(station, elements, start)(highest_s).elevation_rad[0] >= least_rad:
            return passage, elements, on_air
    where = f"at latitude {station.latitude_deg:g}, longitude {station.longitude_deg:g}"
    height = f"to {degrees(least_rad):g} degrees " if least_rad else ""
    remedy = "lower min_elevation_deg or choose another station" if least_rad else "choose another station or satellite"
    raise ScenarioError(f"{name} does not rise {height}{when} {start:%Y-%m-%dT%H:%MZ} {where}; {remedy}")


def pass_columns(predictions: Iterable[Prediction | None]) -> dict[str, NDArray[np.generic]]:
    """Columns (N,) of predictions or None, named as their fields; a missing time is NaT, a missing angle nan."""
    rows = list(predictions)
    columns: dict[str, NDArray[np.generic]] = {}
    for name in Prediction.__dataclass_fields__:
        values = [getattr(row, name, None) for row in rows]
        if name in ("aos", "tca", "los"):
            naive = [value and value.replace(tzinfo=None) for value in values]
            columns[f"{name}_utc"] = np.array(naive, "datetime64[us]")
        elif name == "direction":
            columns[name] = np.array([value or "" for value in values], np.str_)
        else:
            columns[name] = np.array([np.nan if value is None else value for value in values], np.float64)
    return columns
