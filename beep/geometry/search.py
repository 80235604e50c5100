"""When a satellite rises, comes closest and sets: AOS, TCA, LOS."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, radians
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array

SCAN_S = 60.0  # between two looks
# A peak between two looks is looked at again where it may reach the limit: in half a minute a satellite that skims the
# air climbs by 15 degrees to the horizon, by 40 to the zenith.
PEAK_RAD = radians(15.0)
FIRST_LOOKS, MOST_LOOKS = 720, 11_520  # scanned together: half a day, then twice as much, up to eight days
REACH_S = 2 * 86_400.0  # how far beyond the search a pass is followed to its rise or set
ZOOMS, PARTS = 3, 16  # of a peak: from two minutes to 0.03 s
GRID = 33  # looks at a pass before its closest and highest moments are narrowed down
HALF_STEP_S = 0.25  # of the differences whose zero is an extremum: it lies within 0.05 ms of the true one
ROUNDS = 60  # of a root's narrowing at most; ten are usual
ROOT_S = 1e-10


class Seen(Protocol):
    """What a search needs to know at each time; a Look and a View have it."""

    @property
    def range_m(self) -> Array: ...
    @property
    def elevation_rad(self) -> Array: ...


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass, in seconds of the look function's time; AOS and LOS are infinite where it is up for days."""

    aos_s: float
    tca_s: float  # least range
    los_s: float
    highest_s: float  # greatest elevation


def passes(
    look: Callable[[Array], Seen], *, start_s: float, stop_s: float, above_rad: float = 0.0, running: bool = False
) -> Iterator[Pass]:
    """Passes above an elevation that rise between two times, in order.

    Rise and set are the elevation `above_rad` without refraction; every pass that lasts 10 s is found. Closest
    approach is the least range; where a grazing pass is nearest below the horizon, its TCA is the AOS or LOS. A pass
    is followed beyond `stop_s` until it sets, for two days at most. One that runs at `start_s` counts only with
    `running`; its AOS then lies before. The search ends where `look` gives nan.
    """
    rise_s: float | None = None  # of the pass that runs where a stretch ends
    counts = True
    at_s, looks = start_s, FIRST_LOOKS
    while at_s < stop_s or (rise_s is not None and at_s < stop_s + REACH_S):
        end_s = min(at_s + looks * SCAN_S, stop_s + SCAN_S if at_s < stop_s else inf)
        edge_s, up = _scan(look, at_s, end_s, above_rad)
        turns = up[:-1] != up[1:]
        crossed_s, rises = _crossings(look, edge_s[:-1][turns], edge_s[1:][turns], above_rad), up[1:][turns]
        rise, fall = list(crossed_s[rises]), list(crossed_s[~rises])
        if at_s == start_s and up.size and up[0]:
            rise_s, counts = _risen(look, start_s, above_rad), running
        if rise_s is not None:
            rise.insert(0, rise_s)
        found = [(a, b) for a, b in zip(rise, fall, strict=False) if a <= stop_s]
        yield from _described(look, found if counts or not found else found[1:])
        counts = counts or bool(fall)
        rise_s = rise[-1] if len(rise) > len(fall) and rise[-1] <= stop_s else None
        if edge_s.size == 0 or edge_s[-1] < end_s:  # nan from there on
            return
        at_s, looks = end_s, min(2 * looks, MOST_LOOKS)
    if rise_s is not None and counts:
        yield from _described(look, [(rise_s, inf)], within=(start_s, stop_s))


def _scan(
    look: Callable[[Array], Seen], start_s: float, end_s: float, above_rad: float
) -> tuple[Array, NDArray[np.bool_]]:
    """Times of a stretch up to the first nan, peaks between the regular ones included, and whether it is up then."""
    count = max(1, round((end_s - start_s) / SCAN_S))
    # One look more on each side, so that a peak beside the stretch's end is seen from both sides by both stretches.
    edge_s = np.linspace(start_s, end_s, count + 1)
    edge_s = np.concatenate([[2 * start_s - edge_s[1]], edge_s, [2 * end_s - edge_s[-2]]])
    height = look(edge_s).elevation_rad - above_rad
    middle, left, right = height[1:-1], height[:-2], height[2:]
    peak = 1 + np.flatnonzero((middle >= left) & (middle >= right) & (middle <= 0) & (middle > -PEAK_RAD - above_rad))
    peak_s = _peaks(look, edge_s[peak - 1], edge_s[peak + 1])
    height_there = look(peak_s).elevation_rad - above_rad
    all_s = np.concatenate([edge_s[1:-1], peak_s])
    heights = np.concatenate([height[1:-1], height_there])
    order = np.argsort(all_s)
    all_s, heights = all_s[order], heights[order]
    inside = (all_s >= start_s) & (all_s <= end_s)
    good = inside & (np.cumsum(np.isnan(heights)) == 0)
    return all_s[good], heights[good] > 0


