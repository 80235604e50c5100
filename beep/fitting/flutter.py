"""Flutter of a tape in the residuals of a fit: how large it is, how far it is correlated, what it adds to the errors.

Model of the error of a tone: white noise, a multiple of the given error, plus a first-order autoregressive process in
continuous time (Ornstein-Uhlenbeck), whose correlation falls as exp(-|dt| / time_s) and whose size is proportional to
the modelled tone: not to the measured one, which has the error in it. Its precision matrix is tridiagonal, so that N
tones take O(N) operations.

References: Patterson and Thompson 1971, Biometrika 58, 545 (restricted likelihood, REML).
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array
from beep.fitting.solve import System, inverse, robust_sd

LEAST_TONES_OF_FLUTTER = 16  # fewer do not show a correlation
LONGEST_S = 15.0  # correlation time of flutter and wow; slower errors look like those of the model
LONGEST_TRIED_S = 120.0
LEAST_GAIN = 6.0  # of 2 log likelihood: 2 to 5 % of white residuals reach it
WORTH_REFINING = 2.0  # in the same, on the grid
LEAST_EXCESS = 1.3  # white residuals over given errors, beyond which they are said to be larger
MOST_FLUTTER_SHARE = (
    100.0  # variance of the flutter over that of the white part, which stays a tenth of the given errors
)
CLOSEST = 1 - 1e-9  # greatest correlation of neighbours


@dataclass(frozen=True, kw_only=True)
class Flutter:
    """Scatter of the tones that their own errors do not explain, whatever its cause."""

    rms_hz: float  # of a typical tone of the first carrier; correlated part and white part together
    time_s: float  # correlation time; 0 where the tones' errors are independent
    white: float  # white part of the errors, over the errors as given
    correlated_hz: float  # rms of the correlated part, at a typical tone of the first carrier
    shared: bool  # one flutter in both carriers, as on one tape

    @property
    def slow(self) -> bool:
        """Whether it lasts longer than a tape's flutter: rather an error of the model."""
        return self.time_s > LONGEST_S

    def total_sd_hz(self, system: System) -> Array:
        """Standard errors (N,) of the tones with flutter, from a system with the errors as given."""
        return np.asarray(np.hypot(self.white * system.sd_hz, self.correlated_hz * system.size))


def sizes(system: System, rest_hz: Array) -> Array:
    """Size of the flutter in each tone (N,), 1 for the median of the first carrier: that of the modelled tone.

    `rest_hz` (N,) are the residuals. Tones of either sign are differences from some frequency; there the size is 1.
    """
    modelled_hz = system.tone_hz - rest_hz
    if modelled_hz.min() <= 0:
        return np.ones_like(modelled_hz)
    return np.asarray(modelled_hz / np.median(modelled_hz[system.carrier == system.carrier[0]]))


def find_flutter(rest_hz: Array, slopes: Array, system: System) -> Flutter | None:
    """Return the flutter in the residuals (N,) of a fit, whose `system` has the errors as given.

    `slopes` (N, K) are the derivatives of the model. None where these errors explain the residuals, or where the
    tones do not determine the parameters. The estimate is that of the greatest restricted likelihood.
    """
    if system.t_s.size < max(LEAST_TONES_OF_FLUTTER, 2 * slopes.shape[1]):
        return None
    information = slopes.T @ (slopes / system.sd_hz[:, None] ** 2) + _prior(system, slopes.shape[1])
    if not np.isfinite(inverse(information)).all():
        return None
    sharing = (True, False)[: len(np.unique(system.carrier))]
    gain, white, correlated_hz, time_s, shared = max(
        _likeliest(rest_hz, slopes, system, shared=shared) for shared in sharing
    )
    if gain < LEAST_GAIN:
        white, correlated_hz, time_s = robust_sd(rest_hz / system.sd_hz), 0.0, 0.0
        if white < LEAST_EXCESS:
            return None
    else:  # errors smoother than this process are larger than their short steps tell
        beyond = (rest_hz**2 - (white * system.sd_hz) ** 2) / system.size**2
        correlated_hz = max(correlated_hz, max(float(np.mean(beyond)), 0.0) ** 0.5)
    excess_hz = float(np.median(system.sd_hz)) * max(white**2 - 1, 0.0) ** 0.5
    rms_hz = float(np.hypot(correlated_hz, excess_hz))
    return Flutter(rms_hz=rms_hz, time_s=time_s, white=white, correlated_hz=correlated_hz, shared=shared)


