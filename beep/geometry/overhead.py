"""A satellite with given elements over a given place: what is seen of it, and when it passes."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from beep.base.arrays import Array, Vectors
from beep.base.constants import SECONDS_PER_DAY
from beep.base.errors import TleError
from beep.geometry.elements import Elements
from beep.geometry.frames import sidereal_angle
from beep.geometry.look import LookFunction, View, station_pass, station_view
from beep.geometry.orbit import ephemeris, positions, trouble
from beep.geometry.search import Pass, passes
from beep.geometry.stations import Station

FARTHEST_DAYS = 366.0  # from the epoch; elements are good for days, and nothing is known after a year


def over(station: Station, mean: Elements, epoch: datetime) -> LookFunction:
    """Look function of given elements over a station, in seconds after `epoch`."""
    return station_pass(ephemeris(mean, epoch), **_place(station, epoch))


def view_over(station: Station, mean: Elements, epoch: datetime) -> Callable[[Array], View]:
    """What `over` sees at one instant, light time left aside, straight from SGP4: for searches."""
    return station_view(positions(mean, epoch), **_place(station, epoch))


def _place(station: Station, epoch: datetime) -> dict[str, Any]:
    return {
        "latitude_deg": station.latitude_deg,
        "longitude_deg": station.longitude_deg,
        "height_m": station.height_m,
        "sidereal": sidereal_angle(epoch),
    }


def passes_over(
    station: Station,
    mean: Elements,
    start: datetime,
    *,
    start_s: float = 0.0,
    stop_s: float,
    above_rad: float = 0.0,
    running: bool = False,
) -> Iterator[Pass]:
    """Passes of given elements over a station, in seconds after `start`; see `passes.passes`.

    Raises TleError, after the passes before it, at the moment when SGP4 can follow the orbit no further, and at once
    where the elements are a year old or more.
    """
    days = (start - mean.epoch) / timedelta(days=1)
    if max(abs(days), abs(days + stop_s / SECONDS_PER_DAY)) > FARTHEST_DAYS:
        raise TleError(
            f"elements are good for some days around their epoch, {mean.epoch:%Y-%m-%d}, and for a year at the very "
            f"most, got a search from {start:%Y-%m-%d} over {stop_s / SECONDS_PER_DAY:g} days; take a set of that time"
        )
    position = positions(mean, start)
    lost_s: list[float] = []

    def followed(u_s: Array) -> Vectors:
        found_m = position(u_s)
        lost = np.isnan(found_m[0])
        if lost.any():
            lost_s.append(float(u_s[lost].min()))
        return found_m

    yield from passes(
        station_view(followed, **_place(station, start)),
        start_s=start_s,
        stop_s=stop_s,
        above_rad=above_rad,
        running=running,
    )
    if lost_s:
        refuse_lost(mean, start + timedelta(seconds=min(lost_s)))


def refuse_lost(mean: Elements, when: datetime) -> None:
    """Raise TleError, in words, where SGP4 gives no position at `when`."""
    reason = trouble(mean, when)
    if reason:
        raise TleError(f"SGP4 has lost the satellite by {when:%Y-%m-%dT%H:%MZ}: {reason}; choose an earlier start")


def northbound(mean: Elements, when: datetime) -> bool:
    """Whether the satellite flies north at `when`, rather than south."""
    height_m = positions(mean, when)(np.array([-1.0, 1.0]))[2]
    return bool(height_m[1] > height_m[0])
