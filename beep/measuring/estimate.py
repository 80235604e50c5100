"""One pulse of a keyed tone: its tone, level and edges, and how sure they are.

Functions of many pulses at once, arrays (N,). With C/N0 the ratio of power to noise density while the key is down, the
tone comes from maximum likelihood, whose variance is that of the Cramér-Rao bound down to C T/N0 of about 13 dB.

References: Rife and Boorstyn, Single-tone parameter estimation from discrete-time observations (1974).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array, picked
from beep.measuring.band import FLAT, STOP, Band

TOGETHER = 128  # pulses worked on at once
NOISE_FROM_HZ, NOISE_TO_HZ = 12.0, 200.0  # beside the tone
QUIET_PART = 0.8  # of the noise's bins: a hum line beside the tone is not among them
EDGE_WINDOW_S = 0.045  # to either side of where an edge is expected
NEIGHBOURS = 15  # pulses over which the noise is averaged
KERNEL_STEPS = 16  # per sample
NOWHERE = -1e12  # score of a place that is not allowed


@dataclass(frozen=True, kw_only=True)
class Tones:
    """Maximum-likelihood tones of N pulses."""

    time_s: Array  # the moment for which tone_hz holds
    tone_hz: Array
    glide_hz_s: Array  # within the pulse
    amplitude: Array
    length_s: Array  # of what was used
    density: Array  # of the noise at baseband, so that C/N0 = amplitude**2 / density
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


def tones(
    band: Band, start_s: Array, stop_s: Array, *, tone_hz: Array, slope_hz_s: Array, search_hz: float, glide_sd: float
) -> Tones:
    """The tone between `start_s` and `stop_s`, near a `tone_hz` in the middle that glides by `slope_hz_s`.

    Looked for within `search_hz`. The glide is known to `glide_sd` (Hz/s) and estimated within that.
    """
    given = (start_s, stop_s, tone_hz, slope_hz_s)
    parts = []
    for at in range(0, len(start_s), TOGETHER):
        start, stop, tone, slope = (column[at : at + TOGETHER] for column in given)
        parts.append(_tones(band, start, stop, tone, slope, search_hz, glide_sd))
    columns: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)] if parts else [np.zeros(0)] * 8
    return Tones(
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
        # The bend of the phase: what is measured, drawn towards what was expected by the ratio of the two errors.
        bend = ((bowl * turned).sum(axis=1) * whole.conj()).imag / norm * total / bowl_norm / np.pi
        noise = np.abs(turned - (whole / total)[:, None] * inside) ** 2
        bend_sd2 = noise.sum(axis=1) / total / 2 / (norm / total**2 * bowl_norm) / np.pi**2
        gain = glide_sd**2 / (glide_sd**2 + bend_sd2 + 1e-30)
        glide = gain * (glide + bend)
    amplitude = np.abs(whole) / total
    # The noise beside the tone, when what is smooth has been taken out.
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
    # A linear change of the amplitude counts as far as it is sure.
    rising = (slant * unit.conj()).real
    rising *= rising**2 / (rising**2 + density * rate / 2 / np.maximum(spread * total, 1e-12) + 1e-30)
    return centre, tone, slope_hz_s + glide, amplitude, length, density, phase, rising


def _mean_of_quiet(power: Array) -> Array:
    """Mean of exponentially distributed powers (N, bins) from the lower part of them."""
    bins = power.shape[1]
    count = max(int(QUIET_PART * bins), 1)
    low = np.partition(power, count - 1, axis=1)[:, :count]
    # Maximum likelihood where only the lowest are known.
    return np.asarray((low.sum(axis=1) + (bins - count) * low[:, -1]) / count)


def _among_neighbours(density: Array) -> Array:
    """Each pulse's noise averaged with its neighbours', leaving out what is far above them."""
    if not len(density):
        return density
    half = NEIGHBOURS // 2
    padded = np.pad(density, half, mode="reflect" if len(density) > half else "edge")
    views = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    middle = np.median(views, axis=1)
    usual = (views < 3 * middle[:, None]) & (views > middle[:, None] / 3)
    return np.asarray(np.maximum((views * usual).sum(axis=1) / np.maximum(usual.sum(axis=1), 1), 1e-20))


@lru_cache(maxsize=64)
def edge_kernel(rise_s: float, rate_hz: float) -> tuple[Array, Array]:
    """Times and values of a rising raised-cosine edge as the narrow band lets it through, half way at time zero."""
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


def edges(
    band: Band, expected_s: Array, found: Tones, *, rising: bool, rise_s: float, window_s: Array, floor: float = 0.0
) -> tuple[Array, Array]:
    """Moments (N,) at which pulses rise, or fall, through half their amplitude, and their standard errors.

    The mean over what is likely for a raised cosine, every moment within `window_s` (N,) of `expected_s` (N,) being
    as good before: in strong signals that is least squares and its Cramér-Rao bound, in weak ones it knows of side
    peaks. Beyond the pulse, `floor` of its amplitude goes on in phase.
    """
    sure_s = edge_sd(found, rise_s=rise_s, rate_hz=band.rate_hz, floor=floor)
    at_s, sd_s = [], []
    for at in range(0, len(expected_s), TOGETHER):
        expected, window = expected_s[at : at + TOGETHER], window_s[at : at + TOGETHER]
        side_s = float(window.max()) + 1.2 * rise_s + 3 / band.rate_hz
        t_s, level, there = _levels(band, expected, picked(found, slice(at, at + TOGETHER)), side_s, floor)
        moments, score = _scores(
            t_s, level, there, expected, window, rising=rising, rise_s=rise_s, rate_hz=band.rate_hz
        )
        peak, _ = _peaks(moments, score)
        part = slice(at, at + TOGETHER)
        weight = 2 * (1 - floor) ** 2 * found.amplitude[part] ** 2 / (found.density[part] * band.rate_hz)
        likely = np.exp(np.maximum((score - score.max(axis=1)[:, None]) * weight[:, None], -700))
        total = likely.sum(axis=1)
        mean = (likely * moments).sum(axis=1) / total
        spread = np.sqrt((likely * (moments - mean[:, None]) ** 2).sum(axis=1) / total)
        fine = spread < 1.5 * (moments[:, 1] - moments[:, 0])
        at_s.append(np.where(fine, peak, mean))
        sd_s.append(np.where(fine, sure_s[part], spread))
    return (np.concatenate(at_s), np.concatenate(sd_s)) if at_s else (np.zeros(0), np.zeros(0))


def rise_gains(
    band: Band,
    ends_s: tuple[Array, Array],
    found: Tones,
    *,
    rises_s: tuple[float, ...],
    side_s: float,
    window_s: float,
    floor: float,
) -> Array:
    """Log likelihood, up to a constant, of each length of the edges within `window_s` of pulses' (starts, stops)."""
    gains = np.zeros(len(rises_s))
    for rising, expected in zip((True, False), ends_s, strict=True):
        t_s, level, there = _levels(band, expected, found, side_s, floor)
        window = np.full(len(expected), window_s)
        for number, rise_s in enumerate(rises_s):
            tried = _scores(t_s, level, there, expected, window, rising=rising, rise_s=rise_s, rate_hz=band.rate_hz)
            _, top = _peaks(*tried)
            gains[number] += np.sum(top * 2 * found.amplitude**2 / (found.density * band.rate_hz))
    return gains


