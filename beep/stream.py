"""The one place where the stages meet: a tile, a window of samples, blocks.

A tile is about a second of sound and a pure function of (plan, tile number). It is computed at a low internal rate:
keying, tone, gain and noise sample by sample, then one FFT filter that also brings it to the output rate. It carries
no state: the little history that the filter needs is computed again, so every cut of the stream gives the same bytes.

What is slow (delay, distance, elevation) is asked of the geometry at a few Chebyshev nodes a tile, many tiles at a
time, and becomes a quadratic in each of the tile's pieces.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from beep.arrays import Array, Samples
from beep.channel import carrier_to_noise_db_hz, relative_amplitude
from beep.errors import ScenarioError
from beep.keying import Keying
from beep.noise import normal_quantiles, white_noise
from beep.receiver import band_filter, doppler_sign
from beep.reception import Reception, receive
from beep.scenario import Scenario
from beep.signal import carrier, key

# A tile at scale 1 (internal rate up to 12.5 kHz); everything in samples grows with the scale.
PIECE = 64  # samples in which a quadratic stands for the delay: its error is below 1e-8 turn at 40 MHz
FFT = 2048  # samples of one filter block
REACH = 120  # samples that the filter looks to each side
GUARD = 8  # further samples that keep the circular wrap away from the interpolation
HOP = FFT - 2 * (REACH + GUARD)
HOPS = 7
TILE = HOPS * HOP
PIECES = (TILE + 2 * (REACH + GUARD)) // PIECE  # computed for one tile, its history included

SCALE_RATE_HZ = 12_500.0
LEAST_RATE_HZ = 8_000.0  # below, a tile would be too long for its nodes
NODES = 8  # per tile: the error of the delay stays below 1e-8 turn at 40 MHz down to a height of 100 km, where it is
# smooth; SGP4's own steps leave 1e-7 turn at 40 MHz, 5e-6 at 1296 MHz
FASTEST = 3.5e-5  # of the light: 10.5 km/s, the perigee of an orbit that all but escapes
GROUP = 32  # tiles whose geometry is asked for together


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """A scenario made ready: everything that does not change from tile to tile."""

    scenario: Scenario
    reception: Reception
    frames: int  # of the whole recording
    up: int  # output samples per internal sample
    scale: int
    internal_rate_hz: float
    frequency_hz: Array  # (carriers,)
    key: Keying
    on: Array  # (carriers, 2): amplitude = on[0] * power + on[1] * key
    amplitude: Array  # (carriers,) at closest approach, full scale 1
    noise_rms: Array  # (carriers,) at the internal rate
    spectrum: NDArray[np.complex64]  # of the filter

    @property
    def tile_frames(self) -> int:
        """Output samples of one tile."""
        return TILE * self.scale * self.up


def plan(scenario: Scenario) -> Plan:
    """The plan of a scenario. Raises ScenarioError where there is nothing to receive."""
    reception = receive(scenario)
    frames = round(reception.duration_s * scenario.sample_rate_hz)
    if frames < 1:
        raise ScenarioError(f"a recording has at least one sample, got duration_s {reception.duration_s:g}; raise it")
    up = max(1, int(scenario.sample_rate_hz / _needed_rate_hz(scenario)))
    rate_hz = scenario.sample_rate_hz / up
    scale = 1
    while rate_hz > SCALE_RATE_HZ * scale:
        scale *= 2
    heard = scenario.heard
    amplitude = np.full(len(heard), 10 ** (scenario.level_dbfs / 20))
    c_n0_db_hz = np.array(
        [
            carrier_to_noise_db_hz(
                c.frequency_mhz * 1e6, power_w=c.power_w, range_m=reception.closest_m, place=scenario.noise
            )
            for c in heard
        ]
    )
    taps = band_filter(low_hz=scenario.low_hz, high_hz=scenario.high_hz, rate_hz=rate_hz, half=REACH * scale)
    return Plan(
        scenario=scenario,
        reception=reception,
        frames=frames,
        up=up,
        scale=scale,
        internal_rate_hz=rate_hz,
        frequency_hz=np.array([c.frequency_mhz * 1e6 for c in heard]),
        key=scenario.key,
        on=np.array([{"pulse": (0.0, 1.0), "pause": (1.0, -1.0), "always": (1.0, 0.0)}[c.sends] for c in heard]),
        amplitude=amplitude,
        noise_rms=amplitude / np.sqrt(2) * np.sqrt(rate_hz / 2 / 10 ** (c_n0_db_hz / 10)),
        spectrum=_filter_spectrum(taps, scale) * np.float32(up),
    )


def _needed_rate_hz(scenario: Scenario) -> float:
    """Internal rate at which the keying's sidebands no longer fold into the band: see docs/decisions.md."""
    highest_tone_hz = scenario.tone_hz + max(c.frequency_mhz for c in scenario.carriers) * 1e6 * FASTEST
    return max(
        LEAST_RATE_HZ,
        2 * scenario.high_hz + SCALE_RATE_HZ / 10,
        scenario.high_hz + highest_tone_hz + 25 / scenario.rise_s,
    )


def _filter_spectrum(taps: Array, scale: int) -> NDArray[np.complex64]:
    """Spectrum of the taps, placed so that a block's first valid output is its sample 2 (REACH + GUARD)."""
    placed = np.zeros(FFT * scale)
    placed[GUARD * scale : GUARD * scale + taps.size] = taps
    return np.fft.rfft(placed).astype(np.complex64)


# --- slow things ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, eq=False)
class Slow:
    """Delay and gain of a group of tiles, piece by piece."""

    delay_s: Array  # (GROUP, PIECES, 3): value, slope and curvature over the piece, whose length is one
    gain: Samples  # (GROUP, PIECES, 2): value and slope


