"""Any satellite over any place, against Skyfield and against the published vectors of SGP4."""

import json
import re
from datetime import datetime, timedelta
from math import degrees
from pathlib import Path

import numpy as np
import pytest
import sgp4
from sgp4.io import fix_checksum

from beep.base.errors import TleError
from beep.geometry.orbit import positions
from beep.geometry.overhead import FARTHEST_DAYS, northbound, over, passes_over, refuse_lost, view_over
from beep.geometry.stations import STATIONS, Station
from beep.geometry.tle import elements_of

REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "satellites.json").read_text())["cases"]
NAMES = [case["name"] for case in REFERENCE]
MODERN = [case for case in REFERENCE if case["start"] > "2006"]
CARRIER_HZ = 40e6

RANGE_TOLERANCE_M = 3e-5  # SGP4 jumps by 1e-5: measured 1.8e-6
ANGLE_TOLERANCE_DEG = 1e-9  # measured 5e-11
DELAY_TOLERANCE_S = 1e-13  # 0.03 mm: measured 1.3e-14
DOPPLER_TOLERANCE_HZ = 1e-4  # the reference's own difference of 0.04 s: measured 2.7e-5
CHAIN_TOLERANCE_M = 50.0  # UT1 is taken as UTC: 465 m a second at the equator: measured 44 m (0.2 s in 2006)
CHAIN_TOLERANCE_HZ = 0.05  # the same at 40 MHz: measured 0.027
VECTOR_TOLERANCE_M = 5e-4  # the last bit of a deep-space set's epoch: measured 0.46 mm with 20413, 0.02 mm with most
WILD, WILD_TOLERANCE_M = 23333, 5e-3  # eccentricity 0.973: the last bit of its mean motion is 4 mm at perigee
IMPOSSIBLE = 33334  # a mean motion of 1e-5 revolutions a day, there to provoke an error
ALOFT_DEG = 1e-6

ISS = "\n".join(REFERENCE[0]["tle"].splitlines())
ISS_START = datetime.fromisoformat("2018-07-04T04:00:00Z")
FOLDER = Path(sgp4.__file__).parent


def look_of(case):
    latitude_deg, longitude_deg, height_m = case["place"]
    place = Station(latitude_deg=latitude_deg, longitude_deg=longitude_deg, height_m=height_m)
    start = datetime.fromisoformat(case["start"])
    return over(place, elements_of(case["tle"]), start)(np.array(case["t_s"]))


@pytest.mark.parametrize("case", REFERENCE, ids=NAMES)
def test_look_agrees_with_skyfield(case):
    """With UT1 = UTC, range, angles, light time and Doppler are Skyfield's, on all kinds of orbit and place."""
    expected, seen = case["same_scale"], look_of(case)

    off_deg = (np.degrees(seen.azimuth_rad) - expected["azimuth_deg"] + 180) % 360 - 180
    assert np.abs(seen.range_m - expected["range_m"]).max() < RANGE_TOLERANCE_M
    assert np.abs(np.degrees(seen.elevation_rad) - expected["elevation_deg"]).max() < ANGLE_TOLERANCE_DEG
    assert np.abs(off_deg * np.cos(seen.elevation_rad)).max() < ANGLE_TOLERANCE_DEG
    assert np.abs(seen.delay_s - expected["delay_s"]).max() < DELAY_TOLERANCE_S
    assert np.abs(CARRIER_HZ * (seen.delay_rate - expected["delay_rate"])).max() < DOPPLER_TOLERANCE_HZ


def test_the_reference_has_satellites_in_the_sky():
    """Each case rises: what is compared is what is heard."""
    assert [case["name"] for case in REFERENCE if max(case["same_scale"]["elevation_deg"]) < 0] == []
    assert len(MODERN) >= 6


@pytest.mark.parametrize("case", MODERN, ids=lambda case: case["name"])
def test_what_leaving_out_earth_orientation_costs(case):
    """Skyfield's whole chain, with UT1 from its table, is within 50 m and 0.05 Hz at 40 MHz."""
    expected, seen = case["full_chain"], look_of(case)

    assert np.abs(seen.range_m - expected["range_m"]).max() < CHAIN_TOLERANCE_M
    assert np.abs(CARRIER_HZ * (seen.delay_rate - expected["delay_rate"])).max() < CHAIN_TOLERANCE_HZ


