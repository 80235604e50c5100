"""The beeps of one tone: from rough bursts to beeps with their ends, tones and slots, or why they are none."""

from dataclasses import dataclass, replace

import numpy as np

from beep.base.arrays import Array, picked
from beep.measuring.band import Band
from beep.measuring.bursts import Bursts
from beep.measuring.clock import Clock, on_clock, period_of, slots_of
from beep.measuring.levels import course_of_level, find_runs, level, overshoot, powers, tail_level
from beep.measuring.phase import PulsePhases
from beep.measuring.rounds import (
    EDGE_SEARCH_S,
    EDGE_SIDE_S,
    LEAST_BEEPS,
    SAMPLED,
    Assumptions,
    Bools,
    Numbers,
    Round,
    chirp_of,
    edge_length,
    estimate,
    flutter_of,
    phases_near,
)
from beep.measuring.smooth import SmoothCurve, smooth_curve

LOUDER, LIKE_OTHERS, FAINT = 2.0, 0.4, 0.2  # in amplitude
MARGIN = 0.04  # of the period, that pulse and pause have at least
BEYOND_S = 15.0  # before the first and after the last burst, where weaker beeps are looked for
LEAST_SEEN_S = 0.02  # of a beep that the recording's end cuts off
STRONG_RESIDUAL, RESIDUAL_FLUTTER = 0.05, 2.0  # of the amplitude; rad per root second
ASTRAY = 5.0  # errors from the curve of tones, beyond which a tone is as unsure as that
SURE_GAP, LEAST_GAP = 4.0, 0.5  # in power, of the noise: a beep that goes on, a residual carrier
EDGE_MODEL = 0.1  # of the edges' length: by how much a tape's gain control and overload move them
PULLED_HZ = 20.0  # by how much the tone of a tape is lower between beeps than in them
LEAST_OVERSHOOT = 0.04  # of the amplitude, by which a gain control is told
BESIDE_S = 0.02, 0.08  # from an edge
CUT_S = 0.012  # at the recording's ends, in which a beep is already, or still, on


@dataclass(frozen=True, kw_only=True)
class Beeps(Round):
    """Beeps (N,) of one tone in order of time, and what they have in common."""

    whole: Bools
    rise_s: float
    rise_sd_s: float
    residual: Array  # (M,) of the amplitude, that remains in gaps
    tone: SmoothCurve  # against time
    clock: Clock
    fall: float  # amplitude of a beep's last third against its first
    arch: float  # and of its middle against both
    tail: float  # amplitude just after a beep less that just before it, against its own
    exact: bool  # a tone without flutter
    edge_model_s: float  # standard error of the lengths that all beeps share
    chirp_hz: tuple[float, float]  # the first 30 ms against the rest, and its standard error


