"""Orbits: elements to positions, looks and passes; against Skyfield, and against the published vectors of SGP4."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import degrees, pi, tau
from pathlib import Path

import numpy as np
import pytest
import sgp4
from hypothesis import given, settings
from hypothesis import strategies as st
from sgp4.api import WGS72, Satrec
from sgp4.io import fix_checksum
from skyfield.api import EarthSatellite, load, wgs84

from beep.base.constants import SPEED_OF_LIGHT_M_S
from beep.base.errors import TleError
from beep.geometry import sputnik
from beep.geometry.elements import Elements
from beep.geometry.frames import geodetic_to_earth_fixed, julian_date, rotate_z, sidereal_angle
from beep.geometry.orbit import (
    FARTHEST_DAYS,
    KEPT_SEGMENTS,
    SEGMENT_S,
    check_orbit,
    ephemeris,
    northbound,
    orbit_look,
    orbit_passes,
    orbit_view,
    positions,
)
from beep.geometry.stations import STATIONS, Station
from beep.geometry.tle import elements_of

CARRIER_HZ = 40_002_000.0
SERIES_TOLERANCE_M = 1e-6  # what the series promises where SGP4 is smooth, 95 % of the time: measured 4.7e-7
JUMP_TOLERANCE_M = 3e-5  # SGP4's Kepler iteration now and then stops one step early: measured jumps of 1.3e-5
JOINT_TOLERANCE_M = 3e-5  # such a jump may lie under one of the two series: measured 7.3e-6
JOINT_TOLERANCE_M_S = 2e-5  # and tilt it: measured 4.2e-6
RANGE_TOLERANCE_M = 5e-4  # SGP4's epoch is a float64 of days, good to 2e-8 s, 0.15 mm of flight: measured 0.28 mm
ANGLE_TOLERANCE_RAD = 2e-9  # that range at 230 km: measured 5e-10
RANGE_RATE_TOLERANCE_M_S = 5e-3  # steps of 0.05 s leave 3e-3 of the third derivative: measured 1.2e-3
VELOCITY_TOLERANCE_M_S = 2e-6  # steps of STEP_S leave 1.6e-7, and jumps their share: measured 3.4e-7
LIGHT_TIME_TOLERANCE_S = 1e-16  # 30 nm of path, 4e-9 turn at 40 MHz: measured 0, a fixed point
DOPPLER_TOLERANCE_HZ = 1e-4  # steps of STEP_S leave 0.02 mHz: measured 0.015 mHz
COMPANY_TOLERANCE_M = 1e-8  # NumPy sums another number of times in another order: measured 3e-9

STEP_S = 0.01  # of central differences

MIDDLES = [
    datetime(1957, 10, 5, 7, 54, tzinfo=UTC),
    datetime(1957, 10, 8, 3, 36, 6, tzinfo=UTC),
    datetime(1957, 10, 15, 21, 9, tzinfo=UTC),
    datetime(1957, 10, 25, 12, 34, 56, 789_000, tzinfo=UTC),
]
PLACES = ["quartz-hill", "laurel", "cambridge", "tyuratam", "munich"]
AROUND_S = np.arange(-600.0, 600.0, 7.3)

bounded = settings(max_examples=50, deadline=None)
middles = st.datetimes(datetime(1957, 10, 5), datetime(1957, 10, 25), timezones=st.just(UTC))
# 128ths of a day are exact in float64: nothing but the series stands between SGP4 and us.
exact_middles = st.integers(0, 20 * 128).map(lambda n: datetime(1957, 10, 5, tzinfo=UTC) + n * timedelta(days=1) / 128)


def sgp4_of(elements: Elements) -> Satrec:
    satellite = Satrec()
    epoch_days = (elements.epoch - datetime(1949, 12, 31, tzinfo=UTC)) / timedelta(days=1)
    angles = (elements.argument_of_perigee_rad, elements.inclination_rad, elements.mean_anomaly_rad)
    motion_rad_min = elements.mean_motion_rad_s * 60
    satellite.sgp4init(
        WGS72, "i", 2, epoch_days, 0.0, 0.0, 0.0, elements.eccentricity, *angles, motion_rad_min, elements.raan_rad
    )
    return satellite


def look_from(place, middle):
    """Look function of Sputnik from a named place, in seconds after `middle`."""
    return orbit_look(STATIONS[place], sputnik.elements(middle), middle)


@pytest.fixture(scope="module")
def skyfield_position():
    """Skyfield's position of Sputnik from a named place, some seconds after a date; UT1 is UTC, no download."""
    timescale = load.timescale(builtin=True, delta_t=42.184)  # its own table is 10 s off in 1957

    def position(place, middle, t_s):
        station = STATIONS[place]
        satellite = EarthSatellite.from_satrec(sgp4_of(sputnik.elements(middle)), timescale)
        ground = wgs84.latlon(station.latitude_deg, station.longitude_deg, station.height_m)
        seconds = middle.second + middle.microsecond * 1e-6 + t_s
        t = timescale.utc(middle.year, middle.month, middle.day, middle.hour, middle.minute, seconds)
        return (satellite - ground).at(t)

    return position


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("middle", MIDDLES, ids=lambda middle: f"{middle:%d-oct}")
def test_look_agrees_with_skyfield(skyfield_position, place, middle):
    """Range, azimuth and elevation of Sputnik are Skyfield's, ten minutes around, on both hemispheres."""
    elevation, azimuth, distance = skyfield_position(place, middle, AROUND_S).altaz()

    seen = look_from(place, middle)(AROUND_S)

    off_rad = (seen.azimuth_rad - azimuth.radians + pi) % tau - pi
    assert np.abs(seen.range_m - distance.m).max() < RANGE_TOLERANCE_M
    assert np.abs(seen.elevation_rad - elevation.radians).max() < ANGLE_TOLERANCE_RAD
    assert np.abs(off_rad * np.cos(elevation.radians)).max() < ANGLE_TOLERANCE_RAD


