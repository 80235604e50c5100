"""Doppler curves fitted to the tones of a receiver by least squares.

The model of a tone at time t is f0 + drift (t - middle) + sign (-f delay_rate(t) + ionosphere(t) / f), with the sign
of the sideband. Only the delay rate depends on its parameters nonlinearly.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array
from beep.fitting.curves import Curve

KNOT_S = 40.0  # spacing of the ionosphere's spline: d/v of a close pass, the fastest change of slant TEC
IONOSPHERE_SD_HZ = 100.0  # prior at 20 MHz: five times a morning's ionosphere
IONOSPHERE_AT_HZ = 20e6

SOFT_L1_SCALE = 2.0  # in robust standard deviations
MOST_ITERATIONS = 30  # of reweighting
CONVERGED = 0.01  # relative change of the scale between two iterations
LEAST_SCALE = 1e-6  # of the given errors: tones without noise, exactly on the curve
STEP = 1e-4  # of a parameter's scale, for central differences


@dataclass(frozen=True, kw_only=True)
class Tones:
    """Measured tones of one carrier: times (N,), s, tones at these times (N,), Hz, and their standard errors, Hz.

    Where every error is nan, they are not known: a fit takes them as equal and estimates them from its residuals.
    """

    frequency_hz: float
    t_s: Array
    tone_hz: Array
    sd_hz: Array
    epoch: datetime | None = None  # UTC of t_s = 0, where it is known


@dataclass(frozen=True, kw_only=True)
class System:
    """The tones of all carriers, joined (N,), and the design matrix (N, M) of the linear coefficients."""

    carrier: NDArray[np.int64]
    t_s: Array
    tone_hz: Array
    sd_hz: Array
    factor_hz: Array  # tone shift = -factor_hz * delay rate
    linear: Array
    size: Array  # of a tape's flutter in each tone; 1 for a typical tone
    prior_sd: Array  # (M,) Hz; infinite without a prior

    def only(self, rows: NDArray[Any]) -> "System":
        """Return the system of some of its tones, chosen by mask or index."""
        names = ("carrier", "t_s", "tone_hz", "sd_hz", "factor_hz", "linear", "size")
        return System(**{name: getattr(self, name)[rows] for name in names}, prior_sd=self.prior_sd)


def system_of(carriers: Sequence[Tones], signs: Sequence[int], *, drift: bool) -> System:
    """Return the tones as one system: offsets of the carriers, with `drift` slopes, with two carriers an ionosphere.

    The ionosphere advances the phase by a term in 1/f that both carriers share: a cubic spline in time. Its mean is
    removed, because no tone can distinguish it from the offsets.
    """
    from scipy.interpolate import BSpline

    sizes = [len(tones.t_s) for tones in carriers]
    carrier = np.repeat(np.arange(len(carriers)), sizes)
    t_s = np.concatenate([tones.t_s for tones in carriers])
    sign = np.repeat(np.asarray(signs, float), sizes)
    frequency_hz = np.repeat([tones.frequency_hz for tones in carriers], sizes)
    columns = [(carrier == number).astype(float) for number in range(len(carriers))]
    if drift:
        middle_s = (t_s.min() + t_s.max()) / 2
        columns += [(carrier == number) * (t_s - middle_s) for number in range(len(carriers))]
    prior_sd = [np.inf] * len(columns)
    if len(carriers) > 1:
        pieces = max(int(np.ceil((t_s.max() - t_s.min()) / KNOT_S)), 1)
        inner = np.linspace(t_s.min(), t_s.max(), pieces + 1)
        knots = np.concatenate([np.repeat(inner[0], 3), inner, np.repeat(inner[-1], 3)])
        basis = np.asarray(BSpline.design_matrix(t_s, knots, 3).toarray())
        basis = (basis - basis.mean(axis=0))[:, :-1]  # the splines add up to 1: without its mean, one is redundant
        columns += list((sign * IONOSPHERE_AT_HZ / frequency_hz)[:, None].T * basis.T)
        prior_sd += [IONOSPHERE_SD_HZ] * basis.shape[1]
    return System(
        carrier=carrier,
        t_s=t_s,
        tone_hz=np.concatenate([tones.tone_hz for tones in carriers]),
        sd_hz=np.concatenate([tones.sd_hz for tones in carriers]),
        factor_hz=sign * frequency_hz,
        linear=np.stack(columns, axis=1),
        size=np.ones_like(t_s),
        prior_sd=np.array(prior_sd),
    )


@dataclass(frozen=True, kw_only=True)
class Solution:
    """A fitted curve: parameters (P,), linear coefficients (M,), and the covariance (P + M, P + M) of both."""

    parameters: Array
    coefficients: Array
    covariance: Array
    scale: float  # robust standard deviation of residuals over given errors: 1 where model and errors are right


def shift_hz(curve: Curve, system: System, parameters: Array) -> Array:
    """Return the Doppler shift of each tone (N,), Hz, according to the curve."""
    return np.asarray(-system.factor_hz * curve.delay_rate(system.t_s, parameters))


def residual_hz(curve: Curve, system: System, parameters: Array, coefficients: Array) -> Array:
    """Return tones (N,) minus curve and linear part, Hz."""
    linear_hz = np.einsum("nj,j->n", system.linear, coefficients)
    return np.asarray(system.tone_hz - shift_hz(curve, system, parameters) - linear_hz)


def design(curve: Curve, system: System, parameters: Array) -> Array:
    """Derivatives (N, P + M) of the modelled tones by parameters and linear coefficients."""
    return np.column_stack([slopes(lambda p: shift_hz(curve, system, p), parameters, curve.scales), system.linear])


def slopes(function: Callable[[Array], Array], parameters: Array, scales: Sequence[float]) -> Array:
    """Derivatives (N, P) of a function (N,) by its parameters (P,): central differences of `STEP` scales."""
    steps = [STEP * scale * unit for scale, unit in zip(scales, np.eye(len(scales)), strict=True)]
    changes = [function(parameters + step) - function(parameters - step) for step in steps]
    return np.column_stack(changes) / (2 * STEP * np.array(scales))


def robust_sd(values: Array) -> float:
    """Standard deviation of normal values with mean 0 from their median size, which outliers hardly change."""
    return float(np.median(np.abs(values))) / 0.6745


def starts_of(curve: Curve, system: System, *, count: int) -> list[Array]:
    """Return the `count` best of a grid of start values, by absolute deviations, so that outliers do not decide."""
    first_s, last_s = float(system.t_s.min()), float(system.t_s.max())
    margin_s = 0.3 * (last_s - first_s)
    candidates = [
        np.array([tca_s, *others])
        for tca_s in np.linspace(first_s - margin_s, last_s + margin_s, 17)
        for others in curve.starts
    ]
    return sorted(candidates, key=lambda p: float(np.abs(without_offsets(curve, system, p)).sum()))[:count]


def without_offsets(curve: Curve, system: System, parameters: Array) -> Array:
    """Return tones minus curve minus the median of their carrier, in standard errors (N,)."""
    rest_hz = system.tone_hz - shift_hz(curve, system, parameters)
    for number in np.unique(system.carrier):
        rest_hz[system.carrier == number] -= np.median(rest_hz[system.carrier == number])
    return rest_hz / system.sd_hz


def solve(curve: Curve, system: System, start: Array) -> Solution:
    """Return the ordinary least-squares solution, found from start values."""
    return _weighted(curve, system, start, np.ones(len(system.t_s)), np.inf)


def solve_robustly(curve: Curve, system: System, start: Array, *, iterations: int = MOST_ITERATIONS) -> Solution:
    """Return the solution with a soft-L1 loss, found by iteratively reweighted least squares.

    The scale of the loss follows the residuals. The covariance is that of an M-estimator, with the scatter of the
    residuals.

    References: Huber 1981, Robust Statistics, chapter 7.
    """
    parameters = start
    normal = without_offsets(curve, system, start)
    scale = np.inf
    for _ in range(iterations):
        limit = SOFT_L1_SCALE * max(robust_sd(normal), LEAST_SCALE)
        solution = _weighted(curve, system, parameters, (1 + (normal / limit) ** 2) ** -0.25, limit)
        parameters, before, scale = solution.parameters, scale, solution.scale
        if abs(scale - before) <= CONVERGED * scale:
            break
        normal = residual_hz(curve, system, parameters, solution.coefficients) / system.sd_hz
    return solution


def _weighted(curve: Curve, system: System, start: Array, weight: Array, limit: float) -> Solution:
    """Return the weighted least-squares solution, with the linear part eliminated by projection.

    `limit`, in given errors, is the scale of the loss, for the covariance.

    References: Golub and Pereyra 1973, SIAM J. Numer. Anal. 10, 413 (variable projection).
    """
    from scipy.optimize import least_squares

    scales = np.array(curve.scales)
    size, count = len(scales), len(system.t_s)
    weight = weight / system.sd_hz
    bound = np.flatnonzero(np.isfinite(system.prior_sd))
    prior = np.zeros((bound.size, len(system.prior_sd)))
    prior[np.arange(bound.size), bound] = 1 / system.prior_sd[bound]
    # einsum: threaded BLAS on such slim matrices waits for its threads, ten times as long on a busy machine.
    basis = np.vstack([system.linear * weight[:, None], prior])
    moments = np.einsum("nj,nk->jk", basis, basis)

    def curved(x: Array) -> Array:
        return np.concatenate([-shift_hz(curve, system, x * scales) * weight, np.zeros(bound.size)])

    def linear_part(rows: Array) -> Array:
        return np.asarray(np.linalg.solve(moments, np.einsum("nj,n...->j...", basis, rows)))

    def projected(rows: Array) -> Array:
        return np.asarray(rows - np.einsum("nj,j...->n...", basis, linear_part(rows)))

    tones = np.concatenate([system.tone_hz * weight, np.zeros(bound.size)])
    least, most = np.array(curve.bounds).T / scales
    result = least_squares(
        lambda x: projected(tones + curved(x)),
        np.clip(start / scales, least + 1e-6, most - 1e-6),
        lambda x: projected(slopes(curved, x, size * (1.0,))),
        bounds=(least, most),
        xtol=1e-10,
        ftol=1e-12,
        gtol=1e-12,
    )
    parameters = result.x * scales
    coefficients = linear_part(tones + curved(result.x))
    normal = residual_hz(curve, system, parameters, coefficients) / system.sd_hz
    bend = 1 + (normal / limit) ** 2
    scatter = np.sum(normal**2 / bend) / max(count - size - len(coefficients), 1) / np.mean(bend**-1.5) ** 2
    jacobian = design(curve, system, parameters) / system.sd_hz[:, None]
    information = np.einsum("nj,nk->jk", jacobian, jacobian) / max(scatter, np.finfo(float).tiny)
    information[size:, size:] += prior.T @ prior
    return Solution(
        parameters=parameters,
        coefficients=coefficients,
        covariance=inverse(information),
        scale=robust_sd(normal),
    )


def inverse(information: Array) -> Array:
    """Inverse of a symmetric matrix of mixed units; infinite variances where it is singular."""
    size = np.sqrt(np.maximum(np.diag(information), np.finfo(float).tiny))
    values, vectors = np.linalg.eigh(information / np.outer(size, size))
    if values[0] < 1e-13 * values[-1]:
        return np.full_like(information, np.inf)
    inverse: Array = (vectors / values) @ vectors.T / np.outer(size, size)
    return inverse
