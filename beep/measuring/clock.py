"""The keying clock: slot number of each pulse, period, and the known keying that pulse and pause agree with."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array
from beep.measuring.smooth import smooth_curve

KeyingName = Literal["tass", "dallas", "folklore", "none"]

# Pulse and pause known of 1957 (sources: the presets of the same names). The tolerance is assumed: by so much two
# copies of one tape differ.
KEYINGS: dict[KeyingName, tuple[float, float]] = {
    "tass": (0.300, 0.300),
    "dallas": (0.193, 0.2538),
    "folklore": (0.183, 0.550),
}
KEYING_TOLERANCE_S = 0.015
LONGEST_PERIOD_S = 5.0
PHASE_WITHIN, PHASE_NEIGHBOURS = 0.03, 7  # of the period, from the median of so many pulses on either side
LEAST_AGREEING = 0.75  # of the pulses
STEADY = 0.015  # of the period: most scatter of a steady clock


def period_of(start_s: Array) -> float:
    """Return the period of which most intervals between pulses (N,) in order of time are small multiples.

    nan with fewer than two intervals.
    """
    interval = np.diff(start_s)
    interval = interval[(interval > 0.02) & (interval < LONGEST_PERIOD_S)]
    if len(interval) < 2:
        return float("nan")
    # If half of the pulses are followed by the next slot's, the period is one of the intervals.
    trial = np.unique(np.round(np.quantile(interval, np.linspace(0.02, 0.98, 49)), 4))
    slots = np.maximum(np.rint(interval / trial[:, None]), 1)
    off = np.abs(interval / trial[:, None] - slots) / slots
    score = (np.maximum(1 - (off / 0.15) ** 2, 0) / slots).sum(axis=1)
    best = trial[score.argmax()]
    single = np.abs(interval / best - 1) < 0.2
    return float(np.median(interval[single]))


def slots_of(start_s: Array, period_s: float) -> NDArray[np.int64]:
    """Return the slot of each pulse (N,) in order of time, from 0; the period may change slowly."""
    slot = np.zeros(len(start_s), np.int64)
    period, anchor = period_s, 0
    for i in range(1, len(start_s)):
        slot[i] = slot[i - 1] + max(round((start_s[i] - start_s[i - 1]) / period), 0)
        # The mean period of the last sixty slots keeps count through long gaps.
        while slot[i] - slot[anchor] > 60 and i - anchor > 8:
            anchor += 1
        if i - anchor >= 4 and slot[i] > slot[anchor]:
            through = (start_s[i] - start_s[anchor]) / (slot[i] - slot[anchor])
            if abs(through / period_s - 1) < 0.1:
                period = through
    return slot


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Start of each slot by a steady clock; without one, the measured starts."""

    period_s: float
    period_sd_s: float
    scatter_s: float  # rms of the pulses' starts about the clock, without their own errors
    steady: bool
    slot: NDArray[np.int64]  # slots (N,) of the pulses in the fit
    smooth_s: Array  # (N,) starts of these slots without scatter

    def of(self, slot: NDArray[np.int64]) -> Array:
        """Start of any slots."""
        inside = np.interp(slot, self.slot, self.smooth_s)
        beyond = slot - np.clip(slot, self.slot[0], self.slot[-1])
        return inside + beyond * self.period_s


