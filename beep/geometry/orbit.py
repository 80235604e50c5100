"""Orbital elements in, ephemeris out: SGP4 behind a piecewise Chebyshev series.

Positions come from SGP4; velocities are the derivative of the series, not SGP4's own, which is up to 0.45 m/s off
the derivative of its position. Whatever is heard therefore hangs on one quantity, the position.
"""

from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
from sgp4.api import SGP4_ERRORS, WGS72, Satrec

from beep.base.arrays import Array, Vectors
from beep.base.constants import SECONDS_PER_DAY
from beep.geometry.elements import Elements
from beep.geometry.frames import julian_date
from beep.geometry.look import Ephemeris

SEGMENT_S = 128.0  # one series
DEGREE = 11  # within 1e-6 m of SGP4 for 95 % of the time, also at a perigee of Molniya; SGP4 itself jumps by 2e-5 m
KEPT_SEGMENTS = 512  # 18 hours; older ones are computed again when asked for

_SGP4_EPOCH = datetime(1949, 12, 31, tzinfo=UTC)
_TROUBLE = {  # of SGP4's error codes, those that an element set can lead to
    1: "its mean eccentricity has left the range from 0 to 1",
    2: "its mean motion has fallen below zero",
    3: "its eccentricity has left the range from 0 to 1",
    4: "its semilatus rectum has fallen below zero",
    6: "it has decayed: its orbit meets the ground",
}
_NODES = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))
_FIT = np.linalg.inv(np.polynomial.chebyshev.chebvander(_NODES, DEGREE)).T  # values at the nodes -> coefficients
_DERIVE = np.zeros((DEGREE + 1, DEGREE + 1))
_DERIVE[:, :-1] = np.polynomial.chebyshev.chebder(np.eye(DEGREE + 1)).T


def positions(elements: Elements, start: datetime) -> Callable[[Array], Vectors]:
    """TEME position (3, N) in m as a function of seconds (N,) after `start`, as SGP4 has it.

    Where SGP4 gives up (a decayed orbit) it is nan.

    References: Vallado et al. 2006, AIAA 2006-6753 (SGP4).
    """
    satellite = _satellite(elements)
    # Counted from SGP4's own idea of the epoch, which is up to 0.2 us beside the true one: so what it rounds goes out.
    since = start - elements.epoch
    day = satellite.jdsatepoch + since.days
    fraction = satellite.jdsatepochF + (since.seconds + since.microseconds * 1e-6) / SECONDS_PER_DAY

    def position(u_s: Array) -> Vectors:
        error, position_km, _ = satellite.sgp4_array(np.full_like(u_s, day), fraction + u_s / SECONDS_PER_DAY)
        where: Vectors = np.where(error == 0, position_km.T * 1e3, np.nan)
        return where

    return position


def trouble(elements: Elements, when: datetime) -> str:
    """Why SGP4 gives no position at `when`, in words; empty where it gives one."""
    code, _, _ = _satellite(elements).sgp4(*julian_date(when))
    return _TROUBLE.get(code, "") or (str(SGP4_ERRORS.get(code, f"error {code}")) if code else "")


def _satellite(elements: Elements) -> Satrec:
    satellite = Satrec()
    satellite.sgp4init(
        WGS72,
        "i",
        0,
        (elements.epoch - _SGP4_EPOCH) / timedelta(days=1),
        elements.bstar,
        0.0,  # ndot
        0.0,  # nddot
        elements.eccentricity,
        elements.argument_of_perigee_rad,
        elements.inclination_rad,
        elements.mean_anomaly_rad,
        elements.mean_motion_rad_s * 60.0,
        elements.raan_rad,
    )
    return satellite


def ephemeris(elements: Elements, start: datetime) -> Ephemeris:
    """TEME position (3, N) in m and velocity (3, N) in m/s as a function of seconds (N,) after `start`.

    Where SGP4 gives up (a decayed orbit), both are nan.
    """
    position = positions(elements, start)
    kept: OrderedDict[int, Array] = OrderedDict()

    def series(segment: int) -> Array:
        """Coefficients (3, DEGREE + 1) of one segment, in metres."""
        if segment not in kept:
            t_s = (segment + (1 + _NODES) / 2) * SEGMENT_S
            kept[segment] = position(t_s) @ _FIT
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
