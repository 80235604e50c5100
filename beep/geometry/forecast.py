"""The passes to come over a place: of Sputnik 1 in October 1957, or of any element set."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import degrees, isfinite, radians

import numpy as np
from numpy.typing import NDArray

from beep.base.checks import number_of, parse_time
from beep.base.constants import SECONDS_PER_DAY
from beep.base.errors import ScenarioError
from beep.geometry import sputnik
from beep.geometry.elements import Elements
from beep.geometry.overhead import northbound, passes_over, view_over
from beep.geometry.search import Pass
from beep.geometry.stations import Station, parse_station
from beep.geometry.tle import elements_of, name_of, one_set

SEARCH_DAYS = 10.0  # for the first pass of an element set
MOST_DAYS = 366.0
_EVER = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """One pass over a place. A rise or set that is more than two days away is None, and so is its azimuth."""

    aos: datetime | None  # UTC
    tca: datetime
    los: datetime | None
    aos_azimuth_deg: float | None  # from north through east
    tca_azimuth_deg: float
    los_azimuth_deg: float | None
    max_elevation_deg: float
    tca_range_km: float
    direction: str  # north or south: where the satellite flies at TCA; empty where it neither rises nor sets


def predict(
    station: str,
    start: str | datetime,
    *,
    days: float = 1.0,
    tle: str | None = None,
    min_elevation_deg: float = 0.0,
) -> Iterator[Prediction]:
    """Passes over a place that rise within some days of `start`, in order, the one under way at `start` first.

    `station`, `start` and `tle` are as in a Scenario; without `tle` it is Sputnik 1 in October 1957. Rise and set are
    the passing of `min_elevation_deg` without refraction, to a millisecond of what the orbit says: Sputnik's own is
    good to 3 s (1 sigma), an element set to 1 to 3 km for each day from its epoch.

    Raises ScenarioError or TleError where there is no orbit; TleError also after the last pass of one that decays.
    """
    days = number_of("days", days)
    if not 0 < days <= MOST_DAYS:
        raise ScenarioError(f"days must be above 0 and at most {MOST_DAYS:g}, got {days:g}; the default is 1")
    above_deg = number_of("min_elevation_deg", min_elevation_deg)
    if not 0 <= above_deg < 90:
        raise ScenarioError(f"min_elevation_deg must be 0 or more and below 90, got {above_deg:g}; the default is 0")
    place, begin, above_rad = parse_station(station), parse_time(start), radians(above_deg)
    if tle is not None:
        mean = elements_of(one_set(tle))
        for found in passes_over(place, mean, begin, stop_s=days * SECONDS_PER_DAY, above_rad=above_rad, running=True):
            yield _prediction(place, begin, found, mean)
        return
    sputnik.check_date(begin)
    end = begin + timedelta(days=days)
    for found in sputnik.passes_over_station(place, begin, end, above_rad=above_rad, running=True):
        mean = sputnik.elements(begin + timedelta(seconds=found.tca_s))
        on_air_s = (sputnik.ON_AIR - begin).total_seconds()  # over Tyuratam it had risen before
        heard = {name: max(value, on_air_s) for name, value in vars(found).items()}
        yield _prediction(place, begin, Pass(**heard), mean)


def _prediction(place: Station, begin: datetime, found: Pass, mean: Elements) -> Prediction:
    times_s = np.array([found.aos_s, found.tca_s, found.los_s, found.highest_s])
    known = np.isfinite(times_s)
    seen = view_over(place, mean, begin)(np.where(known, times_s, found.tca_s))
    utc = [begin + timedelta(seconds=float(s)) if isfinite(s) else None for s in times_s]
    azimuth_deg = [degrees(a) if k else None for a, k in zip(seen.azimuth_rad, known, strict=True)]
    tca = begin + timedelta(seconds=found.tca_s)
    return Prediction(
        aos=utc[0],
        tca=tca,
        los=utc[2],
        aos_azimuth_deg=azimuth_deg[0],
        tca_azimuth_deg=degrees(seen.azimuth_rad[1]),
        los_azimuth_deg=azimuth_deg[2],
        max_elevation_deg=degrees(seen.elevation_rad[3]),
        tca_range_km=float(seen.range_m[1]) / 1e3,
        direction="" if not known[[0, 2]].any() else "north" if northbound(mean, tca) else "south",
    )


@lru_cache
def first_pass(station: Station, start: datetime, tle: str | None) -> tuple[Pass, Elements, datetime]:
    """The first pass that rises after `start`, in seconds after it, its elements, and when it began to send.

    A satellite that is up at `start` and does not set for days has no pass: its rise and set are infinite. Raises
    ScenarioError where none rises: within a day for Sputnik, within ten for an element set.
    """
    if tle is None:
        found, tca = sputnik.first_pass(station, start)
        return found, sputnik.elements(tca), sputnik.ON_AIR
    mean = elements_of(tle)
    for found in passes_over(station, mean, start, stop_s=SEARCH_DAYS * SECONDS_PER_DAY, running=True):
        if found.aos_s >= 0 or not isfinite(found.los_s):
            return found, mean, _EVER
    raise ScenarioError(
        f"{name_of(tle)} does not rise within {SEARCH_DAYS:g} days of {start:%Y-%m-%dT%H:%MZ} at latitude "
        f"{station.latitude_deg:g}, longitude {station.longitude_deg:g}; choose another place or satellite"
    )


def table(found: list[Prediction]) -> dict[str, NDArray[np.generic]]:
    """Columns (N,) of predictions, named as their fields; a missing time is NaT, a missing angle nan."""
    columns: dict[str, NDArray[np.generic]] = {}
    for name in Prediction.__dataclass_fields__:
        values = [getattr(one, name) for one in found]
        if name in ("aos", "tca", "los"):
            naive = [value and value.replace(tzinfo=None) for value in values]
            columns[f"{name}_utc"] = np.array(naive, "datetime64[us]")
        elif name == "direction":
            columns[name] = np.array(values, np.str_)
        else:
            columns[name] = np.array([np.nan if value is None else value for value in values], np.float64)
    return columns
