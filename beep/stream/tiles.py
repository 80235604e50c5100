"""The one place where the stages meet: a tile, a window of samples, blocks.

A tile is about a second of sound and a pure function of (plan, tile number). It is computed at a low internal rate:
keying, tone, gain and noise sample by sample, then one FFT filter that also brings it to the output rate. It carries
no state: the little history that the filter needs is computed again, and what looks further back (AGC) or at its
neighbours (the envelope detector's filter) asks for the tiles there, which are pure functions too. So every cut of the
stream gives the same bytes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
import numpy.random  # which the noise draws from; now: during a late import of it, an interrupt is lost
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from beep.base.arrays import Array, Samples
from beep.base.random import normal_quantiles, white_noise
from beep.radio.receiver import agc_gain, agc_steps, doppler_sign, hum, saturated
from beep.scenario.scenario import Scenario
from beep.signal.pulses import carrier, key
from beep.stream.course import GROUP, Slow, slow, tile_start_s
from beep.stream.plan import FFT, FINE_REACH, GUARD, HOP, PIECE, PIECES, REACH, STEPS, TILE, Plan, plan

QUADRATURE_STREAM = 1 << 40  # the noise of carrier n is stream n; its other phase, where there is one, this and n
AGC_LEAD = 2  # steps, some 10 ms, by which the gain is early: the audio comes later than what the AGC detects
MARGIN = REACH + GUARD  # samples of its neighbours, at scale 1, that the filter of a tile needs


# --- one tile, by itself ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class Front:
    """A tile as it comes out of the first filter, and how strong it is there."""

    samples: Samples  # (channels, frames): sound at the output rate, or an envelope at the internal rate
    level: Samples  # (channels, STEPS): peaks; empty without AGC


def front(plan: Plan, slow: Slow, number: int) -> Front:
    """A tile up to the first filter."""
    scenario = plan.scenario
    if scenario.detector == "am":
        samples = _envelope(plan, slow, number)
    else:
        tones = _tones(plan, slow, number)
        if scenario.mix == "mono" and not scenario.agc:  # each receiver has its own AGC: they are mixed after it
            tones = tones.sum(axis=0, keepdims=True)
        samples = _filtered(plan, tones)
    level = np.empty((len(samples), 0), np.float32)
    if scenario.agc:
        steps = samples.reshape(len(samples), STEPS, -1)
        level = np.maximum(steps.max(axis=2), -steps.min(axis=2))
    return Front(samples=samples, level=level)


def _tones(plan: Plan, slow: Slow, number: int) -> Samples:
    """Keyed tones in their noise (carriers, samples) at the internal rate, history included."""
    turns, strength = _carriers(plan, slow, number)
    tones = carrier(turns)
    tones *= strength
    if plan.scenario.noise != "off":
        tones += _noise(plan, number, 0)
    return tones


def _envelope(plan: Plan, slow: Slow, number: int) -> Samples:
    """Envelope (samples, carriers) at the internal rate, of the keyed carriers in their noise behind the first filter.

    The carrier stands at nought: its cosine and sine, and the two phases of the noise, are a complex number.
    """
    turns, strength = _carriers(plan, slow, number)
    phases = [carrier(turns), carrier(turns - 0.25)]
    for phase, shift in zip(phases, (0, QUADRATURE_STREAM), strict=True):
        phase *= strength
        if plan.scenario.noise != "off":
            phase += _noise(plan, number, shift)
    baseband = np.empty(turns.shape, np.complex64)
    baseband.real, baseband.imag = phases
    spectrum = np.fft.fft(_fft_blocks(plan, baseband))
    spectrum *= plan.if_spectrum
    valid = np.abs(np.fft.ifft(spectrum)[..., 2 * MARGIN * plan.scale :]).astype(np.float32, copy=False)
    return valid.reshape(len(turns), -1)


def _carriers(plan: Plan, slow: Slow, number: int) -> tuple[Array, Samples]:
    """Phase in turns and amplitude of each carrier, both (carriers, samples), against its receiver's oscillator."""
    scenario, row = plan.scenario, number % GROUP
    powers = _powers(PIECE * plan.scale)

    if slow.time_s is None:
        piece_s = PIECE * plan.scale / plan.internal_rate_hz
        time_s = np.zeros((PIECES, 3))
        time_s[:, 0] = tile_start_s(plan, number) + np.arange(PIECES) * piece_s
        time_s[:, 1] = piece_s
    else:
        time_s = slow.time_s[row]

    # Emission time u = t - delay; the keying is read there.
    keyed = [key(u_s, plan.key) for u_s in (time_s - slow.group_delay_s[:, row]) @ powers]
    down = np.stack([one for one, _ in keyed])
    power = np.stack(np.broadcast_arrays(*(np.array(one, np.float32, ndmin=2) for _, one in keyed)))
    on = plan.on.astype(np.float32)[..., None, None]
    keying = on[:, 0] * power + on[:, 1] * down

    # Phase of the beat between the carrier, 2 pi f u, and an oscillator that stands tone_hz beside it, or on it.
    sign = 1 if scenario.detector == "am" else doppler_sign(scenario.sideband)
    turns = plan.tone_hz[:, None, None] * time_s - sign * plan.frequency_hz[:, None, None] * slow.phase_delay_s[:, row]
    if slow.drift is not None:
        turns = turns + slow.drift[:, row]
    turns[..., 0] -= np.rint(turns[..., 0])
    gain = slow.gain[:, row] @ powers[:2].astype(np.float32)
    strength: Samples = plan.amplitude.astype(np.float32)[:, None, None] * gain
    strength *= keying
    count = len(strength)
    return (turns @ powers).reshape(count, -1), strength.reshape(count, -1)


