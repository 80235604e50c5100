"""Flutter of a tape in the residuals of a fit: how large it is, how far it is correlated, what it adds to the errors.

Model of the error of a tone: white noise, a multiple of the given error, plus a first-order autoregressive process in
continuous time (Ornstein-Uhlenbeck), whose correlation falls as exp(-|dt| / time_s) and whose size is proportional to
the tone. Its precision matrix is tridiagonal, so that N tones take O(N) operations.

References: Patterson and Thompson 1971, Biometrika 58, 545 (restricted likelihood, REML).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array
from beep.fitting.curves import Curve
from beep.fitting.solve import Solution, System, design, inverse, residual_hz, robust_sd

LEAST_TONES_OF_FLUTTER = 16  # fewer do not show a correlation
LONGEST_S = 15.0  # correlation time of flutter and wow; slower errors look like those of the model
LONGEST_TRIED_S = 120.0
LEAST_GAIN = 6.0  # of 2 log likelihood: 2 to 5 % of white residuals reach it
MUCH_LIKELIER = 1.15  # in the same, by which a longer time must beat a short one (assumed)
LEAST_EXCESS = 1.3  # white residuals over given errors, beyond which they are said to be larger
SUSPICIOUS = 2.0  # standard errors of the variance of means
CLOSEST = 1 - 1e-9  # greatest correlation of neighbours


@dataclass(frozen=True, kw_only=True)
class Flutter:
    """Scatter of the tones that their own errors do not explain."""

    rms_hz: float  # of a typical tone of the first carrier; correlated part and white part together
    time_s: float  # correlation time; 0 where the tones' errors are independent
    white: float  # white part of the errors, over the errors as given
    correlated_hz: float  # rms of the correlated part, at a typical tone of the first carrier
    shared: bool  # one flutter in both carriers, as on one tape

    def total_sd_hz(self, system: System) -> Array:
        """Standard errors (N,) of the tones with flutter, from a system with the errors as given."""
        return np.asarray(np.hypot(self.white * system.sd_hz, self.correlated_hz * _size(system)))


def find_flutter(curve: Curve, system: System, solution: Solution, *, longest_s: float = LONGEST_S) -> Flutter | None:
    """Return the flutter in the residuals of a solution, whose `system` has the errors as given.

    None where the residuals are explained by these errors, or where they are correlated over more than `longest_s`:
    such errors cannot be told from those of the model. The estimate is that of the greatest restricted likelihood.
    """
    if system.t_s.size < max(LEAST_TONES_OF_FLUTTER, 2 * len(solution.covariance)):
        return None
    rest_hz = residual_hz(curve, system, solution.parameters, solution.coefficients)
    if not _suspicious(rest_hz, system):
        return None
    slopes = design(curve, system, solution.parameters)
    typical_hz = float(np.median(system.sd_hz))
    sharing = (True, False)[: _carriers(system)]
    candidates = [_likeliest(rest_hz, slopes, system, shared=shared, most_s=longest_s) for shared in sharing]
    gain, amplitude_hz, time_s, white, shared = max(candidates)
    # Of errors of a few seconds the likelihood is flat towards long times: only a clear gain is a proof of these.
    longer = _likeliest(rest_hz, slopes, system, shared=shared, most_s=LONGEST_TRIED_S)
    if longest_s < longer[2] and (time_s > 0.9 * longest_s or longer[0] > MUCH_LIKELIER * gain + LEAST_GAIN):
        return None
    if gain < LEAST_GAIN:
        white = max(robust_sd(rest_hz / system.sd_hz), 0.0)
        if white < LEAST_EXCESS:
            return None
        rms_hz = typical_hz * (white**2 - 1) ** 0.5
        return Flutter(rms_hz=rms_hz, time_s=0.0, white=white, correlated_hz=0.0, shared=False)
    excess = max(white**2 - 1, 0.0)
    rms_hz = float(np.hypot(amplitude_hz, typical_hz * excess**0.5))
    return Flutter(rms_hz=rms_hz, time_s=time_s, white=white, correlated_hz=amplitude_hz, shared=bool(shared))


def covariance_with(flutter: Flutter, curve: Curve, system: System, solution: Solution) -> Array:
    """Covariance (P + M, P + M) of a solution whose tones were weighted independently, with correlated errors.

    `system` has the errors as given. The tones are taken as weighted by `Flutter.total_sd_hz`.

    References: White 1980, Econometrica 48, 817 (the sandwich form).
    """
    slopes = design(curve, system, solution.parameters)
    weighted = slopes / flutter.total_sd_hz(system)[:, None] ** 2
    prior = _prior(system, slopes.shape[1])
    bread = inverse(np.einsum("nj,nk->jk", slopes, weighted) + prior)
    if not np.isfinite(bread).all():
        return bread
    order, size = _order(system, shared=flutter.shared), _size(system)
    scaled = (weighted * size[:, None])[order]
    spread = flutter.white**2 * np.einsum("nj,n,nk->jk", weighted, system.sd_hz**2, weighted)
    if flutter.time_s > 0:
        ratio = _ratio(system, order, flutter.time_s, shared=flutter.shared)
        spread += flutter.correlated_hz**2 * np.einsum("nj,nk->jk", scaled, _correlated(ratio, scaled))
    return np.asarray(bread @ (spread + prior) @ bread)


def chi_square(
    flutter: Flutter | None, rest_hz: Array, slopes: Array, system: System, prior: Array
) -> tuple[float, Array]:
    """Least chi-square of residuals (N,) over changes of the parameters, and these changes (K,).

    `slopes` (N, K) are the derivatives of the residuals' model, `prior` (K,) the standard errors of the parameters
    before; infinite without one. The errors are those of `system` with `flutter`.
    """
    if flutter is None or flutter.time_s == 0:
        sd_hz = system.sd_hz if flutter is None else flutter.total_sd_hz(system)
        rows = np.column_stack([rest_hz, slopes]) / sd_hz[:, None]
        moments = np.einsum("nj,nk->jk", rows, rows)
    else:
        share = (flutter.correlated_hz / flutter.white) ** 2
        moments, _ = _moments(rest_hz, slopes, system, share, flutter.time_s, shared=flutter.shared)
        moments = moments / flutter.white**2
    change = np.linalg.solve(moments[1:, 1:] + np.diag(prior**-2.0), moments[1:, 0])
    return float(moments[0, 0] - moments[0, 1:] @ change), change


def _suspicious(rest_hz: Array, system: System) -> bool:
    """Whether the residuals are larger than the errors, or correlated, by a test that is much faster than likelihood.

    The mean of some consecutive independent residuals has their variance over their number.
    """
    normal = rest_hz / system.sd_hz
    scale = robust_sd(normal)
    if scale > LEAST_EXCESS:
        return True
    for shared in (True, False)[: _carriers(system)]:
        ordered = np.clip(normal[_order(system, shared=shared)] / max(scale, np.finfo(float).tiny), -4, 4)
        for length in (2, 4, 8):
            blocks = ordered.size // length
            means = ordered[: blocks * length].reshape(blocks, length).mean(axis=1)
            if blocks > 3 and length * np.mean(means**2) > 1 + SUSPICIOUS * (2 / blocks) ** 0.5:
                return True
    return False


def _carriers(system: System) -> int:
    return len(np.unique(system.carrier))


def _likeliest(
    rest_hz: Array, slopes: Array, system: System, *, shared: bool, most_s: float
) -> tuple[float, float, float, float, bool]:
    """Gain of 2 log likelihood over white errors, rms of the flutter, Hz, its time, s, white part, and `shared`."""
    from scipy.optimize import minimize

    scale = max(robust_sd(rest_hz / system.sd_hz), 1e-9)
    prior = _prior(system, slopes.shape[1]) * scale**2
    free = rest_hz.size - int(np.sum(np.diag(prior) == 0))

    def minus_twice_log(share: float, time_s: float) -> tuple[float, float]:
        moments, log_det = _moments(rest_hz, slopes, system, share, time_s, shared=shared)
        inner = moments[1:, 1:] + prior
        left = moments[0, 0] - moments[0, 1:] @ np.linalg.solve(inner, moments[1:, 0])
        left = max(float(left), np.finfo(float).tiny)
        return log_det + float(np.linalg.slogdet(inner)[1]) + free * np.log(left / free), left / free

    most_s = min(most_s, LONGEST_TRIED_S)
    order = _order(system, shared=shared)
    gaps_s = np.diff(system.t_s[order])
    least_s = min(0.3 * float(np.median(gaps_s[gaps_s > 0])) if np.any(gaps_s > 0) else 1.0, most_s / 2)
    unit = float(np.median(system.sd_hz)) ** 2
    trials = [
        (np.log(share * unit), np.log(time_s))
        for share in np.geomspace(0.03, 1e3 * max(scale, 1.0) ** 2, 8)
        for time_s in np.geomspace(least_s, most_s, 6)
    ]
    low = np.array([np.log(1e-4 * unit), np.log(least_s)])
    high = np.array([np.log(1e8 * unit * max(scale, 1.0) ** 2), np.log(most_s)])

    def cost(x: Array) -> float:
        share, time_s = np.exp(np.clip(x, low, high))
        return minus_twice_log(float(share), float(time_s))[0]

    start = min(trials, key=lambda x: cost(np.array(x)))
    best = minimize(cost, np.array(start), method="Nelder-Mead", options={"xatol": 0.05, "fatol": 0.05, "maxfev": 70})
    share, time_s = map(float, np.exp(np.clip(best.x, low, high)))
    _, variance = minus_twice_log(share, time_s)
    gain = minus_twice_log(0.0, 1.0)[0] - float(best.fun)
    return gain, (variance * share) ** 0.5, time_s, variance**0.5, shared


def _moments(
    rest_hz: Array, slopes: Array, system: System, share: float, time_s: float, *, shared: bool
) -> tuple[Array, float]:
    """Moments (1 + K, 1 + K) of residuals and slopes in the metric of their errors, and log det of these errors.

    The errors are `system.sd_hz` squared on the diagonal plus `share` times the flutter's correlation.
    """
    from scipy.linalg import cho_solve_banded, cholesky_banded

    order, size = _order(system, shared=shared), _size(system)
    rows = (np.column_stack([rest_hz, slopes]) / size[:, None])[order]
    variance = ((system.sd_hz / size) ** 2)[order]
    scaled = rows / variance[:, None]
    moments = np.einsum("nj,nk->jk", rows, scaled)
    log_det = float(np.log(variance).sum())
    if share == 0:
        return moments, log_det
    ratio = _ratio(system, order, time_s, shared=shared)
    banded = _precision(ratio) / share
    banded[1] += 1 / variance
    factor = cholesky_banded(banded, check_finite=False)
    moments = moments - np.einsum("nj,nk->jk", scaled, cho_solve_banded((factor, False), scaled, check_finite=False))
    log_det += variance.size * np.log(share) + np.log1p(-(ratio**2)).sum() + 2 * np.log(factor[1]).sum()
    return moments, float(log_det)


def _size(system: System) -> Array:
    """Size of the flutter in each tone (N,), 1 for the median of the first carrier: that of the tone itself.

    Tones of either sign are differences from some frequency; there the size is 1.
    """
    if system.tone_hz.min() <= 0:
        return np.ones_like(system.tone_hz)
    typical_hz = float(np.median(system.tone_hz[system.carrier == system.carrier[0]]))
    return np.asarray(system.tone_hz / typical_hz)


def _order(system: System, *, shared: bool) -> NDArray[np.intp]:
    """Index (N,) of the tones in order of time; where the flutter is not shared, of one carrier after the other."""
    return np.lexsort((system.t_s,) if shared else (system.t_s, system.carrier))


def _ratio(system: System, order: NDArray[np.intp], time_s: float, *, shared: bool) -> Array:
    """Correlation (N,) of each ordered tone's flutter with that of the tone before; 0 for the first."""
    ratio = np.zeros(order.size)
    ratio[1:] = np.minimum(np.exp(-np.abs(np.diff(system.t_s[order])) / time_s), CLOSEST)
    if not shared:
        ratio[1:][np.diff(system.carrier[order]) != 0] = 0.0
    return ratio


def _precision(ratio: Array) -> Array:
    """Inverse correlation matrix of the flutter, as upper banded (2, N)."""
    part = 1 / (1 - ratio**2)
    banded = np.zeros((2, ratio.size))
    banded[1] = part
    banded[1, :-1] += (ratio**2 * part)[1:]
    banded[0, 1:] = -(ratio * part)[1:]
    return banded


def _correlated(ratio: Array, columns: Array) -> Array:
    """Correlation matrix (N, N) of the flutter times columns (N, K)."""
    from scipy.linalg import solveh_banded

    return np.asarray(solveh_banded(_precision(ratio), columns, check_finite=False))


def _prior(system: System, size: int) -> Array:
    """Information (size, size) that is known before about parameters and coefficients."""
    information = np.zeros(size)
    information[size - system.prior_sd.size :] = system.prior_sd**-2.0
    return np.diag(information)
