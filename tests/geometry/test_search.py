"""Rise, closest approach and set, by what must hold around each of them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import degrees, radians

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beep.base.errors import ScenarioError
from beep.geometry import sputnik
from beep.geometry.elements import Elements
from beep.geometry.look import View, simple_pass, simple_pass_duration_s
from beep.geometry.orbit import orbit_look, orbit_view
from beep.geometry.search import FIRST_SCAN_STEPS, SCAN_S, find_passes
from beep.geometry.sputnik import first_sputnik_pass
from beep.geometry.stations import STATIONS, Station

HALF_SECOND_S = 0.5  # before and after an event
EDGE_TOLERANCE_S = 1e-9  # a scan step is cut six times into eight, and a line drawn in the last part
TCA_TOLERANCE_S = 1e-7  # of a pass of up to 1700 s
NEAREST_TOLERANCE_M = 1e-5  # of a grazing pass the horizon may be nearest: measured 7e-7
OVERLOOKED_DEG = 0.01  # passes below this height may last less than one scan step
SAME_PASS_TOLERANCE_S = 5e-6  # dates are kept to a microsecond: measured 9e-7
DAY_S = 86_400.0

bounded = settings(max_examples=25, deadline=None)
slower = settings(max_examples=5, deadline=None)  # several passes each, of 0.05 s
starts = st.datetimes(datetime(1957, 10, 5), datetime(1957, 10, 24), timezones=st.just(UTC))
stations = st.builds(Station, latitude_deg=st.floats(-60, 60), longitude_deg=st.floats(-180, 180))


def sputnik_from(station, start):
    """Look function of Sputnik from a station, with the elements of `start`, in seconds after it."""
    return orbit_look(station, sputnik.elements(start), start)


def assert_events_hold(look, found):
    """Half a second around rise and set the elevation changes sign, and at closest approach the range is least."""
    step_s = min(HALF_SECOND_S, (found.los_s - found.aos_s) / 2)
    times_s = [found.aos_s - step_s, found.aos_s + step_s, found.los_s - step_s, found.los_s + step_s]
    during = look(np.linspace(found.aos_s, found.los_s, 2001))

    assert (look(np.array(times_s)).elevation_rad > 0).tolist() == [False, True, True, False]
    assert found.aos_s <= found.tca_s <= found.los_s
    assert look(np.array([found.tca_s])).range_m[0] < during.range_m.min() + NEAREST_TOLERANCE_M
    assert (during.elevation_rad[1:-1] > 0).all()


@bounded
@given(
    altitude_m=st.floats(100e3, 2000e3),
    max_elevation_rad=st.floats(radians(1), radians(90)),
    tca_s=st.floats(1000, 9000),
)
def test_events_of_a_simple_pass(altitude_m, max_elevation_rad, tca_s):
    """A simple pass is found where it was put, as long as its closed form says."""
    look = simple_pass(altitude_m=altitude_m, max_elevation_rad=max_elevation_rad, tca_s=tca_s)
    half_s = simple_pass_duration_s(altitude_m=altitude_m, max_elevation_rad=max_elevation_rad) / 2

    (found,) = find_passes(look, start_s=tca_s - half_s - 100, stop_s=tca_s)

    assert_events_hold(look, found)
    assert abs(found.tca_s - tca_s) < TCA_TOLERANCE_S
    assert abs(found.aos_s - (tca_s - half_s)) < EDGE_TOLERANCE_S
    assert abs(found.los_s - (tca_s + half_s)) < EDGE_TOLERANCE_S


@slower
@given(station=stations, start=starts)
def test_events_of_sputnik(station, start):
    """Between 60 south and north Sputnik rises within a day, and every pass found is one, in order."""
    look = sputnik_from(station, start)

    found = list(find_passes(look, start_s=0.0, stop_s=DAY_S))

    assert found
    for one in found:
        assert_events_hold(look, one)
        assert 0 < one.aos_s <= DAY_S
    assert all(one.los_s < other.aos_s for one, other in pairwise(found))


@slower
@given(station=stations, start=starts)
def test_no_pass_is_overlooked(station, start):
    """Whenever Sputnik stands above a hundredth of a degree it is in a pass, or was up from the start."""
    look = sputnik_from(station, start)
    t_s = np.arange(0.0, DAY_S / 2, 7.0)
    elevation_rad = look(t_s).elevation_rad
    first_down = np.argmin(elevation_rad > 0)

    inside = np.zeros(t_s.size, bool)
    for one in find_passes(look, start_s=0.0, stop_s=DAY_S / 2):
        inside |= (one.aos_s <= t_s) & (t_s <= one.los_s)

    up = elevation_rad > radians(OVERLOOKED_DEG)
    assert not (up & ~inside)[first_down:].any()
    assert not inside[:first_down].any()


@pytest.mark.parametrize(
    "steps", [1, 2, FIRST_SCAN_STEPS - 1, FIRST_SCAN_STEPS, FIRST_SCAN_STEPS + 1, 2 * FIRST_SCAN_STEPS]
)
@pytest.mark.parametrize("off_s", [-1e-6, 0.0, 1e-6], ids=["before", "on", "after"])
def test_a_rise_on_the_edge_of_a_scan_step_is_found(steps, off_s):
    """A pass that rises on the edge between two scan steps, or two stretches of them, is found once."""
    half_s = simple_pass_duration_s(altitude_m=2000e3, max_elevation_rad=1.0) / 2
    start_s = -123.0
    aos_s = start_s + steps * SCAN_S + off_s
    look = simple_pass(altitude_m=2000e3, max_elevation_rad=1.0, tca_s=aos_s + half_s)

    (found,) = [
        one for one in find_passes(look, start_s=start_s, stop_s=aos_s + 1.0) if one.los_s > aos_s
    ]  # it goes round

    assert abs(found.aos_s - aos_s) < EDGE_TOLERANCE_S
    assert abs(found.los_s - (aos_s + 2 * half_s)) < EDGE_TOLERANCE_S  # beyond the stop


@pytest.mark.parametrize(
    ("start_s", "stop_s", "count"),
    [(-1.0, 0.001, 1), (-1.0, -0.001, 0), (0.001, 100.0, 0), (-0.001, 100.0, 1), (300.0, 1000.0, 0)],
    ids=["stop-after", "stop-before", "start-after", "start-before", "already-high"],
)
def test_only_a_rise_between_the_two_times_counts(start_s, stop_s, count):
    """A satellite that is already up at the start does not count, nor one that rises after the stop."""
    half_s = simple_pass_duration_s(altitude_m=500e3, max_elevation_rad=1.0) / 2
    look = simple_pass(altitude_m=500e3, max_elevation_rad=1.0, tca_s=half_s)  # rises at 0

    assert len(list(find_passes(look, start_s=start_s, stop_s=stop_s))) == count


@slower
@given(place=st.sampled_from(sorted(STATIONS)), start=starts)
def test_first_pass_is_the_first(place, start):
    """A second before its rise the first pass is still the first; a second after, a later one is."""
    station = STATIONS[place]
    found, tca = first_sputnik_pass(station, start)
    rise = tca - timedelta(seconds=found.tca_s - found.aos_s)

    before, tca_before = first_sputnik_pass(station, rise - timedelta(seconds=1))
    after, _ = first_sputnik_pass(station, rise + timedelta(seconds=1))

    assert found.aos_s >= 0
    assert abs(before.aos_s - 1) < SAME_PASS_TOLERANCE_S
    assert abs((tca_before - tca).total_seconds()) < SAME_PASS_TOLERANCE_S
    assert after.aos_s > found.los_s - found.aos_s


@pytest.mark.parametrize("day", [5, 15, 24])
def test_no_pass_at_the_north_pole(day):
    """At the north pole, near perigee, Sputnik never rises, and the message names the place and the remedy."""
    start = datetime(1957, 10, day, tzinfo=UTC)
    pole = Station(latitude_deg=90.0, longitude_deg=0.0)

    with pytest.raises(
        ScenarioError, match=rf"does not rise within a day of 1957-10-{day:02}T00:00Z at latitude 90.*choose"
    ):
        first_sputnik_pass(pole, start)


def test_sputnik_was_heard_at_the_south_pole():
    """Near apogee Sputnik rises at the south pole, where it was heard in 1957, but stays low."""
    pole = Station(latitude_deg=-90.0, longitude_deg=0.0, height_m=2800.0)
    start = datetime(1957, 10, 7, tzinfo=UTC)

    found, _ = first_sputnik_pass(pole, start)

    highest_rad = sputnik_from(pole, start)(np.linspace(found.aos_s, found.los_s, 500)).elevation_rad.max()
    assert 0 < degrees(highest_rad) < 10


# --- any satellite ----------------------------------------------------------------------------------------------

EPOCH = datetime(2018, 7, 4, tzinfo=UTC)
LONG_S = 10.0  # a pass that lasts longer is never missed
FINE_S = 4.0  # of the brute force
MOST_HOURS = 18


@st.composite
def orbits(draw):
    """Elements from skimming the air to beyond geostationary, of any inclination and eccentricity."""
    perigee_km = draw(st.floats(200, 36_000))
    eccentricity = draw(st.sampled_from([0.0, 0.001, 0.05, 0.3, 0.74]))
    axis_km = (6378 + perigee_km) / (1 - eccentricity)
    angles = st.floats(0, 6.283)
    return Elements(
        epoch=EPOCH,
        inclination_rad=draw(st.floats(0, 3.14)),
        raan_rad=draw(angles),
        eccentricity=eccentricity,
        argument_of_perigee_rad=draw(angles),
        mean_anomaly_rad=draw(angles),
        mean_motion_rad_s=(398_600.4418 / axis_km**3) ** 0.5,
    )


@settings(max_examples=40, deadline=None)
@given(
    mean=orbits(),
    latitude_deg=st.sampled_from([-90.0, 90.0]) | st.floats(-90, 90),
    longitude_deg=st.sampled_from([-180.0, 180.0, 359.9]) | st.floats(-180, 360),
    above_deg=st.sampled_from([0.0, 0.0, 10.0, 60.0]),
)
def test_no_pass_of_ten_seconds_is_missed(mean, latitude_deg, longitude_deg, above_deg):
    """Whatever orbit and place, what a look every 4 s finds above the limit for 10 s lies in a pass, and only that."""
    place = Station(latitude_deg=latitude_deg, longitude_deg=longitude_deg)
    view, stop_s = orbit_view(place, mean, EPOCH), MOST_HOURS * 3600.0
    t_s = np.arange(0.0, stop_s, FINE_S)
    up = view(t_s).elevation_rad > radians(above_deg)
    long = up & (np.convolve(up, np.ones(int(2 * LONG_S / FINE_S) + 1), "same") > LONG_S / FINE_S + 1)

    found = list(find_passes(view, start_s=0.0, stop_s=stop_s, above_rad=radians(above_deg), running=True))

    inside = np.zeros(t_s.size, bool)
    for one in found:
        inside |= (one.aos_s <= t_s) & (t_s <= one.los_s)
    assert not (long & ~inside).any()
    assert not (inside & ~up)[1:-1].any()
    assert all(one.aos_s < other.aos_s and one.los_s < other.aos_s for one, other in pairwise(found))
    for one in found:
        assert one.aos_s <= one.tca_s <= one.los_s
        assert one.aos_s <= one.highest_s <= one.los_s


def test_a_pass_that_runs_at_the_start():
    """It counts only when asked for, and then with the rise that it had before."""
    look = simple_pass(altitude_m=500e3, max_elevation_rad=1.0, tca_s=0.0)
    half_s = simple_pass_duration_s(altitude_m=500e3, max_elevation_rad=1.0) / 2

    (running,) = find_passes(look, start_s=100.0, stop_s=1000.0, running=True)

    assert list(find_passes(look, start_s=100.0, stop_s=1000.0)) == []
    assert abs(running.aos_s + half_s) < EDGE_TOLERANCE_S
    assert abs(running.los_s - half_s) < EDGE_TOLERANCE_S
    assert abs(running.tca_s) < TCA_TOLERANCE_S


GEOSTATIONARY = Elements(
    epoch=EPOCH,
    inclination_rad=0.001,
    raan_rad=0.0,
    eccentricity=0.0001,
    argument_of_perigee_rad=0.0,
    mean_anomaly_rad=0.0,
    mean_motion_rad_s=7.2921e-5,
)


def test_what_never_sets_and_what_never_rises():
    """A geostationary satellite is one endless pass on its side of the Earth, and none on the other."""
    nowhere = np.array([0.0])
    counts = []
    for longitude_deg in range(0, 360, 30):
        view = orbit_view(Station(latitude_deg=5.0, longitude_deg=longitude_deg), GEOSTATIONARY, EPOCH)
        found = list(find_passes(view, start_s=0.0, stop_s=3 * DAY_S, running=True))
        assert bool(found) == bool(view(nowhere).elevation_rad > 0)
        assert all(one.aos_s == -np.inf and one.los_s == np.inf and 0 <= one.tca_s <= 3 * DAY_S for one in found)
        counts.append(len(found))
    assert 4 <= sum(counts) <= 6


def test_a_rise_before_the_orbit_is_known():
    """A satellite that is up at the start has risen where its orbit begins to be known: before, `look` gives nan."""

    def high(t_s):
        elevation_rad = np.where(t_s < -1000, np.nan, np.cos((t_s - 100) / 2000))
        return View(range_m=1e6 - 1e5 * elevation_rad, azimuth_rad=np.zeros_like(t_s), elevation_rad=elevation_rad)

    (found,) = find_passes(high, start_s=0.0, stop_s=4000.0, running=True)

    assert abs(found.aos_s + 1000) < 1e-3
    assert abs(found.los_s - (100 + 1000 * np.pi)) < EDGE_TOLERANCE_S
    assert abs(found.tca_s - 100) < 1e-3
