"""What was heard in 1957, and what the orbit says of it."""

from datetime import UTC, datetime, timedelta
from math import ceil, degrees

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skyfield.api import Distance, load, wgs84
from skyfield.toposlib import ITRSPosition

from beep.geometry import sputnik
from beep.geometry.frames import rotate_z, sidereal_angle
from beep.geometry.orbit import ephemeris, orbit_look
from beep.geometry.sputnik import first_sputnik_pass
from beep.geometry.stations import STATIONS
from beep.scenario.scenario import Scenario
from beep.stream.resolve import receive

TCA_TOLERANCE_S = 3.0  # what the orbit is worth, 1 sigma: measured 0.6 s
MINUTE_S = 60.0  # a report to the minute, cut or rounded: measured 58 s
ELEVATION_TOLERANCE_DEG = 0.5  # printed as whole degrees
RANGE_TOLERANCE_KM = 0.5  # printed as whole kilometres
CLOCK_TOLERANCE_S = 1e-6  # dates are kept to a microsecond

STEPS = 2001  # of a pass, to find its highest elevation

CLOSEST = [  # station, search from, closest approach
    ("baldock", "1957-10-06T22:30Z", "1957-10-06T22:49:02Z"),  # GPO: 22:49
    ("banbury", "1957-10-13T05:15Z", "1957-10-13T05:30:15Z"),  # GPO: 05:30
    ("banbury", "1957-10-15T03:30Z", "1957-10-15T03:48:17Z"),  # GPO: 03:48
    ("laurel", "1957-10-08T03:20Z", "1957-10-08T03:36:06Z"),  # Applied Physics Laboratory, Guier and Weiffenbach
]
TO_THE_MINUTE = [  # station, search from, event, minute
    ("tatsfield", "1957-10-05T00:00Z", "tca_s", "1957-10-05T00:22Z"),  # BBC: heard from 00:15
    ("quartz-hill", "1957-10-05T07:30Z", "aos_s", "1957-10-05T07:47Z"),  # heard 07:30 to 08:00
    ("quartz-hill", "1957-10-05T07:30Z", "los_s", "1957-10-05T08:00Z"),
    ("dallas", "1957-10-07T05:00Z", "aos_s", "1957-10-07T05:05Z"),  # W5SLL: about 05:05
    ("dallas", "1957-10-07T05:00Z", "los_s", "1957-10-07T05:13Z"),
    ("munich", "1957-10-07T22:30Z", "tca_s", "1957-10-07T22:51Z"),  # the observatory: that evening
    ("tyuratam", "1957-10-04T19:20Z", "los_s", "1957-10-04T19:35Z"),  # first beeps, two minutes from 19:34
]
HIGHEST = [  # station, search from, highest elevation from, to, deg
    ("laurel", "1957-10-08T03:20Z", 81, 81),
    ("tatsfield", "1957-10-05T00:00Z", 56, 56),
    ("dallas", "1957-10-07T05:00Z", 25, 30),
    ("munich", "1957-10-07T22:30Z", 25, 25),
]


def utc(text):
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(("place", "start", "expected"), CLOSEST, ids=lambda text: text)
def test_closest_approach_of_a_documented_reception(place, start, expected):
    """Sputnik comes closest when the orbit's authors say, within the minute that was reported."""
    reception = receive(Scenario(station=place, start=start))

    tca = reception.epoch + timedelta(seconds=reception.tca_s)

    assert abs((tca - utc(expected)).total_seconds()) < TCA_TOLERANCE_S


@pytest.mark.parametrize(("place", "start", "event", "minute"), TO_THE_MINUTE, ids=lambda text: text)
def test_event_of_a_documented_reception(place, start, event, minute):
    """Rise, closest approach or set falls on the minute on record."""
    found, _ = first_sputnik_pass(STATIONS[place], utc(start))

    happened = utc(start) + timedelta(seconds=float(getattr(found, event)))

    assert abs((happened - utc(minute)).total_seconds()) < MINUTE_S


@pytest.mark.parametrize(("place", "start", "least_deg", "most_deg"), HIGHEST, ids=str)
def test_highest_elevation_of_a_documented_reception(place, start, least_deg, most_deg):
    """Sputnik stands as high as on record."""
    reception = receive(Scenario(station=place, start=start))

    seen = reception.look(np.linspace(0.0, reception.duration_s, STEPS))

    highest_deg = degrees(seen.elevation_rad.max())
    assert least_deg - ELEVATION_TOLERANCE_DEG <= highest_deg <= most_deg + ELEVATION_TOLERANCE_DEG


