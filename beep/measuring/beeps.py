"""The beeps of one tone: from rough bursts to pulses on a clock, or the reason why they are none."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array, picked
from beep.measuring.band import Band
from beep.measuring.clock import Clock, on_clock, period_of, slots_of
from beep.measuring.estimate import Tones, edge_sd, edges, rise_gains, shape_of, tones
from beep.measuring.smooth import Curve, smooth_curve

LEAST_ENERGY = 12.0  # C T/N0 of a pulse that counts: below, noise does as well once in a hundred thousand trials
ROUGH_S = 0.025  # a burst's ends are as sure as that
EDGE_SEARCH_S = 0.04
FEWEST = 3  # pulses, to go on looking
LOUDER, LIKE_OTHERS = 2.2, 0.4  # in amplitude
MARGIN = 0.04  # of the period, that pulse and pause have at least
BEYOND_S = 15.0  # before the first and after the last burst, where weaker pulses are looked for
LEAST_SEEN_S = 0.02  # of a beep that the recording's end cuts off
RISES_S: tuple[float, ...] = (
    0.001,
    0.0015,
    0.002,
    0.003,
    0.004,
    0.005,
    0.0065,
    0.008,
    0.01,
    0.0125,
    0.016,
    0.02,
    0.025,
    0.032,
    0.04,
)
FIRST_RISE_S = 0.005
UNKNOWN_RISE_S = 0.01  # standard error where the edges do not say how long they are

Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Beeps:
    """Pulses (N,) of one tone in order of time, and what they have in common."""

    slot: NDArray[np.int64]
    slots: NDArray[np.int64]
    start_s: Array
    stop_s: Array
    whole: Bools
    tones: Tones
    start_sd_s: Array
    stop_sd_s: Array
    rise_s: float
    rise_sd_s: float
    floor: float  # of the tone's amplitude, that remains in the gaps
    tone: Curve  # against time
    clock: Clock
    fall: float  # amplitude of a pulse's last third against its first
    arch: float  # and of its middle against both


@dataclass(frozen=True, kw_only=True)
class _Shape:
    """What the estimates of one round take for granted."""

    rise_s: float = FIRST_RISE_S
    floor: float = 0.0
    search_hz: float = 20.0
    glide_sd: float = 15.0  # Hz/s
    edge_search_s: float = EDGE_SEARCH_S
    guard_s: float = ROUGH_S  # left out at either end of a pulse when its tone is estimated


@dataclass(frozen=True, kw_only=True)
class _Round:
    """Pulses (N,) as one round of estimates has them."""

    slot: NDArray[np.int64]
    slots: NDArray[np.int64]
    start_s: Array
    stop_s: Array
    start_sd_s: Array
    stop_sd_s: Array
    tones: Tones


def beeps_of(band: Band, start_s: Array, stop_s: Array, tone_hz: Array) -> Beeps | str:
    """The beeps at and between rough bursts (N,) in order of time, or in words why they are not beeps."""
    curve = smooth_curve((start_s + stop_s) / 2, tone_hz, np.full(len(start_s), 4.0))
    nothing = np.zeros(len(start_s), np.int64)
    rough = _estimate(band, nothing, nothing + 1, start_s, stop_s, curve, _Shape())
    rough = picked(rough, np.flatnonzero((rough.tones.energy > LEAST_ENERGY) & (rough.stop_s > rough.start_s)))
    if len(rough.slot) < FEWEST:
        return "only noise"
    period = period_of(rough.start_s)
    length = float(np.median(rough.stop_s - rough.start_s))
    if not np.isfinite(period) or not MARGIN * period < length < (1 - MARGIN) * period:
        return "not on a steady clock"
    rough = replace(rough, slot=slots_of(rough.start_s, period))
    rough = picked(rough, _one_a_slot(rough))
    curve = smooth_curve(rough.tones.time_s, rough.tones.tone_hz, rough.tones.tone_sd_hz)
    starts = on_clock(rough.slot, rough.start_s, rough.start_sd_s, period)
    rise_s, _ = _rise(band, rough, starts)
    shape = _Shape(
        rise_s=rise_s,
        search_hz=float(np.clip(4 * curve.scatter, 4, 20)),
        edge_search_s=min(0.03, 0.4 * length, 0.4 * (period - length)),
        guard_s=0.6 * rise_s + 0.002,
    )
    if starts.steady:
        every = _every_slot(band, rough, starts, length)
        at_s = starts.of(every)
        trial = _estimate(band, every, np.ones_like(every), at_s, at_s + length, curve, shape)
        trial = picked(trial, np.flatnonzero(trial.tones.energy > LEAST_ENERGY))
    else:
        trial = _estimate(band, rough.slot, rough.slots, rough.start_s, rough.stop_s, curve, shape)
    if len(trial.slot) < FEWEST:
        return "only noise"
    trial = picked(trial, np.flatnonzero(_stands_out(band, trial, period - length, curve, shape)))
    if len(trial.slot) < FEWEST:
        return "only noise"
    gap, floor = _gaps(band, trial, curve, shape)
    merged = _merged(trial, gap)
    curve = smooth_curve(trial.tones.time_s, trial.tones.tone_hz, trial.tones.tone_sd_hz)
    starts = on_clock(merged.slot, merged.start_s, merged.start_sd_s, period)
    rise_s, rise_sd_s = _rise(band, merged, starts, floor)
    shape = replace(
        shape,
        rise_s=rise_s,
        guard_s=0.6 * rise_s + 0.002,
        search_hz=float(np.clip(4 * curve.scatter, 3, 20)),
        floor=floor,
    )
    final = _estimate(band, merged.slot, merged.slots, merged.start_s, merged.stop_s, curve, shape)
    return _beeps(band, final, shape, rise_sd_s, period)


def _estimate(
    band: Band,
    slot: NDArray[np.int64],
    slots: NDArray[np.int64],
    start_s: Array,
    stop_s: Array,
    curve: Curve,
    shape: _Shape,
) -> _Round:
    """Tones and edges of pulses expected from `start_s` to `stop_s`, near a curve of tones."""
    guard = np.minimum(shape.guard_s, (stop_s - start_s) / 4)
    low, high = np.maximum(start_s, 0) + guard, np.minimum(stop_s, band.duration_s) - guard
    short = high - low < 0.008  # cut off to almost nothing
    low, high = np.where(short, low - guard * 0.7, low), np.where(short, high + guard * 0.7, high)
    found = _near(band, low, high, curve, shape)
    # Over a dash a tape's wow does not stay in phase: an edge is seen against what is next to it.
    usual = 1.3 * float(np.median(high - low))
    ends = []
    for rising, expected in ((True, start_s), (False, stop_s)):
        beside = found
        if np.any(high - low > usual):
            first = low if rising else np.maximum(low, high - usual)
            last = np.minimum(high, low + usual) if rising else high
            beside = _near(band, first, last, curve, shape)
        ends.append(
            edges(
                band,
                expected,
                beside,
                rising=rising,
                rise_s=shape.rise_s,
                window_s=np.minimum(shape.edge_search_s, (stop_s - start_s) * 0.45),
                floor=shape.floor,
            )
        )
    return _Round(
        slot=slot,
        slots=slots,
        start_s=ends[0][0],
        stop_s=ends[1][0],
        start_sd_s=ends[0][1],
        stop_sd_s=ends[1][1],
        tones=found,
    )


def _near(band: Band, low_s: Array, high_s: Array, curve: Curve, shape: _Shape) -> Tones:
    middle = (low_s + high_s) / 2
    return tones(
        band,
        low_s,
        high_s,
        tone_hz=np.asarray(curve(middle)),
        slope_hz_s=np.asarray(curve.slope_at(middle)),
        search_hz=shape.search_hz,
        glide_sd=shape.glide_sd,
    )


def _one_a_slot(found: _Round) -> NDArray[np.int64]:
    """Indices of the strongest pulse of each slot."""
    order = np.lexsort((-found.tones.energy, found.slot))
    first = np.concatenate([[True], np.diff(found.slot[order]) > 0])
    return np.sort(order[first])


def _every_slot(band: Band, found: _Round, starts: Clock, length_s: float) -> NDArray[np.int64]:
    """Slots from somewhat before the first pulse to somewhat after the last, as far as they are recorded."""
    beyond = int(BEYOND_S / starts.period_s)
    slot = np.arange(found.slot[0] - beyond, found.slot[-1] + beyond + 1)
    start_s = starts.of(slot)
    seen_s = np.minimum(start_s + length_s, band.duration_s) - np.maximum(start_s, 0)
    return slot[seen_s >= LEAST_SEEN_S]


def _stands_out(band: Band, found: _Round, gap_s: float, curve: Curve, shape: _Shape) -> Bools:
    """Which pulses (N,) are more than what remains of a tone between pulses: louder than before, or like the others."""
    before = _near(
        band, found.start_s - 0.75 * gap_s, found.start_s - 0.2 * gap_s, curve, replace(shape, search_hz=2.0)
    )
    amplitude = found.tones.amplitude
    half = min(5, len(amplitude) - 1)
    views = np.lib.stride_tricks.sliding_window_view(np.pad(amplitude, half, mode="reflect"), 2 * half + 1)
    recorded = found.start_s > 0.75 * gap_s
    louder = amplitude > LOUDER * before.amplitude
    return np.asarray((louder & recorded) | (amplitude > LIKE_OTHERS * np.median(views, axis=1)))


def _gaps(band: Band, found: _Round, curve: Curve, shape: _Shape) -> tuple[Bools, float]:
    """Which pulses (N,) go on into the next slot's, and what part of the amplitude usually remains between pulses."""
    low, high = found.stop_s[:-1], found.start_s[1:]
    next_one = (np.diff(found.slot) == 1) & (high - low > 0.02)
    joined = np.zeros(len(found.slot), bool)
    if not next_one.any():
        return joined, 0.0
    # The edges of a pulse that goes on are nowhere; so the middle of the gap is looked at.
    middle, half = (low + high)[next_one] / 2, 0.3 * (high - low)[next_one]
    between = _near(band, middle - half, middle + half, curve, replace(shape, search_hz=2.0))
    beside = (found.tones.amplitude[:-1] + found.tones.amplitude[1:])[next_one] / 2
    ratio = between.amplitude / beside
    floor = float(np.median(ratio))
    joined[:-1][next_one] = (ratio > (1 + min(floor, 1)) / 2) & (between.energy > 9)
    return joined, min(floor, 0.6) if floor > 0.05 else 0.0


