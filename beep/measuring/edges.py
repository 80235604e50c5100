"""The edges of beeps: where the level goes through the middle between its two levels beside that edge.

Each edge has its own upper and lower level, so that a tone that remains between beeps, or a gain that comes back, does
not move it. Functions of many edges at once, arrays (N,).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from beep.base.arrays import Array, picked
from beep.measuring.band import FLAT, STOP, Band
from beep.measuring.phase import ENVELOPE_HZ, PulsePhases

KERNEL_STEPS = 16  # per sample
TRIALS = 4  # moments per sample that are tried
LONGEST_KERNEL_S = 0.4
UPPER_SD, LOWER_SD = 0.3, 0.3  # of the beep's amplitude: by how much the levels beside an edge may differ from usual
NOWHERE = -1e12  # score of a place that is not allowed
EDGES_AT_ONCE = 256
SHORTEST_RISE_S = 0.001, 0.003  # that is told, of an exact tone and in an envelope


@lru_cache(maxsize=64)
def edge_kernel(rise_s: float, rate_hz: float, low_pass_hz: float) -> tuple[Array, Array]:
    """Times and values of a rising raised-cosine edge as band and low pass let it through, half way at time zero."""
    half = int(2 ** np.ceil(np.log2((rise_s + 0.045) * 2.5 * rate_hz)))
    count, fine = 2 * half * KERNEL_STEPS, rate_hz * KERNEL_STEPS
    t_s = (np.arange(count) - count // 2) / fine
    slope = np.where(np.abs(t_s) < rise_s / 2, np.cos(np.pi * t_s / rise_s), 0.0)
    hz = np.abs(np.fft.fftfreq(count, 1 / fine))
    gain = 0.5 + 0.5 * np.cos(np.pi * np.clip((hz / rate_hz - FLAT) / (STOP - FLAT), 0, 1))
    gain *= np.exp(-((hz / low_pass_hz) ** 2) / 2)
    filtered = np.fft.ifft(np.fft.fft(slope / slope.sum()) * gain).real
    return t_s, np.cumsum(filtered) - filtered / 2


def find_edges(
    band: Band,
    expected_s: Array,
    found: PulsePhases,
    *,
    rising: bool,
    rise_s: float,
    within_s: Array,
    side_s: float,
    floor: float,
) -> tuple[Array, Array]:
    """Moments (N,) of half amplitude, and their standard errors from the noise.

    The mean over what is likely, every moment within `within_s` (N,) of `expected_s` (N,) being as good before: in
    strong signals that is least squares, in weak ones it knows of side _peaks. `side_s` is what is looked at on either
    side of the search, `floor` the part of the amplitude that usually remains between beeps. The errors
    grow with what the levels vary beyond the noise.
    """
    parts = []
    for at in range(0, len(expected_s), EDGES_AT_ONCE):
        chosen = np.arange(at, min(at + EDGES_AT_ONCE, len(expected_s)))
        levels = _levels(band, expected_s[chosen], picked(found, chosen), within_s[chosen], side_s, floor)
        moments, score, step = _scores(levels, rising=rising, rise_s=rise_s)
        sd_s = edge_sd(step, levels, rise_s=rise_s)
        at_s, sd_s = _likely(moments, score, sd_s)
        nowhere = score.max(axis=1) <= NOWHERE / 2
        at_s, sd_s = np.where(nowhere, levels.expected_s, at_s), np.where(nowhere, levels.within_s, sd_s)
        # What the two levels leave of the squares, against the noise.
        misfit = ((levels.level**2).sum(axis=1) / levels.variance - 2 * score.max(axis=1)) / np.maximum(
            levels.there.sum(axis=1), 1
        )
        parts.append((at_s, sd_s, np.where(nowhere, 1.0, misfit)))
    if not parts:
        return np.zeros(0), np.zeros(0)
    at_s, sd_s, misfit = (np.concatenate(column) for column in zip(*parts, strict=True))
    return at_s, sd_s * float(np.sqrt(max(np.median(misfit), 1.0)))


@dataclass(frozen=True, kw_only=True)
class _Levels:
    """Levels (N, count) in phase about edges (N,), and what is known of them."""

    t_s: Array
    level: Array
    there: Array  # 1 or 0
    expected_s: Array
    within_s: Array
    side_s: float
    variance: Array
    amplitude: Array
    floor: float
    rate_hz: float
    low_pass_hz: float


def _levels(band: Band, expected_s: Array, found: PulsePhases, within_s: Array, side_s: float, floor: float) -> _Levels:
    reach_s = side_s + (float(within_s.max()) if len(within_s) else 0.0)
    count = int(np.ceil(2 * reach_s * band.rate_hz)) + 1
    t_s, level, there = found.levels(band, expected_s - reach_s, count)
    there = there & (np.abs(t_s - expected_s[:, None]) < (within_s + side_s)[:, None])
    return _Levels(
        t_s=t_s,
        level=level * there,
        there=there.astype(np.float64),
        expected_s=expected_s,
        within_s=within_s,
        side_s=side_s,
        variance=np.maximum(found.density * band.rate_hz / 2, 1e-300),
        amplitude=found.amplitude + 1e-30,
        floor=floor,
        rate_hz=band.rate_hz,
        low_pass_hz=ENVELOPE_HZ if found.bent else np.inf,
    )


def _scores(levels: _Levels, *, rising: bool, rise_s: float) -> tuple[Array, Array, Array]:
    """Moments (N, trials), log likelihoods of an edge there with its own two levels, and its height (N,)."""
    rate, count, seen = levels.rate_hz, levels.level.shape[1], levels.there
    first, last = levels.side_s - 1 / rate, count / rate - levels.side_s + 1 / rate
    trials = np.arange(int(first * rate * TRIALS), int(last * rate * TRIALS) + 2)
    kernel_s, kernel = edge_kernel(rise_s, rate, levels.low_pass_hz)
    since_s = (np.arange(count)[:, None] - trials / TRIALS) / rate  # (count, trials)
    upper = np.interp(since_s if rising else -since_s, kernel_s, kernel, left=0.0, right=1.0)
    weak = levels.variance / levels.amplitude**2
    known_high, known_low = (weak / UPPER_SD**2)[:, None], (weak / LOWER_SD**2)[:, None]
    rises = levels.level @ upper
    high = rises + known_high * levels.amplitude[:, None]
    low = levels.level.sum(axis=1)[:, None] - rises + known_low * levels.floor * levels.amplitude[:, None]
    squares, mixed = seen @ upper**2, seen @ (upper * (1 - upper))
    highs, lows = squares + known_high, seen.sum(axis=1)[:, None] - squares - 2 * mixed + known_low
    determinant = highs * lows - mixed**2
    top, bottom = (lows * high - mixed * low) / determinant, (highs * low - mixed * high) / determinant
    score = (top * high + bottom * low) / 2 / levels.variance[:, None]
    moments = levels.t_s[:, :1] + trials / TRIALS / rate
    away = np.abs(moments - levels.expected_s[:, None]) > levels.within_s[:, None] + 0.25 / rate
    score[away | (top <= bottom)] = NOWHERE
    rows, best = np.arange(len(score)), score.argmax(axis=1)
    return moments, score, (top - bottom)[rows, best]


def edge_sd(step: Array, levels: _Levels, *, rise_s: float) -> Array:
    """Standard error of an edge of height `step` in noise: the Cramér-Rao bound of a known shape, unknown levels."""
    kernel_s, kernel = edge_kernel(rise_s, levels.rate_hz, levels.low_pass_hz)
    inner = np.abs(kernel_s) < levels.side_s
    slope = np.gradient(kernel, kernel_s)[inner]
    sides = np.stack([kernel[inner], 1 - kernel[inner]])
    both, shared = sides @ sides.T, sides @ slope
    information = (
        (slope @ slope - shared @ np.linalg.solve(both, shared)) * (kernel_s[1] - kernel_s[0]) * levels.rate_hz
    )
    return np.asarray(np.sqrt(levels.variance / np.maximum(step, 1e-30) ** 2 / information))


def _likely(moments: Array, score: Array, sd_s: Array) -> tuple[Array, Array]:
    """Mean and standard deviation (N,) of moments by their likelihood; where it is one narrow peak, its top."""
    peak, _ = _peaks(moments, score)
    likely = np.exp(np.maximum(score - score.max(axis=1)[:, None], -700))
    total = likely.sum(axis=1)
    mean = (likely * moments).sum(axis=1) / total
    spread = np.sqrt((likely * (moments - mean[:, None]) ** 2).sum(axis=1) / total)
    fine = spread < 1.5 * (moments[:, 1] - moments[:, 0])
    return np.where(fine, peak, mean), np.where(fine, sd_s, np.maximum(spread, sd_s))


def _peaks(moments: Array, score: Array) -> tuple[Array, Array]:
    """Moments (N,) of the best scores, between the trials, and those scores."""
    best = np.clip(score.argmax(axis=1), 1, score.shape[1] - 2)
    rows = np.arange(len(best))
    left, mid, right = (score[rows, best + d] for d in (-1, 0, 1))
    bend = left - 2 * mid + right
    inner = (left + right > NOWHERE / 2) & (bend < 0)
    bow = np.where(inner, np.clip((left - right) / np.where(inner, 2 * bend, 1.0), -1, 1), 0.0)
    top = np.where(mid > NOWHERE / 2, mid - np.where(inner, left - right, 0.0) * bow / 4, 0.0)
    return moments[rows, best] + bow * (moments[:, 1] - moments[:, 0]), top


def rise_of(
    band: Band,
    start_s: Array,
    stop_s: Array,
    found: PulsePhases,
    *,
    first_s: float,
    play_s: float,
    side_s: float,
    floor: float,
) -> tuple[float, float]:
    """Length of the edges, a raised cosine, and its standard error: what makes all of them together most likely."""
    within = np.full(len(start_s), max(play_s, 0.25 / band.rate_hz))
    ends = [
        (rising, _levels(band, at_s, found, within, side_s, floor))
        for rising, at_s in ((True, start_s), (False, stop_s))
    ]

    def likelihood(rise_s: float) -> float:
        return sum(
            float(np.sum(_peaks(*_scores(levels, rising=rising, rise_s=rise_s)[:2])[1])) for rising, levels in ends
        )

    low, high = SHORTEST_RISE_S[found.bent], min(LONGEST_KERNEL_S, side_s * 1.6)
    best = max(first_s, low)
    trials = np.geomspace(low, high, 15)
    for spacing in (0.0, 1.3, 1.08):
        if spacing:
            trials = best * spacing ** np.array([-1, -0.5, 0, 0.5, 1])
        gains = np.array([likelihood(float(trial)) for trial in trials])
        best = float(trials[gains.argmax()])
    x = np.log(trials) - np.log(trials[2])
    bend, slope, _ = np.polyfit(x, gains, 2)
    if bend >= 0 or trials[2] < 1.1 * low:
        return best, float("nan")
    top = float(np.exp(np.clip(-slope / (2 * bend), x[0], x[-1])))
    return float(trials[2]) * top, float(trials[2] / np.sqrt(-2 * bend))
