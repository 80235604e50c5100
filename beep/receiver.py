"""What the receiver does: the oscillator that turns a carrier into a tone, and the band filter."""

import numpy as np

from beep.arrays import Array
from beep.choices import Sideband

STOPBAND_DB = 80.0  # of each edge alone; two edges together leave 76


def doppler_sign(sideband: Sideband) -> int:
    """+1 where the oscillator stands below the carrier and the tone follows the Doppler, -1 where it mirrors it."""
    return 1 if sideband == "upper" else -1


def band_filter(*, low_hz: float, high_hz: float, rate_hz: float, half: int) -> Array:
    """Taps (2 half + 1,) of a linear-phase band-pass, -6 dB at its edges and 76 dB down beyond their slopes.

    A slope is 5 `rate_hz` / (2 half) wide. The gain is one in the middle of the band; `low_hz` 0 makes a low-pass.

    References: Kaiser 1974, window design of FIR filters.
    """
    n = np.arange(-half, half + 1)
    low, high = low_hz / rate_hz, high_hz / rate_hz
    ideal = 2 * high * np.sinc(2 * high * n) - 2 * low * np.sinc(2 * low * n)
    taps = ideal * np.kaiser(2 * half + 1, 0.1102 * (STOPBAND_DB - 8.7))
    middle = 0.0 if low_hz == 0 else (low + high) / 2
    return np.asarray(taps / np.sum(taps * np.cos(2 * np.pi * middle * n)))