@pytest.mark.parametrize("place", PLACES)
def test_range_rate_agrees_with_skyfield(skyfield_position, place):
    """The range rate is the derivative of Skyfield's range (not SGP4's velocity, which is 0.3 m/s off it)."""
    middle, step_s = MIDDLES[1], 0.05
    after_m, before_m = (skyfield_position(place, middle, AROUND_S + s).distance().m for s in (step_s, -step_s))

    seen = look_from(place, middle)(AROUND_S)

    assert np.abs(seen.range_rate_m_s - (after_m - before_m) / (2 * step_s)).max() < RANGE_RATE_TOLERANCE_M_S


@bounded
@given(middle=middles, place=st.sampled_from(sorted(STATIONS)))
def test_doppler_is_the_derivative_of_the_delay(middle, place):
    """-f delay_rate is the slope of the phase -f delay_s at 40.002 MHz, over any station on any day."""
    look = look_from(place, middle)

    slope = (look(AROUND_S + STEP_S).delay_s - look(AROUND_S - STEP_S).delay_s) / (2 * STEP_S)

    assert np.abs(CARRIER_HZ * (look(AROUND_S).delay_rate - slope)).max() < DOPPLER_TOLERANCE_HZ


@bounded
@given(middle=middles, place=st.sampled_from(sorted(STATIONS)))
def test_light_left_where_the_satellite_was(middle, place):
    """The delay is the inertial distance from where Sputnik was when it sent to where the station is now."""
    station, orbit = STATIONS[place], ephemeris(sputnik.elements(middle), middle)
    angle_rad, rate_rad_s = sidereal_angle(middle)
    ground_m = geodetic_to_earth_fixed(station.latitude_deg, station.longitude_deg, station.height_m)

    delay_s = look_from(place, middle)(AROUND_S).delay_s

    path_m = orbit(AROUND_S - delay_s)[0] - rotate_z(ground_m, angle_rad + rate_rad_s * AROUND_S)
    error_s = delay_s - np.linalg.norm(path_m, axis=0) / SPEED_OF_LIGHT_M_S
    assert np.abs(error_s).max() < LIGHT_TIME_TOLERANCE_S


@bounded
@given(middle=exact_middles)
def test_series_agrees_with_sgp4(middle):
    """Positions are SGP4's own in TEME, half a day around the elements' epoch, but for the jumps SGP4 makes."""
    t_s = np.linspace(-43_200.0, 43_200.0, 999)
    day, fraction = julian_date(middle)
    elements = sputnik.elements(middle)
    error, expected_km, _ = sgp4_of(elements).sgp4_array(np.full_like(t_s, day), fraction + t_s / 86_400)

    position_m, _ = ephemeris(elements, middle)(t_s)

    assert not error.any()
    off_m = np.linalg.norm(position_m - expected_km.T * 1e3, axis=0)
    assert np.quantile(off_m, 0.95) < SERIES_TOLERANCE_M
    assert off_m.max() < JUMP_TOLERANCE_M


