"""One round of estimates of beeps: phases and edges of all of them, taking what the round before has told."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array, picked
from beep.measuring.band import Band
from beep.measuring.edges import find_edges, rise_of
from beep.measuring.phase import PulsePhases, flutter_size, phases
from beep.measuring.smooth import SmoothCurve, typical

LEAST_ENERGY = 12.0  # C T/N0 of a beep that counts: below, noise does as well once in a hundred thousand trials
LEAST_FLUTTER_ENERGY = 30.0  # where its phase is followed, which noise lets itself be too
EDGE_SEARCH_S, EDGE_SIDE_S = 0.04, 0.035
LEAST_BEEPS = 3  # beeps, to go on looking
FIRST_RISE_S = 0.005
UNKNOWN_RISE_S = 0.01  # standard error where the edges do not say how long they are
FIRST_FLUTTER = 6.0  # rad per root second: 0.7 % of a kHz
LEAST_FLUTTER = 0.1  # without noise a Doppler curve's bend within a beep is as much
SAMPLED = 100  # strongest beeps that tell flutter and edges
FLUTTER_EVIDENCE = 8.0  # log likelihood of the usual beep, times the root of their number
FLUTTER_BEYOND_S = 0.04

Bools = NDArray[np.bool_]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """What the estimates of one round take for granted."""

    rise_s: float = FIRST_RISE_S
    floor: float = 0.0
    search_hz: float = 20.0
    edge_search_s: float = EDGE_SEARCH_S
    edge_side_s: float = EDGE_SIDE_S
    guard_s: float = 0.008  # left out at either end of a beep when its phase is estimated
    flutter: float = 0.0

    @property
    def least_energy(self) -> float:
        return LEAST_FLUTTER_ENERGY if self.flutter else LEAST_ENERGY


@dataclass(frozen=True, kw_only=True)
class Round:
    """Beeps (N,) as one round of estimates has them."""

    slot: Numbers
    slots: Numbers
    start_s: Array
    stop_s: Array
    start_sd_s: Array
    stop_sd_s: Array
    phases: PulsePhases


def estimate(
    band: Band, slot: Numbers, slots: Numbers, start_s: Array, stop_s: Array, curve: SmoothCurve, shape: Assumptions
) -> Round:
    """PulsePhases and edges of beeps expected from `start_s` to `stop_s`, near a curve of tones."""
    guard = np.minimum(shape.guard_s, (stop_s - start_s) / 4)
    low, high = np.maximum(start_s, 0) + guard, np.minimum(stop_s, band.duration_s) - guard
    short = high - low < 0.008  # cut off to almost nothing
    low, high = np.where(short, low - guard * 0.7, low), np.where(short, high + guard * 0.7, high)
    high = np.maximum(high, low + 0.004)
    found = phases_near(band, low, high, curve, shape)
    # Over a dash a wow does not stay in phase with a plain tone: an edge is seen against what is next to it.
    usual = 1.3 * float(np.median(high - low))
    ends = []
    for rising, expected in ((True, start_s), (False, stop_s)):
        beside = found
        if np.any(high - low > usual) and not shape.flutter:
            first = low if rising else np.maximum(low, high - usual)
            last = np.minimum(high, low + usual) if rising else high
            beside = phases_near(band, first, last, curve, shape)
        within = np.minimum(shape.edge_search_s, (stop_s - start_s) * 0.45)
        ends.append(
            find_edges(
                band,
                expected,
                beside,
                rising=rising,
                rise_s=shape.rise_s,
                within_s=within,
                side_s=shape.edge_side_s,
                floor=shape.floor,
            )
        )
    return Round(
        slot=slot,
        slots=slots,
        start_s=ends[0][0],
        stop_s=ends[1][0],
        start_sd_s=ends[0][1],
        stop_sd_s=ends[1][1],
        phases=found,
    )


def phases_near(band: Band, low_s: Array, high_s: Array, curve: SmoothCurve, shape: Assumptions) -> PulsePhases:
    beyond_s = FLUTTER_BEYOND_S if shape.flutter else 0.0
    return phases(band, low_s, high_s, curve, search_hz=shape.search_hz, flutter=shape.flutter, beyond_s=beyond_s)


def flutter_of(band: Band, start_s: Array, stop_s: Array, curve: SmoothCurve) -> float:
    """Size of the phase's course in beeps; 0 where a plain tone explains them as well."""
    guard = 0.008
    long = np.flatnonzero(stop_s - start_s > 0.04)
    if len(long) < LEAST_BEEPS:
        return 0.0
    some = long[:: max(len(long) // SAMPLED, 1)]
    start_s, stop_s = start_s[some] + guard, stop_s[some] - guard
    look = partial(phases, band, start_s, stop_s, curve, search_hz=20.0)
    even = look()
    size = FIRST_FLUTTER
    for _ in range(3):
        bent = look(flutter=size)
        size = max(flutter_size(bent), LEAST_FLUTTER)
    gain = (bent.amplitude**2 - even.amplitude**2) * bent.length_s / bent.density - bent.freedom
    return size if size > LEAST_FLUTTER and np.median(gain) * np.sqrt(len(gain)) > FLUTTER_EVIDENCE else 0.0


def edge_length(band: Band, found: Round, shape: Assumptions, floor: float) -> tuple[float, float]:
    """Length of the edges and its standard error, from the strongest beeps."""
    inner = (found.slots == 1) & (found.start_s > 0.03) & (found.stop_s < band.duration_s - 0.03)
    strong = np.flatnonzero(inner)
    strong = strong[np.argsort(-found.phases.energy[strong], kind="stable")[:100]]
    if len(strong) < LEAST_BEEPS:
        return shape.rise_s, float("nan")
    some = picked(found, strong)
    length = some.stop_s - some.start_s
    between = found.start_s[1:] - found.stop_s[:-1]
    side_s = 0.45 * float(np.clip(min(np.quantile(length, 0.3), np.quantile(between, 0.3)), 0.03, 0.15))
    if shape.flutter:  # the phase is not known beyond
        side_s = min(side_s, FLUTTER_BEYOND_S / 1.2)
    rise_s, sd_s = rise_of(
        band,
        some.start_s,
        some.stop_s,
        some.phases,
        first_s=shape.rise_s,
        play_s=0.2 * side_s,
        side_s=side_s,
        floor=floor,
    )
    return rise_s, sd_s if np.isfinite(sd_s) else UNKNOWN_RISE_S


def chirp_of(band: Band, found: Round, curve: SmoothCurve, shape: Assumptions) -> tuple[float, float]:
    """Mean frequency of the first 30 ms of the beeps less that of their second half, Hz, and its standard error."""
    length = found.stop_s - found.start_s
    good = np.flatnonzero((found.slots == 1) & (length > 0.1) & (found.start_s > 0.01))[:SAMPLED]
    if len(good) < LEAST_BEEPS:
        return float("nan"), float("nan")
    start_s, stop_s = found.start_s[good], found.stop_s[good]
    plain = replace(shape, flutter=0.0, search_hz=60.0)
    first = phases_near(band, start_s + 0.004, start_s + 0.034, curve, plain)
    rest = phases_near(band, (start_s + stop_s) / 2, stop_s - 0.004, curve, plain)
    off_hz = (first.tone_hz - first.base_hz) - (rest.tone_hz - rest.base_hz)  # what drifts is not a chirp
    value, sd, _ = typical(off_hz, np.hypot(first.tone_sd_hz, rest.tone_sd_hz))
    return value, sd
