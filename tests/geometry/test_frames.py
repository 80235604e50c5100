"""Dates, the Earth's angle and places on it, against Skyfield, a textbook and exact arithmetic."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import pi, radians, tau

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skyfield.api import load, wgs84
from skyfield.sgp4lib import theta_GMST1982

from beep.geometry.frames import east_north_up, geodetic_to_earth_fixed, julian_date, rotate_z, sidereal_angle

DAY_TOLERANCE = Fraction(2, 10**16)  # of a day, 17 ps: seconds and quotient are rounded once each; measured 1.4e-16
ANGLE_TOLERANCE_RAD = 1e-12  # 6 um at the equator; ten thousand turns of float64: measured 1.3e-13
TEXTBOOK_TOLERANCE_RAD = 0.00005 / 86_400 * tau  # printed to 0.0001 s
RATE_TOLERANCE_RAD_S = 1e-18  # 1e-13 rad in a day: measured 3e-20
PLACE_TOLERANCE_M = 1e-8  # float64 has 1 nm at 6400 km, Skyfield goes by way of the au: measured 4e-9
UNIT_TOLERANCE = 1e-15  # of unit vectors, float64

bounded = settings(max_examples=50, deadline=None)
latitudes_deg = st.floats(-90, 90)
longitudes_deg = st.floats(-180, 360)
dates = st.datetimes(datetime(1957, 10, 4), datetime(1957, 10, 26), timezones=st.just(UTC))


@pytest.fixture(scope="module")
def timescale():
    """Skyfield's timescale with UT1 = UTC in 1957, which its own table misses by 10 s; no download."""
    return load.timescale(builtin=True, delta_t=42.184)


def between(a_rad, b_rad):
    """Smallest angle from b to a."""
    return (a_rad - b_rad + pi) % tau - pi


@bounded
@given(utc=dates)
def test_julian_date_is_exact(utc):
    """Day plus fraction is the Julian date; the day ends in .5 and the fraction keeps the microsecond."""
    day, fraction = julian_date(utc)

    exact = Fraction("2436126.5") + Fraction(
        (utc - datetime(1957, 10, 15, tzinfo=UTC)) // timedelta(microseconds=1), 86_400 * 10**6
    )
    assert day % 1 == 0.5
    assert 0 <= fraction < 1
    assert abs(Fraction(day) + Fraction(fraction) - exact) < DAY_TOLERANCE


@bounded
@given(utc=dates)
def test_sidereal_angle_agrees_with_skyfield(timescale, utc):
    """Angle and rate are those of Skyfield's GMST of 1982."""
    t = timescale.from_datetime(utc)
    theta_rad, theta_rad_day = theta_GMST1982(t.whole, t.ut1_fraction)

    angle_rad, rate_rad_s = sidereal_angle(utc)

    assert 0 <= angle_rad < tau
    assert abs(between(angle_rad, theta_rad)) < ANGLE_TOLERANCE_RAD
    assert abs(rate_rad_s - theta_rad_day / 86_400) < RATE_TOLERANCE_RAD_S


@pytest.mark.parametrize(
    ("utc", "sidereal_s"),
    [
        (datetime(1987, 4, 10, tzinfo=UTC), 13 * 3600 + 10 * 60 + 46.3668),
        (datetime(1987, 4, 10, 19, 21, tzinfo=UTC), 8 * 3600 + 34 * 60 + 57.0896),
    ],
    ids=["midnight", "evening"],
)
def test_sidereal_angle_agrees_with_a_textbook(utc, sidereal_s):
    """Examples 12.a and 12.b of Meeus, Astronomical Algorithms, come out to the last printed digit."""
    assert abs(between(sidereal_angle(utc)[0], sidereal_s / 86_400 * tau)) < TEXTBOOK_TOLERANCE_RAD


@bounded
@given(utc=dates, seconds=st.integers(0, 86_400))
def test_sidereal_rate_carries_the_angle_on(utc, seconds):
    """Angle plus rate times seconds is the angle of that later time, for a day."""
    angle_rad, rate_rad_s = sidereal_angle(utc)

    later_rad, _ = sidereal_angle(utc + timedelta(seconds=seconds))

    assert abs(between(angle_rad + rate_rad_s * seconds, later_rad)) < ANGLE_TOLERANCE_RAD


@bounded
@given(latitude_deg=latitudes_deg, longitude_deg=longitudes_deg, height_m=st.floats(-400, 9000))
def test_places_agree_with_skyfield(latitude_deg, longitude_deg, height_m):
    """A geodetic place has the Earth-fixed position that Skyfield gives it on WGS-84."""
    place_m = geodetic_to_earth_fixed(latitude_deg, longitude_deg, height_m)

    assert place_m.shape == (3,)
    assert np.abs(place_m - wgs84.latlon(latitude_deg, longitude_deg, height_m).itrs_xyz.m).max() < PLACE_TOLERANCE_M


@bounded
@given(latitude_deg=latitudes_deg, longitude_deg=longitudes_deg)
def test_east_north_up_is_a_right_handed_frame(latitude_deg, longitude_deg):
    """East, north and up are perpendicular unit vectors, and east x north is up."""
    east, north, up = east_north_up(latitude_deg, longitude_deg)

    frame = np.stack([east, north, up])
    assert np.abs(frame @ frame.T - np.eye(3)).max() < UNIT_TOLERANCE
    assert np.abs(np.cross(east, north) - up).max() < UNIT_TOLERANCE


@pytest.mark.parametrize(
    ("latitude_deg", "longitude_deg", "east", "north", "up"),
    [
        (0.0, 0.0, [0, 1, 0], [0, 0, 1], [1, 0, 0]),
        (0.0, 90.0, [-1, 0, 0], [0, 0, 1], [0, 1, 0]),
        (90.0, 0.0, [0, 1, 0], [-1, 0, 0], [0, 0, 1]),
        (-90.0, 0.0, [0, 1, 0], [1, 0, 0], [0, 0, -1]),
    ],
    ids=["greenwich", "indian-ocean", "north-pole", "south-pole"],
)
def test_east_north_up_at_known_places(latitude_deg, longitude_deg, east, north, up):
    """On the equator and at the poles the local axes are axes of the Earth."""
    assert np.abs(east_north_up(latitude_deg, longitude_deg) - [east, north, up]).max() < UNIT_TOLERANCE


@bounded
@given(angle_rad=st.floats(-tau, tau))
def test_rotation_turns_x_towards_y(angle_rad):
    """A positive angle turns x towards y and leaves z alone; the negative one turns back."""
    turn_rad = np.array([pi / 2, angle_rad])
    vectors = np.array([[1.0, 1.0], [0.0, 2.0], [3.0, 3.0]])

    turned = rotate_z(vectors, turn_rad)

    assert np.abs(turned[:, 0] - [0, 1, 3]).max() < UNIT_TOLERANCE
    assert (turned[2] == 3.0).all()
    assert np.abs(rotate_z(turned, -turn_rad) - vectors).max() < 4 * UNIT_TOLERANCE


def test_a_day_turns_the_earth_once_and_four_minutes():
    """In a solar day the Earth turns by 360.9856 degrees, as every almanac says."""
    _, rate_rad_s = sidereal_angle(datetime(1957, 10, 15, tzinfo=UTC))

    assert abs(rate_rad_s * 86_400 - radians(360.985647)) < radians(5e-7)
