"""What is known of Sputnik 1's orbit between 4.8 and 26 October 1957.

The polynomials were fitted to 62 radio crossings of 1957 (Urbana 53, RAE 8, Cambridge 1) and a contemporaneous
ephemeris; their residuals are 2.1 s rms, 10 s at worst. Honest accuracy: closest approach +-3 s (1 sigma), miss
distance +-2 % or 15 km, position 25 km.
"""

from datetime import UTC, datetime
from math import radians, tau

from beep.constants import SECONDS_PER_DAY
from beep.errors import ScenarioError
from beep.orbit import Elements

ORBIT_FROM = datetime(1957, 10, 4, 19, 12, tzinfo=UTC)  # day 4.8: launch was at 19:28:34
ON_AIR = datetime(1957, 10, 4, 19, 33, 49, tzinfo=UTC)  # separation
ORBIT_UNTIL = datetime(1957, 10, 26, tzinfo=UTC)  # the battery ended on 25 or 26 October

_REFERENCE = datetime(1957, 10, 15, tzinfo=UTC)  # JD 2436126.5


def check_date(when: datetime) -> None:
    """Raise ScenarioError outside the weeks in which the orbit is known."""
    if not ORBIT_FROM <= when < ORBIT_UNTIL:
        raise ScenarioError(
            f"Sputnik 1's orbit is known from 1957-10-04T19:12Z (launch) to 1957-10-26T00:00Z (battery flat), "
            f"got {when:%Y-%m-%dT%H:%MZ}; choose a start within"
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