def on_clock(slot: NDArray[np.int64], start_s: Array, sd_s: Array, period_s: float) -> Clock:
    """Fit a clock to pulses (N,) of different slots in order of time, whose starts have errors `sd_s`.

    At a splice of the tape its phase jumps.
    """
    x = slot.astype(np.float64)
    if len(x) < 3:
        return Clock(
            period_s=period_s,
            period_sd_s=float("nan"),
            scatter_s=0.0,
            steady=False,
            slot=slot,
            smooth_s=start_s,
        )
    phase = start_s - period_s * x
    agreeing = np.bincount(_pieces(phase, period_s))[_pieces(phase, period_s)] >= 3
    if agreeing.sum() < LEAST_AGREEING * len(x):  # fast fading shortens every other beep; the others agree
        in_phase = np.abs(phase - _running_median(phase)) < PHASE_WITHIN * period_s
        agreeing = in_phase if in_phase.sum() >= LEAST_AGREEING * len(x) else agreeing
    piece = np.zeros(len(x), np.int64)
    if agreeing.any():
        # A single pulse out of phase is no splice: its neighbours may agree.
        piece = np.interp(x, x[agreeing], _pieces(phase[agreeing], period_s)).astype(np.int64)
    pieces = np.unique(piece[agreeing])
    if agreeing.sum() < LEAST_AGREEING * len(x) or len(pieces) > 1 + len(x) / 10:
        return _unsteady(slot, start_s, period_s)
    place = start_s.copy()
    for left, right in pairwise(pieces):  # shift each piece to the clock of the one before
        before, after = (agreeing & (piece == left), agreeing & (piece == right))
        last, first = np.flatnonzero(before)[-5:], np.flatnonzero(after)[:5]
        shift = np.median(place[first] - period_s * x[first]) - np.median(place[last] - period_s * x[last])
        place[piece >= right] -= shift
    moved = np.interp(x, x[agreeing], (start_s - place)[agreeing])  # single pulses out of phase take the clock's place
    curve = smooth_curve(x[agreeing], place[agreeing], sd_s[agreeing], most_degree=6)
    period, period_sd = curve.slope
    if curve.scatter > STEADY * period:
        return _unsteady(slot, start_s, period_s)
    return Clock(
        period_s=period,
        period_sd_s=period_sd,
        scatter_s=curve.scatter,
        steady=True,
        slot=slot,
        smooth_s=curve(x) + moved,
    )


def _running_median(phase: Array) -> Array:
    views = np.lib.stride_tricks.sliding_window_view(
        np.pad(phase, PHASE_NEIGHBOURS, mode="edge"), 2 * PHASE_NEIGHBOURS + 1
    )
    return np.asarray(np.median(views, axis=1))


def _pieces(phase: Array, period_s: float) -> NDArray[np.int64]:
    """Number of the piece that each phase (N,) belongs to; between pieces the phase jumps."""
    step = np.diff(phase)
    middle = float(np.median(step)) if len(step) else 0.0
    usual = 1.4826 * float(np.median(np.abs(step - middle))) if len(step) else 0.0
    jump = np.abs(step - middle) > max(0.03 * period_s, 8 * usual)
    return np.concatenate([[0], np.cumsum(jump)])


def _unsteady(slot: NDArray[np.int64], start_s: Array, period_s: float) -> Clock:
    """No common clock: the period is the median of the intervals, with the error of a median."""
    interval = np.diff(start_s)[np.diff(slot) == 1]
    if not len(interval):
        interval = np.array([period_s])
    spread = float(np.std(interval))
    return Clock(
        period_s=float(np.median(interval)),
        period_sd_s=1.2533 * spread / float(np.sqrt(len(interval))),
        scatter_s=spread,
        steady=False,
        slot=slot,
        smooth_s=start_s,
    )


def keying_of(pulse: tuple[float, float], pause: tuple[float, float]) -> KeyingName:
    """Return the keying of 1957 that pulse and pause (value, standard error) agree with, or "none".

    A carrier that sends in the pause has the two exchanged.
    """
    fits: list[tuple[float, KeyingName]] = []
    for name, known in KEYINGS.items():
        for expected in (known, known[::-1]):
            off = [
                abs(value - mean) / np.hypot(KEYING_TOLERANCE_S, 3 * sd)
                for (value, sd), mean in zip((pulse, pause), expected, strict=True)
            ]
            if max(off) <= 1 or (name == "folklore" and off[0] <= 1 and off[1] <= 4):
                fits.append((sum(off), name))
    return min(fits)[1] if fits else "none"