def _merged(found: _Round, joined: Bools) -> _Round:
    """Pulses that go on into the next slot made into one."""
    first = np.flatnonzero(~np.concatenate([[False], joined[:-1]]))
    last = np.append(first[1:], len(joined)) - 1
    return _Round(
        slot=found.slot[first],
        slots=found.slot[last] - found.slot[first] + 1,
        start_s=found.start_s[first],
        stop_s=found.stop_s[last],
        start_sd_s=found.start_sd_s[first],
        stop_sd_s=found.stop_sd_s[last],
        tones=picked(found.tones, first),
    )


def _rise(band: Band, found: _Round, starts: Clock, floor: float = 0.0) -> tuple[float, float]:
    """Length of the edges and its standard error: that which makes all of them together most likely.

    Where the clock is surer of the edges than they themselves are, it says where they are.
    """
    strong = np.flatnonzero((found.slots == 1) & (found.start_s > 0.03) & (found.stop_s < band.duration_s - 0.03))
    strong = strong[np.argsort(-found.tones.energy[strong], kind="stable")[:100]]
    if len(strong) < FEWEST:
        return FIRST_RISE_S, float("nan")
    some = picked(found, strong)
    length = some.stop_s - some.start_s
    between = found.start_s[1:] - found.stop_s[:-1]
    side_s = 0.45 * float(np.clip(min(np.quantile(length, 0.3), np.quantile(between, 0.3)), 0.03, 0.15))
    sd_s = float(np.median(edge_sd(some.tones, rise_s=FIRST_RISE_S, rate_hz=band.rate_hz)))
    ends_s, play_s = (some.start_s, some.stop_s), 0.2 * side_s
    spread_s = 1.4826 * float(np.median(np.abs(length - np.median(length))))
    if starts.steady and starts.scatter_s < 3 * sd_s and spread_s < 2.5 * sd_s:
        start_s = starts.of(some.slot)
        ends_s, play_s = (start_s, start_s + float(np.median(length))), 0.0
    rises_s, best = tuple(RISES_S), 0
    for spacing in (1.3, 1.08, 0.0):
        gain = rise_gains(band, ends_s, some.tones, rises_s=rises_s, side_s=side_s, window_s=play_s, floor=floor)
        best = int(gain.argmax())
        if spacing:
            rises_s = tuple(rises_s[best] * spacing**step for step in (-1, -0.5, 0, 0.5, 1))
    x = np.log(rises_s) - np.log(rises_s[2])
    bend, slope, _ = np.polyfit(x, gain, 2)
    if bend >= 0 or rises_s[2] < 1.1 * RISES_S[0]:
        return rises_s[best], UNKNOWN_RISE_S
    return rises_s[2] * float(np.exp(np.clip(-slope / (2 * bend), x[0], x[-1]))), rises_s[2] / float(np.sqrt(-2 * bend))


