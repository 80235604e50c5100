"""Direction, range and light time of a satellite as seen from a station.

A LookFunction takes receive times and returns a Look. Light time and its rate are those of the signal that *arrives* at
that time. Angles, range and range rate are the geometry at that time, as pass predictions print them.

Relativity (below 14 mHz at 40 MHz) and refraction are left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import acos, cos, pi, sin, sqrt

import numpy as np

from beep.base.arrays import Array, Vectors
from beep.base.constants import GM_EARTH_M3_S2, MEAN_EARTH_RADIUS_M, SPEED_OF_LIGHT_M_S
from beep.geometry.frames import east_north_up, geodetic_to_earth_fixed, rotate_z
from beep.geometry.stations import Station

LIGHT_TIME_ROUNDS = 4  # each reduces the error, 8 ms at first, by a factor c/v of about 4e4


@dataclass(frozen=True, kw_only=True)
class View:
    """Range and direction of a satellite at each instant, without light time; all arrays (N,)."""

    range_m: Array
    azimuth_rad: Array  # from north through east, 0 to 2 pi
    elevation_rad: Array


@dataclass(frozen=True, kw_only=True)
class Look(View):
    """Satellite seen from a station, all arrays (N,)."""

    range_rate_m_s: Array  # > 0 receding
    delay_s: Array  # light time of the arriving signal
    delay_rate: Array  # its derivative, s/s: the received Doppler is -f times this


ViewFunction = Callable[[Array], View]
LookFunction = Callable[[Array], Look]
Ephemeris = Callable[[Array], tuple[Vectors, Vectors]]  # u_s (N,) -> TEME position m, velocity m/s, each (3, N)


def simple_pass(*, altitude_m: float, max_elevation_rad: float, tca_s: float) -> LookFunction:
    """Look function of a circular orbit over a round Earth that does not rotate, with closest approach at `tca_s`.

    The satellite moves from south to north and passes in the east (assumed, this model does not define directions).
    """
    return partial(_simple_look, altitude_m=altitude_m, max_elevation_rad=max_elevation_rad, tca_s=tca_s)


def _simple_look(t_s: Array, *, altitude_m: float, max_elevation_rad: float, tca_s: float) -> Look:
    radius_m = MEAN_EARTH_RADIUS_M + altitude_m
    omega_rad_s = sqrt(GM_EARTH_M3_S2 / radius_m**3)
    offset_rad = _track_offset_rad(altitude_m, max_elevation_rad)
    chord_m2 = 2 * MEAN_EARTH_RADIUS_M * radius_m * cos(offset_rad)

    def range_and_rate(t_s: Array) -> tuple[Array, Array]:
        # With half-angle sines: the cosine form would lose digits near the zenith.
        least_m2 = altitude_m**2 + 4 * MEAN_EARTH_RADIUS_M * radius_m * sin(offset_rad / 2) ** 2
        range_m = np.sqrt(least_m2 + 2 * chord_m2 * np.sin(omega_rad_s * t_s / 2) ** 2)
        return range_m, chord_m2 / 2 * omega_rad_s * np.sin(omega_rad_s * t_s) / range_m

    since_s = np.asarray(t_s, np.float64) - tca_s
    range_m, range_rate_m_s = range_and_rate(since_s)
    delay_s, delay_rate = light_time(range_and_rate, since_s)
    angle_rad = omega_rad_s * since_s
    up_m = radius_m * cos(offset_rad) * np.cos(angle_rad) - MEAN_EARTH_RADIUS_M
    east_m = radius_m * sin(offset_rad) * np.cos(angle_rad)
    directions = _directions(np.stack([east_m, radius_m * np.sin(angle_rad), up_m]))
    rates = {"range_rate_m_s": range_rate_m_s, "delay_s": delay_s, "delay_rate": delay_rate}
    return Look(range_m=range_m, **directions, **rates)


def light_time(range_and_rate: Callable[[Array], tuple[Array, Array]], t_s: Array) -> tuple[Array, Array]:
    """Delay (N,), s, of the signal that arrives at `t_s` (N,) at a fixed station, and its derivative (N,), s/s.

    `range_and_rate` gives range, m, and range rate, m/s, at emission times.
    """
    delay_s: Array = np.zeros_like(t_s)
    for _ in range(LIGHT_TIME_ROUNDS + 1):
        sent_m, sent_m_s = range_and_rate(t_s - delay_s)
        delay_s = sent_m / SPEED_OF_LIGHT_M_S
    return delay_s, sent_m_s / (SPEED_OF_LIGHT_M_S + sent_m_s)  # d(tau)/dt = (v/c)(1 - d(tau)/dt)


def simple_pass_duration_s(*, altitude_m: float, max_elevation_rad: float) -> float:
    """Duration of `simple_pass` from horizon to horizon, s."""
    radius_m = MEAN_EARTH_RADIUS_M + altitude_m
    ratio = MEAN_EARTH_RADIUS_M / radius_m / cos(_track_offset_rad(altitude_m, max_elevation_rad))
    return 2 / sqrt(GM_EARTH_M3_S2 / radius_m**3) * acos(min(ratio, 1.0))


def station_view(
    position: Callable[[Array], Vectors], station: Station, *, sidereal: tuple[float, float]
) -> ViewFunction:
    """Function of seconds (N,) that returns the View from a station, ten times faster than `station_pass`.

    `position` gives TEME metres (3, N); the other arguments are those of `station_pass`.
    """
    ground_m, to_local = _ground(station)
    angle_rad, rate_rad_s = sidereal

    def view(t_s: Array) -> View:
        line_m = rotate_z(position(t_s), -(angle_rad + rate_rad_s * t_s)) - ground_m
        return View(range_m=_length(line_m), **_directions(to_local @ line_m))

    return view


def station_pass(ephemeris: Ephemeris, station: Station, *, sidereal: tuple[float, float]) -> LookFunction:
    """Look function of an ephemeris seen from a station.

    `sidereal` is the Earth's angle (rad) at t = 0 and its rate (rad/s), see `frames.sidereal_angle`. The light time is
    computed between inertial positions: of the satellite at emission, of the station at reception.
    """
    ground_m, to_local = _ground(station)
    return partial(_station_look, ephemeris=ephemeris, ground_m=ground_m, to_local=to_local, sidereal=sidereal)


def _station_look(
    t_s: Array, *, ephemeris: Ephemeris, ground_m: Vectors, to_local: Array, sidereal: tuple[float, float]
) -> Look:
    angle_rad, rate_rad_s = sidereal
    t_s = np.asarray(t_s, np.float64)
    turn_rad = angle_rad + rate_rad_s * t_s
    station_m = rotate_z(np.broadcast_to(ground_m, (3, t_s.size)), turn_rad)
    station_m_s = rate_rad_s * np.stack([-station_m[1], station_m[0], np.zeros_like(t_s)])

    satellite_m, satellite_m_s = ephemeris(t_s)
    line_m = satellite_m - station_m
    range_m = _length(line_m)
    directions = _directions(to_local @ rotate_z(line_m, -turn_rad))

    delay_s = range_m / SPEED_OF_LIGHT_M_S
    for _ in range(LIGHT_TIME_ROUNDS):
        sent_m, sent_m_s = ephemeris(t_s - delay_s)
        path_m = sent_m - station_m
        delay_s = _length(path_m) / SPEED_OF_LIGHT_M_S
    toward = path_m / _length(path_m)
    return Look(
        range_m=range_m,
        range_rate_m_s=_dot(line_m, satellite_m_s - station_m_s) / range_m,
        **directions,
        delay_s=delay_s,
        delay_rate=_dot(toward, sent_m_s - station_m_s) / (SPEED_OF_LIGHT_M_S + _dot(toward, sent_m_s)),
    )


def hold_still(look: LookFunction, at_s: float) -> LookFunction:
    """Look function of a satellite fixed where `look` has it at `at_s`: no Doppler, constant range."""
    fixed = look(np.array([at_s]))
    still_s, zero = fixed.range_m / SPEED_OF_LIGHT_M_S, np.zeros(1)
    values = vars(fixed) | {"range_rate_m_s": zero, "delay_s": still_s, "delay_rate": zero}

    return partial(_still_look, values=values)


def _still_look(t_s: Array, *, values: dict[str, Array]) -> Look:
    return Look(**{name: np.broadcast_to(value, np.shape(t_s)) for name, value in values.items()})


def _ground(station: Station) -> tuple[Vectors, Vectors]:
    """Earth-fixed position (3, 1) of a station, and the matrix (3, 3) from Earth-fixed to local axes."""
    latitude_deg, longitude_deg = station.latitude_deg, station.longitude_deg
    ground_m = geodetic_to_earth_fixed(latitude_deg, longitude_deg, station.height_m)
    return ground_m[:, None], east_north_up(latitude_deg, longitude_deg)


def _track_offset_rad(altitude_m: float, max_elevation_rad: float) -> float:
    """Angle at the Earth's centre between the station and the ground track, rad."""
    ratio = MEAN_EARTH_RADIUS_M / (MEAN_EARTH_RADIUS_M + altitude_m)
    return acos(ratio * cos(max_elevation_rad)) - max_elevation_rad


def _directions(local_m: Vectors) -> dict[str, Array]:
    """Azimuth and elevation of vectors (3, N) in east, north and up."""
    east_m, north_m, up_m = local_m
    return {
        "azimuth_rad": np.arctan2(east_m, north_m) % (2 * pi),
        "elevation_rad": np.arctan2(up_m, np.hypot(east_m, north_m)),
    }


def _dot(a: Vectors, b: Vectors) -> Array:
    return np.asarray((a * b).sum(axis=0))


def _length(a: Vectors) -> Array:
    return np.sqrt(_dot(a, a))
