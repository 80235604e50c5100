# /// script
# requires-python = ">=3.11"
# dependencies = ["mpmath"]
# ///
"""Write simple_pass.json: circular passes over a round Earth, computed with 60 digits.

Four passes fly over an Earth that stands still, one over an Earth that turns. Range and elevation come from
position vectors, every rate from numerical differentiation, every event from root finding: but for the angle off
the track, no formula is the package's. Run it as `python tests/reference/build_simple_pass.py`.
"""

import json
from pathlib import Path

import mpmath
from mpmath import acos, asin, atan2, cos, diff, findroot, fsum, matrix, mp, mpf, pi, radians, sin, sqrt

mp.dps = 60
PRINTED_DIGITS = 25
LIGHT_TIME_ROUNDS = 16  # each gains a factor of about 4e4: 60 digits after 14

SPEED_OF_LIGHT_M_S = mpf(299_792_458)
GM_EARTH_M3_S2 = mpf("398600.4418e9")
EARTH_RADIUS_M = mpf(6_371_000)
EARTH_RATE_RAD_S = mpf("7.292115e-5")
WGS84_RADIUS_M = mpf(6_378_137)
WGS84_FLATTENING = 1 / mpf("298.257223563")
CARRIERS_HZ = {"20": mpf(20_005_000), "40": mpf(40_002_000)}
TIMES_S = [0, 1, 10, 30, 60, 120, 200, 300]

STANDING = [  # altitude km, highest elevation deg
    ("overhead_500km", 500, 90),
    ("low_500km", 500, 30),
    ("perigee_235km", 235, 60),
    ("south_535km", 535, 60),
]
TURNING = {"name": "turning_500km", "altitude_m": 500_000, "inclination_deg": "65.1", "latitude_deg": 40}
NODE_TO_STATION_DEG = 26  # inertial longitude of the station at t = 0, counted from the ascending node
LATITUDE_ARGUMENT_DEG = 45  # of the satellite at t = 0


def text(x):
    return mpmath.nstr(x, PRINTED_DIGITS, strip_zeros=True)


def length(v):
    return sqrt(fsum(x * x for x in v))


def standing_earth(altitude_m, max_elevation_deg):
    """Satellite and station position at a time: the orbit is the x-y plane, closest approach at t = 0 on x."""
    radius_m = EARTH_RADIUS_M + altitude_m
    rate_rad_s = sqrt(GM_EARTH_M3_S2 / radius_m**3)
    elevation = radians(mpf(max_elevation_deg))
    off_track = acos(EARTH_RADIUS_M * cos(elevation) / radius_m) - elevation

    def satellite_m(t_s):
        return radius_m * matrix([cos(rate_rad_s * t_s), sin(rate_rad_s * t_s), 0])

    def station_m(_t_s):
        return EARTH_RADIUS_M * matrix([cos(off_track), 0, sin(off_track)])

    return satellite_m, station_m


def turning_earth():
    """The same for an orbit with its ascending node on x and an Earth that turns about z."""
    radius_m = EARTH_RADIUS_M + TURNING["altitude_m"]
    rate_rad_s = sqrt(GM_EARTH_M3_S2 / radius_m**3)
    inclination = radians(mpf(TURNING["inclination_deg"]))
    latitude = radians(mpf(TURNING["latitude_deg"]))

    def satellite_m(t_s):
        u = radians(mpf(LATITUDE_ARGUMENT_DEG)) + rate_rad_s * t_s
        return radius_m * matrix([cos(u), sin(u) * cos(inclination), sin(u) * sin(inclination)])

    def station_m(t_s):
        turned = radians(mpf(NODE_TO_STATION_DEG)) + EARTH_RATE_RAD_S * t_s
        return EARTH_RADIUS_M * matrix([cos(latitude) * cos(turned), cos(latitude) * sin(turned), sin(latitude)])

    return satellite_m, station_m


