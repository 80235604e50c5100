"""The way from satellite to receiver: free-space loss, the budget, and the horizon."""

from math import log10, pi, sin

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beep.channel import carrier_to_noise_db_hz, path_loss_db, relative_amplitude

LOSS_TOLERANCE_DB = 0.06  # the published figures are rounded to 0.1 dB; 112.45 stands as 112.5
BUDGET_TOLERANCE_DB = 1e-3  # worked by hand in watts, to four decimals of a dB
AMPLITUDE_TOLERANCE = 1e-12  # float64 arithmetic
CONTINUITY = 1.05  # steepest slope of a raised cosine, pi / 2, over the fade, in steps of the grid; 5 % to spare

KM = 1e3
DEGREE = pi / 180


@pytest.mark.parametrize(("range_km", "loss_db"), [(500, 112.5), (1000, 118.5), (1500, 122.0), (2500, 126.4)])
def test_path_loss_at_20_mhz(range_km, loss_db):
    """Free-space loss at 20.005 MHz is that of the published table."""
    assert abs(path_loss_db(20.005e6, range_km * KM) - loss_db) < LOSS_TOLERANCE_DB


@pytest.mark.parametrize("range_km", [250, 1000, 2500])
def test_path_loss_at_40_mhz_is_6_db_more(range_km):
    """Twice the frequency costs 6.0 dB."""
    more_db = path_loss_db(40.002e6, range_km * KM) - path_loss_db(20.005e6, range_km * KM)

    assert abs(more_db - 6.0) < LOSS_TOLERANCE_DB


@pytest.mark.parametrize(("frequency_mhz", "galactic_db"), [(20.005, 22.0737), (40.002, 15.1514)])
@pytest.mark.parametrize("power_w", [1.0, 0.01])
def test_budget_by_hand(frequency_mhz, galactic_db, power_w):
    """C/N0 at 1000 km is P G (lambda / 4 pi d)^2 / (k T0 F), with a dipole's 2.15 dBi less 3 dB of polarisation."""
    wavelength_m = 299.792458 / frequency_mhz
    gain = 10 ** ((2.15 - 3.0) / 10)
    received_w = power_w * gain * (wavelength_m / (4 * pi * 1e6)) ** 2
    noise_w_hz = 1.380649e-23 * 290 * 10 ** (galactic_db / 10)
    expected_db_hz = 10 * log10(received_w / noise_w_hz)

    found_db_hz = carrier_to_noise_db_hz(frequency_mhz * 1e6, power_w=power_w, range_m=1e6, place="galactic")

    assert abs(found_db_hz - expected_db_hz) < BUDGET_TOLERANCE_DB


@pytest.mark.parametrize(("frequency_hz", "snr_db"), [(20.005e6, 29.5), (40.002e6, 31.8)])
def test_budget_against_the_published_one(frequency_hz, snr_db):
    """1 W at 1000 km, without the polarisation loss, stands 29.5 and 31.8 dB above rural man-made noise in 500 Hz."""
    all_db_hz, galaxy_db_hz = (
        carrier_to_noise_db_hz(frequency_hz, power_w=1.0, range_m=1e6, place=place) for place in ("rural", "galactic")
    )
    man_made = 10 ** (-all_db_hz / 10) - 10 ** (-galaxy_db_hz / 10)  # the galaxy's part taken out again
    found_db = -10 * log10(man_made * 500) + 3.0

    assert abs(found_db - snr_db) < LOSS_TOLERANCE_DB


def test_no_noise_is_an_infinite_ratio():
    """Without noise the ratio is infinite, and nothing warns."""
    assert carrier_to_noise_db_hz(20.005e6, power_w=1.0, range_m=1e6, place="off") == np.inf


@settings(max_examples=50, deadline=None)
@given(range_m=st.floats(1e5, 1e8), elevation_rad=st.floats(1.001 * DEGREE, pi / 2))
def test_amplitude_is_the_inverse_of_the_range(range_m, elevation_rad):
    """Above the first degree, twice as far is half as strong, whatever the elevation."""
    found = relative_amplitude(np.array([range_m]), np.array([sin(elevation_rad)]), closest_m=1e5)[0]

    assert abs(found * range_m / 1e5 - 1) < AMPLITUDE_TOLERANCE


@settings(max_examples=50, deadline=None)
@given(range_m=st.floats(1e5, 1e8), elevation_rad=st.floats(-pi / 2, 0.0))
def test_below_the_horizon_is_silence(range_m, elevation_rad):
    """At and below the horizon the amplitude is exactly zero."""
    assert relative_amplitude(np.array([range_m]), np.array([sin(elevation_rad)]), closest_m=1e5)[0] == 0.0


def test_horizon_is_continuous():
    """Through the horizon and the first degree the amplitude only rises, and never by more than a smooth fade does."""
    elevation_rad = np.linspace(-0.5, 1.5, 2001) * DEGREE
    found = relative_amplitude(np.full(2001, 1e6), np.sin(elevation_rad), closest_m=1e6)
    steps = np.diff(found)

    assert found[0] == 0
    assert abs(found[-1] - 1) < AMPLITUDE_TOLERANCE
    assert steps.min() >= 0
    assert steps.max() < CONTINUITY * pi / 2 / 1000  # 1000 steps a degree
