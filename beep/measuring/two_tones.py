"""Two tones of one channel that are keyed in turn, each measured without the other.

Where one carrier sends while the other rests, the middles of their pulses are half a period apart, whatever the duty.
So the clock says whose a pulse is, also where their Doppler curves cross, and there each is measured in what is left
of the recording when the other's model has been taken out.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array, Samples
from beep.measuring.band import Framing, extract
from beep.measuring.beeps import Beeps, Expected, beeps_of, expected
from beep.measuring.bursts import Bursts, without_faint
from beep.measuring.estimate import Tones, edge_kernel
from beep.measuring.recording import Recording
from beep.measuring.tracks import tracks
from beep.measuring.verdict import doubt

BURSTS_LEAST = 8  # of the rarer tone
RARER = 0.2  # its bursts against the other's
ASIDE = 0.15  # of a period, that a burst's middle may be off
UNLIKE = 0.5  # of a pulse's length, that a burst's may be off
BRIDGE_S = 120.0  # in which a far pass' tones are too near each other to be two bursts
TOGETHER = 0.15  # of one's bursts that have one of the other's beside them; a splice is no second tone
HUM_HZ = 25.0  # from a line; a burst knows its tone to as much
ROUNDS = 6
SETTLED = 0.02  # of the edges' length, from one round to the next
CHUNK = 1 << 16  # samples
MOST_ALIKE = 0.9999  # in waveform, of two edges: then neither is known


def in_turn(bursts: Bursts, first: Beeps, hum_hz: tuple[float, ...]) -> tuple[Bursts, Bursts] | None:
    """The bursts of two tones on one clock, of which `first` is one or a mixture of both; None where there are not.

    Gain control lets hum through where a tone is not; that is no second tone.
    """
    period = first.clock.period_s
    pulse = float(np.median((first.stop_s - first.start_s)[first.slots == 1]))
    length = bursts.stop_s - bursts.start_s
    like = [np.abs(length - usual) < UNLIKE * usual for usual in (pulse, period - pulse)]
    some = bursts.pick(np.flatnonzero(like[0] | like[1]))
    if len(some) < 2 * BURSTS_LEAST:
        return None
    middle = (some.start_s + some.stop_s) / 2
    # Twice the phase is the same for both; the clock may be a little off over a long recording.
    trials = period * (1 + np.linspace(-1, 1, 81) * 0.2 * period / max(float(np.ptp(middle)), period))
    weight = np.log1p(some.energy)
    sums = np.array([np.sum(weight * np.exp(4j * np.pi * middle / trial)) for trial in trials])
    best = int(np.abs(sums).argmax())
    phase = np.remainder(middle / trials[best] - np.angle(sums[best]) / (4 * np.pi) + 0.25, 1.0)
    found = []
    for low in (0.25, 0.75):
        mine = without_faint(some.pick(np.flatnonzero(np.abs(phase - low) < ASIDE)))
        groups = tracks(mine, bridge_s=BRIDGE_S)
        found.append(mine.pick(groups[0]) if groups else mine.pick(np.zeros(0, np.int64)))
    rare, often = sorted(map(len, found))
    if rare < max(BURSTS_LEAST, RARER * often):
        return None
    times_s = [(one.start_s + one.stop_s) / 2 for one in found]
    if np.mean(np.abs(times_s[0][:, None] - times_s[1]).min(axis=1) < 1.6 * period) < TOGETHER:
        return None
    lines_hz = np.array(hum_hz)
    if any(np.mean(np.abs(one.tone_hz[:, None] - lines_hz) < HUM_HZ, axis=0).max(initial=0.0) > 0.8 for one in found):
        return None
    return found[0], found[1]


def beeps_in_turn(recording: Recording, channel: int, pair: tuple[Bursts, Bursts], framing: Framing) -> list[Beeps]:
    """The beeps of both tones, or none where one of them is none."""
    models: list[Expected] = []
    sure: list[Beeps] = []
    for turn in range(ROUNDS):
        before = sure
        # Each tone has a channel of its own, in which the other is not.
        bands = extract(
            _apart(recording, channel, models),
            framing,
            frames=recording.frames,
            tones=[(number, bursts.tone_at) for number, bursts in enumerate(pair)],
        )
        found = [
            beeps_of(band, bursts.start_s, bursts.stop_s, bursts.tone_hz)
            for band, bursts in zip(bands, pair, strict=True)
        ]
        sure = [one for one in found if not isinstance(one, str)]
        if len(sure) < 2:
            return []
        sure = [_with_errors(one, other, framing.rate_hz) for one, other in (sure, sure[::-1])]
        if before:
            sure = [_with_moves(*pair) for pair in zip(sure, before, strict=True)]
            if all(abs(one.rise_s / old.rise_s - 1) < SETTLED for one, old in zip(sure, before, strict=True)):
                break
        models = [expected(band, one, clocked=turn == 0) for band, one in zip(bands, sure, strict=True)]
    return [] if any(map(doubt, sure)) else sure


def _apart(recording: Recording, channel: int, models: list[Expected]) -> Iterator[Samples]:
    """One channel twice (N, 2): without the second of two tones, and without the first."""
    at = 0
    for block in recording.blocks():
        one = block[:, channel]
        both = np.stack([one, one], axis=1)
        for number, model in enumerate(models):
            for first in range(0, len(one), CHUNK):
                part = both[first : first + CHUNK, 1 - number]
                part -= _sound(model, (at + first + np.arange(len(part))) / recording.sample_rate_hz)
        at += len(one)
        yield both


def _sound(model: Expected, t_s: Array) -> Samples:
    """The sound of pulses at times (N,)."""
    tones = model.tones
    number = np.searchsorted((model.stop_s[:-1] + model.start_s[1:]) / 2, t_s)
    inside = np.minimum(t_s - model.start_s[number], model.stop_s[number] - t_s)
    on = np.flatnonzero(inside > -model.rise_s / 2)
    sound = np.zeros(len(t_s), np.float32)
    number, inside = number[on], inside[on]
    since = t_s[on] - tones.time_s[number]
    half = tones.length_s[number] / 2
    level = tones.amplitude[number] + tones.slant[number] * np.clip(since, -half, half)
    key = 0.5 + 0.5 * np.sin(np.pi / 2 * np.minimum(inside / (model.rise_s / 2), 1.0))
    turns = (tones.tone_hz[number] + tones.glide_hz_s[number] / 2 * since) * since
    phase = np.angle(tones.phase)[number] + 2 * np.pi * np.remainder(turns, 1.0)
    sound[on] = np.maximum(level, 0) * key * np.cos(phase)
    return sound


def _with_errors(beeps: Beeps, other: Beeps, rate_hz: float) -> Beeps:
    """Edges are less sure where the other tone has one at the same time that looks alike."""
    alike = [
        _alike(beeps, at_s, other, ends_s, rate_hz)
        for at_s, ends_s in ((beeps.start_s, other.stop_s), (beeps.stop_s, other.start_s))
    ]
    wider = [1 / np.sqrt(1 - np.minimum(one, MOST_ALIKE) ** 2) for one in alike]
    return replace(beeps, start_sd_s=beeps.start_sd_s * wider[0], stop_sd_s=beeps.stop_sd_s * wider[1])


def _with_moves(beeps: Beeps, before: Beeps) -> Beeps:
    """Edges are less sure by as much as the last round has moved them."""
    _, here, there = np.intersect1d(beeps.slot, before.slot, return_indices=True)
    start_s, stop_s = np.zeros(len(beeps.slot)), np.zeros(len(beeps.slot))
    start_s[here] = beeps.start_s[here] - before.start_s[there]
    stop_s[here] = beeps.stop_s[here] - before.stop_s[there]
    return replace(
        beeps,
        start_sd_s=np.hypot(beeps.start_sd_s, start_s),
        stop_sd_s=np.hypot(beeps.stop_sd_s, stop_s),
        rise_sd_s=float(np.hypot(beeps.rise_sd_s, beeps.rise_s - before.rise_s)),
    )


def _alike(beeps: Beeps, at_s: Array, other: Beeps, ends_s: Array, rate_hz: float) -> Array:
    """Correlation (N,), 0 to 1, of what a shift of edges at `at_s` changes with what one of the nearest ends does."""
    right = np.clip(np.searchsorted(ends_s, at_s), 1, len(ends_s) - 1)
    near = np.where(np.abs(ends_s[right] - at_s) < np.abs(ends_s[right - 1] - at_s), right, right - 1)
    kernel_s, kernel = edge_kernel(beeps.rise_s, rate_hz)
    inner = np.abs(kernel_s) < beeps.rise_s / 2 + 2 / rate_hz
    kernel_s, slope = kernel_s[inner], np.gradient(kernel)[inner]
    t_s = at_s[:, None] + kernel_s
    theirs = np.interp(t_s - ends_s[near][:, None], kernel_s, slope, left=0.0, right=0.0)
    turns = _turns(beeps.tones, np.arange(len(at_s)), t_s) - _turns(other.tones, near, t_s)
    return np.asarray(np.abs((slope * theirs * np.cos(2 * np.pi * turns)).sum(axis=1)) / np.sum(slope**2))


def _turns(tones: Tones, number: NDArray[np.int64], t_s: Array) -> Array:
    """Phase, in turns, of tones (M,) at times (N, K), each row that of one `number` (N,)."""
    since = t_s - tones.time_s[number][:, None]
    cycles = (tones.tone_hz[number][:, None] + tones.glide_hz_s[number][:, None] / 2 * since) * since
    return np.asarray(np.angle(tones.phase)[number][:, None] / (2 * np.pi) + np.remainder(cycles, 1.0))
