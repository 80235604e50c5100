"""What is known of Sputnik 1's orbit between 4.8 and 26 October 1957, and its passes over a place.

The polynomials were fitted to 62 radio crossings of 1957 (Urbana 53, RAE 8, Cambridge 1) and a contemporaneous
ephemeris; their residuals are 2.1 s rms, 10 s at worst. Honest accuracy: closest approach +-3 s (1 sigma), miss
distance +-2 % or 15 km, position 25 km.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import radians, tau

from beep.constants import SECONDS_PER_DAY
from beep.errors import ScenarioError
from beep.frames import sidereal_angle
from beep.geometry import LookFunction, station_pass
from beep.orbit import Elements, ephemeris
from beep.passes import Pass, passes
from beep.stations import Station

ORBIT_FROM = datetime(1957, 10, 4, 19, 12, tzinfo=UTC)  # day 4.8: launch was at 19:28:34
ON_AIR = datetime(1957, 10, 4, 19, 33, 49, tzinfo=UTC)  # separation
ORBIT_UNTIL = datetime(1957, 10, 26, tzinfo=UTC)  # the battery ended on 25 or 26 October

SEARCH_S = 86_400.0  # for a pass, from the start on
REFINE_S = 600.0  # around one that was found with the elements of the start

_REFERENCE = datetime(1957, 10, 15, tzinfo=UTC)  # JD 2436126.5


def check_date(when: datetime) -> None:
    """Raise ScenarioError outside the weeks in which the orbit is known."""
    if not ORBIT_FROM <= when < ORBIT_UNTIL:
        raise ScenarioError(
            f"Sputnik 1's orbit is known from 1957-10-04T19:12Z (before the launch) to 1957-10-26T00:00Z "
            f"(battery flat), got {when:%Y-%m-%dT%H:%MZ}; choose a start within"
        )


def elements(when: datetime) -> Elements:
    """SGP4 mean elements of Sputnik 1, evaluated at `when`: good for the pass around that time.

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


@lru_cache
def first_pass(station: Station, start: datetime) -> tuple[Pass, datetime]:
    """The first pass of Sputnik 1 that rises over a station after `start`, in seconds after it, and its TCA.

    The elements are those of its own middle: the pass is found with the elements of `start`, then found again.
    Raises ScenarioError where none rises within a day, or where the orbit is not known. What had set before the
    satellite was on the air does not count.
    """
    look = over(station, elements(start), start)
    # A day's drift of the elements moves a pass by seconds: begin the search before, and look again around each.
    for candidate in passes(look, start_s=-60.0, stop_s=SEARCH_S):
        found = candidate
        for _ in range(2):
            tca = start + timedelta(seconds=found.tca_s)
            if tca >= ORBIT_UNTIL:
                raise ScenarioError(
                    f"the next pass after {start:%Y-%m-%dT%H:%MZ} comes at {tca:%Y-%m-%dT%H:%MZ}, when the battery was "
                    f"flat (1957-10-26T00:00Z); choose an earlier start"
                )
            refined = over(station, elements(tca), start)
            again = passes(refined, start_s=found.aos_s - REFINE_S, stop_s=found.los_s)
            found = min(again, key=lambda other: abs(other.tca_s - found.tca_s), default=found)
        if found.aos_s >= 0 and start + timedelta(seconds=found.los_s) > ON_AIR:
            return found, start + timedelta(seconds=found.tca_s)
    raise ScenarioError(
        f"Sputnik 1 does not rise within a day of {start:%Y-%m-%dT%H:%MZ} at latitude {station.latitude_deg:g}, "
        f"longitude {station.longitude_deg:g}; it flew between 65.2 south and north: choose a place nearer to that"
    )


def over(station: Station, mean: Elements, epoch: datetime) -> LookFunction:
    """Look function of Sputnik 1 with given elements over a station, in seconds after `epoch`."""
    return station_pass(
        ephemeris(mean, epoch),
        latitude_deg=station.latitude_deg,
        longitude_deg=station.longitude_deg,
        height_m=station.height_m,
        sidereal=sidereal_angle(epoch),
    )