def beeps_of(band: Band, bursts: Bursts, *, least_flutter: float = 0.0) -> Beeps | str:
    """The beeps at and between the bursts of one tone, or in words why they are not beeps.

    The phase is followed for a course of the size `least_flutter` or more; 0 where the beeps themselves decide.
    """
    curve = smooth_curve(bursts.middle_s, bursts.tone_hz, np.full(len(bursts), 4.0))
    every = 1 if len(bursts) <= 3 * SAMPLED else len(bursts) // SAMPLED
    some = picked(bursts, slice(None, None, every))
    start_s, stop_s = find_runs(band, some, curve)
    if len(start_s) < LEAST_BEEPS:
        return "only noise"
    shape = Assumptions(flutter=max(flutter_of(band, start_s, stop_s, curve), least_flutter))
    if len(some) < len(bursts):  # an exact tone's bursts are sure enough themselves
        start_s, stop_s = find_runs(band, bursts, curve) if shape.flutter else (bursts.start_s, bursts.stop_s)
    nothing = np.zeros(len(start_s), np.int64)
    rough = estimate(band, nothing, nothing + 1, start_s, stop_s, curve, shape)
    rough = picked(
        rough, np.flatnonzero((rough.phases.energy > shape.least_energy) & (rough.stop_s > rough.start_s + 0.02))
    )
    if len(rough.slot) < LEAST_BEEPS:
        return "only noise"
    rough = picked(rough, _keyed(band, rough, curve))
    period = period_of(rough.start_s)
    length = float(np.median(rough.stop_s - rough.start_s))
    if not np.isfinite(period) or not MARGIN * period < length < (1 - MARGIN) * period:
        return "not on a steady clock"
    rough = picked(rough, _stands_out(band, rough, period - length, curve, shape))
    if len(rough.slot) < LEAST_BEEPS:
        return "only noise"
    rough = replace(rough, slot=slots_of(rough.start_s, period))
    rough = picked(rough, _strongest_of_slot(rough))
    curve = _tone_curve(rough.phases)
    # What the recording's beginning cut off began earlier.
    begun_s = np.minimum(rough.start_s, np.where(rough.start_s < EDGE_SEARCH_S, rough.stop_s - length, np.inf))
    clock = on_clock(rough.slot, begun_s, rough.start_sd_s, period)
    shape = replace(
        shape,
        rise_s=edge_length(band, rough, shape, 0.0)[0],
        search_hz=float(np.clip(4 * curve.scatter, 4, 20)),
        edge_search_s=min(0.03, 0.4 * length, 0.4 * (period - length)),
        edge_side_s=min(EDGE_SIDE_S, 0.3 * length, 0.3 * (period - length)),
    )
    shape = replace(shape, guard_s=0.0 if shape.flutter else 0.6 * shape.rise_s + 0.002)
    if clock.steady:
        slot = _every_slot(band, rough, clock, length)
        at_s = clock.of(slot)
        trial = estimate(band, slot, np.ones_like(slot), at_s, at_s + length, curve, shape)
    else:
        trial = estimate(band, rough.slot, rough.slots, rough.start_s, rough.stop_s, curve, shape)
    trial = picked(trial, np.flatnonzero(trial.phases.energy > shape.least_energy))
    if len(trial.slot) < LEAST_BEEPS:
        return "only noise"
    trial = picked(trial, np.flatnonzero(_stands_out(band, trial, period - length, curve, shape)))
    if len(trial.slot) < LEAST_BEEPS:
        return "only noise"
    residual, joined, floor = _gaps(band, trial, curve, shape)
    strong = len(residual) > 0 and float(np.median(residual)) > STRONG_RESIDUAL
    if strong and not shape.flutter:  # which has another tone: a straight phase does not meet it
        return beeps_of(band, bursts, least_flutter=RESIDUAL_FLUTTER)
    merged = _merged(trial, joined)
    curve = _tone_curve(trial.phases)
    shape = replace(shape, floor=floor if floor > 0.05 and not shape.flutter else 0.0)
    rise_s, rise_sd_s = edge_length(band, merged, shape, shape.floor)
    shape = replace(
        shape,
        rise_s=rise_s,
        guard_s=0.0 if shape.flutter else 0.6 * rise_s + 0.002,
        search_hz=float(np.clip(4 * curve.scatter, 3, 20)),
    )
    final = estimate(band, merged.slot, merged.slots, merged.start_s, merged.stop_s, curve, shape)
    final = picked(final, np.flatnonzero(final.stop_s > final.start_s))
    if len(final.slot) < LEAST_BEEPS:
        return "only noise"
    return _beeps(band, final, shape, rise_sd_s, period, residual)


def _tone_curve(found: PulsePhases) -> SmoothCurve:
    return smooth_curve(found.time_s, found.tone_hz, found.tone_sd_hz)


def _strongest_of_slot(found: Round) -> Numbers:
    """Indices of the strongest beep of each slot."""
    order = np.lexsort((-found.phases.energy, found.slot))
    first = np.concatenate([[True], np.diff(found.slot[order]) > 0])
    return np.sort(order[first])


def _every_slot(band: Band, found: Round, clock: Clock, length_s: float) -> Numbers:
    """Slots from somewhat before the first beep to somewhat after the last, as far as they are recorded."""
    beyond = int(BEYOND_S / clock.period_s)
    slot = np.arange(found.slot[0] - beyond, found.slot[-1] + beyond + 1)
    start_s = clock.of(slot)
    seen_s = np.minimum(start_s + length_s, band.duration_s) - np.maximum(start_s, 0)
    return slot[seen_s >= LEAST_SEEN_S]


