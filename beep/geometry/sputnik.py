"""Orbit of Sputnik 1 between 4.8 and 26 October 1957, and its passes over a station.

The polynomials were fitted to 62 radio crossings of 1957 (Urbana 53, RAE 8, Cambridge 1) and an ephemeris of the time.
Residuals: 2.1 s rms, 10 s at most. Accuracy: closest approach 3 s (1 sigma), range 2 % or 15 km, position 25 km.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import radians, tau

import numpy as np

from beep.base.constants import SECONDS_PER_DAY
from beep.base.errors import ScenarioError
from beep.geometry.elements import Elements
from beep.geometry.orbit import changing_view, orbit_passes
from beep.geometry.search import Pass, find_passes
from beep.geometry.stations import Station

ORBIT_FROM = datetime(1957, 10, 4, 19, 12, tzinfo=UTC)  # day 4.8: launch was at 19:28:34
ON_AIR = datetime(1957, 10, 4, 19, 33, 49, tzinfo=UTC)  # separation
ORBIT_UNTIL = datetime(1957, 10, 26, tzinfo=UTC)  # the battery ended on 25 or 26 October
TCA_ERROR_S = 3  # 1 sigma

_REFERENCE = datetime(1957, 10, 15, tzinfo=UTC)  # JD 2436126.5
_DAY = timedelta(days=1)  # searched at once, with the elements of its beginning
_DRIFT_S = 60.0  # by which these elements may move a pass within the day, at most
_REFINE_S = 600.0  # around a pass that was found with them


def check_date(when: datetime) -> None:
    """Raise ScenarioError outside the weeks in which the orbit is known."""
    if not ORBIT_FROM <= when < ORBIT_UNTIL:
        known = "known from 1957-10-04T19:12Z (before the launch) to 1957-10-26T00:00Z (battery flat)"
        raise ScenarioError(f"Sputnik 1's orbit is {known}, got {when:%Y-%m-%dT%H:%MZ}; choose a start within")


def elements(when: datetime) -> Elements:
    """SGP4 mean elements of Sputnik 1 with `when` as epoch, valid for the pass around that time.

    Raises ScenarioError outside 4.8 to 26 October 1957.
    """
    check_date(when)
    days = (when - _REFERENCE).total_seconds() / SECONDS_PER_DAY
    revolutions_per_day = 15.027522 + days * (5.948e-3 + 5.037e-5 * days)
    anomaly_revolutions = days * (15.027522 + days * (2.974e-3 + 1.679e-5 * days))
    return Elements(
        epoch=when,
        inclination_rad=radians(65.184),
        raan_rad=radians(309.762 - days * (3.129156 + days * (1.37447e-3 + 8.09e-6 * days))) % tau,
        eccentricity=0.04780 - 0.593 * (revolutions_per_day - 15.027522) / 15.027522,
        argument_of_perigee_rad=radians(47.428 - days * (0.450895 + days * (1.99605e-4 + 1.18e-6 * days))) % tau,
        mean_anomaly_rad=(radians(283.429) + anomaly_revolutions % 1.0 * tau) % tau,
        mean_motion_rad_s=revolutions_per_day * tau / SECONDS_PER_DAY,
    )


def sputnik_passes(
    station: Station, start: datetime, stop: datetime, *, above_rad: float = 0.0, running: bool = False
) -> Iterator[Pass]:
    """Passes of Sputnik 1 that rise over a station between two times, in order, in seconds after `start`.

    Each pass is found with the elements of its day, then refined with those of its own middle. Passes that ended before
    the transmitters were switched on are left out; the search ends when the battery does. With `running`, a pass in
    progress at `start` is included.
    """
    check_date(start)
    stop_s, first_s, days = (min(stop, ORBIT_UNTIL) - start).total_seconds(), 0.0, 1
    while first_s < stop_s:
        running = running and first_s == 0
        last_s = min(first_s + days * SECONDS_PER_DAY, stop_s)
        for found in _refined(
            station, start, _candidates(station, start, first_s, last_s, above_rad, running), above_rad
        ):
            if start + timedelta(seconds=found.tca_s) >= ORBIT_UNTIL:
                return
            of_these_days = found.aos_s <= last_s and (found.aos_s >= first_s or running)
            if of_these_days and start + timedelta(seconds=found.los_s) >= ON_AIR:
                yield found
        first_s, days = last_s, 2 * days


def _candidates(
    station: Station, start: datetime, first_s: float, last_s: float, above_rad: float, running: bool
) -> list[Pass]:
    """Passes between two times, in seconds after `start`, each with the elements of its day."""
    candidates: list[Pass] = []
    for day_s in np.arange(first_s, last_s, SECONDS_PER_DAY):
        day, first = start + timedelta(seconds=day_s), running and day_s == first_s
        passing = orbit_passes(
            station,
            elements(day),
            day,
            start_s=0.0 if first else -_DRIFT_S,
            stop_s=min(last_s - day_s, SECONDS_PER_DAY) + _DRIFT_S,
            above_rad=above_rad,
            running=first,
        )
        for each in passing:
            moved = Pass(**{name: value + day_s for name, value in vars(each).items()})
            if not candidates or moved.tca_s > candidates[-1].tca_s + _REFINE_S:  # not that of the day before
                candidates.append(moved)
    return candidates


def _refined(station: Station, start: datetime, candidates: list[Pass], above_rad: float) -> list[Pass]:
    """The passes found again, all at once, each with the elements of its own middle."""
    for _ in range(2 if candidates else 0):
        tcas_s = np.array([candidate.tca_s for candidate in candidates])
        orbits = [elements(min(start + timedelta(seconds=s), ORBIT_UNTIL - timedelta(seconds=1))) for s in tcas_s]
        view = changing_view(station, orbits, (tcas_s[1:] + tcas_s[:-1]) / 2, start)
        again = list(
            find_passes(view, start_s=candidates[0].aos_s - _REFINE_S, stop_s=candidates[-1].los_s, above_rad=above_rad)
        )
        candidates = [
            min(
                (other for other in again if abs(other.tca_s - candidate.tca_s) < _REFINE_S),
                key=lambda other: abs(other.tca_s - candidate.tca_s),
                default=candidate,
            )
            for candidate in candidates
        ]
    return candidates


@lru_cache
def first_sputnik_pass(station: Station, start: datetime) -> tuple[Pass, datetime]:
    """First pass of Sputnik 1 that rises over a station after `start`, in seconds after it, and its TCA.

    Raises ScenarioError where none rises within a day, or where the orbit is not known.
    """
    for first in sputnik_passes(station, start, start + _DAY):
        return first, start + timedelta(seconds=first.tca_s)
    when = f"{start:%Y-%m-%dT%H:%MZ}"
    if start + _DAY > ORBIT_UNTIL:
        end = "the end of the battery, 1957-10-26T00:00Z"
        raise ScenarioError(f"no pass comes between {when} and {end}; choose an earlier start")
    raise ScenarioError(
        f"Sputnik 1 does not rise within a day of {when} at latitude {station.latitude_deg:g}, longitude "
        f"{station.longitude_deg:g}; its orbit reached 65.2 degrees south and north: choose a station nearer to that"
    )