@pytest.mark.parametrize("case", REFERENCE, ids=NAMES)
def test_the_view_is_the_look(case):
    """What searches see is what `over` sees at the same instant."""
    latitude_deg, longitude_deg, height_m = case["place"]
    place = Station(latitude_deg=latitude_deg, longitude_deg=longitude_deg, height_m=height_m)
    view = view_over(place, elements_of(case["tle"]), datetime.fromisoformat(case["start"]))(np.array(case["t_s"]))

    seen = look_of(case)

    assert np.abs(view.range_m - seen.range_m).max() < RANGE_TOLERANCE_M
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

        alive = np.isfinite(found_m[0])
        assert np.abs(found_m - np.array(expected_km) * 1e3)[:, alive].max() < (
            WILD_TOLERANCE_M if number == WILD else VECTOR_TOLERANCE_M
        ), number
        seen += int(alive.sum())
    assert seen > 600


# --- the end of an orbit ----------------------------------------------------------------------------------------

DECAYING = verification_sets()[33333]  # leaves SGP4's range within the hour


def test_an_orbit_that_ends_says_so():
    """Where SGP4 gives up, its reason comes in words, with the time and the remedy."""
    mean = elements_of(DECAYING)
    searched = passes_over(Station(latitude_deg=52.0, longitude_deg=0.0), mean, mean.epoch, stop_s=86_400)

    with pytest.raises(TleError, match=r"by 2005-11-27T00:\d\dZ: .*semilatus rectum.*earlier start"):
        list(searched)

    refuse_lost(mean, mean.epoch)
    with pytest.raises(TleError, match="semilatus"):
        refuse_lost(mean, mean.epoch + timedelta(minutes=40))


@pytest.mark.parametrize("days", [-FARTHEST_DAYS - 1, FARTHEST_DAYS, 20_000])
def test_elements_of_another_year_are_refused(days):
    """A search that leaves the year around the epoch is refused, with the epoch's date."""
    mean = elements_of(ISS)

    with pytest.raises(TleError, match=r"2018-07-03.*take a set of that time"):
        list(passes_over(STATIONS["cambridge"], mean, mean.epoch + timedelta(days=days), stop_s=86_400))


def test_north_and_south():
    """Half an orbit after it flew north over a place, a satellite flies south."""
    mean = elements_of(ISS)
    first, second = (northbound(mean, mean.epoch + timedelta(seconds=s)) for s in (0.0, np.pi / mean.mean_motion_rad_s))

    assert first is not second


def test_skyfield_finds_the_same_passes():
    """A day of the ISS over Cambridge: rise and set are Skyfield's to a millisecond."""
    from skyfield.api import EarthSatellite, load, wgs84

    timescale = load.timescale(builtin=True, delta_t=69.184)
    satellite, place = EarthSatellite(*ISS.splitlines(), ts=timescale), STATIONS["cambridge"]
    ground = wgs84.latlon(place.latitude_deg, place.longitude_deg, elevation_m=place.height_m)
    found = list(passes_over(place, elements_of(ISS), ISS_START, stop_s=86_400))
    edges_s = np.array([[one.aos_s, one.los_s] for one in found])

    def height_deg(offset_s):
        t = timescale.utc(2018, 7, 4, 4, 0, (edges_s + offset_s).ravel())
        return (satellite - ground).at(t).altaz()[0].degrees.reshape(edges_s.shape)

    before, after = height_deg(-1e-3), height_deg(1e-3)
    times, events = satellite.find_events(
        ground, timescale.utc(2018, 7, 4, 4), timescale.utc(2018, 7, 5, 4), altitude_degrees=0.0
    )
    assert ((before < 0) == [True, False]).all()
    assert ((after < 0) == [False, True]).all()
    assert len(times) == len(events)
    assert (events == 0).sum() == len(found) == 7


def test_highest_is_highest():
    """The highest elevation is not below any of a second's grid."""
    place, mean = STATIONS["cambridge"], elements_of(ISS)
    view = view_over(place, mean, ISS_START)
    seen = 0
    for one in passes_over(place, mean, ISS_START, stop_s=86_400):
        grid_rad = view(np.arange(one.aos_s, one.los_s, 1.0)).elevation_rad
        assert degrees(grid_rad.max() - view(np.array([one.highest_s])).elevation_rad[0]) < ALOFT_DEG
        seen += 1
    assert seen == 7
