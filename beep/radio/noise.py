"""Galactic and man-made noise at short wave, by ITU-R P.372."""

from math import log10

import numpy as np

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


def noise_density_dbw_hz(frequency_hz: float, place: Noise) -> float:
    """Noise power density at a lossless antenna, dBW/Hz: galactic noise plus the man-made noise of a place.

    "off" gives minus infinity. The values are medians; places and hours differ by about +-6 dB.

    References: Recommendation ITU-R P.372.
    """
    if place == "off":
        return -np.inf
    sources = [GALACTIC] + ([MAN_MADE[place]] if place in MAN_MADE else [])
    megahertz = log10(frequency_hz / 1e6)
    factor = sum(10 ** ((c - d * megahertz) / 10) for c, d in sources)
    return THERMAL_DBW_HZ + 10 * log10(factor)
