"""Look angles, light time and its rate of many satellites, by Skyfield: writes satellites.json beside this file.

    python tests/reference/build_satellites.py

Each case twice: `same_scale` with UT1 = UTC, as beep has it (delta_t is chosen so), and `full_chain` with Skyfield's
own table of UT1. Light time is solved here, between Skyfield's inertial (GCRS) positions of satellite and station; its
rate is a central difference over 0.04 s. The element sets are those that come with python-sgp4 (Vallado's verification
cases of 2006), one of the ISS of 2018, and that of Sputnik 1 by which the orbit of 1957 is passed on.
"""

# /// script
# dependencies = ["skyfield", "sgp4", "numpy"]
# ///

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import skyfield
from skyfield.api import EarthSatellite, load, wgs84

C_M_S = 299_792_458.0
STEP_S = 0.02
TIMES_S = np.arange(0.0, 1800.0, 75.0)

CASES = [  # name, line 1, line 2, latitude, longitude, height, start, TAI - UTC then
    (
        "iss over cambridge",
        "1 25544U 98067A   18184.80969102  .00001614  00000-0  31745-4 0  9993",
        "2 25544  51.6414 295.8524 0003435 262.6267 204.2868 15.54005638121106",
        (52.2, 0.1, 20.0),
        "2018-07-04T04:20:00Z",
        37,
    ),
    (
        "iss from the south",
        "1 25544U 98067A   18184.80969102  .00001614  00000-0  31745-4 0  9993",
        "2 25544  51.6414 295.8524 0003435 262.6267 204.2868 15.54005638121106",
        (-41.25, 174.69, 280.0),
        "2018-07-04T08:00:00Z",
        37,
    ),
    (
        "molniya on the date line",
        "1 08195U 75081A   06176.33215444  .00000099  00000-0  11873-3 0   813",
        "2 08195  64.1586 279.0717 6877146 264.7651  20.2257  2.00491383225656",
        (60.0, 180.0, 0.0),
        "2006-06-25T12:00:00Z",
        33,
    ),
    (
        "molniya at perigee",
        "1 09880U 77021A   06176.56157475  .00000421  00000-0  10000-3 0  9814",
        "2 09880  64.5968 349.3786 7069051 270.0229  16.3320  2.00813614112380",
        (-60.0, -60.0, 0.0),
        "2006-06-26T00:20:00Z",
        33,
    ),
    (
        "geostationary",
        "1 28626U 05008A   06176.46683397 -.00000205  00000-0  10000-3 0  2190",
        "2 28626   0.0019 286.9433 0000335  13.7918  55.6504  1.00270176  4891",
        (10.0, -110.0, 0.0),
        "2006-06-26T00:00:00Z",
        33,
    ),
    (
        "retrograde over the pole",
        "1 28057U 03049A   06177.78615833  .00000060  00000-0  35940-4 0  1836",
        "2 28057  98.4283 247.6961 0000884  88.1964 271.9322 14.35478080140550",
        (90.0, 0.0, 2800.0),
        "2006-06-27T00:00:00Z",
        33,
    ),
    (
        "eccentric vanguard",
        "1 00005U 58002B   00179.78495062  .00000023  00000-0  28098-4 0  4753",
        "2 00005  34.2682 348.7242 1859667 331.7664  19.3264 10.82419157413667",
        (0.0, -75.0, 0.0),
        "2000-06-28T03:00:00Z",
        32,
    ),
    (
        "sputnik over cambridge",
        "1 00002U 57001B   57288.00000000  .00297400  00000-0  12554-2 0  9996",
        "2 00002  65.1827 309.7641 0477260  47.4204 283.4765 15.02759285    09",
        (52.165, 0.037, 20.0),
        "1957-10-15T20:52:00Z",
        10,  # as Skyfield takes it
    ),
]


def positions(satellite, ground, timescale, start, seconds):
    """GCRS of satellite at emission and of the station, the apparent delay, and range, azimuth, elevation."""

    def at(offset_s):
        return timescale.utc(start.year, start.month, start.day, start.hour, start.minute, start.second + offset_s)

    station_m = ground.at(at(seconds)).position.m
    delay_s = np.zeros_like(seconds)
    for _ in range(6):
        satellite_m = satellite.at(at(seconds - delay_s)).position.m
        delay_s = np.linalg.norm(satellite_m - station_m, axis=0) / C_M_S
    elevation, azimuth, distance = (satellite - ground).at(at(seconds)).altaz()
    return delay_s, distance.m, azimuth.degrees, elevation.degrees


def columns(satellite_lines, place, start, timescale):
    satellite = EarthSatellite(*satellite_lines, ts=timescale)
    ground = wgs84.latlon(place[0], place[1], elevation_m=place[2])
    delay_s, range_m, azimuth_deg, elevation_deg = positions(satellite, ground, timescale, start, TIMES_S)
    after_s, before_s = (positions(satellite, ground, timescale, start, TIMES_S + s)[0] for s in (STEP_S, -STEP_S))
    return {
        "range_m": range_m.tolist(),
        "azimuth_deg": azimuth_deg.tolist(),
        "elevation_deg": elevation_deg.tolist(),
        "delay_s": delay_s.tolist(),
        "delay_rate": ((after_s - before_s) / (2 * STEP_S)).tolist(),
    }


def main():
    cases = []
    for name, line_1, line_2, place, text, tai_utc_s in CASES:
        start = datetime.fromisoformat(text).astimezone(UTC)
        lines = (line_1, line_2)
        cases.append(
            {
                "name": name,
                "tle": f"{line_1}\n{line_2}",
                "place": place,
                "start": text,
                "t_s": TIMES_S.tolist(),
                "same_scale": columns(lines, place, start, load.timescale(builtin=True, delta_t=32.184 + tai_utc_s)),
                "full_chain": columns(lines, place, start, load.timescale(builtin=True)),
            }
        )
    made = {"made_by": f"tests/reference/build_satellites.py, Skyfield {skyfield.VERSION}", "cases": cases}
    made["made_by"] = made["made_by"].replace(str(skyfield.VERSION), ".".join(map(str, skyfield.VERSION)))
    Path(__file__).with_name("satellites.json").write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
