"""The look functions against mpmath, against their own derivatives, and against closed forms."""

import json
from math import acos, cos, degrees, pi, radians, sin, sqrt
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beep.base.constants import GM_EARTH_M3_S2, MEAN_EARTH_RADIUS_M, SPEED_OF_LIGHT_M_S
from beep.geometry.frames import geodetic_to_earth_fixed
from beep.geometry.look import hold_still, simple_pass, simple_pass_duration_s, station_pass
from beep.geometry.stations import Station

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "simple_pass.json").read_text())
STANDING = REFERENCE["standing_earth"]
TURNING = REFERENCE["turning_earth"]
CARRIERS_HZ = {"20": 20_005_000.0, "40": 40_002_000.0}

RANGE_TOLERANCE_M = 2e-9  # float64 has 0.5 nm at 2500 km: measured 0.5 nm
INERTIAL_RANGE_TOLERANCE_M = 5e-9  # the same between positions of 7000 km each: measured 0.8 nm
RANGE_RATE_TOLERANCE_M_S = 1e-10  # float64 has 1e-12 m/s at 7 km/s: measured 9e-12 over the turning Earth
DELAY_TOLERANCE_S = 2e-17  # 6 nm of path: measured 4e-18
ELEVATION_TOLERANCE_RAD = 1e-13  # float64 has 1 nm at 7000 km, seen over 100 km: measured 9e-15
DOPPLER_TOLERANCE_HZ = 1e-9  # the range rate's share over a wave of 7.5 m is a hundredth: measured 2e-12
DURATION_TOLERANCE_S = 1e-11  # float64 has 1e-13 s at 700 s: measured 9e-13
LIGHT_TIME_TOLERANCE_S = 1e-16  # 30 nm of path, 4e-9 turn at 40 MHz: measured 2e-18
PHASE_TOLERANCE_TURNS = 1e-8  # 75 nm of path at 40.002 MHz; times of 1500 s are given to 2e-13 s: measured 4e-10
DERIVATIVE_TOLERANCE_HZ = 2e-4  # central differences leave (f/c) d3r/dt3 STEP_S^2 / 6: measured 9e-5 at 100 km height
SLOPE_TOLERANCE = 1e-6  # of itself; central differences leave (v STEP_S / d)^2 / 2: measured 3e-7 at 100 km height
ZERO_TOLERANCE_S = 1e-12  # 1e-8 m of flight, far below the shift of a millisecond that it looks for: measured 4e-18
ANGLE_TOLERANCE_RAD = 1e-13  # float64 has 1 nm at 7000 km, seen over 300 km: measured 8e-16
STEP_SHARE = 1e-12  # float64 has 1 nm at 7000 km, in a step of 70 km: measured 5e-15

STEP_S = 0.01  # of central differences

altitudes_m = st.floats(100e3, 2000e3)
elevations_rad = st.floats(radians(1), radians(90))
bounded = settings(max_examples=50, deadline=None)


def numbers(rows: list[dict[str, str]], name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in rows])


def horizon_to_horizon(altitude_m, max_elevation_rad, count=2001):
    half_s = simple_pass_duration_s(altitude_m=altitude_m, max_elevation_rad=max_elevation_rad) / 2
    return np.linspace(-half_s, half_s, count)


def off_track_rad(altitude_m, max_elevation_rad):
    radius_m = MEAN_EARTH_RADIUS_M + altitude_m
    return acos(MEAN_EARTH_RADIUS_M * cos(max_elevation_rad) / radius_m) - max_elevation_rad