def _beeps(band: Band, final: _Round, shape: _Shape, rise_sd_s: float, period: float) -> Beeps:
    room = shape.rise_s / 2 + 0.002
    cut_start, cut_stop = final.start_s < room, final.stop_s > band.duration_s - room
    found = final.tones
    curve = smooth_curve(found.time_s, found.tone_hz, found.tone_sd_hz)
    # A tone that bends within a pulse of length T looks as if it were T**2 / 40 of the bend higher in its middle.
    found = replace(found, tone_hz=found.tone_hz - curve.bend_at(found.time_s) * found.length_s**2 / 40)
    curve = smooth_curve(found.time_s, found.tone_hz, found.tone_sd_hz)
    slot = final.slot - final.slot[0]
    starts = on_clock(slot[~cut_start], final.start_s[~cut_start], final.start_sd_s[~cut_start], period)
    fall, arch = shape_of(band, final.start_s, final.stop_s, found)
    return Beeps(
        fall=fall,
        arch=arch,
        slot=slot,
        slots=final.slots,
        start_s=np.where(cut_start, 0.0, final.start_s),
        stop_s=np.where(cut_stop, band.duration_s, final.stop_s),
        whole=~(cut_start | cut_stop),
        tones=found,
        start_sd_s=final.start_sd_s,
        stop_sd_s=final.stop_sd_s,
        rise_s=shape.rise_s,
        rise_sd_s=rise_sd_s,
        floor=shape.floor,
        tone=curve,
        clock=starts,
    )
