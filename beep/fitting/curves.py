"""Families of Doppler curves: the delay rate of a passing satellite as a function of a few parameters."""

from collections.abc import Callable
from dataclasses import dataclass
from math import radians

import numpy as np

from beep.base.arrays import Array
from beep.base.constants import GM_EARTH_M3_S2, MEAN_EARTH_RADIUS_M
from beep.geometry.look import LookFunction, light_time

START_KM = (250.0, 500.0, 1000.0, 2000.0)  # distances from which the search begins
START_KM_S = 7.5  # typical speed of a satellite below 1500 km
BOUNDS_KM_S = (2.0, 20.0)
BOUNDS_KM = (1.0, 6000.0)  # 6000 km: the horizon of a satellite 2300 km high
BOUND_NODE_DEG = 20.0
CACHED_LOOKS = 8
UNBOUNDED = (-np.inf, np.inf)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A family of Doppler curves with parameters p (P,), of which the first is a time in seconds.

    `delay_rate(t_s, p)` gives s/s (N,). `passage(p)` gives the time of closest approach, s, the distance there, km,
    and the speed relative to the rotating Earth there, km/s.
    """

    name: str
    starts: tuple[tuple[float, ...], ...]  # start values of the parameters after the first
    scales: tuple[float, ...]  # typical size of a change of each parameter
    bounds: tuple[tuple[float, float], ...]
    delay_rate: Callable[[Array, Array], Array]
    passage: Callable[[Array], Array]


def straight_line() -> Curve:
    """Straight flight at constant speed: range^2 = d^2 + v^2 t^2. Parameters: s, km, km/s.

    References: Guier and Weiffenbach 1958, Nature 181, 1525.
    """

    def delay_rate(t_s: Array, p: Array) -> Array:
        tca_s, distance_m, speed_m_s = p[0], p[1] * 1e3, p[2] * 1e3

        def range_and_rate(since_tca_s: Array) -> tuple[Array, Array]:
            range_m = np.hypot(distance_m, speed_m_s * since_tca_s)
            return range_m, speed_m_s**2 * since_tca_s / range_m

        return light_time(range_and_rate, t_s - tca_s)[1]

    return _free_curve("straight line", delay_rate)


def circular() -> Curve:
    """Circular orbit over a sphere that does not rotate; the speed determines the height. Parameters: s, km, km/s."""
    return _free_curve(
        "circular orbit",
        lambda t_s, p: _circular_rate(t_s, p[0], p[1] * 1e3, p[2] * 1e3, GM_EARTH_M3_S2 / (p[2] * 1e3) ** 2),
    )


def _free_curve(name: str, delay_rate: Callable[[Array, Array], Array]) -> Curve:
    """Return a curve whose parameters are its passage."""
    return Curve(
        name=name,
        starts=tuple((distance_km, START_KM_S) for distance_km in START_KM),
        scales=(10.0, 100.0, 0.1),
        bounds=(UNBOUNDED, BOUNDS_KM, BOUNDS_KM_S),
        delay_rate=delay_rate,
        passage=np.asarray,
    )


def circular_at(altitude_km: float) -> Curve:
    """Circular orbit at a given height, which determines the speed. Parameters: s, km."""
    radius_m = MEAN_EARTH_RADIUS_M + altitude_km * 1e3
    speed_m_s = (GM_EARTH_M3_S2 / radius_m) ** 0.5
    return Curve(
        name=f"circular orbit at {altitude_km:g} km",
        starts=tuple((distance_km,) for distance_km in START_KM),
        scales=(10.0, 100.0),
        bounds=(UNBOUNDED, BOUNDS_KM),
        delay_rate=lambda t_s, p: _circular_rate(t_s, p[0], p[1] * 1e3, speed_m_s, radius_m),
        passage=lambda p: np.array([*p, speed_m_s / 1e3]),
    )


def known_orbit(look_of_node: Callable[[float], LookFunction], *, name: str) -> Curve:
    """An orbit of known shape, shifted in time and in its node. Parameters: s, degrees.

    `look_of_node(node_rad)` returns the look function of the orbit with its node moved east by `node_rad`, in seconds
    after the predicted closest approach. The first parameter is the time of that prediction on the tones' clock.
    """
    looks: dict[float, LookFunction] = {}

    def look_of(node_deg: float) -> LookFunction:
        if node_deg not in looks:
            if len(looks) > CACHED_LOOKS:
                looks.clear()
            looks[node_deg] = look_of_node(radians(node_deg))
        return looks[node_deg]

    def passage(p: Array) -> Array:
        return np.asarray(closest_approach(look_of(float(p[1])), guess_s=0.0) + np.array([p[0], 0.0, 0.0]))

    return Curve(
        name=name,
        starts=((0.0,), (-3.0,), (3.0,)),
        scales=(10.0, 1.0),
        bounds=(UNBOUNDED, (-BOUND_NODE_DEG, BOUND_NODE_DEG)),
        delay_rate=lambda t_s, p: look_of(float(p[1]))(t_s - p[0]).delay_rate,
        passage=passage,
    )


def _circular_rate(t_s: Array, tca_s: float, distance_m: float, speed_m_s: float, radius_m: float) -> Array:
    """Delay rate of `geometry.look.simple_pass` from its closest distance; smooth also below the orbit's height."""
    omega_rad_s = speed_m_s / radius_m
    chord_m2 = MEAN_EARTH_RADIUS_M**2 + radius_m**2 - distance_m**2

    def range_and_rate(since_tca_s: Array) -> tuple[Array, Array]:
        range_m = np.sqrt(distance_m**2 + 2 * chord_m2 * np.sin(omega_rad_s * since_tca_s / 2) ** 2)
        return range_m, chord_m2 / 2 * omega_rad_s * np.sin(omega_rad_s * since_tca_s) / range_m

    return light_time(range_and_rate, t_s - tca_s)[1]


def closest_approach(look: LookFunction, *, guess_s: float) -> Array:
    """Time of closest approach, s, distance, km, and speed relative to the station, km/s, of a look function.

    Searched within ten minutes of `guess_s`.
    """
    tca_s, width_s = guess_s, 600.0
    for _ in range(4):  # to 0.2 us
        grid_s = tca_s + np.linspace(-width_s, width_s, 121)
        tca_s = float(grid_s[np.argmin(look(grid_s).range_m)])
        width_s /= 40.0
    # Near its minimum the range hardly changes; the zero of the range rate is sharper.
    around_s = np.array([-0.5, 0.0, 0.5])
    rate_m_s = look(tca_s + around_s).range_rate_m_s
    tca_s -= float(rate_m_s[1] / (rate_m_s[2] - rate_m_s[0]))
    view = look(tca_s + around_s)
    cosine = np.cos(view.elevation_rad)
    unit = np.stack([cosine * np.sin(view.azimuth_rad), cosine * np.cos(view.azimuth_rad), np.sin(view.elevation_rad)])
    place_m = view.range_m * unit
    speed_m_s = np.linalg.norm(place_m[:, 2] - place_m[:, 0])
    return np.array([tca_s, view.range_m[1] / 1e3, speed_m_s / 1e3])
