"""Frames: Julian date, sidereal angle, geodetic position, rotation, and local axes.

Vectors are (3, N) in metres. TEME is the inertial frame of SGP4's results. Earth-fixed is WGS-84 without polar motion.
UT1 is taken as UTC (for 1957 nothing better is known): for passes of 2006 and 2018 the error is up to 44 m of range and
0.03 Hz at 40 MHz; with the greatest difference of the two, 0.9 s, it is 420 m.
"""

from datetime import UTC, datetime
from math import cos, radians, sin, sqrt, tau

import numpy as np

from beep.base.arrays import Array, Vectors
from beep.base.constants import SECONDS_PER_DAY, WGS84_EQUATORIAL_RADIUS_M, WGS84_FLATTENING

_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIX_EPOCH_JD = 2_440_587.5
_J2000_JD = 2_451_545.0


def julian_date(utc: datetime) -> tuple[float, float]:
    """Julian date of an aware datetime as (whole day ending in .5, fraction of the day), exact to 2e-16 day."""
    since = utc - _UNIX_EPOCH
    return _UNIX_EPOCH_JD + since.days, (since.seconds + since.microseconds * 1e-6) / SECONDS_PER_DAY


def sidereal_angle(utc: datetime) -> tuple[float, float]:
    """Greenwich mean sidereal angle at `utc`, rad, and its rate, rad/s.

    With the rate, an angle some seconds later has full precision. Computed from a float64 date it would be rounded to
    0.1 mm at the equator, which is audible as phase noise.

    References: Aoki et al. 1982, A&A 105, 359 (the GMST of 1982, which belongs to TEME).
    """
    day, fraction = julian_date(utc)
    centuries = (day - _J2000_JD + fraction) / 36_525.0
    seconds = (
        67_310.54841
        + centuries * (8_640_184.812866 + centuries * (0.093104 - 6.2e-6 * centuries))
        + ((day - _J2000_JD) % 1.0 + fraction) * SECONDS_PER_DAY  # the 876600 h a century, whole days taken out
    )
    slope = (8_640_184.812866 + centuries * (2 * 0.093104 - 3 * 6.2e-6 * centuries)) / (36_525.0 * SECONDS_PER_DAY)
    return (seconds / SECONDS_PER_DAY * tau) % tau, (1.0 + slope) * tau / SECONDS_PER_DAY


def geodetic_to_earth_fixed(latitude_deg: float, longitude_deg: float, height_m: float) -> Vectors:
    """Earth-fixed position (3,) in metres of a WGS-84 latitude, longitude (east positive) and ellipsoidal height."""
    latitude, longitude = radians(latitude_deg), radians(longitude_deg)
    squared_eccentricity = WGS84_FLATTENING * (2 - WGS84_FLATTENING)
    normal_m = WGS84_EQUATORIAL_RADIUS_M / sqrt(1 - squared_eccentricity * sin(latitude) ** 2)
    across_m = (normal_m + height_m) * cos(latitude)
    up_m = (normal_m * (1 - squared_eccentricity) + height_m) * sin(latitude)
    return np.array([across_m * cos(longitude), across_m * sin(longitude), up_m])


def rotate_z(vectors: Vectors, angle_rad: Array) -> Vectors:
    """Vectors (3, N) rotated by `angle_rad` (N,) about the z axis: Earth-fixed to TEME with the sidereal angle."""
    c, s = np.cos(angle_rad), np.sin(angle_rad)
    x, y, z = vectors
    return np.stack([c * x - s * y, s * x + c * y, np.broadcast_to(z, c.shape)])


def east_north_up(latitude_deg: float, longitude_deg: float) -> Vectors:
    """Matrix (3, 3) that takes an Earth-fixed difference vector to local east, north and up."""
    sin_lat, cos_lat = sin(radians(latitude_deg)), cos(radians(latitude_deg))
    sin_lon, cos_lon = sin(radians(longitude_deg)), cos(radians(longitude_deg))
    return np.array(
        [
            [-sin_lon, cos_lon, 0.0],
            [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat],
            [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat],
        ]
    )
