"""What the delay of a passing satellite does: families of Doppler curves, and how well tones of a receiver fit them.

A tone at t is f0 + drift (t - middle) + sign (-f delay_rate(t) + ionosphere(t) / f), the sign being that of the
sideband. The delay is the family's and depends on its parameters in a curved way; everything else is linear.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import radians
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beep.arrays import Array
from beep.constants import GM_EARTH_M3_S2, MEAN_EARTH_RADIUS_M
from beep.geometry import LookFunction, light_time

LIKELY_KM_S = 7.5  # of a satellite below 1500 km, to begin with
LEAST_KM_S, MOST_KM_S = 2.0, 20.0
LEAST_KM, MOST_KM = 1.0, 6000.0  # at the horizon of 2300 km of height
MOST_NODE_DEG = 20.0

KNOT_S = 40.0  # of the ionosphere's spline: d/v of a near pass, the fastest that slant TEC can bend
MOST_IONOSPHERE_HZ = 100.0  # at 20 MHz, the prior's sd: five times what a morning does
IONOSPHERE_AT_HZ = 20e6

WELCOMED = 2.0  # residuals beyond so many sigma lose influence
ROUNDS = 30  # at most, of weights that follow the residuals
SETTLED = 0.01  # of the scale, from one round to the next
LEAST_SCALE = 1e-6  # of the given errors: tones without noise, exactly on the curve
STEP = 1e-4  # of a parameter's scale, for derivatives by central differences


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


@dataclass(frozen=True, kw_only=True)
class Tones:
    """What one carrier was heard at: moments (N,), s, tones (N,), Hz, and their standard errors (N,), Hz."""

    frequency_hz: float
    t_s: Array
    tone_hz: Array
    sd_hz: Array


@dataclass(frozen=True, kw_only=True)
class System:
    """The tones of all carriers in one row (N,), and the linear part (N, M) that is free beside the curve."""

    carrier: NDArray[np.int64]
    t_s: Array
    tone_hz: Array
    sd_hz: Array
    factor_hz: Array  # the tone moves by minus this times the delay rate
    linear: Array
    prior_sd: Array  # (M,) Hz; infinite where free
    names: tuple[str, ...]  # of the linear coefficients

    def only(self, chosen: NDArray[Any]) -> "System":
        """The system of some of its tones, by mask or index."""
        rows = {name: getattr(self, name)[chosen] for name in ("carrier", "t_s", "tone_hz", "sd_hz", "factor_hz")}
        return System(**rows, linear=self.linear[chosen], prior_sd=self.prior_sd, names=self.names)


def system_of(carriers: Sequence[Tones], signs: Sequence[int], *, drift: bool) -> System:
    """The tones as one system: an offset for each carrier, with `drift` a slope, with two carriers the ionosphere.

    The ionosphere advances the phase by a term in 1/f, the same for both: a cubic spline in time without its mean,
    which no tone can tell from the offsets.
    """
    from scipy.interpolate import BSpline

    sizes = [len(tones.t_s) for tones in carriers]
    carrier = np.repeat(np.arange(len(carriers)), sizes)
    t_s = np.concatenate([tones.t_s for tones in carriers])
    sign = np.repeat(np.asarray(signs, float), sizes)
    frequency_hz = np.repeat([tones.frequency_hz for tones in carriers], sizes)
    columns = [(carrier == number).astype(float) for number in range(len(carriers))]
    names = [f"offset {number}" for number in range(len(carriers))]
    middle_s = (t_s.min() + t_s.max()) / 2
    if drift:
        columns += [(carrier == number) * (t_s - middle_s) for number in range(len(carriers))]
        names += [f"drift {number}" for number in range(len(carriers))]
    prior_sd = [np.inf] * len(columns)
    if len(carriers) > 1:
        span_s = t_s.max() - t_s.min()
        pieces = max(int(np.ceil(span_s / KNOT_S)), 1)
        inner = np.linspace(t_s.min(), t_s.max(), pieces + 1)
        knots = np.concatenate([np.repeat(inner[0], 3), inner, np.repeat(inner[-1], 3)])
        basis = np.asarray(BSpline.design_matrix(t_s, knots, 3).toarray())
        basis = (basis - basis.mean(axis=0))[:, :-1]  # the splines add up to one: without its mean one is too many
        columns += list((sign * IONOSPHERE_AT_HZ / frequency_hz)[:, None].T * basis.T)
        names += ["ionosphere"] * basis.shape[1]
        prior_sd += [MOST_IONOSPHERE_HZ] * basis.shape[1]
    return System(
        carrier=carrier,
        t_s=t_s,
        tone_hz=np.concatenate([tones.tone_hz for tones in carriers]),
        sd_hz=np.concatenate([tones.sd_hz for tones in carriers]),
        factor_hz=sign * frequency_hz,
        linear=np.stack(columns, axis=1),
        prior_sd=np.array(prior_sd),
        names=tuple(names),
    )


@dataclass(frozen=True, kw_only=True)
class Solution:
    """A fitted curve: parameters (P,), linear coefficients (M,), and the covariance (P + M, P + M) of both."""

    parameters: Array
    coefficients: Array
    covariance: Array
    scale: float  # robust rms of residuals against the given errors: 1 where model and errors are right


def left_hz(curve: Curve, system: System, parameters: Array, coefficients: Array) -> Array:
    """Tones (N,) less curve and linear part, Hz."""
    curved_hz = system.factor_hz * curve.delay_rate(system.t_s, parameters)
    return np.asarray(system.tone_hz + curved_hz - np.einsum("nj,j->n", system.linear, coefficients))


def starts_of(curve: Curve, system: System, *, count: int) -> list[Array]:
    """The `count` best of a grid of starting points, by absolute deviations: outliers do not choose them."""
    first_s, last_s = float(system.t_s.min()), float(system.t_s.max())
    tried: list[tuple[float, int, Array]] = []
    for tca_s in np.linspace(first_s - 0.3 * (last_s - first_s), last_s + 0.3 * (last_s - first_s), 17):
        for rest in curve.starts:
            p = np.array([tca_s, *rest])
            rest_hz = _offsets_taken(system, left_hz(curve, system, p, np.zeros(len(system.names))))
            tried.append((float(np.abs(rest_hz / system.sd_hz).sum()), len(tried), p))
    return [p for _, _, p in sorted(tried)[:count]]


def _offsets_taken(system: System, tones_hz: Array) -> Array:
    """Tones less the median of their carrier."""
    rest_hz = tones_hz.copy()
    for number in np.unique(system.carrier):
        rest_hz[system.carrier == number] -= np.median(tones_hz[system.carrier == number])
    return rest_hz


def solve(curve: Curve, system: System, start: Array) -> Solution:
    """Least squares from a starting point, without regard to outliers."""
    return _weighted(curve, system, start, np.ones(len(system.t_s)), np.inf)


def solve_robustly(curve: Curve, system: System, start: Array, *, rounds: int = ROUNDS) -> Solution:
    """The same with the soft L1 loss: residuals beyond `WELCOMED` robust sigmas lose influence.

    The loss is put in as weights that follow the residuals, and its scale shrinks with them until it stays. The
    covariance is that of an M-estimator, with the scatter found in the residuals.

    References: Huber 1981, Robust Statistics, chapter 7.
    """
    parameters = start
    normal = _offsets_taken(system, left_hz(curve, system, start, np.zeros(len(system.names)))) / system.sd_hz
    scale = np.inf
    for _ in range(rounds):
        limit = WELCOMED * max(float(np.median(np.abs(normal))) / 0.6745, LEAST_SCALE)
        solution = _weighted(curve, system, parameters, (1 + (normal / limit) ** 2) ** -0.25, limit)
        parameters, before, scale = solution.parameters, scale, solution.scale
        if abs(scale - before) <= SETTLED * scale:
            break
        normal = left_hz(curve, system, parameters, solution.coefficients) / system.sd_hz
    return solution


def _weighted(curve: Curve, system: System, start: Array, weight: Array, limit: float) -> Solution:
    """Least squares with a weight for each residual; the linear part is projected out, the curve sought.

    `limit` is where the loss bends, in given errors, for the covariance.

    References: Golub and Pereyra 1973, SIAM J. Numer. Anal. 10, 413 (variable projection).
    """
    from scipy.optimize import least_squares

    scales = np.array(curve.scales)
    size, count = len(scales), len(system.t_s)
    weight = weight / system.sd_hz
    bound = np.flatnonzero(np.isfinite(system.prior_sd))
    prior = np.zeros((bound.size, len(system.prior_sd)))
    prior[np.arange(bound.size), bound] = 1 / system.prior_sd[bound]
    # einsum: threaded BLAS on matrices as slim as these waits for its threads, ten times as long on a busy machine.
    basis = np.vstack([system.linear * weight[:, None], prior])
    moments = np.einsum("nj,nk->jk", basis, basis)

    def curved(x: Array) -> Array:
        return np.concatenate(
            [system.factor_hz * curve.delay_rate(system.t_s, x * scales) * weight, np.zeros(bound.size)]
        )

    def slopes(x: Array) -> Array:
        steps = STEP * np.eye(size)
        return np.column_stack([(curved(x + step) - curved(x - step)) / (2 * STEP) for step in steps])

    def linear_part(rows: Array) -> Array:
        return np.asarray(np.linalg.solve(moments, np.einsum("nj,n...->j...", basis, rows)))

    def projected(rows: Array) -> Array:
        return np.asarray(rows - np.einsum("nj,j...->n...", basis, linear_part(rows)))

    tones = np.concatenate([system.tone_hz * weight, np.zeros(bound.size)])
    least, most = np.array(curve.bounds).T / scales
    found = least_squares(
        lambda x: projected(tones + curved(x)),
        np.clip(start / scales, least + 1e-6, most - 1e-6),
        lambda x: projected(slopes(x)),
        bounds=(least, most),
        xtol=1e-10,
        ftol=1e-12,
        gtol=1e-12,
    )
    parameters = found.x * scales
    coefficients = linear_part(tones + curved(found.x))
    normal = left_hz(curve, system, parameters, coefficients) / system.sd_hz
    bent = 1 + (normal / limit) ** 2
    scatter = np.sum(normal**2 / bent) / max(count - size - len(coefficients), 1) / np.mean(bent**-1.5) ** 2
    turned = slopes(found.x)[:count] / (scales * (weight * system.sd_hz)[:, None])
    jacobian = np.column_stack([turned, -system.linear / system.sd_hz[:, None]])
    information = np.einsum("nj,nk->jk", jacobian, jacobian) / max(scatter, np.finfo(float).tiny)
    information[size:, size:] += prior.T @ prior
    return Solution(
        parameters=parameters,
        coefficients=coefficients,
        covariance=_inverse(information),
        scale=float(np.median(np.abs(normal)) / 0.6745),
    )


def _inverse(information: Array) -> Array:
    """Inverse of a symmetric matrix whose units differ; infinite variances where it has none."""
    size = np.sqrt(np.maximum(np.diag(information), np.finfo(float).tiny))
    values, vectors = np.linalg.eigh(information / np.outer(size, size))
    if values[0] < 1e-13 * values[-1]:
        return np.full_like(information, np.inf)
    inverse: Array = (vectors / values) @ vectors.T / np.outer(size, size)
    return inverse
