"""White noise: white, normal, and a function of its index alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri
from scipy.stats import kstest, poisson

from beep.base.random import normal_quantiles, scrambled, stream_key, white_noise

SEED = 1957
COUNT = 1 << 18

QUANTILE_TOLERANCE = 5e-5  # of sigma, in the last steps of the tails; measured 2.8e-5
TAIL_TOLERANCE = 2e-4  # of sigma, at 5.9 sigma; measured 1.1e-4
INNER_TOLERANCE = 1e-6  # of sigma, up to 3 sigma: the step of the integral, and float32; measured 3.6e-7
POWER_TOLERANCE = 1e-7  # of the tables' mean square: rounding to float32, averaged
SIGMAS = 5.0  # a normal deviate is beyond this once in 1.7 million; the seeds are fixed
RARE = 3e-7  # the same, one-sided
KOLMOGOROV = 1.95  # sqrt(N) times the largest gap of a right distribution is beyond this once in a thousand

STEP = 0x9E3779B97F4A7C15  # of SplitMix64's counter
HOUR = 3600 * 12_000  # numbers of a channel in an hour of sound
WEEK = 10**12  # words: nine days of I/Q at 2.4 MS/s


def noise(first, count, *, seed=SEED, stream=0):
    """White noise with a seed and a stream of this module."""
    return white_noise(seed, stream, first, count)


def test_words_are_those_of_splitmix64():
    """The first words from seed 1234567 are the published ones (Rosetta Code, Pseudo-random numbers/Splitmix64)."""
    counter = np.arange(1, 6, dtype=np.uint64) * np.uint64(STEP) + np.uint64(1234567)

    assert scrambled(counter).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_quantiles_are_those_of_the_normal_distribution():
    """The table holds the mid-point quantiles; that of its ends divides both ends once more. The power is one."""
    quantiles, tail = normal_quantiles()
    inner = ndtri((np.arange(quantiles.size) + 0.5) / quantiles.size)[1:-1]
    outer = -ndtri((np.arange(tail.size) + 0.5) / tail.size / quantiles.size)
    unit = np.sqrt(power(inner, outer))
    error = np.abs(quantiles[1:-1] - inner / unit)

    assert quantiles.size == 2**16
    assert error.max() < QUANTILE_TOLERANCE
    assert error[np.abs(inner) < 3].max() < INNER_TOLERANCE
    assert np.abs(tail - outer / unit).max() < TAIL_TOLERANCE
    assert abs(power(quantiles[1:-1], tail) - 1) < POWER_TOLERANCE
    assert abs(np.mean(quantiles.astype(float))) < POWER_TOLERANCE


def power(inner, outer):
    """Mean square of numbers drawn from the inner quantiles, or at both ends from the outer ones."""
    return (np.sum(inner.astype(float) ** 2) + 2 * np.mean(outer.astype(float) ** 2)) / (inner.size + 2)


@settings(max_examples=50, deadline=None)
@given(
    first=st.one_of(st.integers(-(2**32), 2**45), st.integers(-300, 300)),
    skip=st.integers(0, 150),
    count=st.integers(0, 150),
    seed=st.integers(0, 2**63 - 1),
    stream=st.integers(0, 2**16),
)
def test_any_range_is_a_slice_of_the_whole(first, skip, count, seed, stream):
    """A number belongs to its index, whatever range is asked for: also unaligned, empty, or below zero."""
    whole = noise(first, 300, seed=seed, stream=stream)
    part = noise(first + skip, count, seed=seed, stream=stream)

    assert part.shape == (count,)
    assert part.tobytes() == whole[skip : skip + count].tobytes()


@pytest.mark.parametrize("other", [{"stream": 1}, {"stream": 0xBEE9}, {"seed": SEED + 1}, {"seed": 0, "stream": SEED}])
def test_streams_and_seeds_are_independent(other):
    """Two streams, or two seeds, do not correlate, at no lag up to 1000 either way."""
    size = 2 * COUNT
    one, two = np.fft.rfft(noise(0, COUNT), size), np.fft.rfft(noise(0, COUNT, **other), size)
    correlation = np.fft.irfft(one * np.conj(two), size) / COUNT
    lags = np.concatenate([correlation[:1000], correlation[-1000:]])

    assert abs(correlation[0]) < SIGMAS / np.sqrt(COUNT)
    assert np.abs(lags).max() < SIGMAS / np.sqrt(COUNT)


def test_spectrum_is_flat():
    """The averaged periodogram stays at one in every bin, within what chance allows."""
    size = 256
    blocks = COUNT // size
    power = np.mean(np.abs(np.fft.rfft(noise(0, COUNT).reshape(blocks, size))) ** 2, axis=0) / size
    chance = np.full(power.size, 1 / np.sqrt(blocks))  # a bin's power is exponential: as much spread as mean
    chance[[0, -1]] *= np.sqrt(2)  # the real bins: chi square with one degree of freedom

    assert np.all(np.abs(power - 1) < SIGMAS * chance)


def test_numbers_are_normal():
    """Mean, power, kurtosis and the whole distribution are the normal one's, within what chance allows."""
    drawn = noise(-COUNT // 2, COUNT).astype(np.float64)

    assert abs(drawn.mean()) < SIGMAS / np.sqrt(COUNT)
    assert abs(np.mean(drawn**2) - 1) < SIGMAS * np.sqrt(2 / COUNT)
    assert abs(np.mean(drawn**4) - 3) < SIGMAS * np.sqrt(96 / COUNT)
    assert kstest(drawn, "norm").statistic * np.sqrt(COUNT) < KOLMOGOROV


def test_tails_reach_beyond_five_sigma():
    """In an hour of a channel, as many numbers are beyond each limit as the normal distribution has there."""
    limits = np.array([4.0, 4.3, 4.6, 5.0, 5.3])
    beyond = np.zeros(limits.size)
    count = 1 << 20
    for first in range(0, HOUR, count):
        size = np.abs(noise(first, count))
        size = size[size > limits[0]]
        beyond += [(size > limit).sum() for limit in limits]
    expected = poisson(-(-HOUR // count) * count * 2 * ndtr(-limits))  # 25 beyond 5 sigma

    assert np.all(expected.cdf(beyond) > RARE)
    assert np.all(expected.sf(beyond - 1) > RARE)


@pytest.mark.parametrize("form", [np.abs, np.square, np.sign, lambda drawn: drawn > 4])
def test_neighbours_are_independent(form):
    """Sizes and signs of numbers up to 40 apart, of one 64-bit word or of several, do not correlate."""
    size = 1 << 21
    values = form(noise(0, size)).astype(np.float64)
    values = (values - values.mean()) / values.std()
    together = np.fft.irfft(np.abs(np.fft.rfft(values)) ** 2)[1:41] / size

    assert np.abs(together).max() < SIGMAS / np.sqrt(size)


def test_nothing_repeats_within_an_hour():
    """No 64-bit word comes twice in an hour of a channel, as SplitMix64 is one to one."""
    words = scrambled(np.arange(HOUR // 4, dtype=np.uint64) * np.uint64(STEP) + np.uint64(stream_key(SEED, 0)))
    words.sort()

    assert np.all(words[1:] != words[:-1])


def test_streams_are_far_apart_on_the_counter():
    """All streams run through one counter of 2**64 words; none of a thousand begins within a week of another."""
    streams = [0, 1, 1 << 40, (1 << 40) + 1, (1 << 41) + 20_000_000, 0xBEE9, 0xC10C, 0xA3]
    keys = [stream_key(seed, stream) for seed in (*range(150), SEED, 2**63 - 1) for stream in streams]
    places = np.sort(np.array([key * pow(STEP, -1, 1 << 64) % (1 << 64) for key in keys], np.uint64))
    apart = np.diff(places, append=places[:1])  # the last one over the end, modulo 2**64

    assert apart.min() > WEEK