def turning_orbit(t_s):
    """The circular orbit of the turning-Earth reference, as an ephemeris."""
    radius_m = MEAN_EARTH_RADIUS_M + float(TURNING["altitude_m"])
    rate_rad_s = sqrt(GM_EARTH_M3_S2 / radius_m**3)
    u = radians(float(TURNING["latitude_argument_deg"])) + rate_rad_s * t_s
    tilt = radians(float(TURNING["inclination_deg"]))
    to_node, across = np.array([[1.0], [0.0], [0.0]]), np.array([[0.0], [cos(tilt)], [sin(tilt)]])
    position_m = radius_m * (np.cos(u) * to_node + np.sin(u) * across)
    return position_m, rate_rad_s * radius_m * (np.cos(u) * across - np.sin(u) * to_node)


def turning_pass():
    return station_pass(
        turning_orbit,
        Station(
            latitude_deg=float(TURNING["geodetic_latitude_deg"]),
            longitude_deg=0.0,
            height_m=float(TURNING["geodetic_height_m"]),
        ),
        sidereal=(radians(float(TURNING["node_to_station_deg"])), float(TURNING["earth_rate_rad_s"])),
    )


@pytest.mark.parametrize("case", STANDING, ids=lambda case: case["name"])
def test_simple_pass_agrees_with_mpmath(case):
    """Range, range rate, elevation, delay and both Dopplers are those of 60-digit arithmetic."""
    rows = case["rows"]
    look = simple_pass(
        altitude_m=float(case["altitude_m"]), max_elevation_rad=radians(float(case["max_elevation_deg"])), tca_s=0.0
    )

    seen = look(numbers(rows, "t_s"))

    assert len(rows) == 15
    assert np.abs(seen.range_m - numbers(rows, "range_m")).max() < RANGE_TOLERANCE_M
    assert np.abs(seen.range_rate_m_s - numbers(rows, "range_rate_m_s")).max() < RANGE_RATE_TOLERANCE_M_S
    assert np.abs(seen.elevation_rad - numbers(rows, "elevation_rad")).max() < ELEVATION_TOLERANCE_RAD
    assert np.abs(seen.delay_s - numbers(rows, "delay_s")).max() < DELAY_TOLERANCE_S
    assert_dopplers(seen, rows)


def test_station_pass_agrees_with_mpmath():
    """Over an Earth that turns, range, range rate, delay and both Dopplers are those of 60-digit arithmetic."""
    rows = TURNING["rows"]

    seen = turning_pass()(numbers(rows, "t_s"))

    assert len(rows) == 15
    assert np.abs(seen.range_m - numbers(rows, "range_m")).max() < INERTIAL_RANGE_TOLERANCE_M
    assert np.abs(seen.range_rate_m_s - numbers(rows, "range_rate_m_s")).max() < RANGE_RATE_TOLERANCE_M_S
    assert np.abs(seen.delay_s - numbers(rows, "delay_s")).max() < DELAY_TOLERANCE_S
    assert_dopplers(seen, rows)


def assert_dopplers(seen, rows):
    for name, carrier_hz in CARRIERS_HZ.items():
        first_order_hz = -carrier_hz * seen.range_rate_m_s / SPEED_OF_LIGHT_M_S
        doppler_hz = -carrier_hz * seen.delay_rate

        assert np.abs(first_order_hz - numbers(rows, f"first_order_doppler_{name}_hz")).max() < DOPPLER_TOLERANCE_HZ
        assert np.abs(doppler_hz - numbers(rows, f"doppler_{name}_hz")).max() < DOPPLER_TOLERANCE_HZ


@pytest.mark.parametrize("case", STANDING, ids=lambda case: case["name"])
def test_duration_agrees_with_mpmath(case):
    """Horizon to horizon takes as long as between the two roots of the elevation."""
    duration_s = simple_pass_duration_s(
        altitude_m=float(case["altitude_m"]), max_elevation_rad=radians(float(case["max_elevation_deg"]))
    )

    assert abs(duration_s - float(case["duration_s"])) < DURATION_TOLERANCE_S


