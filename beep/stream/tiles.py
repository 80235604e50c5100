"""Sound, tile by tile: the one module in which all stages meet.

A tile is about a second of sound. Its stages, each a function below:

    course      slowly changing delay and gain of each carrier, for a group of tiles
    filtered    keyed tones with noise at a low internal rate, then the band filter and the output rate;
                with an envelope detector: the envelope behind the first filter, at the internal rate
    levelled    AGC, from the `peaks` of this and earlier tiles
    mixed       audio filter behind an envelope detector, mono mix, hum, faded ends of a recording of whole beeps
    tile        soft clipping

A stage depends on (plan, tile number) alone. It computes the overlap of its filter again, and asks for the tiles beside
its own where it needs them. No state runs from tile to tile, so the bytes do not depend on how the stream is cut.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import numpy.random  # for the noise; imported here, as an interrupt during a late import of it is lost
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from numpy.typing import NDArray

from beep.base.arrays import Array, Samples
from beep.base.random import normal_quantiles, white_noise
from beep.radio.receiver import agc_gain, agc_steps, faded_ends, hum, saturated, straight_between, with_even_harmonics
from beep.scenario.scenario import Scenario
from beep.signal.pulses import carrier, chirp_turns, click, key, key_times_s, phasor
from beep.stream.course import GROUP, Course, course_of_group, tile_start_s
from beep.stream.plan import AGC_STEPS, FFT, FINE_REACH, HOP, HOPS, OVERLAP, PIECE, PIECES, TILE, Plan, make_plan
from beep.stream.reception import SILENT_S, Reception

QUADRATURE_STREAM = 1 << 40  # the noise of carrier n is stream n; its quadrature phase is stream n + this
ALL = slice(None)

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, eq=False)
class Wave:
    """Carriers in the M pieces of a tile in which they send; what is not sent costs nothing."""

    on: NDArray[np.bool_]  # (carriers, PIECES), of which M are true
    turns: Array  # (M, samples of a piece), phase
    strength: Samples  # the same, amplitude with the key down
    keying: Samples  # the same, 0 to 1


class Reader:
    """Samples of a plan from anywhere; the results of the stages for the last few tiles are kept.

    Several threads may read: a result depends on its number alone, so at worst it is computed twice.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._kept: dict[Callable[..., Any], dict[int, Any]] = {}  # by stage and number, the oldest first
        self._most_kept: dict[Callable[..., Any], int] = {course: 2, peaks: plan.look_back + 2}
        self._tiles_kept = 3 if plan.needs_neighbours else 1  # a tile and the two beside it

    def get(self, stage: Callable[["Reader", int], T], number: int) -> T:
        """Return the result of a stage for a tile, of `course` for a group of tiles."""
        kept = self._kept.setdefault(stage, {})
        result: T | None = kept.get(number)
        if result is None:
            result = kept[number] = stage(self, number)
            for old in list(kept)[: -self._most_kept.get(stage, self._tiles_kept)]:
                kept.pop(old, None)
        return result

    def tile(self, number: int) -> Samples:
        """Samples (tile_frames, channels) of one tile."""
        return self.get(tile, number)

    def read(self, start: int, frames: int) -> Samples:
        """Samples (frames, channels) from `start` on. Do not write to them: they may be part of a kept tile."""
        size = self.plan.tile_frames
        number, skip = divmod(start, size)
        if skip + frames <= size:
            return self.tile(number)[skip : skip + frames]
        rest = frames - (size - skip)
        return np.concatenate([self.tile(number)[skip:], self.read(start + size - skip, rest)])


# --- stages -----------------------------------------------------------------------------------------------------


def course(reader: Reader, group: int) -> Course:
    """Delay and gain of each carrier over a group of tiles."""
    return course_of_group(reader.plan, group)


