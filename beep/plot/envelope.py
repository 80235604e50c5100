"""How loud a keyed tone is from moment to moment, for the eye."""

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array

HALF_WIDTH_HZ = 150.0  # about the tone: edges of some 4 ms are still seen
STEPS_PER_S = 1000


def envelope(samples: NDArray[np.floating], *, sample_rate_hz: float, tone_hz: Array) -> tuple[Array, Array]:
    """Times (M,), about a millisecond apart, and the amplitude there of a tone in samples (N,).

    `tone_hz` (N,) is the tone at each sample; what is further than some 150 Hz from it is left out. A sine of full
    scale has amplitude 1.
    """
    phase = 2 * np.pi * np.cumsum(tone_hz) / sample_rate_hz
    spectrum = np.fft.fft(samples * np.exp(-1j * phase))
    frequency_hz = np.abs(np.fft.fftfreq(len(samples), 1 / sample_rate_hz))
    passed = 0.5 + 0.5 * np.cos(np.pi * np.clip(frequency_hz / HALF_WIDTH_HZ / 2, 0, 1))  # half at the width
    step = max(1, round(sample_rate_hz / STEPS_PER_S))
    at = np.arange(0, len(samples), step)
    return at / sample_rate_hz, 2 * np.abs(np.fft.ifft(spectrum * passed))[at]
