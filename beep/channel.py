"""What the way does to the signal: how strong it arrives, against how much noise.

First form: free space and the horizon. Fading, ionosphere and antenna patterns are not here.
"""

from math import log10, pi, radians, sin

import numpy as np

from beep.arrays import Array
from beep.choices import Noise
from beep.constants import SPEED_OF_LIGHT_M_S
from beep.noise import noise_density_dbw_hz

DIPOLE_DBI = 2.15  # a half-wave dipole on the ground, towards the satellite
POLARISATION_LOSS_DB = 3.0  # mean between a turning whip and a fixed dipole (assumed)
SIN_FADE_ELEVATION = sin(radians(1.0))  # the horizon is soft up to here (assumed)


def path_loss_db(frequency_hz: float, range_m: float) -> float:
    """Free-space loss between isotropic antennas, dB."""
    return 20 * log10(4 * pi * range_m * frequency_hz / SPEED_OF_LIGHT_M_S)


def carrier_to_noise_db_hz(frequency_hz: float, *, power_w: float, range_m: float, place: Noise) -> float:
    """C/N0 while the key is down, dB-Hz: `power_w` from an isotropic antenna into a dipole. Infinite without noise."""
    received_dbw = 10 * log10(power_w) + DIPOLE_DBI - POLARISATION_LOSS_DB - path_loss_db(frequency_hz, range_m)
    return received_dbw - noise_density_dbw_hz(frequency_hz, place)


def relative_amplitude(range_m: Array, sin_elevation: Array, *, closest_m: float) -> Array:
    """Amplitude against that at `closest_m`: as the inverse of the range, silent below the horizon.

    Over the first degree of elevation it comes in on a raised cosine.
    """
    up = np.clip(sin_elevation / SIN_FADE_ELEVATION, 0.0, 1.0)
    return closest_m / range_m * (0.5 - 0.5 * np.cos(np.pi * up))
