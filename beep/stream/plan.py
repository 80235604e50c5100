"""Rates, filters and levels of a reception: everything that does not change from tile to tile."""

from dataclasses import dataclass
from functools import partial
from math import ceil

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array, Samples
from beep.base.errors import ScenarioError
from beep.radio.receiver import agc_steps, band_filter, doppler_sign, filter_reach_hz
from beep.scenario.scenario import Scenario
from beep.signal.keying import Keying
from beep.stream.reception import Reception, receiver_c_n0_db_hz
from beep.stream.resolve import receive

# Lengths in internal samples at scale 1; they grow with the scale.
PIECE = 64  # in which a quadratic stands for the delay; it divides TILE and OVERLAP
FILTER_BLOCK = 1792  # of the filter, whose FFT takes less time a sample than that of a power of two
REACH = 118  # to each side that go into one sample of the filter's output
INTERPOLATION_REACH = 10  # to each side that may go into one sample at the rate of the audio stage
OVERLAP = REACH + INTERPOLATION_REACH  # to each side of a tile that are computed for it
HOP = FILTER_BLOCK - 2 * OVERLAP
BLOCKS = 16  # even, as both halves of a tile may be filtered as a pair
TILE = BLOCKS * HOP
PIECES = (TILE + 2 * OVERLAP) // PIECE  # of a tile with its overlap
AGC_STEPS = TILE // PIECE  # in a tile

INTERPOLATION_ROW = 16  # samples, at any scale, in a row of the interpolation's matrix product; they divide HOP
IMAGE_DB = 115.0  # attenuation of the interpolation's images, where its reach is long enough
FINE_REACH = 16  # output samples to each side that go into one sample of the decimation filter's output

