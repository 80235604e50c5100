"""Sound, tile by tile: the one module in which all stages meet.

A tile is two to four seconds of sound. Its stages, each a function below:

    course      slowly changing delay and gain of each carrier, for a group of tiles
    filtered    keyed tones with noise at a low internal rate, then the band filter and the rate of the audio stage;
                with an envelope detector: the envelope behind the first filter, at the internal rate
    levelled    AGC, from the `peaks` of this and earlier tiles
    mixed       audio filter behind an envelope detector, mono mix behind AGC or detector, hum, faded ends
    tile        soft clipping

A stage depends on (plan, tile number) alone. It computes the overlap of its filter again, and asks for the tiles beside
its own where it needs them. No state runs from tile to tile, so the bytes do not depend on how the stream is cut.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from beep.base.arrays import Samples
from beep.base.random import white_noise
from beep.radio.receiver import agc_gain, agc_steps, faded_ends, hum, saturated, straight_between, with_even_harmonics
from beep.scenario.scenario import Scenario
from beep.signal.pulses import carrier, phasor
from beep.stream.course import GROUP, Course, course_of_group
from beep.stream.overlap_save import band_filtered, envelope
from beep.stream.plan import AGC_STEPS, FINE_REACH, OVERLAP, PIECE, PIECES, TILE, Plan, make_plan
from beep.stream.reception import SILENT_S, Reception
from beep.stream.waves import add_waves, waves_of

KEPT_BYTES = 1 << 24  # more than an array of a tile, except at the highest rates
QUADRATURE_STREAM = 1 << 40  # the noise of carrier n is stream n; its quadrature phase is stream n + this

T = TypeVar("T")


class Reader:
    """Samples of a plan from anywhere; the results of the stages for the last few tiles are kept.

    Several threads may read: a result depends on its number alone, so at worst it is computed twice.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        _keep_freed_memory()
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


@lru_cache
def _keep_freed_memory() -> None:
    """Have glibc keep the memory that a tile has freed for the next one; without, each tile has 90 page faults.

    glibc returns arrays to the system from a size on, which becomes that of the largest array returned. This is done
    once in a process: a second such array would lie on the heap and fragment it. Another C library is not affected.
    """
    np.empty(KEPT_BYTES, np.uint8)  # released at once, and never written to


# --- stages -----------------------------------------------------------------------------------------------------


def course(reader: Reader, group: int) -> Course:
    """Delay and gain of each carrier over a group of tiles."""
    return course_of_group(reader.plan, group)


def filtered(reader: Reader, number: int) -> Samples:
    """Sound (channels, frames) at the rate of the audio stage, or an envelope at the internal rate."""
    plan, scenario = reader.plan, reader.plan.scenario
    carriers = waves_of(plan, reader.get(course, number // GROUP), number)
    if scenario.detector == "am":  # the carrier is at 0 Hz; cosine and sine have each their own noise
        baseband = np.empty((len(carriers), PIECES * PIECE * plan.scale), np.complex64)
        baseband.real = _noise(plan, number)
        baseband.imag = _noise(plan, number, stream=QUADRATURE_STREAM)
        for row, waves in enumerate(carriers):
            add_waves(baseband[row], waves, phasor)
        return envelope(plan, baseband)
    tones = _noise(plan, number)
    for row, waves in enumerate(carriers):
        add_waves(tones[row], waves, carrier)
    if scenario.mix == "mono" and not scenario.agc:  # each receiver has its own AGC: they are mixed after it
        tones = tones.sum(axis=0, keepdims=True)
    return band_filtered(plan, tones)


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
    gains = straight_between(gain, samples.shape[1] // AGC_STEPS)
    gains *= samples
    return gains


def mixed(reader: Reader, number: int) -> Samples:
    """Sound (channels, frames) at the rate of the audio stage: AM audio filter, mono mix, hum, ends."""
    plan, scenario = reader.plan, reader.plan.scenario
    if scenario.detector == "am":
        samples = band_filtered(plan, _with_neighbours(reader, levelled, number, OVERLAP * plan.scale))
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


def _noise(plan: Plan, number: int, *, stream: int = 0) -> Samples:
    """Noise (carriers, samples) at the internal rate, with the overlap."""
    first, count = (number * TILE - OVERLAP) * plan.scale, PIECES * PIECE * plan.scale
    noise = np.zeros((len(plan.noise_rms), count), np.float32)
    for row, rms in enumerate(plan.noise_rms):
        if rms:
            drawn = white_noise(plan.scenario.seed, stream + row, first, count)
            np.multiply(drawn, np.float32(rms), out=noise[row])
    return noise


def _with_neighbours(reader: Reader, stage: Callable[[Reader, int], Samples], number: int, margin: int) -> Samples:
    """A stage's samples of a tile, with `margin` samples of the tiles before and after it."""
    if margin == 0:
        return reader.get(stage, number)
    before, samples, after = (reader.get(stage, n) for n in (number - 1, number, number + 1))
    return np.concatenate([before[:, -margin:], samples, after[:, :margin]], axis=1)


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
