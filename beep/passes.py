"""When a satellite rises, comes closest and sets: AOS, TCA, LOS."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from beep.arrays import Array
from beep.geometry import LookFunction

SCAN_S = 10.0  # a pass shorter than this may be overlooked: its peak is then a few thousandths of a degree
GROWTH, WIDENING = 1.02, 700  # of the steps away from a closest approach, up to 17 years
STRETCH = 360  # scan steps looked at together
ROUNDS, PARTS = 7, 64  # of narrowing a crossing: from the length of a pass to below a nanosecond


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass over the horizon, in seconds of the look function's time."""

    aos_s: float
    tca_s: float
    los_s: float


def passes(look: LookFunction, *, start_s: float, stop_s: float) -> Iterator[Pass]:
    """Passes that rise between two times, in order.

    Rise and set are elevation zero, without refraction; closest approach is the least range. A satellite that is
    already up at `start_s` does not count; the search follows a pass beyond `stop_s` until it sets. Where the least
    range of a grazing pass lies below the horizon, its TCA is the AOS or LOS.
    """
    for rise_s in map(float, _rises(look, start_s, stop_s)):
        aos_s = _crossing(lambda t_s: look(t_s).elevation_rad, rise_s, rise_s + SCAN_S)
        if aos_s > stop_s:
            return
        last_s = rise_s + SCAN_S
        while look(np.array([last_s])).elevation_rad[0] > 0:
            last_s += SCAN_S
        los_s = _crossing(lambda t_s: -look(t_s).elevation_rad, last_s - SCAN_S, last_s)
        yield Pass(
            aos_s=aos_s,
            tca_s=_crossing(lambda t_s: look(t_s).range_rate_m_s, aos_s, los_s),
            los_s=los_s,
        )


def rise_and_set(look: LookFunction, tca_s: float) -> tuple[float | None, float | None]:
    """AOS before and LOS after a closest approach; None where it is below the horizon then, or never crosses it."""
    away_s = np.concatenate([[0.0], SCAN_S * (GROWTH ** np.arange(WIDENING) - 1) / (GROWTH - 1)])

    def horizon_s(sign: int) -> float | None:
        down = look(tca_s + sign * away_s).elevation_rad <= 0
        last = int(np.argmax(down))
        if last == 0:  # already down, or never
            return None
        return tca_s + sign * _crossing(
            lambda s: -look(tca_s + sign * s).elevation_rad, float(away_s[last - 1]), float(away_s[last])
        )

    return horizon_s(-1), horizon_s(1)


def _rises(look: LookFunction, start_s: float, stop_s: float) -> Iterator[float]:
    """Scan times after which, within one step, the satellite comes up."""
    for first_s in np.arange(start_s, stop_s, STRETCH * SCAN_S):
        edge_s = first_s + np.arange(STRETCH + 1) * SCAN_S
        up = look(edge_s).elevation_rad > 0
        yield from edge_s[:-1][~up[:-1] & up[1:]]


def _crossing(function: Callable[[Array], Array], low_s: float, high_s: float) -> float:
    """Time at which a function that is negative at `low_s` and positive at `high_s` passes zero."""
    for _ in range(ROUNDS):
        grid_s = np.linspace(low_s, high_s, PARTS + 1)
        after = int(np.argmax(np.append(function(grid_s[1:-1]) >= 0, True))) + 1
        low_s, high_s = float(grid_s[after - 1]), float(grid_s[after])
    return (low_s + high_s) / 2
