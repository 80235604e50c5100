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
REACH = 120  # samples to each side that go into one sample of the filter's output
OVERLAP = REACH + 8  # samples to each side of a tile that are computed for it; 8 against the FFT's circular wrap
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
    spectra: NDArray[np.complex64]  # (up, N) of the audio filter, for each sample of the audio stage, times N
    if_spectrum: NDArray[np.complex64]  # (N,) of the filter before the envelope detector, times N
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
    def plain(self) -> bool:
        """Whether the band filter is the last stage."""
        s = self.scenario
        return not s.agc and s.hum_hz is None and s.beeps is None and s.saturation_dbfs is None

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
        spectra=(_earlier(up * fine, scale) * _spectrum(taps, scale)).astype(np.complex64),
        if_spectrum=_spectrum(if_taps, scale).astype(np.complex64),
        decimation=decimation.astype(np.float32),
    )


def _needed_rate_hz(scenario: Scenario) -> float:
    """Internal rate at which the keying's sidebands no longer fold into the band: see docs/decisions.md."""
    reach_hz = filter_reach_hz(low_hz=scenario.low_hz, high_hz=scenario.high_hz, shape=scenario.filter_shape)
    highest_hz = max(c.frequency_mhz for c in scenario.carriers) * 1e6 * FASTEST + abs(scenario.carrier_offset_hz)
    highest_hz += max(map(abs, (scenario.chirp_hz, scenario.chirp_end_hz, scenario.backwave_offset_hz)))
    if scenario.detector == "cw":
        highest_hz += max(map(scenario.tone_without_doppler_hz, scenario.carriers))
    return max(LEAST_RATE_HZ, 2 * reach_hz + SCALE_RATE_HZ / 10, reach_hz + highest_hz + 25 / scenario.rise_s)


def _spectrum(taps: Array, scale: int) -> NDArray[np.complex128]:
    """Spectrum (N,) of taps, times N, for blocks whose first valid output is sample 2 OVERLAP."""
    placed = np.zeros(FFT * scale)
    start = (OVERLAP - REACH) * scale
    placed[start : start + taps.size] = taps
    return np.fft.fft(placed) * placed.size


def _earlier(up: int, scale: int) -> NDArray[np.complex128]:
    """Spectra (up, N) that move a block earlier by 0, 1 / up, 2 / up ... of a sample."""
    frequency = np.fft.fftfreq(FFT * scale)  # per sample
    moves: NDArray[np.complex128] = np.exp(2j * np.pi * frequency * (np.arange(up)[:, None] / up))
    moves[:, FFT * scale // 2] = moves[:, FFT * scale // 2].real  # half of it is at +1/2, half at -1/2
    return moves
