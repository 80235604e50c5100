"""Doppler curves through the tones of a receiver, by least squares.

A tone at t is f0 + drift (t - middle) + sign (-f delay_rate(t) + ionosphere(t) / f), the sign being that of the
sideband. The delay is the curve's and depends on its parameters in a curved way; everything else is linear.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array
from beep.fitting.curves import Curve

KNOT_S = 40.0  # of the ionosphere's spline: d/v of a near pass, the fastest that slant TEC can bend
MOST_IONOSPHERE_HZ = 100.0  # at 20 MHz, the prior's sd: five times what a morning does
IONOSPHERE_AT_HZ = 20e6

WELCOMED = 2.0  # residuals beyond so many sigma lose influence
ROUNDS = 30  # at most, of weights that follow the residuals
SETTLED = 0.01  # of the scale, from one round to the next
LEAST_SCALE = 1e-6  # of the given errors: tones without noise, exactly on the curve
STEP = 1e-4  # of a parameter's scale, for derivatives by central differences


@dataclass(frozen=True, kw_only=True)
class Tones:
    """What one carrier was heard at: moments (N,), s, tones (N,), Hz, and their standard errors (N,), Hz.

    `length_s` (N,) is how long each was listened to, around its moment: the tone of a pulse is not quite that of its
    middle where the curve bends.
    """

    frequency_hz: float
    t_s: Array
    tone_hz: Array
    sd_hz: Array
    length_s: Array | float = 0.0


@dataclass(frozen=True, kw_only=True)
class System:
    """The tones of all carriers in one row (N,), and the linear part (N, M) that is free beside the curve."""

    carrier: NDArray[np.int64]
    t_s: Array
    tone_hz: Array
    sd_hz: Array
    spread_s: Array  # of the time that a tone stands for, about its moment
    factor_hz: Array  # the tone moves by minus this times the delay rate
    linear: Array
    prior_sd: Array  # (M,) Hz; infinite where free
    names: tuple[str, ...]  # of the linear coefficients

    def only(self, chosen: NDArray[Any]) -> "System":
        """The system of some of its tones, by mask or index."""
        rows = {
            name: getattr(self, name)[chosen]
            for name in ("carrier", "t_s", "tone_hz", "sd_hz", "spread_s", "factor_hz")
        }
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
        spread_s=np.concatenate([np.broadcast_to(tones.length_s, tones.t_s.shape) for tones in carriers]) / 20**0.5,
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


def shift_hz(curve: Curve, system: System, parameters: Array) -> Array:
    """By how much the curve moves each tone (N,), Hz.

    A frequency fitted to the phase of a pulse weighs its moments with a parabola, whose variance is a twentieth of
    the length squared: that of two moments one standard deviation before and after the middle.
    """
    ends_s = np.concatenate([system.t_s - system.spread_s, system.t_s + system.spread_s])
    rate = curve.delay_rate(ends_s, parameters).reshape(2, -1).mean(axis=0)
    return np.asarray(-system.factor_hz * rate)


def left_hz(curve: Curve, system: System, parameters: Array, coefficients: Array) -> Array:
    """Tones (N,) less curve and linear part, Hz."""
    return np.asarray(
        system.tone_hz - shift_hz(curve, system, parameters) - np.einsum("nj,j->n", system.linear, coefficients)
    )


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
        return np.concatenate([-shift_hz(curve, system, x * scales) * weight, np.zeros(bound.size)])

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