@bounded
@given(altitude_m=altitudes_m, max_elevation_rad=elevations_rad)
def test_delay_rate_is_the_derivative_of_the_delay(altitude_m, max_elevation_rad):
    """-f delay_rate is the slope of the phase -f delay_s, in hertz, all through a simple pass."""
    look = simple_pass(altitude_m=altitude_m, max_elevation_rad=max_elevation_rad, tca_s=0.0)
    t_s = horizon_to_horizon(altitude_m, max_elevation_rad)

    slope = (look(t_s + STEP_S).delay_s - look(t_s - STEP_S).delay_s) / (2 * STEP_S)

    error_hz = CARRIERS_HZ["40"] * (look(t_s).delay_rate - slope)
    assert np.abs(error_hz).max() < DERIVATIVE_TOLERANCE_HZ


@bounded
@given(altitude_m=altitudes_m, max_elevation_rad=elevations_rad)
def test_light_left_where_the_satellite_was(altitude_m, max_elevation_rad):
    """What arrives at t has come the range of t - delay: the light-time equation is solved."""
    look = simple_pass(altitude_m=altitude_m, max_elevation_rad=max_elevation_rad, tca_s=0.0)
    t_s = horizon_to_horizon(altitude_m, max_elevation_rad)

    delay_s = look(t_s).delay_s

    assert np.abs(delay_s - look(t_s - delay_s).range_m / SPEED_OF_LIGHT_M_S).max() < LIGHT_TIME_TOLERANCE_S


@bounded
@given(altitude_m=altitudes_m, max_elevation_rad=elevations_rad, t_s=st.floats(-400, 400), tca_s=st.floats(-60, 1500))
def test_phase_agrees_with_mpmath(altitude_m, max_elevation_rad, t_s, tca_s):
    """The received phase f (t - delay) is right to a millionth of a turn at any instant of any pass."""
    look = simple_pass(altitude_m=altitude_m, max_elevation_rad=max_elevation_rad, tca_s=tca_s)

    delay_s = float(look(np.array([t_s])).delay_s[0])

    with mpmath.workdps(40):
        phase_turns = CARRIERS_HZ["40"] * (mpmath.mpf(t_s) - delay_s)
        expected_turns = CARRIERS_HZ["40"] * (
            mpmath.mpf(t_s) - exact_delay_s(altitude_m, max_elevation_rad, t_s, tca_s)
        )
        assert abs(phase_turns - expected_turns) < PHASE_TOLERANCE_TURNS


def exact_delay_s(altitude_m, max_elevation_rad, t_s, tca_s):
    ground_m, radius_m = mpmath.mpf(MEAN_EARTH_RADIUS_M), mpmath.mpf(MEAN_EARTH_RADIUS_M) + altitude_m
    rate_rad_s = mpmath.sqrt(GM_EARTH_M3_S2 / radius_m**3)
    offset_rad = mpmath.acos(ground_m * mpmath.cos(max_elevation_rad) / radius_m) - max_elevation_rad
    delay_s = mpmath.mpf(0)
    for _ in range(9):  # each gains a factor of about 4e4
        angle_rad = rate_rad_s * (mpmath.mpf(t_s) - tca_s - delay_s)
        along_m2 = 2 * ground_m * radius_m * mpmath.cos(offset_rad) * mpmath.cos(angle_rad)
        delay_s = mpmath.sqrt(ground_m**2 + radius_m**2 - along_m2) / SPEED_OF_LIGHT_M_S
    return delay_s


@bounded
@given(altitude_m=altitudes_m, max_elevation_rad=elevations_rad)
def test_one_doppler_zero_from_the_closest_point(altitude_m, max_elevation_rad):
    """Doppler passes zero once, downwards, when what left at the least range arrives."""
    look = simple_pass(altitude_m=altitude_m, max_elevation_rad=max_elevation_rad, tca_s=0.0)
    t_s = horizon_to_horizon(altitude_m, max_elevation_rad, count=2000)  # even: no grid point on closest approach
    seen = look(t_s)

    flips = np.flatnonzero(np.diff(np.sign(seen.delay_rate)))

    assert flips.size == 1
    assert seen.delay_rate[0] < 0 < seen.delay_rate[-1]
    assert seen.range_m.min() > look(np.zeros(1)).range_m[0]
    arrived_s = zero_of(lambda t: look(t).delay_rate, t_s[flips[0]], t_s[flips[0] + 1])
    sent_s = arrived_s - look(np.array([arrived_s])).delay_s[0]
    assert abs(sent_s) < ZERO_TOLERANCE_S


