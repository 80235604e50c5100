"""Tone, level and edges of pulses, by maximum likelihood, with their standard errors.

Functions of many pulses at once, arrays (N,). C/N0 is the ratio of power to noise density while the key is down. Down
to C T/N0 of about 13 dB the variance of the tone is that of the Cramér-Rao bound.

References: Rife and Boorstyn, Single-tone parameter estimation from discrete-time observations (1974).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array, picked
from beep.measuring.band import FLAT, STOP, Band

PULSES_AT_ONCE = 128
NOISE_FROM_HZ, NOISE_TO_HZ = 12.0, 200.0  # beside the tone
QUIET_PART = 0.8  # of the noise bins, the lowest: this leaves out a hum line beside the tone
EDGE_WINDOW_S = 0.045  # to either side of where an edge is expected
NOISE_NEIGHBOURS = 15  # pulses over which the noise is averaged
KERNEL_STEPS = 16  # per sample
NOWHERE = -1e12  # score of a moment outside the window


@dataclass(frozen=True, kw_only=True)
class PulseTones:
    """Maximum-likelihood tones of N pulses."""

    time_s: Array  # to which tone_hz belongs
    tone_hz: Array
    glide_hz_s: Array  # within the pulse
    amplitude: Array
    length_s: Array  # of the part in the estimate
    density: Array  # of the noise at baseband: C/N0 = amplitude**2 / density
    phase: NDArray[np.complex128]  # at time_s, of magnitude 1
    slant: Array  # change of the amplitude per second within the pulse

    @property
    def energy(self) -> Array:
        """Energy over noise density, C T/N0."""
        return np.maximum(self.amplitude**2 * self.length_s / self.density, 1e-9)

    @property
    def tone_sd_hz(self) -> Array:
        """Standard error of tone_hz: the Cramér-Rao bound of a tone of unknown phase and amplitude."""
        return np.asarray(np.sqrt(6 / (4 * np.pi**2 * self.energy)) / self.length_s)


def estimate_tones(
    band: Band, start_s: Array, stop_s: Array, *, tone_hz: Array, slope_hz_s: Array, search_hz: float, glide_sd: float
) -> PulseTones:
    """Estimate the tone between `start_s` and `stop_s`, within `search_hz` of `tone_hz` in the middle.

    Its glide is expected to be `slope_hz_s` with a standard error of `glide_sd`, Hz/s.
    """
    given = (start_s, stop_s, tone_hz, slope_hz_s)
    parts = []
    for at in range(0, len(start_s), PULSES_AT_ONCE):
        start, stop, tone, slope = (column[at : at + PULSES_AT_ONCE] for column in given)
        parts.append(_tones(band, start, stop, tone, slope, search_hz, glide_sd))
    columns: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)] if parts else [np.zeros(0)] * 8
    return PulseTones(
        time_s=columns[0],
        tone_hz=columns[1],
        glide_hz_s=columns[2],
        amplitude=columns[3],
        length_s=columns[4],
        density=_among_neighbours(columns[5]),
        phase=columns[6],
        slant=columns[7],
    )


def _tones(
    band: Band, start_s: Array, stop_s: Array, tone_hz: Array, slope_hz_s: Array, search_hz: float, glide_sd: float
) -> tuple[Array, ...]:
    rate = band.rate_hz
    count = int(np.ceil((stop_s - start_s).max() * rate)) + 2
    middle = (start_s + stop_s) / 2
    t_s, z = band.windows(start_s, count, tone_hz, slope_hz_s, middle)
    inside = ((t_s >= start_s[:, None]) & (t_s <= stop_s[:, None]) & (z != 0)).astype(np.float64)
    total = np.maximum(inside.sum(axis=1), 3.0)
    z = z * inside
    size = 1 << int(np.ceil(np.log2(2.5 * count)))
    step = rate / size
    steps = min(int(np.ceil(search_hz / step)), size // 2 - 1)
    places = np.arange(-steps, steps + 1)
    power = np.abs(np.fft.fft(z, size, axis=1)[:, places]) ** 2
    offset = places[power.argmax(axis=1)] * step
    since = t_s - ((t_s * inside).sum(axis=1) / total)[:, None]
    spread = (since**2 * inside).sum(axis=1) / total
    bowl = (since**2 - spread[:, None]) * inside
    bowl_norm = np.maximum((bowl**2).sum(axis=1), 1e-12)
    glide = np.zeros(len(start_s))
    for _ in range(5):
        turned = z * np.exp(-2j * np.pi * (offset[:, None] + glide[:, None] / 2 * since) * since)
        whole = turned.sum(axis=1)
        norm = np.abs(whole) ** 2 + 1e-30
        step_hz = ((since * turned).sum(axis=1) * whole.conj()).imag / (norm * np.maximum(spread, 1e-12)) / (2 * np.pi)
        offset = offset + np.clip(step_hz, -step, step)
        # Curvature of the phase: mean of measured and expected glide, weighted by their errors.
        bend = ((bowl * turned).sum(axis=1) * whole.conj()).imag / norm * total / bowl_norm / np.pi
        noise = np.abs(turned - (whole / total)[:, None] * inside) ** 2
        bend_sd2 = noise.sum(axis=1) / total / 2 / (norm / total**2 * bowl_norm) / np.pi**2
        gain = glide_sd**2 / (glide_sd**2 + bend_sd2 + 1e-30)
        glide = gain * (glide + bend)
    amplitude = np.abs(whole) / total
    # Noise beside the tone, after a slow change of amplitude and phase has been subtracted.
    slant = (since * turned).sum(axis=1) / np.maximum(spread * total, 1e-12)
    arch = (bowl * turned).sum(axis=1) / bowl_norm
    rest = turned - ((whole / total)[:, None] + slant[:, None] * since) * inside - arch[:, None] * bowl
    beside_hz = np.abs(np.fft.fftfreq(count, 1 / rate))
    spectrum = np.abs(np.fft.fft(rest, axis=1)[:, (beside_hz > NOISE_FROM_HZ) & (beside_hz < NOISE_TO_HZ)]) ** 2
    density = _mean_of_quiet(spectrum) / (total * rate)
    length = total / rate
    energy = amplitude**2 * length / np.maximum(density, 1e-300)
    amplitude = amplitude * np.sqrt(np.maximum(1 - 1 / np.maximum(energy, 1.0), 0.0))  # noise adds to a magnitude
    centre = (t_s * inside).sum(axis=1) / total
    away = centre - middle
    tone = tone_hz + slope_hz_s * away + offset
    unit = np.where(np.abs(whole) > 0, whole / np.maximum(np.abs(whole), 1e-300), 1.0)
    phase = unit * np.exp(2j * np.pi * np.remainder((tone_hz + slope_hz_s / 2 * away) * away, 1.0))
    # A linear change of the amplitude is reduced by its uncertainty.
    rising = (slant * unit.conj()).real
    rising *= rising**2 / (rising**2 + density * rate / 2 / np.maximum(spread * total, 1e-12) + 1e-30)
    return centre, tone, slope_hz_s + glide, amplitude, length, density, phase, rising


def _mean_of_quiet(power: Array) -> Array:
    """Mean of exponentially distributed powers (N, bins) from the lowest of them."""
    bins = power.shape[1]
    count = max(int(QUIET_PART * bins), 1)
    low = np.partition(power, count - 1, axis=1)[:, :count]
    # Maximum likelihood of a censored exponential distribution.
    return np.asarray((low.sum(axis=1) + (bins - count) * low[:, -1]) / count)


def _among_neighbours(density: Array) -> Array:
    """Mean of each pulse's noise and its neighbours', without outliers."""
    if not len(density):
        return density
    half = NOISE_NEIGHBOURS // 2
    padded = np.pad(density, half, mode="reflect" if len(density) > half else "edge")
    views = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    middle = np.median(views, axis=1)
    inlier = (views < 3 * middle[:, None]) & (views > middle[:, None] / 3)
    return np.asarray(np.maximum((views * inlier).sum(axis=1) / np.maximum(inlier.sum(axis=1), 1), 1e-20))


@lru_cache(maxsize=64)
def edge_kernel(rise_s: float, rate_hz: float) -> tuple[Array, Array]:
    """Return times and values of a rising raised-cosine edge after the band filter, half amplitude at time zero."""
    half = int(2 ** np.ceil(np.log2((rise_s + EDGE_WINDOW_S) * 2.5 * rate_hz)))
    count = 2 * half * KERNEL_STEPS
    fine = rate_hz * KERNEL_STEPS
    t_s = (np.arange(count) - count // 2) / fine
    slope = np.where(np.abs(t_s) < rise_s / 2, np.cos(np.pi * t_s / rise_s) * np.pi / (2 * rise_s) / fine, 0.0)
    slope /= slope.sum()
    part = np.abs(np.fft.fftfreq(count, 1 / fine)) / rate_hz
    gain = 0.5 + 0.5 * np.cos(np.pi * np.clip((part - FLAT) / (STOP - FLAT), 0, 1))
    filtered = np.fft.ifft(np.fft.fft(slope) * gain).real
    return t_s, np.cumsum(filtered) - filtered / 2


def estimate_edges(
    band: Band,
    expected_s: Array,
    tones: PulseTones,
    *,
    rising: bool,
    rise_s: float,
    window_s: Array,
    floor: float = 0.0,
) -> tuple[Array, Array]:
    """Estimate when pulses (N,) rise, or fall, through half their amplitude, with standard errors.

    Posterior mean for a raised cosine, with a uniform prior within `window_s` (N,) of `expected_s` (N,). For strong
    signals this is least squares with its Cramér-Rao bound; for weak ones it takes side peaks into account. Outside
    the pulse, `floor` of its amplitude remains, in phase.
    """
    bound_s = edge_sd(tones, rise_s=rise_s, rate_hz=band.rate_hz, floor=floor)
    at_s, sd_s = [], []
    for at in range(0, len(expected_s), PULSES_AT_ONCE):
        expected, window = expected_s[at : at + PULSES_AT_ONCE], window_s[at : at + PULSES_AT_ONCE]
        side_s = float(window.max()) + 1.2 * rise_s + 3 / band.rate_hz
        t_s, level, recorded = _levels(band, expected, picked(tones, slice(at, at + PULSES_AT_ONCE)), side_s, floor)
        moments, (score,) = _scores(
            t_s, level, recorded, expected, window, rising=rising, rises_s=(rise_s,), rate_hz=band.rate_hz
        )
        peak, _ = _peaks(moments, score)
        part = slice(at, at + PULSES_AT_ONCE)
        weight = 2 * (1 - floor) ** 2 * tones.amplitude[part] ** 2 / (tones.density[part] * band.rate_hz)
        likely = np.exp(np.maximum((score - score.max(axis=1)[:, None]) * weight[:, None], -700))
        total = likely.sum(axis=1)
        mean = (likely * moments).sum(axis=1) / total
        spread = np.sqrt((likely * (moments - mean[:, None]) ** 2).sum(axis=1) / total)
        fine = spread < 1.5 * (moments[:, 1] - moments[:, 0])
        at_s.append(np.where(fine, peak, mean))
        sd_s.append(np.where(fine, bound_s[part], spread))
    return (np.concatenate(at_s), np.concatenate(sd_s)) if at_s else (np.zeros(0), np.zeros(0))


def rise_gains(
    band: Band,
    ends_s: tuple[Array, Array],
    tones: PulseTones,
    *,
    rises_s: tuple[float, ...],
    side_s: float,
    window_s: float,
    floor: float,
) -> Array:
    """Return the log likelihood of each length of the edges, up to a constant.

    Edges are searched within `window_s` of `ends_s`, starts and stops of pulses (N,).
    """
    gains = np.zeros(len(rises_s))
    for rising, expected in zip((True, False), ends_s, strict=True):
        t_s, level, recorded = _levels(band, expected, tones, side_s, floor)
        window = np.full(len(expected), window_s)
        moments, scores = _scores(
            t_s, level, recorded, expected, window, rising=rising, rises_s=rises_s, rate_hz=band.rate_hz
        )
        for number, score in enumerate(scores):
            _, top = _peaks(moments, score)
            gains[number] += np.sum(top * 2 * tones.amplitude**2 / (tones.density * band.rate_hz))
    return gains


def shape_of(band: Band, start_s: Array, stop_s: Array, tones: PulseTones) -> tuple[float, float]:
    """Ratios of the amplitude within a pulse, medians over N: last third to first, middle to both."""
    parts = [
        _thirds(
            band,
            start_s[at : at + PULSES_AT_ONCE],
            stop_s[at : at + PULSES_AT_ONCE],
            picked(tones, slice(at, at + PULSES_AT_ONCE)),
        )
        for at in range(0, len(start_s), PULSES_AT_ONCE)
    ]
    first, middle, last = np.concatenate(parts, axis=1)
    little = 0.05 * tones.amplitude + 1e-12
    fall = np.median(last / np.maximum(first, little))
    return float(fall), float(np.median(2 * middle / np.maximum(first + last, 2 * little)))


def _thirds(band: Band, start_s: Array, stop_s: Array, tones: PulseTones) -> Array:
    """Amplitude at the beginning, middle and end of pulses, (3, N)."""
    length = stop_s - start_s
    count = int(np.ceil(float(length.max()) * 0.24 * band.rate_hz)) + 1
    thirds = []
    for low in (0.12, 0.38, 0.64):
        first_s = start_s + low * length
        t_s, z = band.windows(first_s, count, tones.tone_hz, tones.glide_hz_s, tones.time_s)
        inside = t_s <= (first_s + 0.24 * length)[:, None]
        thirds.append(np.abs(np.where(inside, z, 0).sum(axis=1)) / np.maximum(inside.sum(axis=1), 1))
    return np.array(thirds)


def keyed(band: Band, start_s: Array, count: int, tones: PulseTones) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Return times (N, count), the in-phase amplitude there relative to the pulse's, and which are recorded."""
    t_s, z = band.windows(start_s, count, tones.tone_hz, tones.glide_hz_s, tones.time_s)
    beyond = np.clip(t_s - tones.time_s[:, None], -tones.length_s[:, None] / 2, tones.length_s[:, None] / 2)
    level = np.maximum(tones.amplitude[:, None] + tones.slant[:, None] * beyond, 0.4 * tones.amplitude[:, None] + 1e-30)
    return t_s, (z * tones.phase.conj()[:, None]).real / level, z != 0


