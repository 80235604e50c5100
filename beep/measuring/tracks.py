"""Bursts that belong together: those on one line of frequency, short enough to be keyed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array
from beep.measuring.bursts import Bursts

SPAN_S, STEP_S = 8.0, 3.0  # in which a tone's course is straight
STEEPEST_HZ_S = 45.0
NEAR_HZ, NEAR_PART = 14.0, 0.02  # of a line, the larger: a tape's flutter is a part of the tone
LONGEST_S = 3.0
FEWEST = 3  # bursts on a line
STREWN_HZ = 20 * NEAR_HZ  # narrower is a line of its own, like hum
SURE = 4.0  # sigmas above what chance puts on a line
STRONGEST = 48  # bursts of a span that are looked at
LINES = 3  # in a span
BRIDGE_S = 40.0  # of fading, across which a line goes on

Numbers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Line:
    """Bursts (indices) near one straight line."""

    members: Numbers
    at_s: float
    tone_hz: float
    slope_hz_s: float


def tracks(bursts: Bursts) -> list[Numbers]:
    """Groups of bursts that may be the beeps of one tone, the most numerous first, each in order of time."""
    groups: list[list[Line]] = []
    for line in _lines(bursts):
        near = [(off, group) for group in groups if (off := _off(bursts, group[-1], line)) is not None]
        if near:
            min(near, key=lambda one: one[0])[1].append(line)
        else:
            groups.append([line])
    members = [np.unique(np.concatenate([line.members for line in group])) for group in groups]
    return sorted(members, key=lambda found: -len(found))


def _lines(bursts: Bursts) -> list[Line]:
    short = np.flatnonzero(bursts.stop_s - bursts.start_s < LONGEST_S)
    if not len(short):
        return []
    middle = (bursts.start_s + bursts.stop_s) / 2
    found = []
    order = short[np.argsort(middle[short], kind="stable")]
    for first_s in np.arange(0.0, float(middle[order[-1]]) + STEP_S, STEP_S):
        low, high = np.searchsorted(middle[order], (first_s - SPAN_S / 2, first_s + SPAN_S / 2))
        inside = order[low:high]
        if len(inside) > STRONGEST:
            inside = np.sort(inside[np.argsort(-bursts.energy[inside], kind="stable")[:STRONGEST]])
        for _ in range(LINES):
            if len(inside) < FEWEST:
                break
            near, slope, tone = _best_line(middle[inside] - first_s, bursts.tone_hz[inside], bursts.energy[inside])
            if near.sum() < max(FEWEST, _by_chance(bursts.tone_hz[inside[~near]])):
                break
            found.append(Line(members=inside[near], at_s=float(first_s), tone_hz=tone, slope_hz_s=slope))
            inside = inside[~near]
    return found


def _by_chance(tone_hz: Array) -> float:
    """How many of bursts that are strewn over their band may lie on one line."""
    if len(tone_hz) < 10:
        return 0.0
    low_hz, high_hz = np.quantile(tone_hz, (0.1, 0.9))
    if high_hz - low_hz < STREWN_HZ:
        return 0.0
    usual = 0.8 * len(tone_hz) * 2 * NEAR_HZ / (high_hz - low_hz)
    return float(usual + SURE * np.sqrt(usual) + SURE / 2)


def _best_line(t_s: Array, hz: Array, energy: Array) -> tuple[NDArray[np.bool_], float, float]:
    """Which points are near the line through two of them that has most near it, its slope, its value at 0."""
    i, j = np.triu_indices(len(t_s), 1)
    apart = t_s[j] - t_s[i]
    usable = np.abs(apart) > 0.3
    i, j, apart = i[usable], j[usable], apart[usable]
    slope = (hz[j] - hz[i]) / apart
    keep = np.abs(slope) < STEEPEST_HZ_S
    i, slope = i[keep], slope[keep]
    if not len(slope):
        return np.zeros(len(t_s), bool), 0.0, 0.0
    near_hz = np.maximum(NEAR_HZ, NEAR_PART * hz[i])[:, None]
    off = NEAR_HZ / near_hz * np.abs(hz - hz[i][:, None] - slope[:, None] * (t_s - t_s[i][:, None]))
    weight = np.log1p(energy)
    score = (np.maximum(1 - (off / NEAR_HZ) ** 2, 0) * weight).sum(axis=1) - 0.02 * np.abs(slope) * weight.mean()
    best = int(score.argmax())
    near = off[best] < NEAR_HZ
    if np.ptp(t_s[near]) > 1.0 and near.sum() > 2:
        bend, tone = np.polyfit(t_s[near], hz[near], 1)
        refined = np.abs(hz - tone - bend * t_s) < max(NEAR_HZ, NEAR_PART * tone)
        if abs(bend) < STEEPEST_HZ_S and refined.sum() >= near.sum():
            return refined, float(bend), float(tone)
    return near, float(slope[best]), float(hz[i[best]] - slope[best] * t_s[i[best]])


def _off(bursts: Bursts, old: Line, new: Line) -> float | None:
    """How badly a line goes on from an older one, against what is allowed; below zero where they share bursts."""
    shared = len(np.intersect1d(old.members, new.members))
    if shared >= 2:
        return -float(shared)
    gap_s = float(bursts.start_s[new.members[0]] - bursts.stop_s[old.members[-1]])
    if not -1.0 < gap_s < BRIDGE_S:
        return None
    at_s = float(bursts.start_s[new.members[0]])
    ahead = old.tone_hz + old.slope_hz_s * (at_s - old.at_s)
    back = new.tone_hz + new.slope_hz_s * (at_s - new.at_s)
    off = abs(ahead - back) / (2 * max(NEAR_HZ, NEAR_PART * ahead) + 4.0 * max(gap_s, 0.0))
    return off if off < 1 else None