def zero_of(rising, low_s, high_s):
    for _ in range(60):
        middle_s = (low_s + high_s) / 2
        low_s, high_s = (middle_s, high_s) if rising(np.array([middle_s]))[0] < 0 else (low_s, middle_s)
    return middle_s


@bounded
@given(altitude_m=altitudes_m, max_elevation_rad=elevations_rad)
def test_slope_at_closest_approach(altitude_m, max_elevation_rad):
    """First-order Doppler falls by (f v^2 / c d) (R/r) cos g0 a second at closest approach."""
    look = simple_pass(altitude_m=altitude_m, max_elevation_rad=max_elevation_rad, tca_s=0.0)
    radius_m = MEAN_EARTH_RADIUS_M + altitude_m
    before, after = look(np.array([-STEP_S, STEP_S])).range_rate_m_s
    closest_m = look(np.zeros(1)).range_m[0]

    slope_m_s2 = (after - before) / (2 * STEP_S)

    expected_m_s2 = GM_EARTH_M3_S2 / radius_m / closest_m * MEAN_EARTH_RADIUS_M / radius_m
    expected_m_s2 *= cos(off_track_rad(altitude_m, max_elevation_rad))
    assert abs(slope_m_s2 / expected_m_s2 - 1) < SLOPE_TOLERANCE


@bounded
@given(altitude_m=altitudes_m, max_elevation_rad=elevations_rad, tca_s=st.floats(-1000, 1000))
def test_simple_pass_rises_culminates_and_sets(altitude_m, max_elevation_rad, tca_s):
    """Elevation is zero at both ends of the stated duration, and as high as asked for in the middle."""
    half_s = simple_pass_duration_s(altitude_m=altitude_m, max_elevation_rad=max_elevation_rad) / 2
    look = simple_pass(altitude_m=altitude_m, max_elevation_rad=max_elevation_rad, tca_s=tca_s)

    rise_rad, top_rad, set_rad = look(tca_s + np.array([-half_s, 0.0, half_s])).elevation_rad

    assert abs(top_rad - max_elevation_rad) < ELEVATION_TOLERANCE_RAD
    assert max(abs(rise_rad), abs(set_rad)) < ELEVATION_TOLERANCE_RAD


def test_simple_pass_flies_north_in_the_east():
    """The simple pass begins in the south-east, is due east at closest approach, and ends in the north-east."""
    look = simple_pass(altitude_m=500e3, max_elevation_rad=radians(30), tca_s=0.0)

    south, east, north = (degrees(a) for a in look(np.array([-300.0, 0.0, 300.0])).azimuth_rad)

    assert 90 < south < 180
    assert abs(radians(east - 90)) < ANGLE_TOLERANCE_RAD
    assert 0 < north < 90


def test_simple_pass_flies_a_great_circle():
    """Range and angles together give a place that moves with the orbit's speed: along a great circle, all the way."""
    radius_m = MEAN_EARTH_RADIUS_M + 1500e3
    omega_rad_s = sqrt(GM_EARTH_M3_S2 / radius_m**3)
    look = simple_pass(altitude_m=1500e3, max_elevation_rad=radians(20), tca_s=0.0)

    def place_m(t_s):
        seen = look(t_s)
        level_m = seen.range_m * np.cos(seen.elevation_rad)
        up_m = seen.range_m * np.sin(seen.elevation_rad)
        return np.stack([level_m * np.sin(seen.azimuth_rad), level_m * np.cos(seen.azimuth_rad), up_m])

    t_s = np.array([-400.0, -100.0, 0.0, 250.0])
    steps_m = np.linalg.norm(place_m(t_s + 10) - place_m(t_s), axis=0)

    assert np.abs(steps_m / (2 * radius_m * sin(omega_rad_s * 5)) - 1).max() < STEP_SHARE