def _peaks(look: Callable[[Array], Seen], low_s: Array, high_s: Array) -> Array:
    """Times (N,) of the greatest elevation within N brackets."""
    for _ in range(ZOOMS if low_s.size else 0):
        grid_s = np.linspace(low_s, high_s, PARTS + 1)
        best = np.argmax(look(grid_s.ravel()).elevation_rad.reshape(grid_s.shape), axis=0)
        pick = np.arange(low_s.size)
        low_s, high_s = grid_s[np.maximum(best - 1, 0), pick], grid_s[np.minimum(best + 1, PARTS), pick]
    return (low_s + high_s) / 2


def _risen(look: Callable[[Array], Seen], start_s: float, above_rad: float) -> float:
    """When a satellite that is up at `start_s` rose; minus infinity where that was more than two days ago."""
    back_s = start_s - np.arange(REACH_S // SCAN_S) * SCAN_S
    down = ~(look(back_s).elevation_rad > above_rad)
    if not down.any():
        return -inf
    first = int(np.argmax(down))
    return float(_crossings(look, back_s[first : first + 1], back_s[first - 1 : first], above_rad)[0])


def _crossings(look: Callable[[Array], Seen], low_s: Array, high_s: Array, above_rad: float) -> Array:
    return _roots(lambda t_s: look(t_s).elevation_rad - above_rad, low_s, high_s)


def _described(
    look: Callable[[Array], Seen],
    found: list[tuple[float, float]],
    within: tuple[float, float] | None = None,
) -> Iterator[Pass]:
    """Passes of their rises and sets; of an endless one, `within` is the part that is looked at."""
    if not found:
        return
    aos_s, los_s = np.array(found, np.float64).T
    if within is None:
        first_s, last_s = np.maximum(aos_s, los_s - REACH_S), los_s
    else:
        first_s, last_s = np.maximum(aos_s, within[0]), np.array([min(within[0] + REACH_S, within[1])])
    grid_s = np.linspace(first_s, last_s, GRID)
    seen = look(grid_s.ravel())
    pick = np.arange(aos_s.size)
    brackets = []
    for values in (seen.range_m, -seen.elevation_rad):
        least_at = np.argmin(values.reshape(grid_s.shape), axis=0)
        brackets.append([grid_s[np.maximum(least_at - 1, 0), pick], grid_s[np.minimum(least_at + 1, GRID - 1), pick]])
    low_s, high_s = np.concatenate(brackets, axis=1)
    tca_s, highest_s = _roots(lambda t_s: _slopes(look, t_s), low_s, high_s).reshape(2, -1).clip(first_s, last_s)
    for aos, tca, los, highest in zip(aos_s, tca_s, los_s, highest_s, strict=True):
        yield Pass(aos_s=float(aos), tca_s=float(tca), los_s=float(los), highest_s=float(highest))


def _slopes(look: Callable[[Array], Seen], t_s: Array) -> Array:
    """Differences (2 N,) of range at the first N times and of elevation, falling, at the others: each has its zero."""
    seen = look(np.concatenate([t_s + HALF_STEP_S, t_s - HALF_STEP_S]))
    half = t_s.size // 2
    range_m, elevation_rad = seen.range_m.reshape(2, -1), seen.elevation_rad.reshape(2, -1)
    return np.concatenate([(range_m[0] - range_m[1])[:half], (elevation_rad[1] - elevation_rad[0])[half:]])


def _roots(function: Callable[[Array], Array], low_s: Array, high_s: Array) -> Array:
    """Zeros (N,) within N brackets, by false position in its Illinois form; without one, the end nearer to zero."""
    if not low_s.size:
        return low_s
    low, high = function(low_s), function(high_s)
    ended = np.sign(low) == np.sign(high)
    nearer_s = np.where(np.abs(low) <= np.abs(high), low_s, high_s)
    kept = np.zeros(low_s.size)  # which end stayed in the last round: it counts half from then on
    for _ in range(ROUNDS):
        with np.errstate(invalid="ignore", divide="ignore"):
            between_s = high_s - high * (high_s - low_s) / (high - low)
        between_s = np.where(np.isfinite(between_s), between_s, (low_s + high_s) / 2)
        value = function(between_s)
        moves_low = np.sign(value) == np.sign(low)
        high = np.where(moves_low & (kept == 1), high / 2, high)
        low = np.where(~moves_low & (kept == -1), low / 2, low)
        kept = np.where(moves_low, 1, -1)
        step_s = np.abs(np.where(moves_low, between_s - low_s, high_s - between_s))
        low_s, low = np.where(moves_low, between_s, low_s), np.where(moves_low, value, low)
        high_s, high = np.where(moves_low, high_s, between_s), np.where(moves_low, high, value)
        if np.all(ended | (value == 0) | (step_s < ROOT_S) | (np.abs(high_s - low_s) < ROOT_S)):
            break
    return np.where(ended, nearer_s, between_s)
