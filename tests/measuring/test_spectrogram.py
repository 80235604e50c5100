"""Numbers of a waterfall, against closed forms and SciPy."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import stft

from beep.base.errors import RecordingError
from beep.measuring.spectrogram import LEAST_ROWS, spectrogram, window_frames

RATE_HZ = 768  # windows of 128 samples, a sixth of a second as at 48 kHz
SIZE = 128


def noise(frames, channels=1, seed=1):
    return np.random.default_rng(seed).standard_normal((frames, channels)).astype(np.float32)


def by_scipy(samples, step):
    """Power (windows, bins) of samples (N,) by SciPy, a sine of full scale being 1."""
    layout = {"window": "hann", "nperseg": SIZE, "noverlap": SIZE - step, "boundary": None, "padded": False}
    return 4 * np.abs(stft(samples, RATE_HZ, **layout)[2].T) ** 2


@pytest.mark.parametrize("rate_hz", [8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000])
def test_window_lies_in_a_pulse(rate_hz):
    """At every usual rate the window is shorter than a pulse of 0.2 s, and resolves 8 Hz."""
    assert 0.125 <= window_frames(rate_hz) / rate_hz <= 0.2


@pytest.mark.parametrize("amplitude", [1.0, 0.01])
def test_sine_of_full_scale_is_zero_db(amplitude):
    """A sine in a bin's middle has its own power there, over the whole recording and in its channel alone."""
    t_s = np.arange(5 * RATE_HZ) / RATE_HZ
    sine = amplitude * np.sin(2 * np.pi * 20 * RATE_HZ / SIZE * t_s + 0.3)
    found = spectrogram([np.stack([sine, 0 * sine], axis=1)], sample_rate_hz=RATE_HZ)

    assert found.frequency_hz[20] == 20 * RATE_HZ / SIZE
    assert found.level_db()[0, :, 20] == pytest.approx(20 * np.log10(amplitude), abs=1e-3)
    assert found.power[0].argmax(axis=1).tolist() == [20] * len(found.t_s)
    assert (found.power[1] == 0).all()


def test_white_noise_has_its_closed_form():
    """White noise of variance 1 has 6 / window in every bin: twice its density, 2 / rate, times 1.5 bins."""
    found = spectrogram([noise(400_000)], sample_rate_hz=RATE_HZ)

    assert found.power[0][:, 2:-2].mean() == pytest.approx(6 / SIZE, rel=0.01)  # 0.3 % is its scatter


def test_short_recording_equals_scipy():
    """Overlapping windows, one a row, are those of SciPy."""
    samples = noise(SIZE + 16 * (2 * LEAST_ROWS - 2))
    found = spectrogram([samples], sample_rate_hz=RATE_HZ)

    assert found.windows == 1
    assert len(found.t_s) == 2 * LEAST_ROWS - 1
    np.testing.assert_allclose(found.power[0], by_scipy(samples[:, 0], SIZE // 8), atol=2e-6)  # float32


def test_long_recording_is_the_mean_of_scipys_windows():
    """Rows of a long recording are means of as many windows, side by side, and the last row of those that are left."""
    windows = 3 * LEAST_ROWS + 3
    samples = noise(windows * SIZE + 50)
    found = spectrogram([samples], sample_rate_hz=RATE_HZ)
    truth = by_scipy(samples[:, 0], SIZE)

    assert found.windows == 2
    assert len(truth) == windows
    np.testing.assert_allclose(found.power[0][:-1], truth[:-1].reshape(-1, 2, SIZE // 2 + 1).mean(axis=1), atol=2e-6)
    np.testing.assert_allclose(found.power[0][-1], truth[-1], atol=2e-6)
    assert found.t_s[-1] * RATE_HZ == pytest.approx((windows - 0.5) * SIZE)


@settings(max_examples=25, deadline=None)
@given(st.integers(SIZE, 600_000), st.lists(st.integers(1, 5000), max_size=8), st.integers(1, 3))
def test_any_length_in_any_blocks(frames, cuts, channels):
    """There are LEAST_ROWS to twice as many rows, fewer of a short recording; the cut into blocks does not matter."""
    samples = np.zeros((frames, channels), np.float32)
    samples[:: 37 * SIZE] = 1.0
    whole = spectrogram([samples], sample_rate_hz=RATE_HZ)
    cut = spectrogram(np.split(samples, np.minimum(np.cumsum(cuts), frames)), sample_rate_hz=RATE_HZ)

    assert whole.power.shape == (channels, len(whole.t_s), SIZE // 2 + 1)
    assert len(whole.t_s) <= 2 * LEAST_ROWS
    assert len(whole.t_s) >= LEAST_ROWS or whole.row_s * RATE_HZ == SIZE // 8
    assert 0 < whole.t_s[0] < whole.t_s[-1] + 1e-9 < frames / RATE_HZ
    assert whole.duration_s == frames / RATE_HZ
    np.testing.assert_array_equal(whole.power, cut.power)
    np.testing.assert_array_equal(whole.t_s, cut.t_s)


def test_memory_does_not_grow():
    """Twenty minutes take the memory that 210 s take: from 205 s on, windows are averaged."""

    def peak_bytes(seconds):
        tracemalloc.start()
        spectrogram((np.ones((8000, 1), np.float32) for _ in range(seconds)), sample_rate_hz=8000)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert peak_bytes(1200) < 1.1 * peak_bytes(210)


@pytest.mark.parametrize("frames", [0, 1, SIZE - 1])
def test_too_short(frames):
    """Less than a window is refused with its length and the one that is needed."""
    with pytest.raises(RecordingError, match=rf"0\.17 s .* got {frames / RATE_HZ:.3g} s; give a longer"):
        spectrogram([np.zeros((frames, 1), np.float32)], sample_rate_hz=RATE_HZ)


def test_range_of_colours_begins_at_the_noise_floor():
    """A weak tone in noise: from the noise's median to the tone, at least 15 dB; digital silence is no trouble."""
    samples = 0.01 * noise(200_000)
    samples[:, 0] += 0.1 * np.sin(2 * np.pi * 0.25 * np.arange(len(samples)))
    found = spectrogram([samples], sample_rate_hz=RATE_HZ)
    low_db, high_db = found.range_db(found.band(0, RATE_HZ / 2))

    # One window a row: the median of an exponential distribution is ln 2 of its mean; the tone's bins lift it a little.
    assert low_db == pytest.approx(10 * np.log10(6 / SIZE * 1e-4 * np.log(2)), abs=0.3)
    assert high_db == pytest.approx(-20, abs=0.3)
    silence = spectrogram([np.zeros((9999, 1), np.float32)], sample_rate_hz=RATE_HZ)
    assert silence.range_db(silence.band(0, 300)) == pytest.approx((-160, -145), abs=1e-3)


def test_top_follows_what_stands_out():
    """4 kHz are shown, or more where a tone lies above."""
    t_s = np.arange(48_000) / 48_000
    for tone_hz, top_hz in ((1500, 4000), (7000, 7700)):
        samples = 0.001 * noise(48_000)[:, 0] + np.sin(2 * np.pi * tone_hz * t_s)
        found = spectrogram([samples[:, None].astype(np.float32)], sample_rate_hz=48_000)
        assert found.top_hz() == pytest.approx(top_hz, abs=120)  # a Hann window's skirts
