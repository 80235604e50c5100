"""Sputnik's elements: where they hold, what they say, and that a TLE says the same."""

from datetime import UTC, datetime, timedelta
from math import tau

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgp4.api import WGS72, Satrec

from beep.base.errors import ScenarioError
from beep.geometry import sputnik
from beep.geometry.frames import julian_date
from beep.geometry.orbit import ephemeris

# The one TLE for people who want to paste it elsewhere; it fits the crossings of 1957 to 2.3 s rms over 5-25 Oct.
TLE = (
    "1 00002U 57001B   57288.00000000  .00297400  00000-0  12554-2 0  9996",
    "2 00002  65.1827 309.7641 0477260  47.4204 283.4765 15.02759285    09",
)

DEG = tau / 360
BY_HAND = {  # the published polynomials, in decimal, at tau = 0 and tau = -10 days
    datetime(1957, 10, 15, tzinfo=UTC): {
        "inclination_rad": 65.184 * DEG,
        "raan_rad": 309.762 * DEG,
        "eccentricity": 0.04780,
        "argument_of_perigee_rad": 47.428 * DEG,
        "mean_anomaly_rad": 283.429 * DEG,
        "mean_motion_rad_s": 15.027522 * tau / 86_400,
    },
    datetime(1957, 10, 5, tzinfo=UTC): {
        "inclination_rad": 65.184 * DEG,
        "raan_rad": 340.924203 * DEG,  # 309.762 + 31.29156 - 0.137447 + 0.00809
        "eccentricity": 0.04780 + 0.593 * 0.054443 / 15.027522,
        "argument_of_perigee_rad": 51.9181695 * DEG,  # 47.428 + 4.50895 - 0.0199605 + 0.00118
        "mean_anomaly_rad": 285.3694 * DEG,  # 283.429 + 360 (-150.27522 + 0.2974 - 0.01679) + 150 turns
        "mean_motion_rad_s": 14.973079 * tau / 86_400,  # 15.027522 - 0.05948 + 0.005037
    },
}
BY_HAND_TOLERANCE = 1e-12  # rad, rad/s or none: 150 turns in float64 leave 2e-13: measured 4e-14
ALONG_TRACK_TOLERANCE_S = 10.0  # the polynomials' worst residual; measured 3.9 s, 1.1 s rms
ACROSS_TRACK_TOLERANCE_M = 5e3  # a fifth of what the orbit is worth: measured 1.5 km in height, 1.1 km sideways
MOTION_TOLERANCE = 1e-10  # of the mean motion; its own curvature leaves 1.4e-11
DRIFT_TOLERANCE_M = 100.0  # in the half of a pass, far below the orbit's 25 km: measured 24 m

bounded = settings(max_examples=50, deadline=None)
dates = st.datetimes(datetime(1957, 10, 5), datetime(1957, 10, 25), timezones=st.just(UTC))


def at_epoch(when):
    """TEME position and velocity, (3,) each."""
    position_m, velocity_m_s = ephemeris(sputnik.elements(when), when)(np.zeros(1))
    return position_m[:, 0], velocity_m_s[:, 0]


@pytest.mark.parametrize("when", BY_HAND, ids=lambda when: f"{when:%d-oct}")
def test_elements_agree_with_the_polynomials_by_hand(when):
    """The elements are those of the published polynomials, at their reference date and ten days before."""
    elements = sputnik.elements(when)

    for name, expected in BY_HAND[when].items():
        assert abs(getattr(elements, name) - expected) < BY_HAND_TOLERANCE, name


def test_elements_are_those_of_their_epoch():
    """The epoch of the elements is the time that they were asked for."""
    when = datetime(1957, 10, 7, 5, 9, 26, 873_287, tzinfo=UTC)

    assert sputnik.elements(when).epoch == when


@pytest.mark.parametrize(
    "when",
    [
        datetime(1957, 10, 4, 19, 11, 59, tzinfo=UTC),
        datetime(1957, 10, 26, tzinfo=UTC),
        datetime(1957, 11, 3, tzinfo=UTC),
        datetime(2057, 10, 7, tzinfo=UTC),
    ],
    ids=["before-launch", "battery-flat", "sputnik-2", "two-digit-year"],
)
def test_dates_outside_are_refused(when):
    """Outside 4.8 to 26 October 1957 the message says the rule, what came, and the remedy."""
    rule = rf"known from 1957-10-04T19:12Z .* to 1957-10-26T00:00Z .*, got {when:%Y-%m-%dT%H:%MZ}; choose a start"

    with pytest.raises(ScenarioError, match=rule):
        sputnik.elements(when)


@pytest.mark.parametrize("when", [sputnik.ORBIT_FROM, sputnik.ORBIT_UNTIL - timedelta(microseconds=1)], ids=str)
def test_the_first_and_last_moment_are_allowed(when):
    """The orbit is known from its first moment to the last one before its end."""
    assert sputnik.elements(when).epoch == when


@bounded
@given(when=dates)
def test_elements_are_of_a_closed_orbit(when):
    """Angles lie within a turn, and Sputnik flies 200 to 250 km high at perigee, below 950 km at apogee."""
    elements = sputnik.elements(when)
    axis_km = (398_600.8 / elements.mean_motion_rad_s**2) ** (1 / 3)  # WGS-72

    for name in ("raan_rad", "argument_of_perigee_rad", "mean_anomaly_rad"):
        assert 0 <= getattr(elements, name) < tau
    assert 200 < axis_km * (1 - elements.eccentricity) - 6378.135 < 250
    assert 700 < axis_km * (1 + elements.eccentricity) - 6378.135 < 950


@bounded
@given(when=dates)
def test_mean_anomaly_advances_by_the_mean_motion(when):
    """The mean motion is the derivative of the mean anomaly: the two polynomials belong together."""
    half = timedelta(seconds=300)
    before, after = sputnik.elements(when - half), sputnik.elements(when + half)

    turned_rad = (after.mean_anomaly_rad - before.mean_anomaly_rad) % tau

    assert abs(turned_rad / 600 / sputnik.elements(when).mean_motion_rad_s - 1) < MOTION_TOLERANCE


@bounded
@given(when=dates, later_s=st.floats(-400, 400))
def test_elements_hold_for_their_pass(when, later_s):
    """The elements of the middle of a pass and those of its end put Sputnik at the same place."""
    later = when + timedelta(seconds=later_s)

    carried_m, _ = ephemeris(sputnik.elements(when), when)(np.array([(later - when).total_seconds()]))

    assert np.linalg.norm(carried_m[:, 0] - at_epoch(later)[0]) < DRIFT_TOLERANCE_M


def test_the_tle_agrees():
    """The TLE for pasting elsewhere flies with the polynomials from 5 to 25 October, along the track and across."""
    satellite = Satrec.twoline2rv(*TLE, WGS72)
    hours = [datetime(1957, 10, 5, tzinfo=UTC) + timedelta(hours=n) for n in range(20 * 24 + 1)]

    for when in hours:
        position_m, velocity_m_s = at_epoch(when)
        error, tle_km, _ = satellite.sgp4(*julian_date(when))
        off_m = np.array(tle_km) * 1e3 - position_m
        along_s = off_m @ velocity_m_s / (velocity_m_s @ velocity_m_s)

        assert error == 0
        assert abs(along_s) < ALONG_TRACK_TOLERANCE_S
        assert np.linalg.norm(off_m - along_s * velocity_m_s) < ACROSS_TRACK_TOLERANCE_M