def _levels(
    band: Band, expected_s: Array, tones: PulseTones, side_s: float, floor: float
) -> tuple[Array, Array, Array]:
    count = int(np.ceil(2 * side_s * band.rate_hz)) + 1
    t_s, level, recorded = keyed(band, expected_s - side_s, count, tones)
    return t_s, np.where(recorded, (level - floor) / (1 - floor), 0.0), recorded.astype(np.float64)


def _scores(
    t_s: Array,
    level: Array,
    recorded: Array,
    expected_s: Array,
    window_s: Array,
    *,
    rising: bool,
    rises_s: tuple[float, ...],
    rate_hz: float,
) -> tuple[Array, list[Array]]:
    """Return moments (N, trials), and for each length of the edges a score (N, trials).

    The score is half of what an edge at this moment takes from the sum of squares of levels (N, count).
    """
    offset = expected_s - t_s[:, 0]
    step = 0.25 / rate_hz
    first, last = (offset.min() - window_s.max()) / step, (offset.max() + window_s.max()) / step
    trials = np.arange(int(first) - 2, int(last) + 3)
    # Whole samples of a shift are a correlation; each quarter of a sample needs a kernel of its own.
    quarter, whole = trials % 4, trials // 4
    lag = np.arange(-whole[-1], t_s.shape[1] - whole[0])
    size = 1 << int(np.ceil(np.log2(len(lag))))
    spectra = np.fft.rfft(level, size, axis=1), np.fft.rfft(recorded, size, axis=1)
    shifts = trials * step
    outside = np.abs(shifts - offset[:, None]) > window_s[:, None] + step
    scores = []
    for rise_s in rises_s:
        kernel_s, kernel = edge_kernel(rise_s, rate_hz)
        score = np.empty((len(t_s), len(trials)))
        for part in range(4):
            model = np.interp((1.0 if rising else -1.0) * (lag / rate_hz - part * step), kernel_s, kernel)
            both = spectra[0] * np.fft.rfft(model, size).conj() - spectra[1] * np.fft.rfft(model**2 / 2, size).conj()
            mine = np.flatnonzero(quarter == part)
            score[:, mine] = np.fft.irfft(both, size, axis=1)[:, (lag[0] + whole[mine]) % size]
        score[outside] = NOWHERE
        scores.append(score)
    return t_s[:, :1] + shifts, scores