def test_distance_over_laurel():
    """On 8 October Sputnik passed the Applied Physics Laboratory at 237 km."""
    reception = receive(Scenario(station="laurel", start="1957-10-08T03:20Z"))

    assert abs(reception.closest_m / 1e3 - 237) < RANGE_TOLERANCE_KM


def test_crossing_seen_from_cambridge():
    """On 15 October Sputnik crossed latitude 51.71 at 21:08:56, as Cambridge's interferometer had it."""
    middle = datetime(1957, 10, 15, 21, 8, 56, tzinfo=UTC)
    t_s = np.arange(-20.0, 20.5, 1.0)
    angle_rad, rate_rad_s = sidereal_angle(middle)
    position_m, _ = ephemeris(sputnik.elements(middle), middle)(t_s)
    fixed_m = rotate_z(position_m, -(angle_rad + rate_rad_s * t_s))
    when = load.timescale(builtin=True, delta_t=42.184).from_datetime(middle)  # geodesy needs a date, any will do

    below = wgs84.geographic_position_of(ITRSPosition(Distance(m=fixed_m)).at(when))

    crossing_s = np.interp(51.71, below.latitude.degrees, t_s)
    assert (np.diff(below.latitude.degrees) > 0).all()  # northbound
    assert abs(crossing_s) < TCA_TOLERANCE_S


@pytest.mark.parametrize("place", ["riverhead", "washington"])
def test_first_american_receptions_came_from_below_the_horizon(place):
    """When Riverhead and Washington heard it, 5 October 00:07 to 00:30, Sputnik was 18 to 34 degrees down."""
    start = datetime(1957, 10, 5, 0, 7, tzinfo=UTC)
    look = orbit_look(STATIONS[place], sputnik.elements(start), start)

    elevation_deg = np.degrees(look(np.arange(0.0, 23 * 60.0 + 1)).elevation_rad)

    assert elevation_deg.min() > -34
    assert elevation_deg.max() < -18


@pytest.mark.parametrize("place", ["riverhead", "washington"])
def test_first_american_passes_came_later(place):
    """Neither place is given a line-of-sight pass for that hour: the first one rises after 03:00."""
    reception = receive(Scenario(station=place, start="1957-10-05T00:00Z"))

    assert reception.epoch > datetime(1957, 10, 5, 3, tzinfo=UTC)


@settings(max_examples=6, deadline=None)
@given(
    place=st.sampled_from(sorted(STATIONS)),
    start=st.datetimes(datetime(1957, 10, 5), datetime(1957, 10, 24), timezones=st.just(UTC)),
)
def test_a_recording_covers_the_pass(place, start):
    """By default the recording begins on the whole second before the rise, ends on the one after the set."""
    found, tca = first_sputnik_pass(STATIONS[place], start)

    reception = receive(Scenario(station=place, start=start))

    rise_s = (tca - reception.epoch).total_seconds() - (found.tca_s - found.aos_s)
    set_s = rise_s + found.los_s - found.aos_s
    assert reception.epoch.microsecond == 0
    assert -CLOCK_TOLERANCE_S <= rise_s < 1 + CLOCK_TOLERANCE_S
    assert reception.duration_s == ceil(set_s)
    assert (reception.look(np.array([0.0, reception.duration_s])).elevation_rad < 0).all()


def test_a_given_length_is_centred_on_the_closest_point():
    """With a length and no time of closest approach, that lies in the middle, and the dates agree."""
    whole = receive(Scenario(station="dallas", start="1957-10-07T05:00Z"))
    middle = receive(Scenario(station="dallas", start="1957-10-07T05:00Z", duration_s=60))

    apart_s = (middle.epoch - whole.epoch).total_seconds()

    assert middle.duration_s == 60
    assert middle.tca_s == 30
    assert abs(apart_s + middle.tca_s - whole.tca_s) < CLOCK_TOLERANCE_S


def test_a_given_closest_approach_moves_the_first_sample():
    """With tca_s the recording begins that long before closest approach, even below the horizon."""
    whole = receive(Scenario(station="dallas", start="1957-10-07T05:00Z"))
    early = receive(Scenario(station="dallas", start="1957-10-07T05:00Z", tca_s=600.0, duration_s=700.0))

    assert early.tca_s == 600
    assert abs((whole.epoch - early.epoch).total_seconds() - 600 + whole.tca_s) < CLOCK_TOLERANCE_S
    assert early.look(np.zeros(1)).elevation_rad[0] < 0