def covariance_with(flutter: Flutter, slopes: Array, system: System) -> Array:
    """Covariance (K, K) of the parameters of a fit whose tones were weighted independently, with correlated errors.

    `slopes` (N, K) are the derivatives of the model; `system` has the errors as given. The tones are taken as weighted
    by `Flutter.total_sd_hz`.

    References: White 1980, Econometrica 48, 817 (the sandwich form).
    """
    from scipy.linalg import solveh_banded

    weighted = slopes / flutter.total_sd_hz(system)[:, None] ** 2
    prior = _prior(system, slopes.shape[1])
    bread = inverse(np.einsum("nj,nk->jk", slopes, weighted) + prior)
    if not np.isfinite(bread).all():
        return bread
    spread = flutter.white**2 * np.einsum("nj,n,nk->jk", weighted, system.sd_hz**2, weighted)
    if flutter.time_s > 0:
        order = _order(system, shared=flutter.shared)
        scaled = (weighted * system.size[:, None])[order]
        precision, _ = _precision(system, order, flutter.time_s, shared=flutter.shared)
        correlated = solveh_banded(precision, scaled, check_finite=False)
        spread += flutter.correlated_hz**2 * np.einsum("nj,nk->jk", scaled, correlated)
    return np.asarray(bread @ (spread + prior) @ bread)


def chi_square(
    flutter: Flutter | None, rest_hz: Array, slopes: Array, system: System, prior: Array
) -> tuple[float, Array]:
    """Least chi-square of residuals (N,) over changes of the parameters, and these changes (K,).

    `slopes` (N, K) are the derivatives of the residuals' model, `prior` (K,) the standard errors of the parameters
    before; infinite without one. The errors are those of `system` with `flutter`.
    """
    if flutter is None:
        moments, _ = _moments(rest_hz, slopes, system, 0.0, 0.0, shared=False)
    else:
        share = (flutter.correlated_hz / flutter.white) ** 2
        moments, _ = _moments(rest_hz, slopes, system, share, flutter.time_s, shared=flutter.shared)
        moments = moments / flutter.white**2
    change = np.linalg.solve(moments[1:, 1:] + np.diag(prior**-2.0), moments[1:, 0])
    return float(moments[0, 0] - moments[0, 1:] @ change), np.asarray(change, np.float64)