def _peaks(moments: Array, score: Array) -> tuple[Array, Array]:
    """Return moments (N,) of the best scores, interpolated between trials, and these scores."""
    best = np.clip(score.argmax(axis=1), 1, score.shape[1] - 2)
    rows = np.arange(len(best))
    left, mid, right = (score[rows, best + d] for d in (-1, 0, 1))
    bend = left - 2 * mid + right
    inner = (left + right > NOWHERE / 2) & (bend < 0)
    bow = np.where(inner, np.clip((left - right) / np.where(inner, 2 * bend, 1.0), -1, 1), 0.0)
    top = np.where(mid > NOWHERE / 2, mid - np.where(inner, left - right, 0.0) * bow / 4, 0.0)
    return moments[rows, best] + bow * (moments[:, 1] - moments[:, 0]), top


def edge_sd(tones: PulseTones, *, rise_s: float, rate_hz: float, floor: float = 0.0) -> Array:
    """Standard error of an edge's moment: the Cramér-Rao bound of a known shape in white noise."""
    kernel_s, kernel = edge_kernel(rise_s, rate_hz)
    slope = np.gradient(kernel, kernel_s)
    energy = float((slope**2).sum() * (kernel_s[1] - kernel_s[0]))
    return np.asarray(np.sqrt(tones.density / (2 * tones.amplitude**2 + 1e-300) / energy) / (1 - floor))