def shape_of(band: Band, start_s: Array, stop_s: Array, found: Tones) -> tuple[float, float]:
    """How the amplitude goes within a pulse, medians over N: last third against first, middle against both."""
    parts = [
        _thirds(band, start_s[at : at + TOGETHER], stop_s[at : at + TOGETHER], picked(found, slice(at, at + TOGETHER)))
        for at in range(0, len(start_s), TOGETHER)
    ]
    first, middle, last = np.concatenate(parts, axis=1)
    little = 0.05 * found.amplitude + 1e-12
    fall = np.median(last / np.maximum(first, little))
    return float(fall), float(np.median(2 * middle / np.maximum(first + last, 2 * little)))


def _thirds(band: Band, start_s: Array, stop_s: Array, found: Tones) -> Array:
    """Amplitude in the beginning, middle and end of pulses, (3, N)."""
    length = stop_s - start_s
    count = int(np.ceil(float(length.max()) * 0.24 * band.rate_hz)) + 1
    thirds = []
    for low in (0.12, 0.38, 0.64):
        first_s = start_s + low * length
        t_s, z = band.windows(first_s, count, found.tone_hz, found.glide_hz_s, found.time_s)
        there = t_s <= (first_s + 0.24 * length)[:, None]
        thirds.append(np.abs(np.where(there, z, 0).sum(axis=1)) / np.maximum(there.sum(axis=1), 1))
    return np.array(thirds)


