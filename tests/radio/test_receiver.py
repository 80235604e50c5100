"""The receiver: frequency response of filters, formula and limits of the AGC, hum, saturation and tape."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import freqz

from beep.radio.receiver import (
    HUM_HARMONICS_DB,
    agc_gain,
    agc_steps,
    band_filter,
    doppler_sign,
    hum,
    noise_bandwidth_hz,
    saturated,
    wow_s,
)

FILTERS = [
    {"low_hz": 300.0, "high_hz": 3000.0, "rate_hz": 12_000.0, "half": 120},  # the default
    {"low_hz": 300.0, "high_hz": 3000.0, "rate_hz": 11_025.0, "half": 120},
    {"low_hz": 300.0, "high_hz": 3000.0, "rate_hz": 48_000.0, "half": 480},  # very short edges
    {"low_hz": 300.0, "high_hz": 20_000.0, "rate_hz": 48_000.0, "half": 480},
    {"low_hz": 1200.0, "high_hz": 1800.0, "rate_hz": 9600.0, "half": 120},
    {"low_hz": 0.0, "high_hz": 3000.0, "rate_hz": 12_000.0, "half": 120},  # low-pass
]
EDGE_DB = 20 * np.log10(0.5)
EDGE_TOLERANCE_DB = 0.005  # where the slopes of the two edges stay apart; measured 4e-4
FLAT_TOLERANCE_DB = 0.01  # between the slopes; an 80 dB Kaiser window ripples by 1e-3 dB; measured 1.8e-3
STOPBAND_DB = -77.0  # beyond the slopes; 80 for one edge, and two may add; measured -77.7
SYMMETRY_TOLERANCE = 1e-15  # of the largest tap: the same numbers, perhaps in another order
PHASE_TOLERANCE_RAD = 1e-9  # of float64 sums over some hundred taps


def slope_hz(design):
    """Documented width of a slope, Hz."""
    return 5 * design["rate_hz"] / (2 * design["half"])


def response(design, frequency_hz):
    """Response (complex) with the delay of `half` samples taken out."""
    _, result = freqz(band_filter(**design), worN=frequency_hz, fs=design["rate_hz"])
    return result * np.exp(2j * np.pi * frequency_hz / design["rate_hz"] * design["half"])


def gain_db(design, frequency_hz):
    """Gain, dB."""
    return 20 * np.log10(np.maximum(np.abs(response(design, np.asarray(frequency_hz, float))), 1e-12))


@pytest.mark.parametrize("design", FILTERS)
def test_edges_are_6_db_down(design):
    """At low_hz and at high_hz the amplitude is one half."""
    edges_hz = [edge_hz for edge_hz in (design["low_hz"], design["high_hz"]) if edge_hz > 0]

    assert np.abs(gain_db(design, edges_hz) - EDGE_DB).max() < EDGE_TOLERANCE_DB


@pytest.mark.parametrize("design", FILTERS)
def test_band_is_flat(design):
    """Between the slopes the gain is one."""
    low_hz = design["low_hz"] + slope_hz(design) / 2 if design["low_hz"] > 0 else 0.0
    inside_hz = np.linspace(low_hz, design["high_hz"] - slope_hz(design) / 2, 2001)

    assert np.abs(gain_db(design, inside_hz)).max() < FLAT_TOLERANCE_DB


@pytest.mark.parametrize("design", FILTERS)
def test_outside_is_silent(design):
    """Beyond the slopes the filter is in its stopband, down to zero and up to half the rate."""
    above_hz = np.linspace(design["high_hz"] + slope_hz(design) / 2, design["rate_hz"] / 2, 2001)
    below_hz = np.linspace(0, design["low_hz"] - slope_hz(design) / 2, 501) if design["low_hz"] > 0 else above_hz

    assert gain_db(design, above_hz).max() <= STOPBAND_DB
    assert gain_db(design, below_hz).max() <= STOPBAND_DB


@pytest.mark.parametrize("design", FILTERS)
def test_phase_is_linear(design):
    """The taps are symmetrical: every frequency is delayed by `half` samples."""
    taps = band_filter(**design)
    inside_hz = np.linspace(design["low_hz"] + slope_hz(design), design["high_hz"] - slope_hz(design), 500)

    assert taps.size == 2 * design["half"] + 1
    assert np.abs(taps - taps[::-1]).max() < SYMMETRY_TOLERANCE * np.abs(taps).max()
    assert np.abs(np.angle(response(design, inside_hz))).max() < PHASE_TOLERANCE_RAD


def test_sidebands_have_opposite_signs():
    """With the oscillator below the carrier the tone follows the Doppler, with one above it mirrors it."""
    assert doppler_sign("upper") == 1
    assert doppler_sign("lower") == -1


# --- round filters ------------------------------------------------------------------------------------------------

ROUND = [
    {"low_hz": 1400.0, "high_hz": 1600.0, "rate_hz": 12_000.0, "half": 120},
    {"low_hz": 1000.0, "high_hz": 2000.0, "rate_hz": 11_025.0, "half": 120},
    {"low_hz": 300.0, "high_hz": 3000.0, "rate_hz": 12_000.0, "half": 120},  # reaches zero, and folds back there
    {"low_hz": 0.0, "high_hz": 3000.0, "rate_hz": 24_000.0, "half": 240},
]
BELL_TOLERANCE = 3e-3  # of the gain: of the widest the last per mille of the bell lies above half the rate
BANDWIDTH_TOLERANCE_DB = 0.03


@pytest.mark.parametrize("design", ROUND)
def test_round_filter_is_a_bell(design):
    """A Gaussian of frequency that is one half at its edges, and its image at negative frequencies."""
    middle_hz = (design["low_hz"] + design["high_hz"]) / 2 if design["low_hz"] else 0.0
    half_hz = design["high_hz"] - middle_hz
    frequency_hz = np.linspace(0, design["rate_hz"] / 2, 2001)
    bell = sum(np.exp2(-(((frequency_hz - one_hz) / half_hz) ** 2)) for one_hz in (middle_hz, -middle_hz))
    at_middle = 1 + np.exp2(-((2 * middle_hz / half_hz) ** 2))
    result = response(design | {"shape": "round"}, frequency_hz)

    assert np.abs(result - bell / at_middle).max() < BELL_TOLERANCE


@pytest.mark.parametrize("shape", ["flat", "round"])
@pytest.mark.parametrize("design", ROUND)
def test_noise_bandwidth_is_the_integral_of_the_power(design, shape):
    """The noise bandwidth is that of the taps, relative to their gain in the middle."""
    band = {"low_hz": design["low_hz"], "high_hz": design["high_hz"], "shape": shape}
    taps = band_filter(**design, shape=shape)
    measured_hz = np.sum(taps**2) * design["rate_hz"] / 2  # the gain in the middle is one
    stated_hz = noise_bandwidth_hz(**band)
    error_hz = stated_hz - measured_hz

    if shape == "flat":
        edges = 2 if design["low_hz"] else 1
        assert 0 < error_hz < 0.25 * slope_hz(design) * edges  # each slope takes a part of itself
    else:
        assert abs(10 * np.log10(stated_hz / measured_hz)) < BANDWIDTH_TOLERANCE_DB


# --- AGC ----------------------------------------------------------------------------------------------------------

STEP_S = 0.005
TIMES = {"attack_s": 0.02, "release_s": 0.4, "step_s": STEP_S}
SETTLED = 1e-2  # of the gain: what lies beyond five time constants
TARGET = np.array([0.5])


def gain(level):
    """Gain just after each level (N,), without the first ones, which look back beyond the start."""
    return agc_gain(level[None].astype(np.float32), **TIMES, target=TARGET)[0]


def test_agc_brings_a_steady_level_to_its_target():
    """A steady input comes out at the target from 40 dB below it on; below that the gain is 40 dB."""
    for level in (10.0, 1.0, 0.5, 0.05, 0.0051):
        assert np.allclose(gain(np.full(1000, level)) * level, 0.5, rtol=1e-5)
    for level in (0.004, 1e-6, 0.0):
        assert np.allclose(gain(np.full(1000, level)), 100.0, rtol=1e-5)


def test_agc_gives_way_with_its_attack():
    """After a step up the output level approaches the target as one minus an exponential."""
    level = np.concatenate([np.full(1000, 0.1), np.full(200, 1.0)])
    result = gain(level)[-200:]
    after_s = np.arange(1, 201) * STEP_S
    expected = 0.5 / (1 - 0.9 * np.exp(-after_s / TIMES["attack_s"]))

    assert np.abs(result / expected - 1).max() < SETTLED


def test_agc_comes_back_with_its_release():
    """After a step down the gain grows exponentially until the new level holds it."""
    level = np.concatenate([np.full(1000, 1.0), np.full(150, 0.2)])
    result = gain(level)[-150:]
    after_s = np.arange(1, 151) * STEP_S - TIMES["attack_s"]  # the smoothing is late by so much
    expected = 0.5 / np.maximum(np.exp(-after_s / TIMES["release_s"]), 0.2)
    settled = after_s > 5 * TIMES["attack_s"]

    assert np.abs(result / expected - 1)[settled].max() < 0.1  # smoothing and hold are in a row: not quite exponential
    assert abs(result[-1] - 2.5) < 0.025


def test_agc_forgets_what_lies_before_its_look_back():
    """Levels that agree over the look-back give the same gain to the bit; one step more, and it may differ."""
    steps = agc_steps(**TIMES)
    random = np.random.default_rng(1)
    recent = random.random(steps) / 10
    one, other = (gain(np.concatenate([past, recent])) for past in (50 + random.random(300), np.zeros(300)))

    assert one[-1] == other[-1]
    assert one[-2] != other[-2]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), attack_s=st.floats(1e-4, 0.2), release_s=st.floats(1e-4, 2.0))
def test_agc_follows_its_formula(seed, attack_s, release_s):
    """The gain of random levels is that of the formula, evaluated step by step."""
    level = np.random.default_rng(seed).random(2500)
    release, attack = int(5 * release_s / STEP_S), int(5 * attack_s / STEP_S)
    times = {"attack_s": attack_s, "release_s": release_s, "step_s": STEP_S}
    result = agc_gain(level[None].astype(np.float32), **times, target=TARGET)[0]
    for last in (len(level) - 1, len(level) - 17):
        held = [
            max(level[now - ago] * np.exp(-ago * STEP_S / release_s) for ago in range(release + 1))
            for now in range(last - attack, last + 1)
        ]
        weights = np.exp(-np.arange(attack, -1, -1) * STEP_S / attack_s)
        smooth = np.dot(weights, held) / weights.sum()

        assert result[last - agc_steps(**times) + 1] == pytest.approx(0.5 / max(smooth, 0.005), rel=1e-4)


# --- audio stage and tape -----------------------------------------------------------------------------------------


def test_saturation_stays_below_its_limit():
    """Small samples stay as they are, none exceeds the limit, and larger stay larger."""
    samples = np.linspace(-30, 30, 6001, dtype=np.float32)
    bent = saturated(samples, limit=0.7)

    assert np.abs(bent - samples)[np.abs(samples) < 0.05].max() < 2e-4
    assert np.abs(bent).max() < 0.7
    assert np.all(np.diff(bent) >= 0)
    assert np.array_equal(bent, -bent[::-1])


@pytest.mark.parametrize(("hum_hz", "rate_hz"), [(60.0, 48_000), (50.0, 8000), (1000.0, 8000), (900.0, 44_100)])
@pytest.mark.parametrize("first", [0, -12_345, 480_000_000_000])
def test_hum_is_a_sum_of_cosines(hum_hz, rate_hz, first):
    """Each harmonic below half the rate has its level, and its phase depends on the sample's number."""
    n = np.arange(first, first + 5000)
    expected = np.zeros(5000)
    for harmonic, db in enumerate(HUM_HARMONICS_DB, 1):
        if harmonic * hum_hz < rate_hz / 2:
            turns = np.array([(Fraction(int(one)) * Fraction(harmonic * hum_hz) / rate_hz) % 1 for one in n], float)
            expected += 0.01 * 10 ** (db / 20) * np.cos(2 * np.pi * turns)
    result = hum(first, 5000, rate_hz=rate_hz, hum_hz=hum_hz, amplitude=0.01)

    assert np.abs(result - expected).max() < (1e-8 if abs(first) < 1e6 else 1e-5)


def test_wow_swings_the_speed():
    """The derivative of the tape's lead is its speed error, of the given peak and frequency."""
    t_s = np.arange(0, 10, 1e-3)
    speed = np.gradient(wow_s(t_s, percent=0.3, rate_hz=0.7), t_s)

    assert abs(np.abs(speed).max() - 0.003) < 1e-6
    assert np.abs(speed - 0.003 * np.cos(2 * np.pi * 0.7 * t_s))[1:-1].max() < 1e-7