@lru_cache
def _powers(count: int) -> Array:
    """Powers 0 to 2 of the way through a piece, 0 to 1: (3, count)."""
    step = np.arange(count) / count
    return np.stack([np.ones_like(step), step, step**2])


def _noise(plan: Plan, number: int, shift: int) -> Samples:
    """White noise (carriers, samples) of a tile with its history, at the internal rate."""
    first, count = (number * TILE - MARGIN) * plan.scale, PIECES * PIECE * plan.scale
    noise = np.empty((len(plan.noise_rms), count), np.float32)
    for stream, rms in enumerate(plan.noise_rms):
        drawn = white_noise(plan.scenario.seed, shift + stream, first, count, quantiles=normal_quantiles())
        np.multiply(drawn, np.float32(rms), out=noise[stream])
    return noise


def _fft_blocks(plan: Plan, samples: NDArray[Any]) -> NDArray[Any]:
    return sliding_window_view(samples, FFT * plan.scale, axis=1)[:, :: HOP * plan.scale]


def _filtered(plan: Plan, samples: Samples) -> Samples:
    """Audio filter and step up to the output rate: blocks of one FFT, their spectrum padded on the way back."""
    spectrum = np.fft.rfft(_fft_blocks(plan, samples))
    spectrum *= plan.spectrum
    audio: Samples = np.fft.irfft(spectrum, FFT * plan.scale * plan.up)  # type: ignore[assignment]  # float32 in, float32 out
    valid = audio[..., 2 * MARGIN * plan.scale * plan.up :]
    return valid.reshape(len(samples), plan.tile_frames * plan.fine)


# --- a tile among its neighbours --------------------------------------------------------------------------------


def levelled(plan: Plan, number: int, front_of: Callable[[int], Front], level_of: Callable[[int], Samples]) -> Samples:
    """Samples (channels, frames) of a tile's front with the gain of the AGC, where there is one."""
    samples = front_of(number).samples
    return samples * _gain(plan, number, samples.shape[1], level_of) if plan.scenario.agc else samples


def mixed(plan: Plan, number: int, levelled_of: Callable[[int], Samples]) -> Samples:
    """Sound (channels, frames) of a tile as it comes into the audio stage, at the rate of that."""
    scenario = plan.scenario
    samples = levelled_of(number)
    if scenario.detector == "am":
        margin = MARGIN * plan.scale
        before, after = levelled_of(number - 1)[:, -margin:], levelled_of(number + 1)[:, :margin]
        samples = _filtered(plan, np.concatenate([before, samples, after], axis=1))
    if len(samples) > scenario.channels:
        samples = samples.sum(axis=0, keepdims=True)
    if scenario.hum_hz is not None:
        amplitude = 10 ** (scenario.hum_dbfs / 20)
        rate_hz, frames = scenario.sample_rate_hz * plan.fine, samples.shape[1]
        sound = hum(number * frames, frames, rate_hz=rate_hz, hum_hz=scenario.hum_hz, amplitude=amplitude)
        samples = samples + sound
    return samples


def tile(plan: Plan, number: int, mixed_of: Callable[[int], Samples]) -> Samples:
    """Samples (tile_frames, channels) of one tile, full scale 1."""
    scenario, samples = plan.scenario, mixed_of(number)
    if scenario.saturation_dbfs is None:
        return samples.T
    reach = FINE_REACH * plan.fine
    if plan.fine > 1:
        samples = np.concatenate([mixed_of(number - 1)[:, -reach:], samples, mixed_of(number + 1)[:, :reach]], axis=1)
    bent = saturated(samples, limit=10 ** (scenario.saturation_dbfs / 20))
    if plan.fine > 1:  # what would fold goes before the samples do
        bent = np.einsum("cfk,k->cf", sliding_window_view(bent, 2 * reach + 1, axis=1)[:, :: plan.fine], plan.thinning)
    return bent.T


