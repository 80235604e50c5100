"""The keying clock: which slot each pulse has, how long slot, pulse and pause are, and whose keying that is."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array
from beep.measuring.smooth import smooth_curve

KeyingName = Literal["tass", "dallas", "none"]

# What is known of 1957: pulse, pause (the sources are with the presets of the same names), and the tolerance,
# which is assumed: by how much two cuts of the same tape differ.
KEYINGS: dict[KeyingName, tuple[float, float]] = {
    "tass": (0.300, 0.300),
    "dallas": (0.193, 0.2538),
}
KEYING_TOLERANCE_S = 0.015
LONGEST_PERIOD_S = 8.0
STEADY = 0.035  # of the period: scatter of a clock on which weak beeps are looked for
SPLICE, SPLICE_SIDE, SURE = 0.1, 6, 10.0  # of the period; beeps on either side; times their scatter
WALKS = np.concatenate([[0.0], np.geomspace(1e-4, 10.0, 26)])  # a slot's random step against a beep's own, in variance


def period_of(start_s: Array) -> float:
    """The period that explains most of the intervals between pulses (N,) in order of time, by one slot or by few.

    nan where there are fewer than two intervals.
    """
    interval = np.diff(start_s)
    interval = interval[(interval > 0.02) & (interval < LONGEST_PERIOD_S)]
    if len(interval) < 2:
        return float("nan")
    # Where half of the pulses or more have their neighbour, the period is among the intervals themselves.
    trial = np.unique(np.round(np.quantile(interval, np.linspace(0.02, 0.98, 49)), 4))
    slots = np.maximum(np.rint(interval / trial[:, None]), 1)
    off = np.abs(interval / trial[:, None] - slots) / slots
    score = (np.maximum(1 - (off / 0.15) ** 2, 0) / slots).sum(axis=1)
    near = trial[score.argmax()]
    single = np.abs(interval / near - 1) < 0.2
    return float(np.median(interval[single]))


def slots_of(start_s: Array, period_s: float) -> NDArray[np.int64]:
    """Slot of each pulse (N,) in order of time, counting from 0; the period may creep."""
    slot = np.zeros(len(start_s), np.int64)
    period, anchor = period_s, 0
    for i in range(1, len(start_s)):
        slot[i] = slot[i - 1] + max(round((start_s[i] - start_s[i - 1]) / period), 0)
        # A straight line through the last thirty or so keeps the clock through long gaps.
        while slot[i] - slot[anchor] > 60 and i - anchor > 8:
            anchor += 1
        if i - anchor >= 4 and slot[i] > slot[anchor]:
            through = (start_s[i] - start_s[anchor]) / (slot[i] - slot[anchor])
            if abs(through / period_s - 1) < 0.1:
                period = through
    return slot


@dataclass(frozen=True, kw_only=True)
class Clock:
    """When each slot begins, by a smooth curve through the beeps' starts."""

    period_s: float
    period_sd_s: float
    scatter_s: float  # rms of the beeps' starts about it, beyond their own errors
    slot: NDArray[np.int64]  # slots of the beeps (N,) it was made from
    smooth_s: Array  # (N,) their starts without the scatter

    @property
    def steady(self) -> bool:
        """Whether it says where a beep is to be looked for."""
        return len(self.slot) > 2 and self.scatter_s < STEADY * self.period_s

    def of(self, slot: NDArray[np.int64]) -> Array:
        """Start of any slots."""
        inside = np.interp(slot, self.slot, self.smooth_s)
        beyond = slot - np.clip(slot, self.slot[0], self.slot[-1])
        return inside + beyond * self.period_s


