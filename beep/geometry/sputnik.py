"""What is known of Sputnik 1's orbit between 4.8 and 26 October 1957, and its passes over a place.

The polynomials were fitted to 62 radio crossings of 1957 (Urbana 53, RAE 8, Cambridge 1) and a contemporaneous
ephemeris; their residuals are 2.1 s rms, 10 s at worst. Honest accuracy: closest approach +-3 s (1 sigma), miss
distance +-2 % or 15 km, position 25 km.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import radians, tau

from beep.base.choices import Key
from beep.base.constants import SECONDS_PER_DAY
from beep.base.errors import ScenarioError
from beep.geometry.elements import Elements
from beep.geometry.overhead import passes_over
from beep.geometry.search import Pass
from beep.geometry.stations import Station

ORBIT_FROM = datetime(1957, 10, 4, 19, 12, tzinfo=UTC)  # day 4.8: launch was at 19:28:34
ON_AIR = datetime(1957, 10, 4, 19, 33, 49, tzinfo=UTC)  # separation
TCA_ERROR_S = 3  # 1 sigma, of the orbit
ORBIT_UNTIL = datetime(1957, 10, 26, tzinfo=UTC)  # the battery ended on 25 or 26 October

FIRST_RATE, LAST_RATE = 108.0, 150.0  # pulses a minute
RATE_UNTIL = datetime(1957, 10, 8, tzinfo=UTC)
SILENT_FROM, SILENT_UNTIL = datetime(1957, 10, 8, 12, tzinfo=UTC), datetime(1957, 10, 8, 18, tzinfo=UTC)

SEARCH_S = 86_400.0  # for a pass, from the start on
DRIFT_S = 60.0
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


def passes_over_station(
    station: Station, start: datetime, stop: datetime, *, above_rad: float = 0.0, running: bool = False
) -> Iterator[Pass]:
    """Passes of Sputnik 1 that rise over a station between two times, in order, in seconds after `start`.

    The elements are those of each pass's own middle: it is found with the elements of its day, then found again.
    What had set before the satellite was on the air does not count; the search ends when the battery does. With
    `running`, a pass that is under way at `start` comes first.
    """
    check_date(start)
    day = start
    while day < min(stop, ORBIT_UNTIL):
        day_s, stop_s = (day - start).total_seconds(), min((stop - day).total_seconds(), SEARCH_S)
        first = running and day == start
        # A day's drift of the elements moves a pass by seconds: begin the search before, and look again around each.
        for candidate in passes_over(
            station,
            elements(day),
            day,
            start_s=0.0 if first else -DRIFT_S,
            stop_s=stop_s + DRIFT_S,
            above_rad=above_rad,
            running=first,
        ):
            found = _refined(station, day, candidate, above_rad)
            if day + timedelta(seconds=found.tca_s) >= ORBIT_UNTIL:
                return
            if (found.aos_s < 0 and not first) or found.aos_s > stop_s or day + timedelta(seconds=found.los_s) < ON_AIR:
                continue
            yield Pass(**{name: value + day_s for name, value in vars(found).items()})
        day += timedelta(seconds=SEARCH_S)


def _refined(station: Station, start: datetime, found: Pass, above_rad: float) -> Pass:
    """A pass, found again with the elements of its own middle."""
    for _ in range(2):
        tca = min(start + timedelta(seconds=found.tca_s), ORBIT_UNTIL - timedelta(seconds=1))
        again = passes_over(
            station,
            elements(tca),
            start,
            start_s=found.aos_s - REFINE_S,
            stop_s=found.los_s,
            above_rad=above_rad,
        )
        found = min(again, key=lambda other: abs(other.tca_s - found.tca_s), default=found)
    return found


@dataclass(frozen=True, kw_only=True)
class DayKeying:
    """How Sputnik 1 was keyed at a time, and how well that is known."""

    key: Key
    pulse_s: float
    pause_s: float
    grade: str


def keying_on(when: datetime) -> DayKeying:
    """Keying of Sputnik 1 at a time between separation and the battery's end.

    108 pulses a minute at first, 150 by 7 October (Wireless World, December 1957, as recalled in October 1987); from
    about 8 October silent for several hours, then a continuous carrier (Radio & TV News, February 1958). Assumed: that
    the rate rose in a straight line to the end of 7 October (the Dallas tape, that morning, has 134 where this says
    140), that pulse and pause are equal, and that the silence was from 12 to 18 h of 8 October. Some beeps were still
    heard on 9 October: the change was intermittent, which is not modelled.
    """
    check_date(when)
    risen = min(max((when - ON_AIR) / (RATE_UNTIL - ON_AIR), 0.0), 1.0)
    half_s = 30.0 / (FIRST_RATE + risen * (LAST_RATE - FIRST_RATE))
    if when < SILENT_FROM:
        return DayKeying(key="keyed", pulse_s=half_s, pause_s=half_s, grade="M57 at both ends, assumed between")
    if when < SILENT_UNTIL:
        return DayKeying(key="silent", pulse_s=half_s, pause_s=half_s, grade="M57, the hours assumed")
    return DayKeying(key="continuous", pulse_s=half_s, pause_s=half_s, grade="M57, the hour assumed")


@lru_cache
def first_pass(station: Station, start: datetime) -> tuple[Pass, datetime]:
    """The first pass of Sputnik 1 that rises over a station after `start`, in seconds after it, and its TCA.

    Raises ScenarioError where none rises within a day, or where the orbit is not known.
    """
    for found in passes_over_station(station, start, start + timedelta(seconds=SEARCH_S)):
        return found, start + timedelta(seconds=found.tca_s)
    if start + timedelta(seconds=SEARCH_S) > ORBIT_UNTIL:
        raise ScenarioError(
            f"no pass comes between {start:%Y-%m-%dT%H:%MZ} and the end of the battery, 1957-10-26T00:00Z; "
            f"choose an earlier start"
        )
    raise ScenarioError(
        f"Sputnik 1 does not rise within a day of {start:%Y-%m-%dT%H:%MZ} at latitude {station.latitude_deg:g}, "
        f"longitude {station.longitude_deg:g}; it flew between 65.2 south and north: choose a place nearer to that"
    )