def filtered(reader: Reader, number: int) -> Samples:
    """Sound (channels, frames) at the output rate, or an envelope at the internal rate, behind the first filter."""
    plan, scenario = reader.plan, reader.plan.scenario
    course_of_tile = reader.get(course, number // GROUP)
    if scenario.detector == "am":
        return _envelope(plan, course_of_tile, number)
    tones = superposed(waves_of(plan, course_of_tile, number), carrier)
    _add_noise(plan, tones, number)
    if scenario.mix == "mono" and not scenario.agc:  # each receiver has its own AGC: they are mixed after it
        tones = tones.sum(axis=0, keepdims=True)
    return _band_filtered(plan, tones)


def peaks(reader: Reader, number: int) -> Samples:
    """Largest amplitude (channels, AGC_STEPS) in each step of the AGC."""
    samples = reader.get(filtered, number)
    largest: Samples = np.abs(samples).reshape(len(samples), AGC_STEPS, -1).max(axis=2)
    return largest


def levelled(reader: Reader, number: int) -> Samples:
    """The filtered samples with the gain of the AGC, where there is one."""
    plan, scenario = reader.plan, reader.plan.scenario
    if not scenario.agc:
        return reader.get(filtered, number)
    times = {"attack_s": scenario.agc_attack_s, "release_s": scenario.agc_release_s, "step_s": plan.step_s}
    level = np.concatenate([reader.get(peaks, n) for n in range(number - plan.look_back, number + 1)], axis=1)
    start = level.shape[1] - 1 - AGC_STEPS - agc_steps(**times)
    gain = agc_gain(level[:, start:-1], **times, target=plan.amplitude)  # not from the step itself: causal
    samples = reader.get(filtered, number)
    course_of_gain = straight_between(gain, samples.shape[1] // AGC_STEPS)
    course_of_gain *= samples
    return course_of_gain


def mixed(reader: Reader, number: int) -> Samples:
    """Sound (channels, frames) at the rate of the audio stage: AM audio filter, mono mix, hum, ends."""
    plan, scenario = reader.plan, reader.plan.scenario
    if scenario.detector == "am":
        samples = _band_filtered(plan, _with_neighbours(reader, levelled, number, OVERLAP * plan.scale))
    else:
        samples = reader.get(levelled, number)
    if len(samples) > scenario.channels:
        samples = samples.sum(axis=0, keepdims=True)
    if scenario.hum_hz is not None:
        amplitude = 10 ** (scenario.hum_dbfs / 20)
        rate_hz, frames = scenario.sample_rate_hz * plan.fine, samples.shape[1]
        sound = hum(number * frames, frames, rate_hz=rate_hz, hum_hz=scenario.hum_hz, amplitude=amplitude)
        samples = samples + sound
    if scenario.beeps is not None:
        rise, frames = round(SILENT_S * scenario.sample_rate_hz * plan.fine), samples.shape[1]
        samples = samples * faded_ends(number * frames, frames, of=plan.frames * plan.fine, rise=rise)
    return samples


def tile(reader: Reader, number: int) -> Samples:
    """Samples (tile_frames, channels) of one tile, full scale 1: soft clipping, at a higher rate against aliasing."""
    plan, scenario = reader.plan, reader.plan.scenario
    if scenario.saturation_dbfs is None:
        return reader.get(mixed, number).T
    limit = 10 ** (scenario.saturation_dbfs / 20)
    asymmetry = scenario.saturation_asymmetry
    step = plan.tile_frames * plan.fine // AGC_STEPS
    reach = FINE_REACH * plan.fine if plan.fine > 1 else 0
    clipped = saturated(_with_neighbours(reader, mixed, number, 2 * step if asymmetry else reach), limit=limit)
    if asymmetry:
        clipped = with_even_harmonics(clipped, share=asymmetry / limit, step=step)
        clipped = clipped[:, step - reach : clipped.shape[1] - step + reach]
    if plan.fine == 1:
        return clipped.T
    windows = sliding_window_view(clipped, 2 * reach + 1, axis=1)[:, :: plan.fine]
    decimated: Samples = np.einsum("cfk,k->cf", windows, plan.decimation)
    return decimated.T


def _with_neighbours(reader: Reader, stage: Callable[[Reader, int], Samples], number: int, margin: int) -> Samples:
    """A stage's samples of a tile, with `margin` samples of the tiles before and after it."""
    if margin == 0:
        return reader.get(stage, number)
    before, samples, after = (reader.get(stage, n) for n in (number - 1, number, number + 1))
    return np.concatenate([before[:, -margin:], samples, after[:, :margin]], axis=1)


# --- parts of the first stage, at the internal rate, with the overlap -------------------------------------------


def waves_of(plan: Plan, course: Course, number: int, *, pieces: slice = ALL) -> list[Wave]:
    """The keyed carriers of a tile, and the residual carriers where there are some; see `superposed`.

    The phase is relative to the receiver's oscillator. `pieces` are those of the tile with its overlap.
    """
    scenario, row = plan.scenario, number % GROUP
    powers = _powers(PIECE * plan.scale)

    if course.time_s is None:
        time_s = np.zeros((PIECES, 3))
        time_s[:, 0] = tile_start_s(plan, number) + np.arange(PIECES) * plan.step_s
        time_s[:, 1] = plan.step_s
    else:
        time_s = course.time_s[row]
    time_s = time_s[pieces]

    # What arrives at t was sent at u = t - delay, and was keyed then.
    sent = time_s - course.group_delay_s[:, row, pieces]
    sent_s = sent @ powers
    keys = [key(u_s, plan.key) for u_s in sent_s]
    down = np.stack([key_down for key_down, _ in keys])
    power = np.stack(np.broadcast_arrays(*(np.array(power, np.float32, ndmin=2) for _, power in keys)))
    factor = plan.key_and_power[..., None, None]
    keying = factor[:, 0] * down + factor[:, 1] * power

    # Phase of the beat between the carrier, 2 pi f u, and an oscillator tone_hz beside it, or on it.
    sign, tone_hz, frequency_hz = plan.sign, plan.tone_hz[:, None, None], plan.frequency_hz[:, None, None]
    turns = tone_hz * time_s - sign * frequency_hz * course.phase_delay_s[:, row, pieces]
    if course.drift is not None:
        turns = turns + course.drift[:, row, pieces]
    turns[..., 0] -= np.rint(turns[..., 0])
    gain = np.broadcast_to(course.gain[:, row, pieces], (*turns.shape[:2], 2))

    def wave(turns: Array, keying: Samples) -> Wave:
        on = np.asarray(keying.any(axis=-1))
        strength: Samples = gain[on] @ powers[:2].astype(np.float32)
        strength *= plan.amplitude.astype(np.float32)[np.nonzero(on)[0], None]
        return Wave(on=on, turns=turns[on] @ powers, strength=strength, keying=keying[on])

    waves = [wave(turns, keying)]
    if scenario.chirp_hz or scenario.chirp_end_hz or scenario.click_db is not None:
        _change_at_key(plan, waves[0], sent_s)
    if scenario.backwave_db is not None:
        rest = np.float32(10 ** (scenario.backwave_db / 20)) * (power - keying)
        waves.append(wave(turns + sign * scenario.backwave_offset_hz * sent, rest))
    return waves


def _change_at_key(plan: Plan, wave: Wave, sent_s: Array) -> None:
    """Add chirp and key click to the keyed carriers, in place; `sent_s` are all emission times of the tile."""
    scenario, done = plan.scenario, 0
    for row, sent in enumerate(scenario.heard):
        u_s = sent_s[row % len(sent_s)][wave.on[row]]
        part, done = slice(done, done + len(u_s)), done + len(u_s)
        since_s, until_s = (t_s.reshape(u_s.shape) for t_s in key_times_s(u_s.ravel(), plan.key, sends=sent.sends))
        for hz, from_key_s in ((scenario.chirp_hz, since_s), (scenario.chirp_end_hz, until_s)):
            if hz:
                wave.turns[part] += plan.sign * chirp_turns(from_key_s, chirp_hz=hz, chirp_s=scenario.chirp_s)
        if scenario.click_db is not None:
            wave.keying[part] += np.float32(10 ** (scenario.click_db / 20)) * click(since_s, rise_s=scenario.rise_s)


def superposed(waves: list[Wave], form: Callable[[Array], NDArray[Any]]) -> NDArray[Any]:
    """Sum (carriers, samples) of the waves, as `carrier` or `phasor` makes them of their phases."""
    parts = [form(wave.turns) for wave in waves]
    total = np.zeros((*waves[0].on.shape, parts[0].shape[-1]), parts[0].dtype)
    for wave, part in zip(waves, parts, strict=True):
        part *= wave.strength * wave.keying
        total[wave.on] += part
    return total.reshape(len(total), -1)


@lru_cache
def _powers(count: int) -> Array:
    """Powers 0 to 2 of the position in a piece, 0 to 1: (3, count)."""
    step = np.arange(count) / count
    return np.stack([np.ones_like(step), step, step**2])


def _add_noise(plan: Plan, samples: Samples, number: int, *, stream: int = 0) -> None:
    """Add to each carrier (carriers, samples) its noise, in place."""
    if plan.scenario.noise == "off":
        return
    first = (number * TILE - OVERLAP) * plan.scale
    for row, rms in enumerate(plan.noise_rms):
        noise = white_noise(plan.scenario.seed, stream + row, first, samples.shape[1], quantiles=normal_quantiles())
        samples[row] += np.float32(rms) * noise


def _envelope(plan: Plan, course: Course, number: int) -> Samples:
    """Envelope (carriers, samples) of each carrier in its noise, behind the filter before the detector.

    The carrier is at 0 Hz: its cosine and sine, each with its own noise, are real and imaginary part.
    """
    baseband = superposed(waves_of(plan, course, number), phasor)
    _add_noise(plan, baseband.real, number)
    _add_noise(plan, baseband.imag, number, stream=QUADRATURE_STREAM)
    spectrum = np.fft.fft(_fft_blocks(plan, baseband), norm="forward")
    spectrum *= plan.if_spectrum
    valid = np.abs(np.fft.ifft(spectrum)[..., 2 * OVERLAP * plan.scale :]).astype(np.float32, copy=False)
    return valid.reshape(len(baseband), -1)


def _band_filtered(plan: Plan, samples: Samples) -> Samples:
    """Audio filter and interpolation to the rate of the audio stage: FFT blocks with zero-padded spectra."""
    spectrum = np.fft.rfft(_fft_blocks(plan, samples), norm="forward")
    spectrum *= plan.spectrum
    audio: Samples = np.fft.irfft(spectrum, FFT * plan.scale * plan.up)  # type: ignore[assignment]  # float32 in, float32 out
    valid = audio[..., 2 * OVERLAP * plan.scale * plan.up :]
    return valid.reshape(len(samples), plan.tile_frames * plan.fine)


def _fft_blocks(plan: Plan, samples: NDArray[Any]) -> NDArray[Any]:
    """Overlapping blocks (rows, HOPS, FFT) of samples (rows, N), N at scale 1; not to be written to.

    Their transforms take norm="forward", with which alone NumPy computes them in single precision.
    """
    row, sample = samples.strides
    shape, strides = (len(samples), HOPS, FFT * plan.scale), (row, HOP * plan.scale * sample, sample)
    return as_strided(samples, shape, strides, writeable=False)


# --- windows ----------------------------------------------------------------------------------------------------


def blocks(scenario: Scenario | Reception | Plan, *, start: int = 0, stop: int | None = None) -> Iterator[Samples]:
    """Blocks (frames, channels), float32 with full scale 1, of the samples from `start` up to `stop`.

    A block is at most a tile. Without `stop` the recording ends where the scenario does; `start` and `stop` may lie
    anywhere, also before the first sample. However the stream is cut, the samples are the same to the bit.
    """
    plan = make_plan(scenario)
    size, reader = plan.tile_frames, Reader(plan)
    stop = plan.frames if stop is None else stop
    for number in range(start // size, -(-stop // size)) if stop > start else ():
        yield reader.tile(number)[max(start - number * size, 0) : stop - number * size]


def render(scenario: Scenario | Reception | Plan, *, start: int = 0, stop: int | None = None) -> Samples:
    """Samples (N, channels) from `start` up to `stop`, float32 with full scale 1: the whole recording by default."""
    plan = make_plan(scenario)
    parts = list(blocks(plan, start=start, stop=stop))
    return np.ascontiguousarray(np.concatenate(parts)) if parts else np.empty((0, plan.scenario.channels), np.float32)
