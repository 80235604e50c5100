"""How far a simple model of a pass is off, found by fitting it to noise-free tones of fuller ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from math import acos, asin, atan2, copysign, cos, degrees, pi, radians, sin, sqrt, tau
from typing import Any

import numpy as np

from beep.base.arrays import Array
from beep.base.constants import EARTH_ROTATION_RAD_S, GM_EARTH_M3_S2, MEAN_EARTH_RADIUS_M
from beep.fitting.curves import Curve, closest
from beep.fitting.solve import System, solve
from beep.geometry.elements import Elements
from beep.geometry.look import LookFunction, station_pass
from beep.geometry.orbit import ephemeris
from beep.radio.channel import ionospheric_doppler_hz
from beep.radio.ionosphere import LAYERS

INCLINATION_RAD = radians(65.184)  # Sputnik 1's, see beep/sputnik.py
ECCENTRICITY = 0.05  # Sputnik 1's at launch, 0.052; rounder orbits bias less
ANOMALIES_RAD = (0.0, pi / 4, pi / 2, 3 * pi / 4, pi, 5 * pi / 4, 3 * pi / 2, 7 * pi / 4)
LATITUDE_ARGUMENTS_RAD = (0.0, pi / 4, pi / 2, 3 * pi / 4)  # the southern half mirrors it
LEAST_ALTITUDE_KM, MOST_ALTITUDE_KM = 150.0, 2000.0
ALTITUDES = 8
MODELS = 40  # at most, evenly chosen of those that fit
LEAST_PERIGEE_M = 100e3  # below it nothing comes round
SPEED_SHARE = 0.02  # how far the circular fit's speed may be off the true one; measured 0.011 on Sputnik's passes
TONES = 80  # of each carrier, evenly chosen: the bias is smooth
IONOSPHERES = 8  # models at most that also get an ionosphere
MORNING = LAYERS["morning"]
EPOCH = datetime(1957, 10, 15, tzinfo=UTC)  # any will do


@dataclass(frozen=True, kw_only=True)
class Bias:
    """Fit less truth over the fuller models, for f0 (Hz), closest approach (s), distance (km) and speed (km/s)."""

    mean: Array  # (4,)
    sd: Array  # (4,)


def model_bias(curve: Curve, system: System, parameters: Array, truths: Sequence[LookFunction]) -> Bias:
    """Bias of a curve fitted to `system`, as it would be if the satellite had flown as each of `truths` does.

    A truth's closest approach is near its second zero; it is moved to that of the fit. Distance and speed are taken
    relative to the truth's own and reported at the fit's size.
    """
    fitted = curve.passage(parameters)
    few = system.only(_spread(system))
    found = []
    for look in truths:
        true = closest(look, near_s=0.0)
        heard_hz = -few.factor_hz * look(few.t_s - fitted[0] + true[0]).delay_rate
        again = _again(curve, few, heard_hz, parameters)
        found.append([again[0], again[1] - fitted[0], *((again[2:] / true[1:] - 1) * fitted[1:])])
    return _summary(found)


def ionosphere_bias(curve: Curve, system: System, parameters: Array, truths: Sequence[LookFunction]) -> Bias:
    """Bias of a curve fitted to `system`, as it would be if its tones had come through a morning's ionosphere.

    With two carriers it is what their removal to first order leaves. See `beep.radio.ionosphere` for the layer (a
    model, not a measurement) and the bent ray through it.
    """
    fitted = curve.passage(parameters)
    few = system.only(_spread(system))
    found = []
    for look in truths[:: len(truths) // IONOSPHERES + 1]:
        t_s = few.t_s - fitted[0] + closest(look, near_s=0.0)[0]
        plain_hz = -few.factor_hz * look(t_s).delay_rate
        advance_hz = np.zeros_like(t_s)
        for factor_hz in np.unique(few.factor_hz).tolist():  # plus or minus the carrier's frequency
            mine = few.factor_hz == factor_hz
            bent_hz = ionospheric_doppler_hz(look, t_s[mine], frequency_hz=abs(factor_hz), layer=MORNING)
            advance_hz[mine] = copysign(1.0, factor_hz) * bent_hz
        with_it, without = (_again(curve, few, heard, parameters) for heard in (plain_hz + advance_hz, plain_hz))
        found.append(with_it - without)
    return _summary(found)


def _again(curve: Curve, system: System, heard_hz: Array, parameters: Array) -> Array:
    """First offset, closest approach, distance and speed (4,) of the curve through other tones."""
    found = solve(curve, replace(system, tone_hz=heard_hz), parameters)
    return np.array([found.coefficients[0], *curve.passage(found.parameters)])


def _summary(found: list[Any]) -> Bias:
    if not found:
        return Bias(mean=np.full(4, np.nan), sd=np.full(4, np.nan))
    return Bias(mean=np.mean(found, axis=0), sd=np.std(found, axis=0))


def _spread(system: System) -> Array:
    chosen = []
    for number in np.unique(system.carrier):
        mine = np.flatnonzero(system.carrier == number)
        chosen.append(mine[np.unique(np.linspace(0, mine.size - 1, TONES).round().astype(int))])
    return np.concatenate(chosen)


def likely_orbits(
    *, distance_km: float, speed_km_s: float, speed_sd_km_s: float, altitude_km: float | None = None
) -> Iterator[LookFunction]:
    """Look functions of passes over a turning Earth that come as close and fly as fast, closest near second zero.

    The orbits are round or as elliptic as Sputnik 1's was, in each part of the ellipse, inclined as it was, flown
    over different latitudes on either side of the station; the height is whatever fits.
    """
    if altitude_km is None:
        most_km = max(min(distance_km, MOST_ALTITUDE_KM), LEAST_ALTITUDE_KM)
        altitudes_km = np.geomspace(LEAST_ALTITUDE_KM, most_km, ALTITUDES)
    else:
        altitudes_km = np.array([altitude_km])
    shapes = [(0.0, 0.0), *((ECCENTRICITY, anomaly_rad) for anomaly_rad in ANOMALIES_RAD)]
    allowed_km_s = SPEED_SHARE * speed_km_s + 2 * speed_sd_km_s
    flights = [
        _flight(float(height_km), *shape, argument_rad, side * distance_km)
        for height_km, shape, argument_rad, side in product(altitudes_km, shapes, LATITUDE_ARGUMENTS_RAD, (-1, 1))
    ]
    fitting = [one for one in flights if one is not None and abs(one.speed_km_s - speed_km_s) <= allowed_km_s]
    for flight in fitting[:: len(fitting) // MODELS + 1]:
        yield station_pass(
            ephemeris(flight.elements, EPOCH),
            latitude_deg=flight.latitude_deg,
            longitude_deg=flight.longitude_deg,
            height_m=0.0,
            sidereal=(0.0, EARTH_ROTATION_RAD_S),
        )


@dataclass(frozen=True, kw_only=True)
class _Flight:
    """A satellite, and a place from which it is seen."""

    elements: Elements
    speed_km_s: float  # against the turning Earth
    latitude_deg: float
    longitude_deg: float


def _flight(
    altitude_km: float, eccentricity: float, anomaly_rad: float, argument_rad: float, miss_km: float
) -> _Flight | None:
    """A flight past a place at `miss_km`, negative on the other side; None where the Earth or its air is in the way."""
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
        epoch=EPOCH,
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
        latitude_deg=degrees(asin(z)),
        longitude_deg=degrees(atan2(y, x)),
    )
