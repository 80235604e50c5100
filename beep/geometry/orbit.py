"""Orbital elements to positions (SGP4, smoothed by a piecewise Chebyshev series), looks from a station, and passes.

The series gives the velocity as the derivative of the position. SGP4's own velocity differs from that derivative by up
to 0.45 m/s, which would make delay and Doppler inconsistent.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial

import numpy as np
from sgp4.api import SGP4_ERRORS, WGS72, Satrec

from beep.base.arrays import Array, Vectors
from beep.base.constants import SECONDS_PER_DAY
from beep.base.errors import TleError
from beep.geometry.elements import Elements
from beep.geometry.frames import julian_date, sidereal_angle
from beep.geometry.look import Ephemeris, LookFunction, ViewFunction, station_pass, station_view
from beep.geometry.search import Pass, find_passes
from beep.geometry.stations import Station

SEGMENT_S = 128.0  # length of one series
DEGREE = 11  # within 1e-6 m of SGP4 for 95 % of the time, also at a perigee of Molniya; SGP4 itself jumps by 2e-5 m
KEPT_SEGMENTS = 512  # in the cache, 18 hours
FARTHEST_DAYS = 366.0  # from the epoch; elements are accurate for days and meaningless after a year

_SGP4_EPOCH = datetime(1949, 12, 31, tzinfo=UTC)
_REASONS = SGP4_ERRORS | {
    2: "its mean motion has fallen below zero",
    6: "it has decayed: its orbit meets the ground",
}
_NODES = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))
_FIT = np.linalg.inv(np.polynomial.chebyshev.chebvander(_NODES, DEGREE)).T  # values at the nodes -> coefficients
_DERIVE = np.zeros((DEGREE + 1, DEGREE + 1))
_DERIVE[:, :-1] = np.polynomial.chebyshev.chebder(np.eye(DEGREE + 1)).T


def positions(elements: Elements, start: datetime) -> Callable[[Array], Vectors]:
    """Function of seconds (N,) after `start` that returns SGP4's TEME position (3, N), m; nan where SGP4 fails.

    References: Vallado et al. 2006, AIAA 2006-6753 (SGP4).
    """
    satellite = _satellite(elements)
    # Counted from SGP4's own epoch, a float of days up to 0.2 us off, so that its rounding error cancels.
    since = start - elements.epoch
    day = satellite.jdsatepoch + since.days
    fraction = satellite.jdsatepochF + (since.seconds + since.microseconds * 1e-6) / SECONDS_PER_DAY

    def position(u_s: Array) -> Vectors:
        if not u_s.size:  # sgp4 without its compiled part takes no empty array
            return np.empty((3, 0))
        error, position_km, _ = satellite.sgp4_array(np.full_like(u_s, day), fraction + u_s / SECONDS_PER_DAY)
        position_m: Vectors = np.where(error == 0, position_km.T * 1e3, np.nan)
        return position_m

    return position


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
    """Function of seconds (N,) after `start` that returns TEME position, m, and velocity, m/s, each (3, N).

    Both are nan where SGP4 fails (a decayed orbit).
    """
    return partial(_state, elements=elements, start=start)


def _state(u_s: Array, *, elements: Elements, start: datetime) -> tuple[Vectors, Vectors]:
    segment = np.floor(u_s / SEGMENT_S)
    numbers, which = np.unique(segment, return_inverse=True)
    basis = np.polynomial.chebyshev.chebvander(2 * (u_s / SEGMENT_S - segment) - 1, DEGREE)
    series = [_series(elements, start, int(number)) for number in numbers]
    coefficients = np.array(series).reshape(-1, 3, DEGREE + 1)
    slopes = coefficients @ _DERIVE * (2 / SEGMENT_S)
    return (np.einsum("nk,nik->in", basis, coefficients[which]), np.einsum("nk,nik->in", basis, slopes[which]))


@lru_cache(KEPT_SEGMENTS)
def _series(elements: Elements, start: datetime, segment: int) -> Array:
    """Coefficients (3, DEGREE + 1) of one segment, in metres."""
    return positions(elements, start)((segment + (1 + _NODES) / 2) * SEGMENT_S) @ _FIT


def orbit_look(station: Station, elements: Elements, epoch: datetime) -> LookFunction:
    """Look function of an orbit seen from a station, in seconds after `epoch`."""
    return station_pass(ephemeris(elements, epoch), station, sidereal=sidereal_angle(epoch))


def orbit_view(station: Station, elements: Elements, epoch: datetime) -> ViewFunction:
    """Like `orbit_look` without light time and rates, ten times faster: for searches."""
    return station_view(positions(elements, epoch), station, sidereal=sidereal_angle(epoch))


def changing_view(station: Station, elements: Sequence[Elements], until_s: Array, epoch: datetime) -> ViewFunction:
    """Like `orbit_view`, with elements that change: the first up to `until_s[0]`, ..., the last after all of these."""
    orbits = [positions(each, epoch) for each in elements]

    def position(u_s: Array) -> Vectors:
        which = np.searchsorted(until_s, u_s)
        position_m = np.empty((3, u_s.size))
        for number in np.unique(which):
            position_m[:, which == number] = orbits[number](u_s[which == number])
        return position_m

    return station_view(position, station, sidereal=sidereal_angle(epoch))


def orbit_passes(
    station: Station,
    elements: Elements,
    start: datetime,
    *,
    start_s: float = 0.0,
    stop_s: float,
    above_rad: float = 0.0,
    running: bool = False,
) -> Iterator[Pass]:
    """Passes of an orbit over a station, in seconds after `start`; see `search.find_passes`.

    Raises TleError where the search leaves the year around the epoch, and after the last pass where SGP4 fails after
    `start_s`.
    """
    age_days, days = (start - elements.epoch) / timedelta(days=1), stop_s / SECONDS_PER_DAY
    if max(abs(age_days), abs(age_days + days)) > FARTHEST_DAYS:
        raise TleError(
            f"elements hold for some days around their epoch, {elements.epoch:%Y-%m-%d}, and at most for a year, got "
            f"a search from {start:%Y-%m-%d} over {days:g} days; take a set of that time"
        )
    position = positions(elements, start)
    failed_s: list[float] = []

    def watched(u_s: Array) -> Vectors:
        position_m = position(u_s)
        failed_s.extend(u_s[np.isnan(position_m[0]) & (u_s >= start_s)].tolist())
        return position_m

    view = station_view(watched, station, sidereal=sidereal_angle(start))
    yield from find_passes(view, start_s=start_s, stop_s=stop_s, above_rad=above_rad, running=running)
    if failed_s:
        check_orbit(elements, start + timedelta(seconds=min(failed_s)))


def check_orbit(elements: Elements, when: datetime) -> None:
    """Raise TleError with the reason where SGP4 gives no position at `when`."""
    code, _, _ = _satellite(elements).sgp4(*julian_date(when))
    if code:
        lost = f"SGP4 has lost the satellite by {when:%Y-%m-%dT%H:%MZ}"
        raise TleError(f"{lost}: {_REASONS.get(code, f'error {code}')}; choose an earlier start")


def northbound(elements: Elements, when: datetime) -> bool:
    """Whether the satellite moves north at `when`."""
    z_m = positions(elements, when)(np.array([-1.0, 1.0]))[2]
    return bool(z_m[1] > z_m[0])