@bounded
@given(middle=middles)
def test_velocity_is_the_derivative_of_position(middle):
    """Velocity is the slope of the position."""
    orbit = ephemeris(sputnik.elements(middle), middle)

    slope_m_s = (orbit(AROUND_S + STEP_S)[0] - orbit(AROUND_S - STEP_S)[0]) / (2 * STEP_S)

    assert np.abs(orbit(AROUND_S)[1] - slope_m_s).max() < VELOCITY_TOLERANCE_M_S


@bounded
@given(middle=middles)
def test_series_join_without_a_step(middle):
    """Two neighbouring series meet in position and velocity: no click in the phase, no step in the Doppler."""
    orbit = ephemeris(sputnik.elements(middle), middle)
    joints_s = np.arange(-20, 21) * SEGMENT_S

    before_m, before_m_s = orbit(np.nextafter(joints_s, -np.inf))  # below a nanometre away
    after_m, after_m_s = orbit(joints_s)

    assert np.linalg.norm(after_m - before_m, axis=0).max() < JOINT_TOLERANCE_M
    assert np.linalg.norm(after_m_s - before_m_s, axis=0).max() < JOINT_TOLERANCE_M_S


def test_order_and_company_of_times_do_not_matter():
    """A time has the same position alone, in any order, and after its series has been forgotten and made again."""
    orbit = ephemeris(sputnik.elements(MIDDLES[0]), MIDDLES[0])
    first_m, first_m_s = orbit(AROUND_S)

    orbit(np.arange(KEPT_SEGMENTS + 9) * SEGMENT_S)
    again_m, again_m_s = orbit(AROUND_S)
    backwards_m, _ = orbit(AROUND_S[::-1])
    alone_m = np.hstack([orbit(AROUND_S[i : i + 1])[0] for i in range(AROUND_S.size)])

    assert (again_m == first_m).all()
    assert (again_m_s == first_m_s).all()
    assert np.abs(backwards_m[:, ::-1] - first_m).max() < COMPANY_TOLERANCE_M
    assert np.abs(alone_m - first_m).max() < COMPANY_TOLERANCE_M


def test_a_decayed_orbit_is_nan():
    """Where SGP4 says that the orbit has decayed, position and velocity are nan, without a warning."""
    low = replace(sputnik.elements(MIDDLES[0]), eccentricity=0.1, mean_motion_rad_s=16.4 * tau / 86_400)
    inside = replace(low, epoch=MIDDLES[0], mean_anomaly_rad=0.0)
    error, _, _ = sgp4_of(inside).sgp4(*julian_date(MIDDLES[0]))
    assert error == 6  # "mrt is less than 1.0 which indicates the satellite has decayed"

    position_m, velocity_m_s = ephemeris(inside, MIDDLES[0])(np.zeros(1))

    assert np.isnan(position_m).all()
    assert np.isnan(velocity_m_s).all()


# --- any satellite --------------------------------------------------------------------------------------------------

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "satellites.json").read_text())["cases"]
NAMES = [case["name"] for case in REFERENCE]
MODERN = [case for case in REFERENCE if case["start"] > "2006"]
REFERENCE_CARRIER_HZ = 40e6

REFERENCE_RANGE_TOLERANCE_M = 3e-5  # SGP4 jumps by 1e-5: measured 1.8e-6
ANGLE_TOLERANCE_DEG = 1e-9  # measured 5e-11
DELAY_TOLERANCE_S = 1e-13  # 0.03 mm: measured 1.3e-14
REFERENCE_DOPPLER_TOLERANCE_HZ = 1e-4  # the reference's own difference of 0.04 s: measured 2.7e-5
CHAIN_TOLERANCE_M = 50.0  # UT1 is taken as UTC: 465 m a second at the equator: measured 44 m (0.2 s in 2006)
CHAIN_TOLERANCE_HZ = 0.05  # the same at 40 MHz: measured 0.027
VECTOR_TOLERANCE_M = 5e-4  # the last bit of a deep-space set's epoch: measured 0.46 mm with 20413, 0.02 mm with most
EXTREME, EXTREME_TOLERANCE_M = 23333, 5e-3  # eccentricity 0.973: the last bit of its mean motion is 4 mm at perigee
IMPOSSIBLE = 33334  # a mean motion of 1e-5 revolutions a day, there to provoke an error
HIGHEST_TOLERANCE_DEG = 1e-6