def _stands_out(band: Band, found: Round, gap_s: float, curve: SmoothCurve, shape: Assumptions) -> Bools:
    """Which beeps (N,) are more than what remains of a tone between beeps: louder than the gap, or like the others."""
    # What is before, or at the recording's beginning after.
    first = found.start_s < 0.75 * gap_s
    low = np.where(first, found.stop_s + 0.2 * gap_s, found.start_s - 0.75 * gap_s)
    if shape.flutter:
        amplitude = _beep_level(band, found, curve)
        beside = level(band, low, low + 0.55 * gap_s, curve, found.phases.density)
    else:
        amplitude = found.phases.amplitude
        beside = phases_near(band, low, low + 0.55 * gap_s, curve, replace(shape, search_hz=2.0)).amplitude
    others = _nearby(amplitude, 0.5)
    louder, alike = amplitude > LOUDER * beside, LIKE_OTHERS
    if shape.flutter:  # a strong residual is to be told from a beep, and what is left of one at a recording's end
        louder &= amplitude > FAINT * others
        alike = (1 + min(float(np.median(beside / np.maximum(amplitude, 1e-30))), 1.0)) / 2
    return np.asarray(louder | (amplitude > alike * others))


def _keyed(band: Band, found: Round, curve: SmoothCurve) -> Bools:
    """Which runs (N,) are as loud as others, or louder than what is beside them: a residual carrier has runs too."""
    amplitude, density = found.phases.amplitude, found.phases.density
    near_s, far_s = BESIDE_S
    before = level(band, found.start_s - far_s, found.start_s - near_s, curve, density)
    after = level(band, found.stop_s + near_s, found.stop_s + far_s, curve, density)
    return np.asarray(
        (amplitude > LIKE_OTHERS * _nearby(amplitude, 0.8)) | (amplitude > LOUDER * np.maximum(before, after))
    )


def _nearby(values: Array, part: float) -> Array:
    """Quantile (N,) of values (N,) among the ten nearest."""
    half = min(5, len(values) - 1)
    views = np.lib.stride_tricks.sliding_window_view(np.pad(values, half, mode="reflect"), 2 * half + 1)
    return np.asarray(np.quantile(views, part, axis=1))


def _beep_level(band: Band, found: Round, curve: SmoothCurve) -> Array:
    """Amplitude (N,) of what is recorded of beeps, without their edges."""
    start_s, stop_s = np.maximum(found.start_s, 0), np.minimum(found.stop_s, band.duration_s)
    inner = 0.15 * (stop_s - start_s)
    return level(band, start_s + inner, stop_s - inner, curve, found.phases.density)


def _gaps(band: Band, found: Round, curve: SmoothCurve, shape: Assumptions) -> tuple[Array, Bools, float]:
    """What part of the amplitude remains in each gap (M,), which beeps (N,) go on into the next slot's, and the part
    that usually remains in phase.
    """
    low, high = found.stop_s[:-1], found.start_s[1:]
    inner = (np.diff(found.slot) == 1) & (high - low > 0.02)
    joined = np.zeros(len(found.slot), bool)
    if not inner.any():
        return np.zeros(0), joined, 0.0
    # The edges of a beep that goes on are nowhere; so the middle of the gap is looked at.
    middle, half = (low + high)[inner] / 2, 0.3 * (high - low)[inner]
    power, noise = powers(band, middle - half, middle + half, curve)
    between, amplitude = np.sqrt(np.maximum(power - noise, 0.0)), found.phases.amplitude
    steady, sure = between, between**2 > SURE_GAP * noise
    if not shape.flutter:
        gap = phases_near(band, middle - half, middle + half, curve, replace(shape, search_hz=2.0))
        steady, sure = gap.amplitude, gap.energy > 9
    beside = np.maximum((amplitude[:-1] + amplitude[1:])[inner] / 2, 1e-30)
    usual = min(float(np.median(steady / beside)), 1.0)
    goes_on = sure & (steady / beside > (1 + usual) / 2)
    joined[:-1][inner] = goes_on
    heard = np.where(between**2 > LEAST_GAP * noise, between, 0.0)
    return (heard / beside)[~goes_on], joined, usual


def _merged(found: Round, joined: Bools) -> Round:
    """Beeps that go on into the next slot made into one."""
    first = np.flatnonzero(~np.concatenate([[False], joined[:-1]]))
    last = np.append(first[1:], len(joined)) - 1
    return replace(
        picked(found, first),
        slots=found.slot[last] - found.slot[first] + 1,
        stop_s=found.stop_s[last],
        stop_sd_s=found.stop_sd_s[last],
    )