@lru_cache
def _node_matrix() -> tuple[Array, Array]:
    """Chebyshev nodes of a tile, and the matrix from values there to values at the pieces' ends and middles."""
    nodes = np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)
    points = np.linspace(-1, 1, 2 * PIECES + 1)
    orders = np.arange(NODES)[:, None]
    at_nodes, at_points = np.cos(orders * np.arccos(nodes)), np.cos(orders * np.arccos(points))
    matrix: Array = np.linalg.solve(at_nodes, at_points)
    return nodes, matrix


def slow(plan: Plan, group: int) -> Slow:
    """What changes slowly over the tiles group * GROUP, group * GROUP + 1, ..."""
    nodes, to_points = _node_matrix()
    length_s = PIECES * PIECE * plan.scale / plan.internal_rate_hz
    start_s = _tile_start_s(plan, group * GROUP + np.arange(GROUP))
    seen = plan.reception.look((start_s[:, None] + (nodes + 1) / 2 * length_s).ravel())

    def at_points(values: Array) -> Array:
        return values.reshape(GROUP, NODES) @ to_points

    delay_s = at_points(seen.delay_s)
    first, middle, last = delay_s[:, :-2:2], delay_s[:, 1::2], delay_s[:, 2::2]
    bend = 2 * (first - 2 * middle + last)
    gain = relative_amplitude(
        at_points(seen.range_m)[:, ::2],
        at_points(np.sin(seen.elevation_rad))[:, ::2],
        closest_m=plan.reception.closest_m,
    )
    return Slow(
        delay_s=np.stack([first, last - first - bend, bend], axis=-1),
        gain=np.stack([gain[:, :-1], np.diff(gain)], axis=-1).astype(np.float32),
    )


def _tile_start_s(plan: Plan, number: NDArray[np.int64] | int) -> Array:
    """Time of the first internal sample that is computed for a tile: its history comes before its output."""
    first = np.asarray(number * TILE - REACH - GUARD, np.float64)
    return first * (plan.scale / plan.internal_rate_hz)


# --- a tile -----------------------------------------------------------------------------------------------------


def tile(plan: Plan, slow: Slow, number: int) -> Samples:
    """Samples (tile_frames, channels) of one tile, full scale 1."""
    scenario, row = plan.scenario, number % GROUP
    step = np.arange(PIECE * plan.scale) / (PIECE * plan.scale)  # through a piece, 0 to 1
    powers = np.stack([np.ones_like(step), step, step**2])

    piece_s = PIECE * plan.scale / plan.internal_rate_hz
    time_s = np.zeros((PIECES, 3))
    time_s[:, 0] = _tile_start_s(plan, number) + np.arange(PIECES) * piece_s
    time_s[:, 1] = piece_s

    # Emission time u = t - delay; the keying is read there.
    sent_s = (time_s - slow.delay_s[row]) @ powers  # (PIECES, PIECE)
    down, power = key(sent_s, plan.key)

    # Phase of the beat between the carrier, 2 pi f u, and an oscillator that stands tone_hz beside it.
    sign = doppler_sign(scenario.sideband)
    turns = scenario.tone_hz * time_s - sign * plan.frequency_hz[:, None, None] * slow.delay_s[row]
    turns[..., 0] -= np.rint(turns[..., 0])
    tone = carrier(turns @ powers)  # (carriers, PIECES, PIECE)

    gain = slow.gain[row] @ powers[:2].astype(np.float32)
    on = plan.on.astype(np.float32)[..., None, None]
    level = plan.amplitude.astype(np.float32)[:, None, None]
    heard = tone * (level * gain * (on[:, 0] * power + on[:, 1] * down))
    return _received(plan, heard.reshape(len(heard), -1) + _noise(plan, number))


def _noise(plan: Plan, number: int) -> Samples | float:
    """White noise (carriers, samples) of a tile with its history, at the internal rate."""
    if plan.scenario.noise == "off":
        return 0.0
    first, count = (number * TILE - REACH - GUARD) * plan.scale, PIECES * PIECE * plan.scale
    return np.stack(
        [
            np.float32(rms) * white_noise(plan.scenario.seed, stream, first, count, quantiles=normal_quantiles())
            for stream, rms in enumerate(plan.noise_rms)
        ]
    )


def _received(plan: Plan, samples: Samples) -> Samples:
    """Band filter and step up to the output rate: blocks of one FFT, their spectrum padded on the way back."""
    if plan.scenario.mix == "mono":
        samples = samples.sum(axis=0, keepdims=True)
    blocks = sliding_window_view(samples, FFT * plan.scale, axis=1)[:, :: HOP * plan.scale]
    spectrum = np.fft.rfft(blocks) * plan.spectrum
    audio: Samples = np.fft.irfft(spectrum, FFT * plan.scale * plan.up)  # type: ignore[assignment]  # float32 in, float32 out
    valid = audio[..., 2 * (REACH + GUARD) * plan.scale * plan.up :]
    return valid.reshape(len(samples), plan.tile_frames).T


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
        self._slow: tuple[int, Slow] | None = None
        self._tile: tuple[int, Samples] | None = None

    def tile(self, number: int) -> Samples:
        """Samples (tile_frames, channels) of one tile."""
        # What is kept is read and replaced as one value: a second thread costs time at worst, never a wrong tile.
        kept = self._tile
        if kept is None or kept[0] != number:
            group = number // GROUP
            terms = self._slow
            if terms is None or terms[0] != group:
                terms = self._slow = (group, slow(self.plan, group))
            kept = self._tile = (number, tile(self.plan, terms[1], number))
        return kept[1]

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
