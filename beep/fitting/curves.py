"""What the delay of a passing satellite does: families of Doppler curves."""

from collections.abc import Callable
from dataclasses import dataclass
from math import radians

import numpy as np

from beep.base.arrays import Array
from beep.base.constants import GM_EARTH_M3_S2, MEAN_EARTH_RADIUS_M
from beep.geometry.look import LookFunction, light_time

LIKELY_KM_S = 7.5  # of a satellite below 1500 km, to begin with
LEAST_KM_S, MOST_KM_S = 2.0, 20.0
LEAST_KM, MOST_KM = 1.0, 6000.0  # at the horizon of 2300 km of height
MOST_NODE_DEG = 20.0


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A family of Doppler curves.

    `delay_rate(t_s, p)` gives s/s (N,) for parameters p (P,), `passage(p)` closest approach, s, distance there, km,
    and speed there against the turning Earth, km/s. The first parameter is a time in seconds.
    """

    name: str
    starts: tuple[tuple[float, ...], ...]  # of the parameters after the first
    scales: tuple[float, ...]
    bounds: tuple[tuple[float, float], ...]
    delay_rate: Callable[[Array, Array], Array]
    passage: Callable[[Array], Array]


_DISTANCES_KM = (250.0, 500.0, 1000.0, 2000.0)
_TIME = (-np.inf, np.inf)
_DISTANCE = (LEAST_KM, MOST_KM)


def straight_line() -> Curve:
    """A straight flight at a steady speed: range^2 = d^2 + v^2 t^2. Parameters: s, km, km/s.

    References: Guier and Weiffenbach 1958, Nature 181, 1525.
    """

    def delay_rate(t_s: Array, p: Array) -> Array:
        tca_s, distance_m, speed_m_s = p[0], p[1] * 1e3, p[2] * 1e3

        def range_and_rate(since_s: Array) -> tuple[Array, Array]:
            range_m = np.hypot(distance_m, speed_m_s * since_s)
            return range_m, speed_m_s**2 * since_s / range_m

        return light_time(range_and_rate, t_s - tca_s)[1]

    return Curve(
        name="straight line",
        starts=tuple((distance_km, LIKELY_KM_S) for distance_km in _DISTANCES_KM),
        scales=(10.0, 100.0, 0.1),
        bounds=(_TIME, _DISTANCE, (LEAST_KM_S, MOST_KM_S)),
        delay_rate=delay_rate,
        passage=np.asarray,
    )


def circular() -> Curve:
    """A circular orbit over a round Earth that stands still; the speed decides the height. Parameters: s, km, km/s."""
    line = straight_line()
    return Curve(
        name="circular orbit",
        starts=line.starts,
        scales=line.scales,
        bounds=line.bounds,
        delay_rate=lambda t_s, p: _circling(t_s, p[0], p[1] * 1e3, p[2] * 1e3, GM_EARTH_M3_S2 / (p[2] * 1e3) ** 2),
        passage=np.asarray,
    )


def circular_at(altitude_km: float) -> Curve:
    """The same with a given height, and so a given speed. Parameters: s, km."""
    radius_m = MEAN_EARTH_RADIUS_M + altitude_km * 1e3
    speed_m_s = (GM_EARTH_M3_S2 / radius_m) ** 0.5
    return Curve(
        name=f"circular orbit at {altitude_km:g} km",
        starts=tuple((distance_km,) for distance_km in _DISTANCES_KM),
        scales=(10.0, 100.0),
        bounds=(_TIME, _DISTANCE),
        delay_rate=lambda t_s, p: _circling(t_s, p[0], p[1] * 1e3, speed_m_s, radius_m),
        passage=lambda p: np.array([*p, speed_m_s / 1e3]),
    )


def known_orbit(turned: Callable[[float], LookFunction], *, name: str) -> Curve:
    """An orbit whose shape is known, shifted in time and in its node. Parameters: s, degrees.

    `turned(node_rad)` gives the look function, in seconds after the predicted closest approach, of the orbit whose
    node has been moved east by so much; the first parameter is when, in the tones' time, that second zero is.
    """
    looks: dict[float, LookFunction] = {}

    def look_of(node_deg: float) -> LookFunction:
        if node_deg not in looks:
            if len(looks) > 8:
                looks.clear()
            looks[node_deg] = turned(radians(node_deg))
        return looks[node_deg]

    def passage(p: Array) -> Array:
        return np.asarray(closest(look_of(float(p[1])), near_s=0.0) + np.array([p[0], 0.0, 0.0]))

    def delay_rate(t_s: Array, p: Array) -> Array:
        return look_of(float(p[1]))(t_s - p[0]).delay_rate

    return Curve(
        name=name,
        starts=((0.0,), (-3.0,), (3.0,)),
        scales=(10.0, 1.0),
        bounds=(_TIME, (-MOST_NODE_DEG, MOST_NODE_DEG)),
        delay_rate=delay_rate,
        passage=passage,
    )


def _circling(t_s: Array, tca_s: float, distance_m: float, speed_m_s: float, radius_m: float) -> Array:
    """Delay rate of `geometry.simple_pass`, written in its closest distance: it goes on smoothly below the zenith's."""
    omega_rad_s = speed_m_s / radius_m
    chord_m2 = MEAN_EARTH_RADIUS_M**2 + radius_m**2 - distance_m**2

    def range_and_rate(since_s: Array) -> tuple[Array, Array]:
        range_m = np.sqrt(distance_m**2 + 2 * chord_m2 * np.sin(omega_rad_s * since_s / 2) ** 2)
        return range_m, chord_m2 / 2 * omega_rad_s * np.sin(omega_rad_s * since_s) / range_m

    return light_time(range_and_rate, t_s - tca_s)[1]


def closest(look: LookFunction, *, near_s: float) -> Array:
    """Time of closest approach, s, distance, km, and speed against the station, km/s, of a look function.

    It is sought within ten minutes of `near_s`.
    """
    width_s = 600.0
    for _ in range(4):  # to 0.2 us
        grid_s = near_s + np.linspace(-width_s, width_s, 121)
        near_s = float(grid_s[np.argmin(look(grid_s).range_m)])
        width_s /= 40.0
    # The minimum of a sampled range is blunt: the zero of its rate is not.
    at_s = near_s + np.array([-0.5, 0.0, 0.5])
    seen = look(at_s)
    near_s -= float(seen.range_rate_m_s[1] / (seen.range_rate_m_s[2] - seen.range_rate_m_s[0]))
    at_s = near_s + np.array([-0.5, 0.0, 0.5])
    seen = look(at_s)
    flat = np.cos(seen.elevation_rad)
    along = np.stack([flat * np.sin(seen.azimuth_rad), flat * np.cos(seen.azimuth_rad), np.sin(seen.elevation_rad)])
    place_m = seen.range_m * along
    speed_m_s = np.linalg.norm(place_m[:, 2] - place_m[:, 0])
    return np.array([near_s, seen.range_m[1] / 1e3, speed_m_s / 1e3])
