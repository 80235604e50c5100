"""Envelope of a keyed tone, for pictures."""

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array

HALF_WIDTH_HZ = 150.0  # on each side of the tone: edges of some 4 ms are still visible
ENVELOPE_RATE_HZ = 1000


def envelope(samples: NDArray[np.floating], *, sample_rate_hz: float, tone_hz: Array) -> tuple[Array, Array]:
    """Return times (M,), about 1 ms apart, and the amplitude of a tone in samples (N,) at these times.

    `tone_hz` (N,) is the tone at each sample. What is more than 150 Hz from it is filtered out. A sine of full scale
    has amplitude 1.
    """
    phase = 2 * np.pi * np.cumsum(tone_hz) / sample_rate_hz
    spectrum = np.fft.fft(samples * np.exp(-1j * phase))
    frequency_hz = np.abs(np.fft.fftfreq(len(samples), 1 / sample_rate_hz))
    gain = 0.5 + 0.5 * np.cos(np.pi * np.clip(frequency_hz / HALF_WIDTH_HZ / 2, 0, 1))  # 1/2 at the half width
    step = max(1, round(sample_rate_hz / ENVELOPE_RATE_HZ))
    at = np.arange(0, len(samples), step)
    return at / sample_rate_hz, 2 * np.abs(np.fft.ifft(spectrum * gain))[at]
