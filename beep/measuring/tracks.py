"""Groups of bursts that follow one tone: those near a line in time and frequency."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array, picked
from beep.measuring.bursts import Bursts

SPAN_S, STEP_S = 8.0, 3.0  # a tone's course is taken as straight over a span
SPAN_LENGTHS = 16.0  # of a burst, where that is longer: as many beeps of slow keying
STEEPEST_HZ_S = 45.0
LINE_WITHIN_HZ, LINE_WITHIN = 14.0, 0.02  # the larger; of the tone, as a tape's flutter is
LONGEST_BURST_S = 3.5
LEAST_ON_LINE = 3  # bursts
SCATTERED_HZ = 20 * LINE_WITHIN_HZ  # bursts in a narrower band are a line of their own, like hum
SIGNIFICANCE = 4.0  # sigmas above the number of bursts that chance puts on a line
MOST_BURSTS = 48  # of a span that are tried, the strongest
MOST_LINES = 3  # in a span
BRIDGE_S = 40.0  # longest fading across which a track goes on

Indices = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Line:
    """Bursts (indices) near a straight line."""

    members: Indices
    at_s: float
    tone_hz: float  # at at_s
    slope_hz_s: float


def find_tracks(bursts: Bursts) -> list[Indices]:
    """Return groups of bursts that may be the beeps of one tone, the largest first, each in order of time."""
    tracks: list[list[Line]] = []
    live: list[list[Line]] = []  # that may go on: a day of music has thousands of tracks
    for line in _lines(bursts):
        live = [track for track in live if line.at_s - track[-1].at_s < BRIDGE_S + 2 * SPAN_S]
        misfits = [(misfit, track) for track in live if (misfit := _misfit(bursts, track[-1], line)) is not None]
        if misfits:
            min(misfits, key=lambda pair: pair[0])[1].append(line)
        else:
            live.append([line])
            tracks.append(live[-1])
    members = [np.unique(np.concatenate([line.members for line in track])) for track in tracks]
    return sorted(members, key=lambda indices: -len(indices))


def _lines(bursts: Bursts) -> list[Line]:
    """Up to three lines in each span of time, in order of time."""
    short = np.flatnonzero(bursts.stop_s - bursts.start_s < LONGEST_BURST_S)
    if not len(short):
        return []
    middle_s = bursts.middle_s
    lines = []
    order = short[np.argsort(middle_s[short], kind="stable")]
    scale = max(1.0, SPAN_LENGTHS * _usual_length_s(picked(bursts, short)) / SPAN_S)
    half_s, step_s = scale * SPAN_S / 2, scale * STEP_S
    for at_s in np.arange(0.0, float(middle_s[order[-1]]) + step_s, step_s):
        low, high = np.searchsorted(middle_s[order], (at_s - half_s, at_s + half_s))
        rest = order[low:high]
        if len(rest) > MOST_BURSTS:
            rest = np.sort(rest[np.argsort(-bursts.energy[rest], kind="stable")[:MOST_BURSTS]])
        for _ in range(MOST_LINES):
            if len(rest) < LEAST_ON_LINE:
                break
            on_line, slope, tone = _best_line(middle_s[rest] - at_s, bursts.tone_hz[rest], bursts.energy[rest])
            if on_line.sum() < max(LEAST_ON_LINE, _most_by_chance(bursts.tone_hz[rest[~on_line]])):
                break
            lines.append(Line(members=rest[on_line], at_s=float(at_s), tone_hz=tone, slope_hz_s=slope))
            rest = rest[~on_line]
    return lines


def _usual_length_s(bursts: Bursts) -> float:
    """Median length of bursts, weighted with their energy."""
    order = np.argsort(bursts.stop_s - bursts.start_s)
    total = np.cumsum(bursts.energy[order])
    usual = order[np.searchsorted(total, total[-1] / 2)]
    return float(bursts.stop_s[usual] - bursts.start_s[usual])


def _most_by_chance(tone_hz: Array) -> float:
    """Number of bursts that may lie on one line by chance, where bursts are scattered over a band."""
    if len(tone_hz) < 10:
        return 0.0
    low_hz, high_hz = np.quantile(tone_hz, (0.1, 0.9))
    if high_hz - low_hz < SCATTERED_HZ:
        return 0.0
    mean = 0.8 * len(tone_hz) * 2 * LINE_WITHIN_HZ / (high_hz - low_hz)
    return float(mean + SIGNIFICANCE * np.sqrt(mean) + SIGNIFICANCE / 2)


def _best_line(t_s: Array, hz: Array, energy: Array) -> tuple[NDArray[np.bool_], float, float]:
    """Return which points lie near the best line through two of them, its slope, and its value at time 0."""
    i, j = np.triu_indices(len(t_s), 1)
    apart_s = t_s[j] - t_s[i]
    usable = np.abs(apart_s) > 0.3
    i, j, apart_s = i[usable], j[usable], apart_s[usable]
    slope = (hz[j] - hz[i]) / apart_s
    possible = np.abs(slope) < STEEPEST_HZ_S
    i, slope = i[possible], slope[possible]
    if not len(slope):
        return np.zeros(len(t_s), bool), 0.0, 0.0
    distance_hz = np.abs(hz - hz[i][:, None] - slope[:, None] * (t_s - t_s[i][:, None]))
    within_hz = np.maximum(LINE_WITHIN_HZ, LINE_WITHIN * hz[i])
    weight = np.log1p(energy)
    closeness = np.maximum(1 - (distance_hz / within_hz[:, None]) ** 2, 0)
    best = int(((closeness * weight).sum(axis=1) - 0.02 * np.abs(slope) * weight.mean()).argmax())
    on_line = distance_hz[best] < within_hz[best]
    if np.ptp(t_s[on_line]) > 1.0 and on_line.sum() > 2:
        fitted_slope, tone = np.polyfit(t_s[on_line], hz[on_line], 1)
        on_fitted = np.abs(hz - tone - fitted_slope * t_s) < max(LINE_WITHIN_HZ, LINE_WITHIN * tone)
        if abs(fitted_slope) < STEEPEST_HZ_S and on_fitted.sum() >= on_line.sum():
            return on_fitted, float(fitted_slope), float(tone)
    return on_line, float(slope[best]), float(hz[i[best]] - slope[best] * t_s[i[best]])


def _misfit(bursts: Bursts, old: Line, new: Line) -> float | None:
    """How badly a line continues an older one, 0 to 1; below zero where they share bursts, None where it does not."""
    shared = len(np.intersect1d(old.members, new.members))
    if shared >= 2:
        return -float(shared)
    at_s = float(bursts.start_s[new.members[0]])
    gap_s = at_s - float(bursts.stop_s[old.members[-1]])
    if not -1.0 < gap_s < BRIDGE_S:
        return None
    old_hz = old.tone_hz + old.slope_hz_s * (at_s - old.at_s)
    new_hz = new.tone_hz + new.slope_hz_s * (at_s - new.at_s)
    misfit = abs(old_hz - new_hz) / (2 * max(LINE_WITHIN_HZ, LINE_WITHIN * old_hz) + 4.0 * max(gap_s, 0.0))
    return misfit if misfit < 1 else None
