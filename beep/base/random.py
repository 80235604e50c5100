"""Random numbers as a function of seed and index."""

from functools import lru_cache

import numpy as np

from beep.base.arrays import Samples

_QUANTILES = 1 << 16


@lru_cache
def normal_quantiles() -> Samples:
    """Mid-point quantiles of the normal distribution, (65536,), scaled to unit power; the largest is 4.3 sigma."""
    x = np.linspace(-6.0, 6.0, 12_001)
    density = np.exp(-x * x / 2)
    cumulative = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    quantiles = np.interp((np.arange(_QUANTILES) + 0.5) / _QUANTILES, cumulative / cumulative[-1], x)
    scaled: Samples = (quantiles / np.sqrt(np.mean(quantiles**2))).astype(np.float32)
    return scaled


def white_noise(seed: int, stream: int, first: int, count: int, *, quantiles: Samples) -> Samples:
    """Normal random numbers of unit power, (count,), at indices first, first + 1, ... of the stream (seed, stream).

    The number at an index does not depend on the requested range. Indices begin at -2**62. Each number takes 16 bits
    of a Philox generator, through the table `normal_quantiles`; one step of its counter gives 16 numbers.
    """
    counter, skip = divmod(first + (1 << 62), 16)
    generator = np.random.Philox(key=[seed, stream], counter=[counter, 0, 0, 0])
    words = generator.random_raw((skip + count + 3) // 4).astype("<u8", copy=False)
    # every index is in the table; "wrap" saves its conversion to 64 bits and the check
    drawn: Samples = quantiles.take(words.view("<u2")[skip : skip + count], mode="wrap")
    return drawn
