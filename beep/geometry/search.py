"""Search for passes: rise (AOS), closest approach (TCA) and set (LOS)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, radians

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array
from beep.geometry.look import ViewFunction

SCAN_S = 60.0  # step of the scan
FIRST_SCAN_STEPS = 720  # of the first stretch of the scan: half a day; each further stretch is twice as long
_MOST_STEPS = 11_520  # eight days
# A maximum between two scan steps is refined where it may reach the limit: in half a minute the elevation of a low
# satellite changes by 15 degrees near the horizon, by 40 near the zenith.
_PEAK_RAD = radians(15.0)
_REACH_S = 2 * 86_400.0  # how far beyond the search a rise or set is searched for
_ZOOMS, _PARTS = 6, 8  # of a zero: from a minute to 0.2 ms, where a straight line is within 1e-10 s
_GRID = 33  # samples among which a maximum is searched, before it is refined
_HALF_STEP_S = 0.25  # of the differences whose zero is an extremum: it lies within 0.05 ms of the true one


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass, in seconds of the look function's time; AOS and LOS are infinite where it does not rise or set."""

    aos_s: float
    tca_s: float  # least range
    los_s: float
    highest_s: float  # greatest elevation


def find_passes(
    look: ViewFunction, *, start_s: float, stop_s: float, above_rad: float = 0.0, running: bool = False
) -> Iterator[Pass]:
    """Passes above an elevation that rise between two times, in order.

    Rise and set are where the elevation crosses `above_rad`, without refraction. Every pass of 10 s or more is found.
    Closest approach is the least range; where that lies below the horizon, TCA is the AOS or LOS. A set is searched
    for up to two days after `stop_s`. A pass in progress at `start_s` is included only with `running`; its AOS lies
    before `start_s`. The search ends where `look` gives nan.
    """
    rise_s: float | None = None  # of the pass in progress at the end of a stretch
    included = True
    at_s, steps = start_s, FIRST_SCAN_STEPS
    while at_s < stop_s or (rise_s is not None and at_s < stop_s + _REACH_S):
        end_s = min(at_s + steps * SCAN_S, stop_s + SCAN_S if at_s < stop_s else inf)
        t_s, up = _scan(look, at_s, end_s, above_rad)
        rises, sets = np.flatnonzero(~up[:-1] & up[1:]), np.flatnonzero(up[:-1] & ~up[1:])
        down_s, up_s = t_s[np.append(rises, sets + 1)], t_s[np.append(rises + 1, sets)]
        crossings_s = _zeros(lambda t_s: look(t_s).elevation_rad - above_rad, down_s, up_s)
        rises_s, sets_s = list(crossings_s[: rises.size]), list(crossings_s[rises.size :])
        if at_s == start_s and up.size and up[0]:
            rise_s, included = _rise_before(look, start_s, above_rad), running
        if rise_s is not None:
            rises_s.insert(0, rise_s)
        edges_s = [(aos_s, los_s) for aos_s, los_s in zip(rises_s, sets_s, strict=False) if aos_s <= stop_s]
        yield from _described(look, edges_s if included or not edges_s else edges_s[1:])
        included = included or bool(sets_s)
        rise_s = rises_s[-1] if len(rises_s) > len(sets_s) and rises_s[-1] <= stop_s else None
        if t_s.size == 0 or t_s[-1] < end_s:  # nan from there on
            return
        at_s, steps = end_s, min(2 * steps, _MOST_STEPS)
    if rise_s is not None and included:
        yield from _described(look, [(rise_s, inf)], within=(start_s, stop_s))