def _gain(plan: Plan, number: int, frames: int, level_of: Callable[[int], Samples]) -> Samples:
    """Gain (channels, frames) of the AGC over a tile: from step to step on a straight line."""
    scenario = plan.scenario
    times = {"attack_s": scenario.agc_attack_s, "release_s": scenario.agc_release_s, "step_s": plan.step_s}
    levels = np.concatenate([level_of(one) for one in range(number - plan.look_back, number + 2)], axis=1)
    last = levels.shape[1] - STEPS + AGC_LEAD
    knots = agc_gain(levels[:, last - STEPS - agc_steps(**times) : last], **times, target=plan.amplitude)[..., None]
    way = np.linspace(0, 1, frames // STEPS, endpoint=False, dtype=np.float32)
    return (knots[:, :-1] + np.diff(knots, axis=1) * way).reshape(len(levels), frames)


# --- windows ----------------------------------------------------------------------------------------------------


def blocks(
    scenario: Scenario | Plan, *, start: int = 0, stop: int | None = None, frames: int | None = None
) -> Iterator[Samples]:
    """Blocks (frames, channels), float32 with full scale 1, of the samples from `start` up to `stop`.

    The last block may be shorter. Without `stop` the recording ends where the scenario does; `start` and `stop` may
    lie anywhere, also before the first sample. Without `frames` the blocks are what is quickest, about a second.
    Whatever the cut, the samples are the same to the bit.
    """
    made = scenario if isinstance(scenario, Plan) else plan(scenario)
    stop = made.frames if stop is None else stop
    ready = _tiles(made, start, stop)
    if frames is None:
        yield from ready
        return
    if frames < 1:
        raise ValueError(f"a block has at least one frame, got {frames}")
    rest = np.empty((0, made.scenario.channels), np.float32)
    for samples in ready:
        rest = np.concatenate([rest, samples])
        while len(rest) >= frames:
            yield rest[:frames]
            rest = rest[frames:]
    if len(rest):
        yield rest


def _tiles(plan: Plan, start: int, stop: int) -> Iterator[Samples]:
    size, read = plan.tile_frames, Reader(plan)
    for number in range(start // size, -(-stop // size)) if stop > start else ():
        yield read.tile(number)[max(start - number * size, 0) : stop - number * size]


class Reader:
    """Samples of a plan from anywhere, a few at a time: the last tile and its group's geometry are kept."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        # A second thread costs time at worst, never a wrong tile: what is kept is a function of its number.
        asks = plan.scenario.agc or plan.scenario.detector == "am" or plan.scenario.saturation_dbfs is not None
        wide, near = (5, 3) if asks else (1, 1)  # tiles about one whose neighbours are asked for
        slow_of = lru_cache(2)(partial(slow, plan))
        front_of = lru_cache(wide)(lambda n: front(plan, slow_of(n // GROUP), n))
        level_of = lru_cache(plan.look_back + 4)(lambda n: front_of(n).level)
        levelled_of = lru_cache(wide)(lambda n: levelled(plan, n, front_of, level_of))
        mixed_of = lru_cache(near)(lambda n: mixed(plan, n, levelled_of))
        self._tile_of = lru_cache(1)(lambda n: tile(plan, n, mixed_of))

    def tile(self, number: int) -> Samples:
        """Samples (tile_frames, channels) of one tile."""
        return self._tile_of(number)

    def read(self, start: int, frames: int) -> Samples:
        """Samples (frames, channels) from `start` on; not to be written to, for they may be part of what is kept."""
        size = self.plan.tile_frames
        number, skip = divmod(start, size)
        if skip + frames <= size:
            return self.tile(number)[skip : skip + frames]
        rest = frames - (size - skip)
        return np.concatenate([self.tile(number)[skip:], self.read(start + size - skip, rest)])


def render(scenario: Scenario | Plan, *, start: int = 0, stop: int | None = None) -> Samples:
    """Samples (N, channels) from `start` up to `stop`, float32 with full scale 1: the whole recording by default."""
    made = scenario if isinstance(scenario, Plan) else plan(scenario)
    parts = list(blocks(made, start=start, stop=stop))
    return np.ascontiguousarray(np.concatenate(parts)) if parts else np.empty((0, made.scenario.channels), np.float32)
