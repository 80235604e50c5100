"""Orbital elements in, ephemeris out: SGP4 behind a piecewise Chebyshev series.

Positions come from SGP4; velocities are the derivative of the series, not SGP4's own, which is up to 0.45 m/s off
the derivative of its position. Whatever is heard therefore hangs on one quantity, the position.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from sgp4.api import WGS72, Satrec

from beep.arrays import Array, Vectors
from beep.constants import SECONDS_PER_DAY
from beep.frames import julian_date
from beep.geometry import Ephemeris

SEGMENT_S = 256.0  # one series
DEGREE = 11  # with this length 95 % is within 1e-6 m of SGP4, the rest within 2e-5 m: SGP4 itself jumps by that
KEPT_SEGMENTS = 512  # a day and a half; older ones are computed again when asked for

_SGP4_EPOCH = datetime(1949, 12, 31, tzinfo=UTC)
_NODES = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))
_FIT = np.linalg.inv(np.polynomial.chebyshev.chebvander(_NODES, DEGREE)).T  # values at the nodes -> coefficients
_DERIVE = np.zeros((DEGREE + 1, DEGREE + 1))
_DERIVE[:, :-1] = np.polynomial.chebyshev.chebder(np.eye(DEGREE + 1)).T


@dataclass(frozen=True, kw_only=True)
class Elements:
    """SGP4 mean elements (WGS-72, TEME, Kozai mean motion) at an epoch; no drag term."""

    epoch: datetime
    inclination_rad: float
    raan_rad: float
    eccentricity: float
    argument_of_perigee_rad: float
    mean_anomaly_rad: float
    mean_motion_rad_s: float


def ephemeris(elements: Elements, start: datetime) -> Ephemeris:
    """TEME position (3, N) in m and velocity (3, N) in m/s as a function of seconds (N,) after `start`.

    Where SGP4 gives up (a decayed orbit), both are nan.

    References: Vallado et al. 2006, AIAA 2006-6753 (SGP4).
    """
    satellite = Satrec()
    satellite.sgp4init(
        WGS72,
        "i",
        0,
        (elements.epoch - _SGP4_EPOCH) / timedelta(days=1),
        0.0,  # bstar
        0.0,  # ndot
        0.0,  # nddot
        elements.eccentricity,
        elements.argument_of_perigee_rad,
        elements.inclination_rad,
        elements.mean_anomaly_rad,
        elements.mean_motion_rad_s * 60.0,
        elements.raan_rad,
    )
    day, fraction = julian_date(start)
    kept: OrderedDict[int, Array] = OrderedDict()

    def series(segment: int) -> Array:
        """Coefficients (3, DEGREE + 1) of one segment, in metres."""
        if segment not in kept:
            t_s = (segment + (1 + _NODES) / 2) * SEGMENT_S
            error, position_km, _ = satellite.sgp4_array(np.full_like(t_s, day), fraction + t_s / SECONDS_PER_DAY)
            kept[segment] = np.where(error == 0, position_km.T * 1e3, np.nan) @ _FIT
            if len(kept) > KEPT_SEGMENTS:
                kept.popitem(last=False)
        return kept[segment]

    def state(u_s: Array) -> tuple[Vectors, Vectors]:
        segment = np.floor(u_s / SEGMENT_S)
        numbers, which = np.unique(segment, return_inverse=True)
        basis = np.polynomial.chebyshev.chebvander(2 * (u_s / SEGMENT_S - segment) - 1, DEGREE)
        coefficients = np.array([series(int(number)) for number in numbers]).reshape(-1, 3, DEGREE + 1)
        slopes = coefficients @ _DERIVE * (2 / SEGMENT_S)
        return (
            np.einsum("nk,nik->in", basis, coefficients[which]),
            np.einsum("nk,nik->in", basis, slopes[which]),
        )

    return state
