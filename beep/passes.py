"""When a satellite rises, comes closest and sets: AOS, TCA, LOS."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from beep.arrays import Array
from beep.geometry import LookFunction

SCAN_S = 10.0  # a pass shorter than this may be overlooked: its peak is then a few thousandths of a degree
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
