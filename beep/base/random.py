"""Random numbers as a function of seed and index."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Samples

Words = NDArray[np.uint64]

_QUANTILES = 1 << 16  # a number takes 16 bits of a word
_TAIL = 1 << 12  # quantiles of each end of the table, up to 5.9 sigma
_STEP = 0x9E3779B97F4A7C15  # of the counter: 2**64 over the golden ratio, odd
_WORD = (1 << 64) - 1
_FIRST = 1 << 62  # numbers before number 0


def white_noise(seed: int, stream: int, first: int, count: int) -> Samples:
    """Normal random numbers of unit power, (count,), at indices first, first + 1, ... of the stream (seed, stream).

    The number at an index does not depend on the requested range. Indices begin at -2**62. Each number takes 16 bits
    of a counter scrambled by SplitMix64, through a table of quantiles. The two ends of the table, beyond 4.2 sigma, are
    drawn once more from their own table.

    References: Steele, Lea and Flood 2014, fast splittable pseudorandom number generators.
    """
    word, skip = divmod(first + _FIRST, 4)
    begin = (stream_key(seed, stream) + word * _STEP) & _WORD
    words = scrambled(_counter((skip + count + 3) // 4) + np.uint64(begin)).astype("<u8", copy=False)
    bits = words.view("<u2")[skip : skip + count]
    quantiles, tail = normal_quantiles()
    # every index is in the table; "wrap" saves its conversion to 64 bits and the check
    drawn: Samples = quantiles.take(bits, mode="wrap")
    ends = np.flatnonzero(bits + np.uint16(1) <= 1)
    if ends.size:
        place = ends + skip
        again = scrambled(words[place // 4].astype(np.uint64) ^ place.astype(np.uint64) % 4)
        drawn[ends] = np.copysign(tail[again % _TAIL], drawn[ends])
    return drawn


@lru_cache(maxsize=64)
def stream_key(seed: int, stream: int) -> int:
    """Where the counter of a stream begins, 0 to 2**64 - 1."""
    keys = np.array([seed & _WORD], np.uint64)
    return int(scrambled(scrambled(keys + np.uint64(_STEP)) + np.uint64(stream & _WORD))[0])


def scrambled(words: Words) -> Words:
    """Words (N,) through the output function of SplitMix64, which is one to one; in place."""
    shifted = np.empty_like(words)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        np.right_shift(words, np.uint64(shift), out=shifted)
        words ^= shifted
        words *= np.uint64(factor)
    np.right_shift(words, np.uint64(31), out=shifted)
    words ^= shifted
    return words


@lru_cache(maxsize=8)
def _counter(count: int) -> Words:
    """Multiples 0, 1, ... (count,) of the counter's step, modulo 2**64; not to be written to."""
    return np.arange(count, dtype=np.uint64) * np.uint64(_STEP)


@lru_cache
def normal_quantiles() -> tuple[Samples, Samples]:
    """Mid-point quantiles of the normal distribution, (65536,), and of the last of them, (4096,), scaled to unit power.

    What stands at both ends of the first table counts only for its sign.
    """
    x = np.linspace(-7.0, 7.0, 14_001)
    density = np.exp(-x * x / 2)
    cumulative = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    cumulative /= cumulative[-1]
    quantiles = np.interp((np.arange(_QUANTILES) + 0.5) / _QUANTILES, cumulative, x)
    tail = -np.interp((np.arange(_TAIL) + 0.5) / (_TAIL * _QUANTILES), cumulative, x)
    power = (np.sum(quantiles[1:-1] ** 2) + 2 * np.mean(tail**2)) / _QUANTILES
    return (quantiles / np.sqrt(power)).astype(np.float32), (tail / np.sqrt(power)).astype(np.float32)
