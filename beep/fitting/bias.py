"""Systematic error of a simple model of a pass, found by fitting it to noise-free tones of more complete models."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from math import acos, asin, atan2, copysign, cos, degrees, pi, radians, sin, sqrt, tau

import numpy as np

from beep.base.arrays import Array
from beep.base.constants import EARTH_ROTATION_RAD_S, GM_EARTH_M3_S2, MEAN_EARTH_RADIUS_M
from beep.fitting.curves import Curve, closest_approach
from beep.fitting.solve import System, solve
from beep.geometry.elements import Elements
from beep.geometry.look import LookFunction, station_pass
from beep.geometry.orbit import ephemeris
from beep.geometry.stations import Station
from beep.radio.channel import ionospheric_doppler_hz
from beep.radio.ionosphere import LAYERS

INCLINATION_RAD = radians(65.184)  # Sputnik 1's, see beep/geometry/sputnik.py
ECCENTRICITY = 0.05  # Sputnik 1's at launch was 0.052; rounder orbits give less bias
ANOMALIES_RAD = (0.0, pi / 4, pi / 2, 3 * pi / 4, pi, 5 * pi / 4, 3 * pi / 2, 7 * pi / 4)
LATITUDE_ARGUMENTS_RAD = (0.0, pi / 4, pi / 2, 3 * pi / 4)  # the southern half is its mirror image
TRIAL_ALTITUDES_KM = (150.0, 2000.0)
TRIAL_ALTITUDES = 8
MOST_ORBITS = 25  # evenly chosen from those that fit
LEAST_PERIGEE_M = 100e3  # no orbit lasts below
SPEED_SHARE = 0.02  # error of the circular fit's speed; measured 0.011 on Sputnik's passes
MOST_TONES = 80  # of each carrier, evenly chosen: the bias is smooth
IONOSPHERE_ORBITS = 8  # at most
MORNING = LAYERS["morning"]
ANY_EPOCH = datetime(1957, 10, 15, tzinfo=UTC)


Bias = tuple[Array, Array]  # mean and spread (4,) of fit minus truth: f0 (Hz), TCA (s), distance (km), speed (km/s)


def model_bias(curve: Curve, system: System, parameters: Array, truths: Sequence[LookFunction]) -> Bias:
    """Bias of a curve fitted to `system`, if the satellite had flown as each of `truths` does.

    Each truth has its closest approach near t = 0 s; it is shifted to that of the fit. Errors of distance and speed
    are computed relative to the truth's own values and scaled to those of the fit.
    """
    passage = curve.passage(parameters)
    thinned = system.only(_evenly_chosen(system))
    errors = []
    for look in truths:
        true = closest_approach(look, guess_s=0.0)
        tone_hz = -thinned.factor_hz * look(thinned.t_s - passage[0] + true[0]).delay_rate
        refit = _refit(curve, thinned, tone_hz, parameters)
        errors.append(np.array([refit[0], refit[1] - passage[0], *((refit[2:] / true[1:] - 1) * passage[1:])]))
    return _summary(errors)


def ionosphere_bias(curve: Curve, system: System, parameters: Array, truths: Sequence[LookFunction]) -> Bias:
    """Bias of a curve fitted to `system`, if its tones had passed through a morning's ionosphere.

    With two carriers it is what remains after their first-order correction. See `beep.radio.ionosphere` for the layer
    (a model, not a measurement) and the bent ray through it.
    """
    passage = curve.passage(parameters)
    thinned = system.only(_evenly_chosen(system))
    errors = []
    for look in truths[:: len(truths) // IONOSPHERE_ORBITS + 1]:
        t_s = thinned.t_s - passage[0] + closest_approach(look, guess_s=0.0)[0]
        tone_hz = -thinned.factor_hz * look(t_s).delay_rate
        advance_hz = np.zeros_like(t_s)
        for factor_hz in np.unique(thinned.factor_hz).tolist():  # plus or minus the carrier's frequency
            rows = thinned.factor_hz == factor_hz
            bent_hz = ionospheric_doppler_hz(look, t_s[rows], frequency_hz=abs(factor_hz), layer=MORNING)
            advance_hz[rows] = copysign(1.0, factor_hz) * bent_hz
        with_layer = _refit(curve, thinned, tone_hz + advance_hz, parameters)
        errors.append(with_layer - _refit(curve, thinned, tone_hz, parameters))
    return _summary(errors)


def _refit(curve: Curve, system: System, tone_hz: Array, parameters: Array) -> Array:
    """First offset, closest approach, distance and speed (4,) of the curve fitted to other tones."""
    solution = solve(curve, replace(system, tone_hz=tone_hz), parameters)
    return np.array([solution.coefficients[0], *curve.passage(solution.parameters)])


def _summary(errors: list[Array]) -> Bias:
    if not errors:
        return np.full(4, np.nan), np.full(4, np.nan)
    return np.mean(errors, axis=0), np.std(errors, axis=0)


def _evenly_chosen(system: System) -> Array:
    """Index of at most `MOST_TONES` tones of each carrier."""
    chosen = []
    for number in np.unique(system.carrier):
        rows = np.flatnonzero(system.carrier == number)
        chosen.append(rows[np.unique(np.linspace(0, rows.size - 1, MOST_TONES).round().astype(int))])
    return np.concatenate(chosen)


def likely_orbits(
    *, distance_km: float, speed_km_s: float, speed_sd_km_s: float, altitude_km: float | None = None
) -> Iterator[LookFunction]:
    """Look functions of passes over the rotating Earth with this distance and speed, closest near t = 0 s.

    The orbits are circular, or as elliptic as Sputnik 1's in each part of the ellipse, with its inclination, at
    several latitudes and on both sides of the station. The height is whatever fits.
    """
    if altitude_km is None:
        least_km, most_km = TRIAL_ALTITUDES_KM
        altitudes_km = np.geomspace(least_km, max(min(distance_km, most_km), least_km), TRIAL_ALTITUDES)
    else:
        altitudes_km = np.array([altitude_km])
    shapes = [(0.0, 0.0), *((ECCENTRICITY, anomaly_rad) for anomaly_rad in ANOMALIES_RAD)]
    allowed_km_s = SPEED_SHARE * speed_km_s + 2 * speed_sd_km_s
    flights = [
        _flight(float(height_km), *shape, argument_rad, side * distance_km)
        for height_km, shape, argument_rad, side in product(altitudes_km, shapes, LATITUDE_ARGUMENTS_RAD, (-1, 1))
    ]
    fitting = [flight for flight in flights if flight and abs(flight.speed_km_s - speed_km_s) <= allowed_km_s]
    for flight in fitting[:: len(fitting) // MOST_ORBITS + 1]:
        yield station_pass(ephemeris(flight.elements, ANY_EPOCH), flight.station, sidereal=(0.0, EARTH_ROTATION_RAD_S))


@dataclass(frozen=True, kw_only=True)
class _Flight:
    """A satellite, and a place from which it is seen."""

    elements: Elements
    speed_km_s: float  # relative to the rotating Earth
    station: Station


def _flight(
    altitude_km: float, eccentricity: float, anomaly_rad: float, argument_rad: float, miss_km: float
) -> _Flight | None:
    """A flight past a place at `miss_km`, negative on the other side; None if Earth or atmosphere prevents it."""
    radius_m = MEAN_EARTH_RADIUS_M + altitude_km * 1e3
    if abs(miss_km) * 1e3 > sqrt(radius_m**2 - MEAN_EARTH_RADIUS_M**2):
        return None
    parameter_m = radius_m * (1 + eccentricity * cos(anomaly_rad))
    axis_m = parameter_m / (1 - eccentricity**2)
    if axis_m * (1 - eccentricity) < MEAN_EARTH_RADIUS_M + LEAST_PERIGEE_M:
        return None
    eccentric_rad = 2 * atan2(
        sqrt(1 - eccentricity) * sin(anomaly_rad / 2), sqrt(1 + eccentricity) * cos(anomaly_rad / 2)
    )
    elements = Elements(
        epoch=ANY_EPOCH,
        inclination_rad=INCLINATION_RAD,
        raan_rad=0.0,
        eccentricity=eccentricity,
        argument_of_perigee_rad=(argument_rad - anomaly_rad) % tau,
        mean_anomaly_rad=(eccentric_rad - eccentricity * sin(eccentric_rad)) % tau,
        mean_motion_rad_s=sqrt(GM_EARTH_M3_S2 / axis_m**3),
    )
    node = np.array([1.0, 0.0, 0.0])
    north = np.array([0.0, cos(INCLINATION_RAD), sin(INCLINATION_RAD)])
    up = cos(argument_rad) * node + sin(argument_rad) * north
    along = cos(argument_rad) * north - sin(argument_rad) * node
    radial_m_s = sqrt(GM_EARTH_M3_S2 / parameter_m) * eccentricity * sin(anomaly_rad)
    level_m_s = sqrt(GM_EARTH_M3_S2 * parameter_m) / radius_m
    velocity_m_s = radial_m_s * up + level_m_s * along - np.cross([0, 0, EARTH_ROTATION_RAD_S], radius_m * up)
    across = np.cross(up, velocity_m_s)
    across /= np.linalg.norm(across)
    cosine = (MEAN_EARTH_RADIUS_M**2 + radius_m**2 - (miss_km * 1e3) ** 2) / (2 * MEAN_EARTH_RADIUS_M * radius_m)
    offset_rad = copysign(acos(min(cosine, 1.0)), miss_km)
    x, y, z = cos(offset_rad) * up + sin(offset_rad) * across
    return _Flight(
        elements=elements,
        speed_km_s=float(np.linalg.norm(velocity_m_s)) / 1e3,
        station=Station(latitude_deg=degrees(asin(z)), longitude_deg=degrees(atan2(y, x))),
    )
