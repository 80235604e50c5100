"""The signal before the receiver, about a center frequency: complex baseband, I/Q.

Every carrier in the band is exp(+2 pi j (f - center) t - 2 pi j f delay), keyed, delayed and faded, in complex white
noise. The phases are those of the sound's tiles (`beep.stream.waves`). A chunk of some ten thousand samples
depends on (tuning, chunk number) alone, so the bytes do not depend on how the stream is cut.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import hypot, log10, sqrt

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array
from beep.base.random import white_noise
from beep.radio.channel import received_dbw
from beep.radio.noise import noise_density_dbw_hz
from beep.scenario.carriers import Carrier
from beep.scenario.scenario import Scenario, fields
from beep.signal.pulses import phasor
from beep.stream.course import GROUP, Course, course_of_group
from beep.stream.plan import FASTEST, OVERLAP, PIECE, TILE, Plan, scale_at
from beep.stream.reception import Reception, receiver_c_n0_db_hz
from beep.stream.resolve import receive
from beep.stream.waves import add_waves, waves_of

Iq = NDArray[np.complex64]  # (N, 1), full scale 1

IQ_LEVEL_DBFS = -20.0  # default of the strongest carrier: leaves room for the noise
CENTER_BELOW_HZ = 5000  # from the center to the carrier by default: at 0 Hz receivers have a spike of their own
NOISE_STREAM = 1 << 41  # the noise about a center frequency of n Hz is stream n + this
AUTO_DBFS = -12.0  # rms of the whole band where no level is given: peaks stay below full scale
TINY_W = 1e-30
LEAST_NOISE_HZ = 300e3  # lower end of ITU-R P.372's man-made noise
RECEIVER_FIELDS = [f.name for f in fields() if f.metadata["group"] in ("tuning", "receiver")] + ["mix"]
MOST_CHUNK = 1 << 16  # samples, which stay in a processor's cache
_DIVISORS = [n for n in range(1, TILE // PIECE + 1) if TILE // PIECE % n == 0]


@dataclass(frozen=True, kw_only=True, eq=False)
class Tuning:
    """A reception about a center frequency, at a sample rate; `tune` makes it."""

    reception: Reception  # without receiver; its scenario has the carriers in the band
    center_hz: int
    sample_rate_hz: int
    carriers: tuple[Carrier, ...]  # in the band
    amplitude: Array  # (carriers,) at closest approach, full scale 1
    noise_rms: float  # of each of I and Q
    full_scale_dbw: float  # received power of a carrier at full scale

    @property
    def frames(self) -> int:
        """Samples of the whole recording."""
        return round(self.reception.duration_s * self.sample_rate_hz)

    @cached_property
    def plan(self) -> Plan:
        """The plan of the carriers, which has no filters."""
        nothing = np.zeros(0)
        frequency_hz = _frequency_hz(self.carriers)
        return Plan(
            reception=self.reception,
            frames=self.frames,
            up=1,
            fine=1,
            scale=scale_at(self.sample_rate_hz),
            internal_rate_hz=float(self.sample_rate_hz),
            frequency_hz=frequency_hz,
            tone_hz=frequency_hz - self.center_hz - self.offset_hz,  # the whole Hz are added without rounding
            sign=1,
            key=self.reception.scenario.key,
            amplitude=self.amplitude,
            noise_rms=nothing,
            spectrum=nothing.astype(np.complex64),
            if_spectrum=nothing.astype(np.complex64),
            interpolation=nothing.astype(np.float32),
            decimation=nothing.astype(np.float32),
        )

    @cached_property
    def offset_hz(self) -> NDArray[np.int64]:
        """Whole Hz (carriers,) by which the carriers are above the center."""
        return np.rint(_frequency_hz(self.carriers) - self.center_hz).astype(np.int64)

    @property
    def pieces(self) -> int:
        """Pieces in a chunk: as many as fit, but a whole number of chunks in a tile."""
        return max(n for n in _DIVISORS if n == 1 or n * PIECE * self.plan.scale <= MOST_CHUNK)

    @property
    def chunk_frames(self) -> int:
        """Samples in a chunk."""
        return self.pieces * PIECE * self.plan.scale


def without_receiver(scenario: Scenario) -> Scenario:
    """Return the scenario with all settings of tuning, receiver and mix at their defaults."""
    return replace(scenario, **{name: getattr(Scenario, name) for name in RECEIVER_FIELDS})


def tune(
    scenario: Scenario | Reception,
    *,
    center_hz: int | None = None,
    sample_rate_hz: int | None = None,
    level_dbfs: float | None = IQ_LEVEL_DBFS,
    full_scale_dbw: float | None = None,
    dither: float = 0.0,
) -> Tuning:
    """Return a reception tuned to a center frequency, by default 5 kHz below the first carrier.

    `level_dbfs` is the level of the strongest carrier in the band at closest approach. In its place `full_scale_dbw`
    sets the received power, dBW, that has full scale; None for both makes the whole band -12 dBFS rms. `dither` is
    the rms of noise that is added to I and to Q.
    """
    reception = receive(scenario, audible=False)
    scenario = reception.scenario
    rate_hz = sample_rate_hz or scenario.sample_rate_hz
    if center_hz is None:
        center_hz = default_center_hz(scenario.carriers[0], rate_hz)
    carriers = tuple(carrier for carrier in scenario.carriers if _in_band(scenario, carrier, center_hz, rate_hz))
    scenario = replace(without_receiver(scenario), carriers=carriers or scenario.carriers)
    reception = replace(reception, scenario=scenario)
    powers_dbw, noise_dbw_hz = _received(reception, carriers, center_hz)
    if full_scale_dbw is None and level_dbfs is not None and carriers:
        full_scale_dbw = float(powers_dbw.max()) - level_dbfs
    elif full_scale_dbw is None:
        watts = (10 ** (powers_dbw / 10)).sum() + 10 ** (noise_dbw_hz / 10) * rate_hz
        full_scale_dbw = 10 * log10(max(watts, TINY_W)) - AUTO_DBFS
    noise = 10 ** ((noise_dbw_hz - full_scale_dbw) / 20) * sqrt(rate_hz / 2)
    return Tuning(
        reception=reception,
        center_hz=center_hz,
        sample_rate_hz=rate_hz,
        carriers=carriers,
        amplitude=10 ** ((powers_dbw - full_scale_dbw) / 20),
        noise_rms=hypot(noise, dither),
        full_scale_dbw=full_scale_dbw,
    )


def default_center_hz(carrier: Carrier, sample_rate_hz: int) -> int:
    """Return a center frequency 5 kHz below a carrier, or an eighth of a low sample rate."""
    return round(carrier.frequency_mhz * 1e6) - min(CENTER_BELOW_HZ, sample_rate_hz // 8)


def _in_band(scenario: Scenario, carrier: Carrier, center_hz: int, rate_hz: int) -> bool:
    """Whether a carrier is within half the sample rate with all its Doppler and offset."""
    frequency_hz = carrier.frequency_mhz * 1e6
    moves_hz = frequency_hz * FASTEST + abs(scenario.carrier_offset_hz)
    moves_hz += max(abs(scenario.chirp_hz), abs(scenario.chirp_end_hz))
    return abs(frequency_hz - center_hz) + moves_hz < rate_hz / 2


def _received(reception: Reception, carriers: tuple[Carrier, ...], center_hz: int) -> tuple[Array, float]:
    """Power (carriers,) of each carrier at closest approach, dBW, and the noise of the band, dBW/Hz."""
    scenario = reception.scenario
    if scenario.noise == "off":
        watts = [received_dbw(c.frequency_mhz * 1e6, power_w=c.power_w, range_m=reception.closest_m) for c in carriers]
        return np.array(watts), -np.inf
    noise_hz = carriers[0].frequency_mhz * 1e6 if carriers else max(center_hz, LEAST_NOISE_HZ)
    noise_dbw_hz = noise_density_dbw_hz(noise_hz, scenario.noise)
    return np.array([noise_dbw_hz + receiver_c_n0_db_hz(reception, carrier) for carrier in carriers]), noise_dbw_hz


def _frequency_hz(carriers: tuple[Carrier, ...]) -> Array:
    return np.array([carrier.frequency_mhz * 1e6 for carrier in carriers])


# --- samples ----------------------------------------------------------------------------------------------------


def iq_blocks(tuning: Tuning, *, start: int = 0, stop: int | None = None) -> Iterator[Iq]:
    """Blocks (frames, 1), complex64 with full scale 1, of the samples from `start` up to `stop`.

    Without `stop` the recording ends where the scenario does. However the stream is cut, the samples are the same to
    the bit.
    """
    size = tuning.chunk_frames
    stop = tuning.frames if stop is None else stop
    group, course = None, None
    for number in range(start // size, -(-stop // size)) if stop > start else ():
        if tuning.carriers and number // (size_of_group := _chunks_in_tile(tuning) * GROUP) != group:
            group = number // size_of_group
            course = _course(tuning, group)
        samples = _noise(tuning, number * size, size)
        if course is not None:
            _add_signal(tuning, samples, course, number)
        yield samples[max(start - number * size, 0) : stop - number * size, None]


def _chunks_in_tile(tuning: Tuning) -> int:
    return TILE // PIECE // tuning.pieces


def _course(tuning: Tuning, group: int) -> Course:
    """Course of a group of tiles, in which the carriers' distance to the center is part of the drift."""
    plan, rate_hz = tuning.plan, tuning.sample_rate_hz
    course = course_of_group(plan, group)
    frames = PIECE * plan.scale
    tiles = (group * GROUP + np.arange(GROUP))[:, None] * TILE - OVERLAP
    first = tiles * plan.scale + np.arange(course.gain.shape[2]) * frames
    turns = np.zeros((len(tuning.carriers), *first.shape, 3))
    offset_hz = tuning.offset_hz[:, None, None]
    turns[..., 0] = first % rate_hz * offset_hz % rate_hz / rate_hz
    turns[..., 1] = offset_hz * (frames / rate_hz)
    return replace(course, drift=turns if course.drift is None else turns + course.drift)


def _add_signal(tuning: Tuning, samples: NDArray[np.complex64], course: Course, number: int) -> None:
    """Add the carriers to the samples (frames,) of a chunk, in place."""
    tile, chunk = divmod(number, _chunks_in_tile(tuning))
    first = OVERLAP // PIECE + chunk * tuning.pieces
    for waves in waves_of(tuning.plan, course, tile, pieces=slice(first, first + tuning.pieces)):
        add_waves(samples, waves, phasor)


def _noise(tuning: Tuning, first: int, count: int) -> NDArray[np.complex64]:
    """White noise (count,) from sample `first` on; that of another center frequency is independent."""
    if tuning.noise_rms == 0:
        return np.zeros(count, np.complex64)
    stream, seed = NOISE_STREAM + tuning.center_hz, tuning.reception.scenario.seed
    noise = white_noise(seed, stream, 2 * first, 2 * count)
    noise *= np.float32(tuning.noise_rms)
    return noise.view(np.complex64)