ISS = "\n".join(REFERENCE[0]["tle"].splitlines())
ISS_START = datetime.fromisoformat("2018-07-04T04:00:00Z")
FOLDER = Path(sgp4.__file__).parent


def seen_by(function, case):
    """What `orbit_look` or `orbit_view` sees at the times of a case."""
    place = Station(**dict(zip(("latitude_deg", "longitude_deg", "height_m"), case["place"], strict=True)))
    start = datetime.fromisoformat(case["start"])
    return function(place, elements_of(case["tle"]), start)(np.array(case["t_s"]))


@pytest.mark.parametrize("case", REFERENCE, ids=NAMES)
def test_look_of_any_satellite_agrees_with_skyfield(case):
    """With UT1 = UTC, range, angles, light time and Doppler are Skyfield's, on all kinds of orbit and place."""
    expected, seen = case["same_scale"], seen_by(orbit_look, case)

    off_deg = (np.degrees(seen.azimuth_rad) - expected["azimuth_deg"] + 180) % 360 - 180
    assert np.abs(seen.range_m - expected["range_m"]).max() < REFERENCE_RANGE_TOLERANCE_M
    assert np.abs(np.degrees(seen.elevation_rad) - expected["elevation_deg"]).max() < ANGLE_TOLERANCE_DEG
    assert np.abs(off_deg * np.cos(seen.elevation_rad)).max() < ANGLE_TOLERANCE_DEG
    assert np.abs(seen.delay_s - expected["delay_s"]).max() < DELAY_TOLERANCE_S
    off_hz = REFERENCE_CARRIER_HZ * (seen.delay_rate - expected["delay_rate"])
    assert np.abs(off_hz).max() < REFERENCE_DOPPLER_TOLERANCE_HZ


def test_the_reference_has_satellites_in_the_sky():
    """Each case rises: what is compared is what is heard."""
    assert [case["name"] for case in REFERENCE if max(case["same_scale"]["elevation_deg"]) < 0] == []
    assert len(MODERN) >= 6


@pytest.mark.parametrize("case", MODERN, ids=lambda case: case["name"])
def test_what_leaving_out_earth_orientation_costs(case):
    """Skyfield's whole chain, with UT1 from its table, is within 50 m and 0.05 Hz at 40 MHz."""
    expected, seen = case["full_chain"], seen_by(orbit_look, case)

    assert np.abs(seen.range_m - expected["range_m"]).max() < CHAIN_TOLERANCE_M
    assert np.abs(REFERENCE_CARRIER_HZ * (seen.delay_rate - expected["delay_rate"])).max() < CHAIN_TOLERANCE_HZ


@pytest.mark.parametrize("case", REFERENCE, ids=NAMES)
def test_the_view_is_the_look(case):
    """What searches see is what `over` sees at the same instant."""
    view, seen = seen_by(orbit_view, case), seen_by(orbit_look, case)

    assert np.abs(view.range_m - seen.range_m).max() < REFERENCE_RANGE_TOLERANCE_M
    assert np.abs(view.elevation_rad - seen.elevation_rad).max() < np.radians(ANGLE_TOLERANCE_DEG)
    assert np.abs(np.exp(1j * view.azimuth_rad) - np.exp(1j * seen.azimuth_rad)).max() < np.radians(1e-6)


# --- the vectors of SGP4's authors ------------------------------------------------------------------------------


def published():
    """Number of a satellite -> its rows (minutes after the epoch, x, y, z in km) in tcppver.out."""
    found = {}
    for line in (FOLDER / "tcppver.out").read_text().splitlines():
        if re.fullmatch(r"\d+ xx", line.strip()):
            rows = found.setdefault(int(line.split()[0]), [])
        elif line.strip():
            rows.append([float(number) for number in line.split()[:4]])
    return found


def verification_sets():
    """Number -> the two lines of SGP4-VER.TLE, without what stands behind them, and with a checksum."""
    lines = [line[:69] for line in (FOLDER / "SGP4-VER.TLE").read_text().splitlines() if not line.startswith("#")]
    return {
        int(one[2:7]): f"{fix_checksum(one.rstrip())}\n{fix_checksum(two.rstrip())}"
        for one, two in zip(lines[::2], lines[1::2], strict=True)
    }


