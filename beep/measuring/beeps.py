"""The beeps of one tone: pulses on a clock, estimated from rough bursts in a few rounds."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array, picked
from beep.measuring.band import Band
from beep.measuring.clock import Clock, on_clock, period_of, slots_of
from beep.measuring.estimate import PulseTones, edge_sd, estimate_edges, estimate_tones, rise_gains, shape_of
from beep.measuring.smooth import SmoothCurve, smooth_curve

LEAST_ENERGY = 12.0  # C T/N0 of a pulse: noise reaches it once in a hundred thousand trials
ROUGH_S = 0.025  # error of a burst's ends
EDGE_SEARCH_S = 0.04
LEAST_PULSES = 3
LOUDER, LIKE_OTHERS = 2.2, 0.4  # amplitude of a pulse against the gap before it, and against its neighbours
LEAST_DUTY = 0.04  # of pulse and of pause
BEYOND_S = 15.0  # weaker pulses are searched so long before the first burst and after the last
LEAST_SEEN_S = 0.02  # of a beep that is cut off by the recording's ends
RISES_S = (1e-3, 1.5e-3, 2e-3, 3e-3, 4e-3, 5e-3, 6.5e-3, 8e-3, 0.01, 0.0125, 0.016, 0.02, 0.025, 0.032, 0.04)
FIRST_RISE_S = 0.005
UNKNOWN_RISE_S = 0.01  # standard error where the likelihood has no maximum

Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Beeps:
    """Pulses (N,) of one tone in order of time, and their common clock, tone curve and shape."""

    slot: NDArray[np.int64]
    slots: NDArray[np.int64]
    start_s: Array
    stop_s: Array
    whole: Bools
    tones: PulseTones
    start_sd_s: Array
    stop_sd_s: Array
    rise_s: float
    rise_sd_s: float
    floor: float  # amplitude that remains in the gaps, against that of the tone
    tone: SmoothCurve  # as a function of time
    clock: Clock
    fall: float  # amplitude of a pulse's last third against its first, median
    arch: float  # and of its middle against both


@dataclass(frozen=True, kw_only=True)
class _Shape:
    """What one round of estimates assumes."""

    rise_s: float = FIRST_RISE_S
    floor: float = 0.0
    search_hz: float = 20.0
    glide_sd: float = 15.0  # Hz/s
    edge_search_s: float = EDGE_SEARCH_S
    guard_s: float = ROUGH_S  # at either end of a pulse, not used for its tone


@dataclass(frozen=True, kw_only=True)
class _Round:
    """Pulses (N,) as estimated in one round."""

    slot: NDArray[np.int64]
    slots: NDArray[np.int64]
    start_s: Array
    stop_s: Array
    start_sd_s: Array
    stop_sd_s: Array
    tones: PulseTones


def beeps_of(band: Band, start_s: Array, stop_s: Array, tone_hz: Array) -> Beeps | str:
    """Return the beeps at and between rough bursts (N,) in order of time, or the reason why they are none."""
    curve = smooth_curve((start_s + stop_s) / 2, tone_hz, np.full(len(start_s), 4.0))
    nothing = np.zeros(len(start_s), np.int64)
    rough = _estimate(band, nothing, nothing + 1, start_s, stop_s, curve, _Shape())
    rough = picked(rough, np.flatnonzero((rough.tones.energy > LEAST_ENERGY) & (rough.stop_s > rough.start_s)))
    if len(rough.slot) < LEAST_PULSES:
        return "only noise"
    period = period_of(rough.start_s)
    length = float(np.median(rough.stop_s - rough.start_s))
    if not np.isfinite(period) or not LEAST_DUTY * period < length < (1 - LEAST_DUTY) * period:
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
    if len(trial.slot) < LEAST_PULSES:
        return "only noise"
    trial = picked(trial, np.flatnonzero(_stands_out(band, trial, period - length, curve, shape)))
    if len(trial.slot) < LEAST_PULSES:
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
    curve: SmoothCurve,
    shape: _Shape,
) -> _Round:
    """Estimate tones and edges of pulses expected from `start_s` to `stop_s`, near a curve of tones."""
    guard = np.minimum(shape.guard_s, (stop_s - start_s) / 4)
    low, high = np.maximum(start_s, 0) + guard, np.minimum(stop_s, band.duration_s) - guard
    short = high - low < 0.008  # almost completely cut off
    low, high = np.where(short, low - guard * 0.7, low), np.where(short, high + guard * 0.7, high)
    tones = _tones_near(band, low, high, curve, shape)
    # A tape's wow shifts the phase along a dash: an edge is compared with the part next to it.
    usual = 1.3 * float(np.median(high - low))
    ends = []
    for rising, expected in ((True, start_s), (False, stop_s)):
        beside = tones
        if np.any(high - low > usual):
            first = low if rising else np.maximum(low, high - usual)
            last = np.minimum(high, low + usual) if rising else high
            beside = _tones_near(band, first, last, curve, shape)
        ends.append(
            estimate_edges(
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
        tones=tones,
    )


def _tones_near(band: Band, low_s: Array, high_s: Array, curve: SmoothCurve, shape: _Shape) -> PulseTones:
    middle = (low_s + high_s) / 2
    return estimate_tones(
        band,
        low_s,
        high_s,
        tone_hz=np.asarray(curve(middle)),
        slope_hz_s=np.asarray(curve.slope_at(middle)),
        search_hz=shape.search_hz,
        glide_sd=shape.glide_sd,
    )


def _one_a_slot(pulses: _Round) -> NDArray[np.int64]:
    """Indices of the strongest pulse of each slot."""
    order = np.lexsort((-pulses.tones.energy, pulses.slot))
    first = np.concatenate([[True], np.diff(pulses.slot[order]) > 0])
    return np.sort(order[first])


def _every_slot(band: Band, pulses: _Round, starts: Clock, length_s: float) -> NDArray[np.int64]:
    """Slots from somewhat before the first pulse to somewhat after the last, as far as they are recorded."""
    beyond = int(BEYOND_S / starts.period_s)
    slot = np.arange(pulses.slot[0] - beyond, pulses.slot[-1] + beyond + 1)
    start_s = starts.of(slot)
    seen_s = np.minimum(start_s + length_s, band.duration_s) - np.maximum(start_s, 0)
    return slot[seen_s >= LEAST_SEEN_S]


def _stands_out(band: Band, pulses: _Round, gap_s: float, curve: SmoothCurve, shape: _Shape) -> Bools:
    """Which pulses (N,) are more than a tone that remains in gaps: louder than the gap before, or like neighbours."""
    before = _tones_near(
        band, pulses.start_s - 0.75 * gap_s, pulses.start_s - 0.2 * gap_s, curve, replace(shape, search_hz=2.0)
    )
    amplitude = pulses.tones.amplitude
    half = min(5, len(amplitude) - 1)
    views = np.lib.stride_tricks.sliding_window_view(np.pad(amplitude, half, mode="reflect"), 2 * half + 1)
    recorded = pulses.start_s > 0.75 * gap_s
    louder = amplitude > LOUDER * before.amplitude
    return np.asarray((louder & recorded) | (amplitude > LIKE_OTHERS * np.median(views, axis=1)))


def _gaps(band: Band, pulses: _Round, curve: SmoothCurve, shape: _Shape) -> tuple[Bools, float]:
    """Which pulses (N,) continue into the next slot, and the usual share of the amplitude that remains in gaps."""
    low, high = pulses.stop_s[:-1], pulses.start_s[1:]
    next_one = (np.diff(pulses.slot) == 1) & (high - low > 0.02)
    joined = np.zeros(len(pulses.slot), bool)
    if not next_one.any():
        return joined, 0.0
    # A pulse that continues has no edges there, so the middle of the gap tells.
    middle, half = (low + high)[next_one] / 2, 0.3 * (high - low)[next_one]
    between = _tones_near(band, middle - half, middle + half, curve, replace(shape, search_hz=2.0))
    beside = (pulses.tones.amplitude[:-1] + pulses.tones.amplitude[1:])[next_one] / 2
    ratio = between.amplitude / beside
    floor = float(np.median(ratio))
    joined[:-1][next_one] = (ratio > (1 + min(floor, 1)) / 2) & (between.energy > 9)
    return joined, min(floor, 0.6) if floor > 0.05 else 0.0


def _merged(pulses: _Round, joined: Bools) -> _Round:
    """Merge pulses that continue into the next slot."""
    first = np.flatnonzero(~np.concatenate([[False], joined[:-1]]))
    last = np.append(first[1:], len(joined)) - 1
    return replace(
        picked(pulses, first),
        slots=pulses.slot[last] - pulses.slot[first] + 1,
        stop_s=pulses.stop_s[last],
        stop_sd_s=pulses.stop_sd_s[last],
    )


def _rise(band: Band, pulses: _Round, starts: Clock, floor: float = 0.0) -> tuple[float, float]:
    """Estimate the common length of the edges, by maximum likelihood, and its standard error.

    Where the clock knows the edges better than each pulse does, its times are used.
    """
    strong = np.flatnonzero((pulses.slots == 1) & (pulses.start_s > 0.03) & (pulses.stop_s < band.duration_s - 0.03))
    strong = strong[np.argsort(-pulses.tones.energy[strong], kind="stable")[:100]]
    if len(strong) < LEAST_PULSES:
        return FIRST_RISE_S, float("nan")
    chosen = picked(pulses, strong)
    length = chosen.stop_s - chosen.start_s
    between = pulses.start_s[1:] - pulses.stop_s[:-1]
    side_s = 0.45 * float(np.clip(min(np.quantile(length, 0.3), np.quantile(between, 0.3)), 0.03, 0.15))
    sd_s = float(np.median(edge_sd(chosen.tones, rise_s=FIRST_RISE_S, rate_hz=band.rate_hz)))
    ends_s, search_s = (chosen.start_s, chosen.stop_s), 0.2 * side_s
    spread_s = 1.4826 * float(np.median(np.abs(length - np.median(length))))
    if starts.steady and starts.scatter_s < 3 * sd_s and spread_s < 2.5 * sd_s:
        start_s = starts.of(chosen.slot)
        ends_s, search_s = (start_s, start_s + float(np.median(length))), 0.0
    rises_s, best = tuple(RISES_S), 0
    for spacing in (1.3, 1.08, 0.0):
        gain = rise_gains(band, ends_s, chosen.tones, rises_s=rises_s, side_s=side_s, window_s=search_s, floor=floor)
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
    tones = final.tones
    curve = smooth_curve(tones.time_s, tones.tone_hz, tones.tone_sd_hz)
    # Curvature c of the tone within a pulse of length T shifts the estimate in its middle by c T**2 / 40.
    tones = replace(tones, tone_hz=tones.tone_hz - curve.curvature_at(tones.time_s) * tones.length_s**2 / 40)
    curve = smooth_curve(tones.time_s, tones.tone_hz, tones.tone_sd_hz)
    slot = final.slot - final.slot[0]
    starts = on_clock(slot[~cut_start], final.start_s[~cut_start], final.start_sd_s[~cut_start], period)
    fall, arch = shape_of(band, final.start_s, final.stop_s, tones)
    return Beeps(
        fall=fall,
        arch=arch,
        slot=slot,
        slots=final.slots,
        start_s=np.where(cut_start, 0.0, final.start_s),
        stop_s=np.where(cut_stop, band.duration_s, final.stop_s),
        whole=~(cut_start | cut_stop),
        tones=tones,
        start_sd_s=final.start_sd_s,
        stop_sd_s=final.stop_sd_s,
        rise_s=shape.rise_s,
        rise_sd_s=rise_sd_s,
        floor=shape.floor,
        tone=curve,
        clock=starts,
    )
