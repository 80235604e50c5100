"""Mains hum: steady spectral lines at multiples of 50 or 60 Hz."""

import numpy as np

from beep.base.arrays import Array
from beep.measuring.framing import Framer
from beep.measuring.recording import Recording

ANALYSED_S = 30.0
MAINS_HZ = (50.0, 60.0)
HARMONICS = 8
SPEED_ERROR = 0.03  # of a tape, at most
LEAST_POWER = 1e-5  # of the loudest line: a window's side lobes of a pure tone reach so far
ABOVE_NOISE = 12.0  # in power, of the median around


def hum_lines(recording: Recording) -> list[tuple[float, ...]]:
    """Frequencies of the hum lines of each channel, Hz, from the first half minute; empty without hum."""
    rate_hz = recording.sample_rate_hz
    size = min(rate_hz, recording.frames)
    window = (size * np.hanning(size)).astype(np.float32)
    bins = int((HARMONICS + 1) * MAINS_HZ[-1] * size / rate_hz)
    framer = Framer(size=size, step=size // 2, most=4)
    powers = [
        np.abs(np.fft.rfft(frames * window, norm="forward")[..., :bins]) ** 2
        for block in recording.blocks(stop=int(ANALYSED_S * rate_hz))
        for frames in framer.frames(block)
    ]
    # The median over time leaves out a tone that is keyed for less than half of the time.
    power = np.median(np.concatenate(powers, axis=1), axis=1)
    return [_lines(channel, rate_hz / size) for channel in power]


def _lines(power: Array, bin_hz: float) -> tuple[float, ...]:
    """Lines of the mains frequency that has more of them."""
    families = []
    for mains_hz in MAINS_HZ:
        lines = (_line(power, order * mains_hz, bin_hz) for order in range(1, HARMONICS + 1))
        families.append(tuple(line_hz for line_hz in lines if line_hz is not None))
    return max(families, key=len)


def _line(power: Array, near_hz: float, bin_hz: float) -> float | None:
    """Frequency of a line near a frequency, interpolated between bins; None where there is none."""
    bins = np.arange(int(near_hz * (1 - SPEED_ERROR) / bin_hz), int(near_hz * (1 + SPEED_ERROR) / bin_hz) + 2)
    bins = bins[(bins > 0) & (bins < len(power) - 1)]
    if not len(bins):
        return None
    peak = int(bins[power[bins].argmax()])
    noise = float(np.median(power[max(peak - 20, 1) : peak + 21]))
    neighbours = power[peak - 1 : peak + 2]
    least = max(1e-12, LEAST_POWER * float(power.max()), ABOVE_NOISE * noise)
    if not (power[peak] > least and power[peak] >= neighbours.max()):
        return None
    left, middle, right = np.sqrt(neighbours)
    return round(float((peak + (right - left) / (2 * (2 * middle - left - right) + 1e-30)) * bin_hz), 1)