def keyed(band: Band, start_s: Array, count: int, found: Tones) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Times (N, count), and there the amplitude against the pulse's own, in phase with it; and which are recorded."""
    t_s, z = band.windows(start_s, count, found.tone_hz, found.glide_hz_s, found.time_s)
    beyond = np.clip(t_s - found.time_s[:, None], -found.length_s[:, None] / 2, found.length_s[:, None] / 2)
    level = np.maximum(found.amplitude[:, None] + found.slant[:, None] * beyond, 0.4 * found.amplitude[:, None] + 1e-30)
    return t_s, (z * found.phase.conj()[:, None]).real / level, z != 0


def _levels(band: Band, expected_s: Array, found: Tones, side_s: float, floor: float) -> tuple[Array, Array, Array]:
    count = int(np.ceil(2 * side_s * band.rate_hz)) + 1
    t_s, level, there = keyed(band, expected_s - side_s, count, found)
    return t_s, np.where(there, (level - floor) / (1 - floor), 0.0), there.astype(np.float64)


def _scores(
    t_s: Array,
    level: Array,
    there: Array,
    expected_s: Array,
    window_s: Array,
    *,
    rising: bool,
    rise_s: float,
    rate_hz: float,
) -> tuple[Array, Array]:
    """Moments (N, trials) and how well an edge there fits levels (N, count): half the drop of the sum of squares."""
    offset = expected_s - t_s[:, 0]
    step = 0.25 / rate_hz
    first, last = (offset.min() - window_s.max()) / step, (offset.max() + window_s.max()) / step
    trials = np.arange(int(first) - 2, int(last) + 3)
    # A shift by a quarter of a sample is another kernel, one by whole samples a correlation.
    quarter, whole = trials % 4, trials // 4
    lag = np.arange(-whole[-1], t_s.shape[1] - whole[0])
    kernel_s, kernel = edge_kernel(rise_s, rate_hz)
    size = 1 << int(np.ceil(np.log2(len(lag))))
    score = np.empty((len(t_s), len(trials)))
    spectra = np.fft.rfft(level, size, axis=1), np.fft.rfft(there, size, axis=1)
    for part in range(4):
        model = np.interp((1.0 if rising else -1.0) * (lag / rate_hz - part * step), kernel_s, kernel)
        both = spectra[0] * np.fft.rfft(model, size).conj() - spectra[1] * np.fft.rfft(model**2 / 2, size).conj()
        mine = np.flatnonzero(quarter == part)
        score[:, mine] = np.fft.irfft(both, size, axis=1)[:, (lag[0] + whole[mine]) % size]
    shifts = trials * step
    score[np.abs(shifts - offset[:, None]) > window_s[:, None] + step] = NOWHERE
    return t_s[:, :1] + shifts, score


def _peaks(moments: Array, score: Array) -> tuple[Array, Array]:
    """Moments (N,) of the best scores, between the trials, and those scores."""
    best = np.clip(score.argmax(axis=1), 1, score.shape[1] - 2)
    rows = np.arange(len(best))
    left, mid, right = (score[rows, best + d] for d in (-1, 0, 1))
    bend = left - 2 * mid + right
    inner = (left + right > NOWHERE / 2) & (bend < 0)
    bow = np.where(inner, np.clip((left - right) / np.where(inner, 2 * bend, 1.0), -1, 1), 0.0)
    top = np.where(mid > NOWHERE / 2, mid - np.where(inner, left - right, 0.0) * bow / 4, 0.0)
    return moments[rows, best] + bow * (moments[:, 1] - moments[:, 0]), top


def edge_sd(found: Tones, *, rise_s: float, rate_hz: float, floor: float = 0.0) -> Array:
    """Standard error of an edge's moment: the Cramér-Rao bound of a known shape in white noise."""
    kernel_s, kernel = edge_kernel(rise_s, rate_hz)
    slope = np.gradient(kernel, kernel_s)
    energy = float((slope**2).sum() * (kernel_s[1] - kernel_s[0]))
    return np.asarray(np.sqrt(found.density / (2 * found.amplitude**2 + 1e-300) / energy) / (1 - floor))