def on_clock(slot: NDArray[np.int64], start_s: Array, sd_s: Array, period_s: float, *, exact: bool = False) -> Clock:
    """The clock of beeps (N,) of different slots in order of time, that start with errors `sd_s`: least squares.

    Where a tape was spliced, the clock goes on with another phase. Through an exact tone's clock a curve is drawn,
    and the period is the slope of the line in it; a tape's clock wanders, and its period is that of a straight line.
    """
    if len(slot) < 3:
        return Clock(period_s=period_s, period_sd_s=float("nan"), scatter_s=0.0, slot=slot, smooth_s=start_s)
    x = slot.astype(np.float64)
    shift_s = _splices(x, start_s, period_s)
    curve = smooth_curve(x, start_s - shift_s, sd_s, most_degree=6)
    line = curve if exact else smooth_curve(x, start_s - shift_s, sd_s, most_degree=1)
    period, period_sd = line.slope
    usual_sd = float(np.median(sd_s))
    if not exact:
        period_sd = max(period_sd, _slope_sd(start_s - shift_s - line(x), float(np.ptp(x))))
    return Clock(
        period_s=period,
        period_sd_s=period_sd * small_sample(len(x), line.scatter, usual_sd),
        scatter_s=line.scatter,
        slot=slot,
        smooth_s=curve(x) + shift_s,
    )


def small_sample(count: int, scatter: float, sd: float) -> float:
    """Factor of a standard error that rests on the scatter of few: that of Student's distribution."""
    freedom = max(count - 2, 1)
    factor = freedom / (freedom - 2) if freedom > 3 else 3.0
    return float(np.sqrt((sd**2 + scatter**2 * factor) / (sd**2 + scatter**2 + 1e-30)))


def _slope_sd(residual: Array, slots: float) -> float:
    """Standard error of a straight line's slope, whose residuals (N,) are independent or walk at random, or both.

    The mean over how much they may walk (Whittle's likelihood of their cosine transform).
    """
    count = len(residual)
    if count < 5:
        return float(np.sqrt(12 * np.var(residual) / max(count, 2)) / slots)
    limit = 3 * 1.4826 * float(np.median(np.abs(residual)))
    clipped = np.clip(residual, -limit, limit)
    power = np.abs(np.fft.rfft(np.concatenate([clipped, clipped[::-1]]))[2:count]) ** 2 / (2 * count)
    steps = 4 * np.sin(np.pi * np.arange(2, count) / (2 * count)) ** 2
    shape = 1 + WALKS[:, None] / steps
    own = (power / shape).mean(axis=1) + 1e-30
    likelihood = -0.5 * np.log(shape).sum(axis=1) - 0.5 * len(power) * np.log(own)
    weight = np.exp(likelihood - likelihood.max())
    variance = 12 * own / count + 1.2 * WALKS * own * slots
    return float(np.sqrt((weight * variance).sum() / weight.sum()) / slots)


def _splices(x: Array, start_s: Array, period_s: float) -> Array:
    """By how much each start (N,) is displaced by splices: steps of the phase, far above the scatter on both sides."""
    shift_s = np.zeros(len(x))
    steps = np.diff(start_s) - period_s * np.diff(x)
    for i in 1 + np.flatnonzero(np.abs(steps - np.median(steps)) > SPLICE / 2 * period_s):
        if not SPLICE_SIDE <= i <= len(x) - SPLICE_SIDE:
            continue
        sides = [np.arange(i - SPLICE_SIDE, i), np.arange(i, i + SPLICE_SIDE)]
        phase = [start_s[side] - period_s * x[side] - shift_s[side] for side in sides]
        step = float(np.median(phase[1]) - np.median(phase[0]))
        scatter = max(float(np.ptp(part)) for part in phase)
        if abs(step) > max(SPLICE * period_s, SURE / 3 * scatter):
            shift_s[i:] += step
    return shift_s


def keying_of(pulse: tuple[float, float], pause: tuple[float, float]) -> KeyingName:
    """The keying of 1957 that pulse and pause (value, standard error) fit, by its preset's name, or "none".

    A carrier that sends in the pause has the two in exchange.
    """
    fits: list[tuple[float, KeyingName]] = []
    for name, known in KEYINGS.items():
        for expected in (known, known[::-1]):
            off = [
                abs(value - mean) / np.hypot(KEYING_TOLERANCE_S, 3 * sd)
                for (value, sd), mean in zip((pulse, pause), expected, strict=True)
            ]
            if max(off) <= 1:
                fits.append((sum(off), name))
    return min(fits)[1] if fits else "none"
