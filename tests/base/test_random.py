"""White noise: white, normal, and a function of its index alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import kstest

from beep.base.random import normal_quantiles, white_noise

QUANTILES = normal_quantiles()
SEED = 1957
COUNT = 1 << 18

QUANTILE_TOLERANCE = 5e-5  # of sigma, in the last steps of the tails; measured 2.8e-5
INNER_TOLERANCE = 1e-6  # of sigma, up to 3 sigma: the step of the integral, and float32; measured 3.6e-7
POWER_TOLERANCE = 1e-7  # of the table's mean square: rounding to float32, averaged
SIGMAS = 5.0  # a normal deviate is beyond this once in 1.7 million; the seeds are fixed
KOLMOGOROV = 1.95  # sqrt(N) times the largest gap of a right distribution is beyond this once in a thousand


def noise(first, count, *, seed=SEED, stream=0):
    """White noise with the table of this module."""
    return white_noise(seed, stream, first, count, quantiles=QUANTILES)


def test_quantiles_are_those_of_the_normal_distribution():
    """The table holds the mid-point quantiles, scaled to unit power."""
    expected = ndtri((np.arange(QUANTILES.size) + 0.5) / QUANTILES.size)
    expected /= np.sqrt(np.mean(expected**2))
    error = np.abs(QUANTILES - expected)

    assert QUANTILES.size == 2**16
    assert error.max() < QUANTILE_TOLERANCE
    assert error[np.abs(expected) < 3].max() < INNER_TOLERANCE


def test_quantiles_have_unit_power_and_no_mean():
    """The mean square over the table is one, the mean nought, and the largest 4.3 sigma."""
    table = QUANTILES.astype(np.float64)

    assert abs(np.mean(table**2) - 1) < POWER_TOLERANCE
    assert abs(np.mean(table)) < POWER_TOLERANCE
    assert round(table.max(), 1) == 4.3


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
