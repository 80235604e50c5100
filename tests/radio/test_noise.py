"""Noise power, against ITU-R P.372."""

import numpy as np
import pytest

from beep.radio.noise import noise_density_dbw_hz

DENSITY_TOLERANCE_DB = 0.05  # the published figures are rounded to 0.1 dB

KT0_DBW_HZ = -203.975  # 10 lg(1.380649e-23 * 290)
MAN_MADE_DB = {  # Fa above k T0 B at the two carriers, without the galaxy (P.372)
    "city": (40.8, 32.4),
    "residential": (36.5, 28.1),
    "rural": (31.2, 22.8),
    "quiet-rural": (16.4, 7.8),
}
CARRIERS_HZ = (20.005e6, 40.002e6)


@pytest.mark.parametrize(("frequency_hz", "figure_db"), [(20.005e6, 22.1), (40.002e6, 15.2)])
def test_galactic_noise_is_that_of_p372(frequency_hz, figure_db):
    """Without man-made noise it is galactic noise alone."""
    assert abs(noise_density_dbw_hz(frequency_hz, "galactic") - KT0_DBW_HZ - figure_db) < DENSITY_TOLERANCE_DB


@pytest.mark.parametrize("place", MAN_MADE_DB)
@pytest.mark.parametrize("band", [0, 1])
def test_man_made_noise_is_that_of_p372(place, band):
    """The power that a place adds to the galactic noise is the published man-made noise."""
    total = 10 ** ((noise_density_dbw_hz(CARRIERS_HZ[band], place) - KT0_DBW_HZ) / 10)
    galaxy = 10 ** ((noise_density_dbw_hz(CARRIERS_HZ[band], "galactic") - KT0_DBW_HZ) / 10)

    assert abs(10 * np.log10(total - galaxy) - MAN_MADE_DB[place][band]) < DENSITY_TOLERANCE_DB


def test_no_noise_is_none():
    """Noise "off" has no power at all."""
    assert noise_density_dbw_hz(20.005e6, "off") == -np.inf
