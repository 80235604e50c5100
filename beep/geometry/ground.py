"""The point of the ground below a satellite."""

from typing import Any

import numpy as np

from beep.base.arrays import Array
from beep.base.constants import WGS84_EQUATORIAL_RADIUS_M, WGS84_FLATTENING
from beep.geometry.frames import east_north_up, geodetic_to_earth_fixed
from beep.geometry.look import Look
from beep.geometry.stations import Station


def ground_points(look: Look, station: Station) -> dict[str, Array]:
    """Columns (N,) `latitude_deg`, `longitude_deg` (-180 to 180) and `height_km` of a satellite seen from a station.

    References: Bowring 1976, Survey Review 23, 323: one step is within a millimetre at the height of a satellite.
    """
    flat = np.cos(look.elevation_rad)
    line = np.stack([flat * np.sin(look.azimuth_rad), flat * np.cos(look.azimuth_rad), np.sin(look.elevation_rad)])
    latitude_deg, longitude_deg = station.latitude_deg, station.longitude_deg
    ground_m: Any = geodetic_to_earth_fixed(latitude_deg, longitude_deg, station.height_m)[:, None]
    x_m, y_m, z_m = ground_m + east_north_up(latitude_deg, longitude_deg).T @ (look.range_m * line)

    equator_m, pole_m = WGS84_EQUATORIAL_RADIUS_M, WGS84_EQUATORIAL_RADIUS_M * (1 - WGS84_FLATTENING)
    across_m = np.hypot(x_m, y_m)
    parametric = np.arctan2(z_m * equator_m, across_m * pole_m)
    bulge_m = (equator_m**2 - pole_m**2) / np.array([[pole_m], [equator_m]])
    up_m, out_m = bulge_m * np.stack([np.sin(parametric), -np.cos(parametric)]) ** 3
    latitude = np.arctan2(z_m + up_m, across_m + out_m)
    squared_eccentricity = WGS84_FLATTENING * (2 - WGS84_FLATTENING)
    normal_m = equator_m / np.sqrt(1 - squared_eccentricity * np.sin(latitude) ** 2)
    height_m = across_m * np.cos(latitude) + z_m * np.sin(latitude) - equator_m**2 / normal_m
    return {
        "latitude_deg": np.degrees(latitude),
        "longitude_deg": np.degrees(np.arctan2(y_m, x_m)),
        "height_km": height_m / 1e3,
    }