def _beeps(band: Band, final: Round, shape: Assumptions, rise_sd_s: float, period: float, residual: Array) -> Beeps:
    cut_start, cut_stop = _cut(band, final, shape)
    found = final.phases
    curve = _tone_curve(found)
    if shape.flutter:  # where the ends are decides what the mean frequency is the mean of
        ends_sd_s = np.hypot(np.stack([final.start_sd_s, final.stop_sd_s], 1), EDGE_MODEL * shape.rise_s)
        by_ends_hz = np.sqrt((((np.abs(found.ends_hz) + PULLED_HZ / 2) * ends_sd_s) ** 2).sum(axis=1)) / found.length_s
        found = replace(found, tone_sd_hz=np.hypot(found.tone_sd_hz, by_ends_hz))
    else:
        # A tone that bends within a beep of length T looks as if it were T**2 / 40 of the bend higher in its middle.
        found = replace(found, tone_hz=found.tone_hz - curve.curvature_at(found.time_s) * found.length_s**2 / 40)
    curve = _tone_curve(found)
    astray_hz = np.abs(found.tone_hz - curve(found.time_s))
    usual_hz = np.hypot(found.tone_sd_hz, 1.4826 * float(np.median(astray_hz)))
    sd_hz = np.where(astray_hz > ASTRAY * usual_hz, astray_hz, found.tone_sd_hz)  # a turn lost, or another sound
    found = replace(found, tone_sd_hz=np.maximum(sd_hz, found.tone_sd_hz))
    curve = _tone_curve(found)
    slot = final.slot - final.slot[0]
    inner = ~cut_start
    edge_model_s = _edge_model(band, final, shape)
    start_sd_s = np.hypot(final.start_sd_s, edge_model_s)[inner]
    clock = on_clock(slot[inner], final.start_s[inner], start_sd_s, period, exact=not shape.flutter)
    fall, arch = course_of_level(band, final.start_s, final.stop_s, found)
    return Beeps(
        slot=slot,
        slots=final.slots,
        start_s=np.where(cut_start, 0.0, final.start_s),
        stop_s=np.where(cut_stop, band.duration_s, final.stop_s),
        start_sd_s=final.start_sd_s,
        stop_sd_s=final.stop_sd_s,
        whole=~(cut_start | cut_stop),
        phases=found,
        rise_s=shape.rise_s,
        rise_sd_s=rise_sd_s,
        residual=residual,
        tone=curve,
        clock=clock,
        fall=fall,
        arch=arch,
        tail=tail_level(band, final.start_s, final.stop_s, _beep_level(band, final, curve), curve, found.density),
        exact=not shape.flutter,
        edge_model_s=edge_model_s,
        chirp_hz=chirp_of(band, final, curve, shape),
    )


def _edge_model(band: Band, final: Round, shape: Assumptions) -> float:
    """Standard error, s, of the lengths that all beeps share: where a gain control has moved the edges."""
    more = overshoot(band, final.start_s, shape.rise_s, final.phases)
    if not shape.flutter and more < LEAST_OVERSHOOT:
        return 0.0
    moved = float(np.arcsin(max(more, 0.0) / (1 + max(more, 0.0)))) / np.pi  # of a raised cosine, by a sudden gain
    return (EDGE_MODEL + moved) * shape.rise_s


def _cut(band: Band, found: Round, shape: Assumptions) -> tuple[Bools, Bools]:
    """Which beeps (N,) are cut off by the recording's beginning, and which by its end: on within its first moments."""
    room_s = shape.rise_s / 2 + 0.002
    cuts = []
    for ahead_s, first_s in ((found.start_s, 0.0), (band.duration_s - found.stop_s, band.duration_s - CUT_S)):
        near = np.flatnonzero(ahead_s < 2 * EDGE_SEARCH_S)
        cut = ahead_s < room_s
        if len(near):
            beside = picked(found.phases, near)
            _, part, there = beside.levels(band, np.full(len(near), first_s), int(CUT_S * band.rate_hz))
            cut[near] |= (part * there).sum(axis=1) > 0.6 * beside.amplitude * there.sum(axis=1)
        cuts.append(cut)
    return cuts[0], cuts[1]