SCALE_RATE_HZ = 12_500.0  # internal rate from which the scale is 2; from twice this rate on it is 4, and so on
FASTEST = 3.5e-5  # of the speed of light: 10.5 km/s, at the perigee of an orbit near escape
LEAST_AUDIO_RATE = 10.0  # times the band's upper edge, where audio is clipped: the ninth harmonic folds, 91 dB down
MOST_SOUND_RATE_HZ = 384_000
LEAST_RATE_HZ = 8_000.0  # below, a tile would be too long for its nodes


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """A reception with its rates, filters and levels; `make_plan` makes it."""

    reception: Reception
    frames: int  # of the whole recording
    up: int  # samples of the audio stage per internal sample
    fine: int  # samples of the audio stage per output sample: above 1 where harmonics of clipped sound would fold
    scale: int
    internal_rate_hz: float
    frequency_hz: Array  # (carriers,)
    tone_hz: Array  # (carriers,) without Doppler; 0 before an envelope detector
    sign: int  # of the Doppler in the tone, see doppler_sign
    key: Keying
    amplitude: Array  # (carriers,) at closest approach, full scale 1
    noise_rms: Array  # (carriers,) at the internal rate; before an envelope detector, of each of the two phases
    spectrum: NDArray[np.complex64]  # (FILTER_BLOCK scale,) of the audio filter, times FILTER_BLOCK scale
    if_spectrum: NDArray[np.complex64]  # the same of the filter before the envelope detector
    interpolation: Samples  # matrix (INTERPOLATION_ROW + 2 N, INTERPOLATION_ROW up) to the rate of the audio stage
    decimation: Samples  # taps (2 FINE_REACH fine + 1,) of the filter from the audio stage to the output rate

    @property
    def scenario(self) -> Scenario:
        """The scenario of the reception."""
        return self.reception.scenario

    @property
    def tile_frames(self) -> int:
        """Output samples of one tile."""
        return TILE * self.scale * self.up // self.fine

    @property
    def step_s(self) -> float:
        """Time between two steps of the AGC."""
        return PIECE * self.scale / self.internal_rate_hz

    @property
    def look_back(self) -> int:
        """Number of tiles before a tile whose level its AGC gain depends on."""
        scenario = self.scenario
        if not scenario.agc:
            return 0
        steps = agc_steps(attack_s=scenario.agc_attack_s, release_s=scenario.agc_release_s, step_s=self.step_s)
        return -(-(steps + 1) // AGC_STEPS)

    @property
    def needs_neighbours(self) -> bool:
        """Whether some stage of a tile reads the tiles beside it."""
        return self.scenario.detector == "am" or self.scenario.saturation_dbfs is not None


def make_plan(scenario: Scenario | Reception | Plan) -> Plan:
    """Return the plan of a scenario; a Plan is returned as it is.

    Raises ScenarioError where there is nothing to receive.
    """
    if isinstance(scenario, Plan):
        return scenario
    reception = receive(scenario)
    scenario = reception.scenario
    if scenario.sample_rate_hz > MOST_SOUND_RATE_HZ:
        raise ScenarioError(
            f"sample_rate_hz of sound must be at most {MOST_SOUND_RATE_HZ}, got {scenario.sample_rate_hz}; lower it"
        )
    frames = round(reception.duration_s * scenario.sample_rate_hz)
    if frames < 1:
        raise ScenarioError(f"a recording has at least one sample, got duration_s {reception.duration_s:g}; raise it")
    divisor = max(1, int(scenario.sample_rate_hz / _needed_rate_hz(scenario)))
    rate_hz = scenario.sample_rate_hz / divisor
    scale = scale_at(rate_hz)
    carriers = scenario.heard
    amplitude = np.full(len(carriers), 10 ** (scenario.level_dbfs / 20))
    c_n0 = 10 ** (np.array([receiver_c_n0_db_hz(reception, carrier) for carrier in carriers]) / 10)
    band_hz = rate_hz if scenario.detector == "am" else rate_hz / 2
    audio_rate_hz = LEAST_AUDIO_RATE * scenario.high_hz
    fine = 1 if scenario.saturation_dbfs is None else ceil(audio_rate_hz / scenario.sample_rate_hz)
    half_hz = scenario.sample_rate_hz / 2
    decimation = band_filter(low_hz=0.0, high_hz=half_hz, rate_hz=2 * half_hz * fine, half=FINE_REACH * fine)
    design = partial(band_filter, high_hz=scenario.high_hz, rate_hz=rate_hz, half=REACH * scale)
    shape = scenario.filter_shape  # with an envelope detector that of the filter before it, and audio is flat
    taps = design(low_hz=scenario.low_hz, shape="flat" if scenario.detector == "am" else shape)
    if_taps = design(low_hz=0.0, shape=shape)
    return Plan(
        reception=reception,
        frames=frames,
        up=divisor * fine,
        fine=fine,
        scale=scale,
        internal_rate_hz=rate_hz,
        frequency_hz=np.array([carrier.frequency_mhz * 1e6 for carrier in carriers]),
        tone_hz=np.array([scenario.tone_without_doppler_hz(c) if scenario.detector == "cw" else 0.0 for c in carriers]),
        sign=1 if scenario.detector == "am" else doppler_sign(scenario.sideband),
        key=reception.key,
        amplitude=amplitude,
        noise_rms=amplitude / np.sqrt(2) * np.sqrt(band_hz / c_n0),
        spectrum=_spectrum(taps, scale),
        if_spectrum=_spectrum(if_taps, scale),
        interpolation=_interpolation(divisor * fine, _reach_hz(scenario) / rate_hz, INTERPOLATION_REACH * scale),
        decimation=decimation.astype(np.float32),
    )


def scale_at(rate_hz: float) -> int:
    """Power of two by which lengths in internal samples are multiplied."""
    scale = 1
    while rate_hz >= SCALE_RATE_HZ * scale:
        scale *= 2
    return scale


def _needed_rate_hz(scenario: Scenario) -> float:
    """Least internal rate: the keying's sidebands must not fold into the band, and interpolation needs room above it.

    The drift of oscillators is not included. See docs/decisions.md.
    """
    reach_hz = _reach_hz(scenario)
    room_hz = min(3.0 * reach_hz, max(SCALE_RATE_HZ, 2.4 * reach_hz))  # from scale 2 on it may reach twice as far
    highest_hz = max(c.frequency_mhz for c in scenario.carriers) * 1e6 * FASTEST + abs(scenario.carrier_offset_hz)
    highest_hz += max(map(abs, (scenario.chirp_hz, scenario.chirp_end_hz, scenario.backwave_offset_hz)))
    if scenario.detector == "cw":
        highest_hz += max(map(scenario.tone_without_doppler_hz, scenario.carriers))
    return max(LEAST_RATE_HZ, room_hz, reach_hz + highest_hz + 25 / scenario.rise_s)


def _reach_hz(scenario: Scenario) -> float:
    return filter_reach_hz(low_hz=scenario.low_hz, high_hz=scenario.high_hz, shape=scenario.filter_shape)


def _spectrum(taps: Array, scale: int) -> NDArray[np.complex64]:
    """Spectrum (N,) of taps, N = FILTER_BLOCK scale, times N, as the transform of the sound has norm="forward"."""
    spectrum = np.fft.fft(taps, FILTER_BLOCK * scale) * (FILTER_BLOCK * scale)
    return spectrum.astype(np.complex64)


def _interpolation(up: int, highest: float, most: int) -> Samples:
    """Matrix (INTERPOLATION_ROW + 2 N, INTERPOLATION_ROW up) from a row of samples to `up` times as many.

    The output covers the row without its first N and last N samples. The matrix is a sinc function in a Kaiser window
    of N samples to each side; N is at most `most`. `highest` is the samples' highest frequency, cycles per sample.

    References: Kaiser 1974, as in `band_filter`; the formula for beta holds above 50 dB.
    """
    if up == 1:
        return np.eye(INTERPOLATION_ROW, dtype=np.float32)
    slope = 2.285 * 4 * np.pi * max(1 - 2 * highest, 0.01)  # dB per sample of N, by the distance of band and image
    half = min(ceil((IMAGE_DB - 8) / slope), most)
    beta = 0.1102 * (min(IMAGE_DB, max(8 + slope * half, 50)) - 8.7)
    distance = np.arange(INTERPOLATION_ROW * up) / up + half - np.arange(INTERPOLATION_ROW + 2 * half)[:, None]
    window = np.i0(beta * np.sqrt(np.clip(1 - (distance / half) ** 2, 0, None))) / np.i0(beta)
    return np.asarray(np.sinc(distance) * window * (np.abs(distance) < half), np.float32)