def _likeliest(
    rest_hz: Array, slopes: Array, system: System, *, shared: bool
) -> tuple[float, float, float, float, bool]:
    """Gain of 2 log likelihood over white errors, white part, rms of the flutter, Hz, its time, s, and `shared`."""
    from scipy.optimize import minimize

    prior = _prior(system, slopes.shape[1])
    free = rest_hz.size - int(np.sum(np.diag(prior) == 0))
    unit = float(np.median(system.sd_hz)) ** 2

    def minus_twice_log(share: float, time_s: float) -> tuple[float, float]:
        """With the variance of the white part, which has its likeliest value."""
        moments, log_det = _moments(rest_hz, slopes, system, share, time_s, shared=shared)
        inner = moments[1:, 1:] + prior
        left = float(moments[0, 0] - moments[0, 1:] @ np.linalg.solve(inner, moments[1:, 0]))
        left = max(left, np.finfo(float).tiny)
        return log_det + float(np.linalg.slogdet(inner)[1]) + free * np.log(left / free), left / free

    def cost(x: Array) -> float:
        return minus_twice_log(unit * float(np.exp(x[0])), float(np.exp(x[1])))[0]

    gaps_s = np.diff(np.unique(system.t_s))
    least_s = min(0.3 * float(np.median(gaps_s)), LONGEST_TRIED_S / 2) if gaps_s.size else 1.0
    most = MOST_FLUTTER_SHARE * max(robust_sd(rest_hz / system.sd_hz), 1.0) ** 2
    trials = product(np.log(np.geomspace(0.03, most, 6)), np.log(np.geomspace(least_s, LONGEST_TRIED_S, 5)))
    white, start = minus_twice_log(0.0, 1.0), min(map(np.array, trials), key=cost)
    if white[0] - cost(start) < WORTH_REFINING:
        return 0.0, 1.0, 0.0, 0.0, shared
    bounds = ((np.log(1e-4), np.log(most)), (np.log(least_s), np.log(LONGEST_TRIED_S)))
    options = {"xatol": 0.05, "fatol": 0.05, "maxfev": 70}
    best = minimize(cost, start, method="Nelder-Mead", bounds=bounds, options=options)
    share, time_s = unit * float(np.exp(best.x[0])), float(np.exp(best.x[1]))
    _, variance = minus_twice_log(share, time_s)
    return white[0] - float(best.fun), variance**0.5, (variance * share) ** 0.5, time_s, shared


def _moments(
    rest_hz: Array, slopes: Array, system: System, share: float, time_s: float, *, shared: bool
) -> tuple[Array, float]:
    """Moments (1 + K, 1 + K) of residuals and slopes in the metric of their errors, and log det of these errors.

    The errors are `system.sd_hz` squared on the diagonal plus `share` times the flutter's correlation.
    """
    from scipy.linalg import cho_solve_banded, cholesky_banded

    order = _order(system, shared=shared)
    rows = (np.column_stack([rest_hz, slopes]) / system.size[:, None])[order]
    variance = ((system.sd_hz / system.size) ** 2)[order]
    scaled = rows / variance[:, None]
    moments = np.einsum("nj,nk->jk", rows, scaled)
    log_det = float(np.log(variance).sum())
    if share == 0:
        return moments, log_det
    precision, log_det_of_correlation = _precision(system, order, time_s, shared=shared)
    banded = precision / share
    banded[1] += 1 / variance
    factor = cholesky_banded(banded, check_finite=False)
    moments = moments - np.einsum("nj,nk->jk", scaled, cho_solve_banded((factor, False), scaled, check_finite=False))
    log_det += variance.size * np.log(share) + log_det_of_correlation + 2 * np.log(factor[1]).sum()
    return moments, float(log_det)


def _order(system: System, *, shared: bool) -> NDArray[np.intp]:
    """Index (N,) of the tones in order of time; where the flutter is not shared, of one carrier after the other."""
    return np.lexsort((system.t_s,) if shared else (system.t_s, system.carrier))


def _precision(system: System, order: NDArray[np.intp], time_s: float, *, shared: bool) -> tuple[Array, float]:
    """Inverse correlation matrix of the ordered tones' flutter, as upper banded (2, N), and log det of correlation."""
    ratio = np.zeros(order.size)  # correlation with the tone before
    ratio[1:] = np.minimum(np.exp(-np.abs(np.diff(system.t_s[order])) / time_s), CLOSEST)
    if not shared:
        ratio[1:][np.diff(system.carrier[order]) != 0] = 0.0
    part = 1 / (1 - ratio**2)
    banded = np.stack([-ratio * part, part])
    banded[1, :-1] += (ratio**2 * part)[1:]
    return np.asarray(banded), -float(np.log(part).sum())


def _prior(system: System, size: int) -> Array:
    """Information (size, size) that is known before about parameters and coefficients."""
    information = np.zeros(size)
    information[size - system.prior_sd.size :] = system.prior_sd**-2.0
    return np.diag(information)
