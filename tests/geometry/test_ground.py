"""The point of the ground below a satellite, against Skyfield."""

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from skyfield.api import EarthSatellite, load, wgs84

from beep.geometry.ground import ground_points
from beep.geometry.orbit import orbit_look
from beep.geometry.stations import STATIONS
from beep.geometry.tle import elements_of

CASES = json.loads((Path(__file__).parents[1] / "reference" / "satellites.json").read_text())["cases"]


@pytest.mark.parametrize("place", ["laurel", "quartz-hill", "tyuratam"])
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_ground_points_agree_with_skyfield(case, place):
    """Over six hours, and from any station. Longitudes differ by a constant: we take UTC for UT1, Skyfield does not."""
    lines = case["tle"].splitlines()
    start, t_s = datetime.fromisoformat(case["start"]), np.arange(0.0, 21_600.0, 60.0)
    t = load.timescale(builtin=True).utc(*start.timetuple()[:5], start.second + t_s)
    expected = wgs84.geographic_position_of(EarthSatellite(*lines[-2:], ts=t.ts).at(t))

    points = ground_points(orbit_look(STATIONS[place], elements_of(case["tle"]), start)(t_s), STATIONS[place])

    east_deg = (points["longitude_deg"] - expected.longitude.degrees + 180) % 360 - 180
    assert np.abs(points["latitude_deg"] - expected.latitude.degrees).max() < 1e-6  # measured 4.5e-7
    assert np.abs(points["height_km"] - expected.elevation.km).max() < 1e-6  # measured 3.1e-8
    assert np.ptp(east_deg) < 2e-6
    assert abs(east_deg.mean()) < (0.004 if start.year > 1972 else 0.05)  # 0.9 s; in 1957 Skyfield's UTC is 10 s off