@pytest.mark.parametrize(
    ("latitude_step_deg", "longitude_step_deg", "expected_deg"),
    [(1, 0, 0), (0, 1, 90), (-1, 0, 180), (0, -1, 270)],
    ids=["north", "east", "south", "west"],
)
def test_station_azimuth_counts_from_north_through_east(latitude_step_deg, longitude_step_deg, expected_deg):
    """From the equator, what hangs over the next degree in each direction is seen exactly there."""
    above_m = geodetic_to_earth_fixed(latitude_step_deg, 30.0 + longitude_step_deg, 300e3)[:, None]

    def hanging(t_s):
        return np.broadcast_to(above_m, (3, t_s.size)), np.zeros((3, t_s.size))

    look = station_pass(hanging, Station(latitude_deg=0.0, longitude_deg=30.0), sidereal=(0.0, 0.0))

    seen = look(np.zeros(1))

    off_rad = (seen.azimuth_rad[0] - radians(expected_deg) + pi) % (2 * pi) - pi
    assert abs(off_rad) < ANGLE_TOLERANCE_RAD
    assert 0 <= seen.azimuth_rad[0] <= 2 * pi
    assert radians(65) < seen.elevation_rad[0] < radians(75)  # 300 km up, 111 km away


def test_zenith_is_the_normal_of_the_ellipsoid():
    """What hangs over the geodetic latitude of a station stands in its zenith, its height difference away."""
    above_m = geodetic_to_earth_fixed(52.0, -0.13, 300_095.0)[:, None]

    def hanging(t_s):
        return np.broadcast_to(above_m, (3, t_s.size)), np.zeros((3, t_s.size))

    station = Station(latitude_deg=52.0, longitude_deg=-0.13, height_m=95.0)
    look = station_pass(hanging, station, sidereal=(0.0, 0.0))

    seen = look(np.zeros(1))

    assert abs(seen.elevation_rad[0] - pi / 2) < ANGLE_TOLERANCE_RAD
    assert abs(seen.range_m[0] - 300e3) < INERTIAL_RANGE_TOLERANCE_M


def test_held_still_hangs_where_it_was():
    """A satellite held still keeps angles and range of that instant, has no rates, and its delay is its range."""
    moving = simple_pass(altitude_m=500e3, max_elevation_rad=radians(60), tca_s=100.0)
    there = moving(np.array([40.0]))

    seen = hold_still(moving, 40.0)(np.array([-1e6, 0.0, 40.0, 777.0]))

    for name in ("range_m", "azimuth_rad", "elevation_rad"):
        assert (getattr(seen, name) == getattr(there, name)[0]).all()
    assert (seen.delay_s == there.range_m[0] / SPEED_OF_LIGHT_M_S).all()
    assert not seen.range_rate_m_s.any()
    assert not seen.delay_rate.any()
    assert {array.shape for array in vars(seen).values()} == {(4,)}


@pytest.mark.parametrize("count", [0, 1, 7])
def test_looks_are_as_long_as_the_times(count):
    """Every array of a Look has one element per time, for no, one and several times."""
    t_s = np.linspace(0.0, 60.0, count)

    looks = [
        simple_pass(altitude_m=500e3, max_elevation_rad=1.0, tca_s=0.0)(t_s),
        turning_pass()(t_s),
        hold_still(turning_pass(), 0.0)(t_s),
    ]

    for seen in looks:
        assert {array.shape for array in vars(seen).values()} == {(count,)}