def test_positions_agree_with_the_published_vectors():
    """Each of the verification cases of Vallado et al. (2006) comes out as its authors printed it."""
    seen = 0
    for number, rows in published().items():
        if number == IMPOSSIBLE:
            with pytest.raises(TleError, match=r"mean motion must be .* revolutions a day"):
                elements_of(verification_sets()[number])
            continue
        mean = elements_of(verification_sets()[number])
        minutes, *expected_km = np.array(rows).T

        found_m = positions(mean, mean.epoch)(minutes * 60)

        computed = np.isfinite(found_m[0])
        tolerance_m = EXTREME_TOLERANCE_M if number == EXTREME else VECTOR_TOLERANCE_M
        assert np.abs(found_m - np.array(expected_km) * 1e3)[:, computed].max() < tolerance_m, number
        seen += int(computed.sum())
    assert seen > 600


# --- the end of an orbit ----------------------------------------------------------------------------------------

DECAYING = verification_sets()[33333]  # leaves SGP4's range within the hour


def test_an_orbit_that_ends_says_so():
    """Where SGP4 gives up, its reason comes in words, with the time after the start and the remedy."""
    mean = elements_of(DECAYING)
    searched = orbit_passes(Station(latitude_deg=52.0, longitude_deg=0.0), mean, mean.epoch, stop_s=86_400)

    with pytest.raises(TleError, match=r"by 2005-11-29T00:49Z: .*semilatus rectum.*earlier start"):
        list(searched)

    check_orbit(mean, mean.epoch)
    with pytest.raises(TleError, match="semilatus"):
        check_orbit(mean, mean.epoch + timedelta(minutes=40))


@pytest.mark.parametrize("days", [-FARTHEST_DAYS - 1, FARTHEST_DAYS, 20_000])
def test_elements_of_another_year_are_refused(days):
    """A search that leaves the year around the epoch is refused, with the epoch's date."""
    mean = elements_of(ISS)

    with pytest.raises(TleError, match=r"2018-07-03.*take a set of that time"):
        list(orbit_passes(STATIONS["cambridge"], mean, mean.epoch + timedelta(days=days), stop_s=86_400))


def test_north_and_south():
    """Half an orbit after it flew north over a place, a satellite flies south."""
    mean = elements_of(ISS)
    first, second = (northbound(mean, mean.epoch + timedelta(seconds=s)) for s in (0.0, np.pi / mean.mean_motion_rad_s))

    assert first is not second


def test_skyfield_finds_the_same_passes():
    """A day of the ISS over Cambridge: rise and set are Skyfield's to a millisecond."""
    timescale = load.timescale(builtin=True, delta_t=69.184)
    satellite, place = EarthSatellite(*ISS.splitlines(), ts=timescale), STATIONS["cambridge"]
    ground = wgs84.latlon(place.latitude_deg, place.longitude_deg, elevation_m=place.height_m)
    found = list(orbit_passes(place, elements_of(ISS), ISS_START, stop_s=86_400))
    edges_s = np.array([[one.aos_s, one.los_s] for one in found])

    def height_deg(offset_s):
        t = timescale.utc(2018, 7, 4, 4, 0, (edges_s + offset_s).ravel())
        return (satellite - ground).at(t).altaz()[0].degrees.reshape(edges_s.shape)

    before, after = height_deg(-1e-3), height_deg(1e-3)
    day = (timescale.utc(2018, 7, 4, 4), timescale.utc(2018, 7, 5, 4))
    times, events = satellite.find_events(ground, *day, altitude_degrees=0.0)
    assert ((before < 0) == [True, False]).all()
    assert ((after < 0) == [False, True]).all()
    assert len(times) == len(events)
    assert (events == 0).sum() == len(found) == 7


def test_highest_is_highest():
    """The highest elevation is not below any of a second's grid."""
    place, mean = STATIONS["cambridge"], elements_of(ISS)
    view = orbit_view(place, mean, ISS_START)
    seen = 0
    for one in orbit_passes(place, mean, ISS_START, stop_s=86_400):
        grid_rad = view(np.arange(one.aos_s, one.los_s, 1.0)).elevation_rad
        assert degrees(grid_rad.max() - view(np.array([one.highest_s])).elevation_rad[0]) < HIGHEST_TOLERANCE_DEG
        seen += 1
    assert seen == 7