def _scan(look: ViewFunction, start_s: float, end_s: float, above_rad: float) -> tuple[Array, NDArray[np.bool_]]:
    """Times of a stretch up to the first nan, with the maxima between the scan steps, and whether it is up then."""
    count = max(1, round((end_s - start_s) / SCAN_S))
    # One step more on each side, so that both stretches see a maximum beside their common end from both sides.
    t_s = np.linspace(start_s, end_s, count + 1)
    t_s = np.concatenate([[2 * start_s - t_s[1]], t_s, [2 * end_s - t_s[-2]]])
    height_rad = look(t_s).elevation_rad - above_rad
    middle, left, right = height_rad[1:-1], height_rad[:-2], height_rad[2:]
    peak = 1 + np.flatnonzero((middle >= left) & (middle >= right) & (middle <= 0) & (middle > -_PEAK_RAD - above_rad))
    peak_s = _least(lambda t_s: -look(t_s).elevation_rad, t_s[peak - 1], t_s[peak + 1])
    all_s = np.concatenate([t_s[1:-1], peak_s])
    heights_rad = np.concatenate([height_rad[1:-1], look(peak_s).elevation_rad - above_rad])
    order = np.argsort(all_s)
    all_s, heights_rad = all_s[order], heights_rad[order]
    inside = (all_s >= start_s) & (all_s <= end_s)
    good = inside & (np.cumsum(np.isnan(heights_rad)) == 0)
    return all_s[good], heights_rad[good] > 0


def _rise_before(look: ViewFunction, start_s: float, above_rad: float) -> float:
    """Rise of a satellite that is up at `start_s`; minus infinity where that was more than two days before.

    Where `look` is nan, the satellite counts as down.
    """

    def height_rad(t_s: Array) -> Array:
        return look(t_s).elevation_rad - above_rad

    back_s = start_s - np.arange(_REACH_S // SCAN_S) * SCAN_S
    down = ~(height_rad(back_s) > 0)
    first = int(np.argmax(down))
    return float(_zeros(height_rad, back_s[[first]], back_s[[first - 1]])[0]) if down.any() else -inf


def _described(
    look: ViewFunction, edges_s: list[tuple[float, float]], within: tuple[float, float] | None = None
) -> Iterator[Pass]:
    """Passes with these rises and sets; `within` limits where an endless pass is examined."""
    if not edges_s:
        return
    aos_s, los_s = np.array(edges_s, np.float64).T
    from_s, until_s = (los_s - _REACH_S, los_s) if within is None else (within[0], min(within[0] + _REACH_S, within[1]))
    first_s, last_s = np.maximum(aos_s, from_s), np.minimum(los_s, until_s)
    tca_s = _least(lambda t_s: look(t_s).range_m, first_s, last_s)
    highest_s = _least(lambda t_s: -look(t_s).elevation_rad, first_s, last_s)
    for aos, tca, los, highest in zip(aos_s, tca_s, los_s, highest_s, strict=True):
        yield Pass(aos_s=float(aos), tca_s=float(tca), los_s=float(los), highest_s=float(highest))


def _least(function: Callable[[Array], Array], low_s: Array, high_s: Array) -> Array:
    """Times (N,) at which a function of times is least, each between a time in `low_s` and one in `high_s`."""
    grid_s = np.linspace(low_s, high_s, _GRID)
    at = np.argmin(function(grid_s.ravel()).reshape(grid_s.shape), axis=0)
    column = np.arange(low_s.size)
    low_s, high_s = grid_s[np.maximum(at - 1, 0), column], grid_s[np.minimum(at + 1, _GRID - 1), column]

    def slope(t_s: Array) -> Array:
        before, after = function(np.concatenate([t_s - _HALF_STEP_S, t_s + _HALF_STEP_S])).reshape(2, -1)
        return np.asarray(after - before)

    return _zeros(slope, low_s, high_s)


def _zeros(function: Callable[[Array], Array], low_s: Array, high_s: Array) -> Array:
    """Times (N,) at which a function rises above 0, between a time in `low_s`, where it has not, and one in `high_s`.

    Without a change of sign, the end nearer to it; nan counts as below 0. A time in `high_s` may be the earlier one.
    """
    column = np.arange(low_s.size)
    for _ in range(_ZOOMS):
        grid_s = np.linspace(low_s, high_s, _PARTS + 1)
        values = function(grid_s.ravel()).reshape(grid_s.shape)
        at = np.clip(np.sum(~(values > 0), axis=0) - 1, 0, _PARTS - 1)
        low_s, high_s = grid_s[at, column], grid_s[at + 1, column]
    low, high = function(np.concatenate([low_s, high_s])).reshape(2, -1)
    share = np.nan_to_num(-low / np.where(high > low, high - low, inf), nan=1.0)
    zero_s: Array = low_s + share.clip(0.0, 1.0) * (high_s - low_s)
    return zero_s
