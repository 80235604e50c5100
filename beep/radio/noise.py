"""How strong the sky and the neighbourhood are at short wave, and white noise that is a function of its index."""

from functools import lru_cache
from math import log10

import numpy as np

from beep.base.arrays import Samples
from beep.base.choices import Noise
from beep.base.constants import BOLTZMANN_J_K, REFERENCE_TEMPERATURE_K

# ITU-R P.372, median external noise figure: Fa = c - d log10(f/MHz), dB above k T0 B
GALACTIC = (52.0, 23.0)
MAN_MADE = {
    "quiet-rural": (53.6, 28.6),
    "rural": (67.2, 27.7),
    "residential": (72.5, 27.7),
    "city": (76.8, 27.7),
}
THERMAL_DBW_HZ = 10 * log10(BOLTZMANN_J_K * REFERENCE_TEMPERATURE_K)

_QUANTILES = 1 << 16


def noise_density_dbw_hz(frequency_hz: float, place: Noise) -> float:
    """Noise power density at a lossless antenna, dBW/Hz: the galaxy, plus what people make at `place`.

    "off" gives minus infinity. Medians: the spread over places and hours is about +-6 dB.

    References: Recommendation ITU-R P.372.
    """
    if place == "off":
        return -np.inf
    sources = [GALACTIC] + ([MAN_MADE[place]] if place in MAN_MADE else [])
    megahertz = log10(frequency_hz / 1e6)
    factor = sum(10 ** ((c - d * megahertz) / 10) for c, d in sources)
    return THERMAL_DBW_HZ + 10 * log10(factor)


@lru_cache
def normal_quantiles() -> Samples:
    """Mid-point quantiles of the normal distribution at 16 bits, scaled to unit power; the largest is 4.3 sigma."""
    x = np.linspace(-6.0, 6.0, 12_001)
    density = np.exp(-x * x / 2)
    cumulative = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    quantiles = np.interp((np.arange(_QUANTILES) + 0.5) / _QUANTILES, cumulative / cumulative[-1], x)
    scaled: Samples = (quantiles / np.sqrt(np.mean(quantiles**2))).astype(np.float32)
    return scaled


def white_noise(seed: int, stream: int, first: int, count: int, *, quantiles: Samples) -> Samples:
    """Normal numbers of unit power, (count,): those at indices first, first + 1, ... of the stream (seed, stream).

    Every number belongs to its index, whatever range is asked for; indices from -2**62 on. Each takes 16 bits of a
    Philox counter through a table of `normal_quantiles`, 16 numbers a count.
    """
    counter, skip = divmod(first + (1 << 62), 16)
    generator = np.random.Philox(key=[seed, stream], counter=[counter, 0, 0, 0])
    words = generator.random_raw((skip + count + 3) // 4).astype("<u8", copy=False)
    drawn: Samples = quantiles[words.view("<u2")[skip : skip + count]]
    return drawn
