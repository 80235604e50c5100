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

# A tile at scale 1 (internal rate up to 12.5 kHz); everything in samples grows with the scale.
PIECE = 64  # samples in which a quadratic stands for the delay: its error is below 1e-8 turn at 40 MHz
FFT = 1792  # samples of one filter block: powers of two are half as fast, as they share lines of the cache
REACH = 118  # samples to each side that go into one sample of the filter's output
STEP_REACH = 10  # samples to each side that may go into one sample at the rate of the audio stage
STEP_ROW = 16  # samples, at any scale, whose steps up are one row of a matrix product
OVERLAP = REACH + STEP_REACH  # samples to each side of a tile that are computed for it
HOP = FFT - 2 * OVERLAP
HOPS = 16  # even, as both halves of a tile may be filtered as a pair
TILE = HOPS * HOP
PIECES = (TILE + 2 * OVERLAP) // PIECE  # of a tile with its overlap
AGC_STEPS = TILE // PIECE  # in a tile
FINE_REACH = 16  # output samples to each side that go into one sample of the decimation filter's output

SCALE_RATE_HZ = 12_500.0
FASTEST = 3.5e-5  # of the speed of light: 10.5 km/s, at the perigee of an orbit near escape
LEAST_AUDIO_RATE = 10.0  # times the band's upper edge, where audio is clipped: the ninth harmonic folds, 91 dB down
MOST_SOUND_RATE_HZ = 384_000
STEP_IMAGE_DB = 115.0  # by which images of the step up are down, where its reach is long enough
LEAST_RATE_HZ = 8_000.0  # below, a tile would be too long for its nodes


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """A reception with its rates, filters and levels; `make_plan` makes it."""

    reception: Reception
    frames: int  # of the whole recording
    up: int  # samples of the audio stage per internal sample
    fine: int  # and per output sample: more than one where harmonics would fold
    scale: int
    internal_rate_hz: float
    frequency_hz: Array  # (carriers,)
    tone_hz: Array  # (carriers,) without Doppler; 0 before an envelope detector
    sign: int  # of the Doppler in the tone, see doppler_sign
    key: Keying
    amplitude: Array  # (carriers,) at closest approach, full scale 1
    noise_rms: Array  # (carriers,) at the internal rate; before an envelope detector, of each of the two phases
    spectrum: NDArray[np.complex64]  # (N,) of the audio filter, times N
    if_spectrum: NDArray[np.complex64]  # (N,) of the filter before the envelope detector, times N
    step_up: Samples  # (STEP_ROW + 2 N, STEP_ROW up), matrix to the rate of the audio stage
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
    up = max(1, int(scenario.sample_rate_hz / _needed_rate_hz(scenario)))
    rate_hz = scenario.sample_rate_hz / up
    scale = 1
    while rate_hz > SCALE_RATE_HZ * scale:
        scale *= 2
    carriers = scenario.heard
    amplitude = np.full(len(carriers), 10 ** (scenario.level_dbfs / 20))
    c_n0 = 10 ** (np.array([receiver_c_n0_db_hz(reception, carrier) for carrier in carriers]) / 10)
    band_hz = rate_hz if scenario.detector == "am" else rate_hz / 2
    audio_rate_hz = LEAST_AUDIO_RATE * scenario.high_hz
    fine = 1 if scenario.saturation_dbfs is None else ceil(audio_rate_hz / scenario.sample_rate_hz)
    half_hz = scenario.sample_rate_hz / 2
    decimation = band_filter(low_hz=0.0, high_hz=half_hz, rate_hz=2 * half_hz * fine, half=FINE_REACH * fine)
    design = partial(band_filter, high_hz=scenario.high_hz, rate_hz=rate_hz, half=REACH * scale)
    shape = scenario.filter_shape  # of the filter that is tuned: before an envelope detector, whose audio is flat
    taps = design(low_hz=scenario.low_hz, shape="flat" if scenario.detector == "am" else shape)
    if_taps = design(low_hz=0.0, shape=shape)
    return Plan(
        reception=reception,
        frames=frames,
        up=up * fine,
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
        step_up=_step_up(up * fine, _reach_hz(scenario) / rate_hz, STEP_REACH * scale),
        decimation=decimation.astype(np.float32),
    )


def _needed_rate_hz(scenario: Scenario) -> float:
    """Internal rate at which the keying's sidebands no longer fold into the band: see docs/decisions.md."""
    reach_hz = _reach_hz(scenario)
    for_step_hz = min(3.0 * reach_hz, max(SCALE_RATE_HZ, 2.4 * reach_hz))  # at a larger scale it reaches further
    highest_hz = max(c.frequency_mhz for c in scenario.carriers) * 1e6 * FASTEST + abs(scenario.carrier_offset_hz)
    highest_hz += max(map(abs, (scenario.chirp_hz, scenario.chirp_end_hz, scenario.backwave_offset_hz)))
    if scenario.detector == "cw":
        highest_hz += max(map(scenario.tone_without_doppler_hz, scenario.carriers))
    return max(LEAST_RATE_HZ, for_step_hz, reach_hz + highest_hz + 25 / scenario.rise_s)


def _reach_hz(scenario: Scenario) -> float:
    return filter_reach_hz(low_hz=scenario.low_hz, high_hz=scenario.high_hz, shape=scenario.filter_shape)


def _spectrum(taps: Array, scale: int) -> NDArray[np.complex64]:
    """Spectrum (N,) of taps, times N: of a block's circular convolution, the first 2 REACH samples are not valid."""
    spectrum = np.fft.fft(taps, FFT * scale) * (FFT * scale)
    return spectrum.astype(np.complex64)


def _step_up(up: int, highest: float, most: int) -> Samples:
    """Matrix (STEP_ROW + 2 N, STEP_ROW up) from a row of samples to `up` times as many, without N at both ends.

    `highest` is the highest frequency in the samples, cycles per sample. N is as STEP_IMAGE_DB needs, or `most`.

    References: Kaiser 1974, as in `band_filter`.
    """
    if up == 1:
        return np.eye(STEP_ROW, dtype=np.float32)
    between = max(1 - 2 * highest, 0.01)  # the band and its image
    half = min(ceil((STEP_IMAGE_DB - 8) / (2.285 * 4 * np.pi * between)), most)
    away = np.arange(STEP_ROW * up) / up + half - np.arange(STEP_ROW + 2 * half)[:, None]
    inside = np.clip(1 - (away / half) ** 2, 0, None)
    beta = 0.1102 * (STEP_IMAGE_DB - 8.7)
    return np.asarray(np.sinc(away) * np.i0(beta * np.sqrt(inside)) / np.i0(beta) * (inside > 0), np.float32)
