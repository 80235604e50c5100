"""The band filter, judged by its frequency response."""

import numpy as np
import pytest
from scipy.signal import freqz

from beep.receiver import band_filter, doppler_sign

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
    """Width of a slope, as the filter promises it."""
    return 5 * design["rate_hz"] / (2 * design["half"])


def response(design, frequency_hz):
    """Response (complex) with the delay of `half` samples taken out."""
    _, found = freqz(band_filter(**design), worN=frequency_hz, fs=design["rate_hz"])
    return found * np.exp(2j * np.pi * frequency_hz / design["rate_hz"] * design["half"])


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
    """Beyond the slopes nothing comes through, down to zero and up to half the rate."""
    above_hz = np.linspace(design["high_hz"] + slope_hz(design) / 2, design["rate_hz"] / 2, 2001)
    below_hz = np.linspace(0, design["low_hz"] - slope_hz(design) / 2, 501) if design["low_hz"] > 0 else above_hz

    assert gain_db(design, above_hz).max() <= STOPBAND_DB
    assert gain_db(design, below_hz).max() <= STOPBAND_DB


@pytest.mark.parametrize("design", FILTERS)
def test_phase_is_linear(design):
    """The taps mirror around their middle: every frequency is delayed by `half` samples, no shape is changed."""
    taps = band_filter(**design)
    inside_hz = np.linspace(design["low_hz"] + slope_hz(design), design["high_hz"] - slope_hz(design), 500)

    assert taps.size == 2 * design["half"] + 1
    assert np.abs(taps - taps[::-1]).max() < SYMMETRY_TOLERANCE * np.abs(taps).max()
    assert np.abs(np.angle(response(design, inside_hz))).max() < PHASE_TOLERANCE_RAD


def test_sidebands_have_opposite_signs():
    """An oscillator below the carrier hears the Doppler as it is, one above hears it mirrored."""
    assert doppler_sign("upper") == 1
    assert doppler_sign("lower") == -1
