"""Robust fit of a smooth curve to points with different and partly unknown errors."""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre

from beep.base.arrays import Array

OUTLIER_SIGMAS = 6.0  # from the median, beyond which a value is ignored
HUBER = 2.5  # sigmas, beyond which a point has less weight
DEGREES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 24, 28, 32, 38, 44, 52, 60)  # an overhead pass has 50
PATIENCE = 3  # degrees tried without gain before the search ends
WEIGHT_ROUNDS, DEGREE_ROUNDS = 12, 5  # of reweighting: in the final fit, and while the degree is chosen
SCATTER_TOLERANCE = 1e-3  # relative change of the scatter between rounds


@dataclass(frozen=True, kw_only=True)
class SmoothCurve:
    """Legendre series from `low` to `high`; beyond, straight lines continue it."""

    low: float
    high: float
    coefficients: Array
    covariance: Array
    scatter: float  # rms of the points about the curve beyond their own errors

    def __call__(self, x: Array) -> Array:
        inside = np.clip(self._place(x), -1, 1)
        return legendre.legval(inside, self.coefficients) + self.slope_at(x) * (self._place(x) - inside) / self._scale

    def slope_at(self, x: Array) -> Array:
        """First derivative."""
        inside = np.clip(self._place(x), -1, 1)
        return np.asarray(legendre.legval(inside, legendre.legder(self.coefficients)) * self._scale)

    def curvature_at(self, x: Array) -> Array:
        """Second derivative; beyond the ends that at the end."""
        inside = np.clip(self._place(x), -1, 1)
        return np.asarray(legendre.legval(inside, legendre.legder(self.coefficients, 2)) * self._scale**2)

    @property
    def mean(self) -> tuple[float, float]:
        """Mean over the interval, and its standard error."""
        return float(self.coefficients[0]), float(np.sqrt(self.covariance[0, 0]))

    @property
    def slope(self) -> tuple[float, float]:
        """Slope of the least-squares straight line through the curve, and its standard error."""
        return float(self.coefficients[1] * self._scale), float(np.sqrt(self.covariance[1, 1]) * self._scale)

    @property
    def _scale(self) -> float:
        return 2 / (self.high - self.low)

    def _place(self, x: Array) -> Array:
        return (x - self.low) * self._scale - 1


def smooth_curve(x: Array, y: Array, sd: Array, *, most_degree: int = DEGREES[-1]) -> SmoothCurve:
    """Fit a Legendre series to points (N,) with standard errors `sd`; its degree is that with the lowest BIC.

    Huber weights limit the influence of outliers. Scatter beyond `sd` is estimated and added to it. Needs two or more
    points at different `x`.

    References: Huber, Robust Statistics (1981); Schwarz (1978).
    """
    low, high = float(x.min()), float(x.max())
    place = (x - low) * (2 / (high - low)) - 1
    most = max(1, min(most_degree, len(x) // 4))
    basis: Array = np.asarray(legendre.legvander(place, most), np.float64)
    best, least, waited = 1, np.inf, 0
    for degree in (degree for degree in DEGREES if degree <= most):
        fit = _fit(basis[:, : degree + 1], y, sd, rounds=DEGREE_ROUNDS)
        criterion = fit[3] + (degree + 1) * np.log(len(x))
        if criterion < least - 1e-9:
            best, least, waited = degree, criterion, 0
        else:
            waited += 1
            if waited == PATIENCE:
                break
    coefficients, covariance, scatter, _ = _fit(basis[:, : best + 1], y, sd)
    return SmoothCurve(low=low, high=high, coefficients=coefficients, covariance=covariance, scatter=scatter)


def _fit(basis: Array, y: Array, sd: Array, *, rounds: int = WEIGHT_ROUNDS) -> tuple[Array, Array, float, float]:
    """Coefficients, covariance, excess scatter, and -2 log likelihood of one robust fit."""
    count, unknowns = basis.shape
    scatter, robust_weight = 0.0, np.ones(count)
    floor = 1e-12 + 1e-6 * float(np.median(sd))
    for turn in range(rounds):
        variance = sd**2 + scatter**2
        weight = robust_weight / variance
        # einsum: threaded BLAS on matrices as slim as these waits for its threads.
        moments = np.einsum("nj,nk->jk", basis, basis * weight[:, None])
        covariance = _inverse(moments)
        coefficients = covariance @ np.einsum("nj,n->j", basis, weight * y)
        residual = y - np.einsum("nj,j->n", basis, coefficients)
        if turn == 0:  # a median, so that few outliers do not matter
            scatter = 1.4826 * float(np.median(np.abs(residual)))
            robust_weight = _huber(residual, np.sqrt(sd**2 + scatter**2))
            continue
        freedom = max(count - unknowns, 1)
        clipped = np.clip(residual, -HUBER * np.sqrt(variance), HUBER * np.sqrt(variance))
        # Clipping takes 2 % of the variance of a normal distribution.
        excess = float(np.sum((clipped**2 * 1.02 * count / freedom - sd**2) / variance**2) / np.sum(1 / variance**2))
        before, scatter = scatter, float(np.sqrt(max(excess, 0.0)))
        robust_weight = _huber(residual, np.sqrt(sd**2 + scatter**2) + floor)
        if turn > 3 and abs(scatter - before) <= SCATTER_TOLERANCE * scatter:
            break
    variance = sd**2 + scatter**2
    z = np.abs(residual) / np.sqrt(variance)
    loss = np.where(z < HUBER, z**2, 2 * HUBER * z - HUBER**2)
    return coefficients, covariance, scatter, float(np.sum(loss + np.log(variance)))


def _inverse(moments: Array) -> Array:
    try:
        return np.asarray(np.linalg.inv(moments))
    except np.linalg.LinAlgError:  # fewer different points than unknowns
        return np.asarray(np.linalg.pinv(moments, hermitian=True))


def _huber(residual: Array, sd: Array) -> Array:
    return np.minimum(1.0, HUBER * sd / np.maximum(np.abs(residual), 1e-300))


def typical(values: Array, sd: Array) -> tuple[float, float, float]:
    """Return the robust weighted mean of values (N,) with errors `sd`, its standard error, and the excess scatter."""
    distance = np.abs(values - np.median(values))
    # Fading cuts beeps short and never makes them longer: short ones would shift the mean.
    inside = distance <= OUTLIER_SIGMAS * np.maximum(1.4826 * np.median(distance), sd)
    coefficients, covariance, scatter, _ = _fit(np.ones((int(inside.sum()), 1)), values[inside], sd[inside])
    return float(coefficients[0]), float(np.sqrt(covariance[0, 0])), scatter