def describe(satellite_m, station_m, times_s):
    """What a pass looks like: its events, its steepest slope, and a row for each time."""

    def range_m(t_s):
        return length(satellite_m(t_s) - station_m(t_s))

    def elevation_rad(t_s):
        line_m, up_m = satellite_m(t_s) - station_m(t_s), station_m(t_s)
        return asin(fsum(a * b for a, b in zip(line_m, up_m, strict=True)) / length(line_m) / length(up_m))

    def delay_s(t_s):
        delay = mpf(0)
        for _ in range(LIGHT_TIME_ROUNDS):
            delay = length(satellite_m(t_s - delay) - station_m(t_s)) / SPEED_OF_LIGHT_M_S
        return delay

    def row(t_s):
        range_rate_m_s, delay_rate = diff(range_m, t_s), diff(delay_s, t_s)
        values = {
            "t_s": mpf(t_s),
            "range_m": range_m(t_s),
            "range_rate_m_s": range_rate_m_s,
            "elevation_rad": elevation_rad(t_s),
            "delay_s": delay_s(t_s),
        }
        for name, carrier_hz in CARRIERS_HZ.items():
            values[f"first_order_doppler_{name}_hz"] = -carrier_hz * range_rate_m_s / SPEED_OF_LIGHT_M_S
            values[f"doppler_{name}_hz"] = -carrier_hz * delay_rate
        return {name: text(value) for name, value in values.items()}

    tca_s = findroot(lambda t_s: diff(range_m, t_s), (-30, 40), solver="anderson", tol=mpf("1e-50"))
    aos_s, los_s = (findroot(elevation_rad, (tca_s + s * 100, tca_s + s * 600), "anderson") for s in (-1, 1))
    slope_m_s2 = diff(range_m, tca_s, 2)
    return {
        "aos_s": text(aos_s),
        "tca_s": text(mpmath.chop(tca_s, mpf("1e-30"))),
        "los_s": text(los_s),
        "duration_s": text(los_s - aos_s),
        "closest_m": text(range_m(tca_s)),
        **{f"slope_{name}_hz_s": text(-hz * slope_m_s2 / SPEED_OF_LIGHT_M_S) for name, hz in CARRIERS_HZ.items()},
        "rows": [row(t_s) for t_s in sorted({-t for t in times_s} | set(times_s))],
    }


def on_wgs84(latitude_deg):
    """Geodetic latitude (deg) and height (m) on WGS-84 of a place on the round Earth."""
    squared_eccentricity = WGS84_FLATTENING * (2 - WGS84_FLATTENING)
    across_m, up_m = (EARTH_RADIUS_M * f(radians(mpf(latitude_deg))) for f in (cos, sin))

    def normal_m(latitude):
        return WGS84_RADIUS_M / sqrt(1 - squared_eccentricity * sin(latitude) ** 2)

    latitude = radians(mpf(latitude_deg))
    for _ in range(40):  # each gains a factor of about 1 / squared_eccentricity, 150
        latitude = atan2(up_m + squared_eccentricity * normal_m(latitude) * sin(latitude), across_m)
    return latitude * 180 / pi, across_m / cos(latitude) - normal_m(latitude)


def main():
    latitude_deg, height_m = on_wgs84(TURNING["latitude_deg"])
    table = {
        "made_by": f"tests/reference/build_simple_pass.py, mpmath {mpmath.__version__}, {mp.dps} digits",
        "standing_earth": [
            {"name": name, "altitude_m": text(mpf(km) * 1000), "max_elevation_deg": text(mpf(degrees))}
            | describe(*standing_earth(km * 1000, degrees), TIMES_S)
            for name, km, degrees in STANDING
        ],
        "turning_earth": {name: str(value) for name, value in TURNING.items()}
        | {
            "node_to_station_deg": str(NODE_TO_STATION_DEG),
            "latitude_argument_deg": str(LATITUDE_ARGUMENT_DEG),
            "earth_rate_rad_s": text(EARTH_RATE_RAD_S),
            "geodetic_latitude_deg": text(latitude_deg),
            "geodetic_height_m": text(height_m),
        }
        | describe(*turning_earth(), TIMES_S),
    }
    Path(__file__).with_name("simple_pass.json").write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
