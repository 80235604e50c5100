"""What the way does to the signal: when each carrier arrives, how strong, against how much noise."""

from dataclasses import dataclass
from math import log10, pi, radians, sin

import numpy as np

from beep.arrays import Array
from beep.choices import Noise
from beep.constants import SPEED_OF_LIGHT_M_S
from beep.geometry import Look
from beep.ionosphere import Layer
from beep.noise import noise_density_dbw_hz
from beep.stations import Station

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Link:
    """One carrier's way, all arrays of one shape and smooth in time: a few nodes a second are enough."""

    phase_delay_s: Array  # the carrier's phase is -2 pi f times this
    group_delay_s: Array  # the keying is read this long ago
    range_m: Array
    sin_elevation: Array
    faraday_rad: Array | None  # turn of the plane of polarisation; None where it is not heard
    edge_db: Array | None  # gain from the spreading of the rays; None where they are straight


def link(seen: Look, *, frequency_hz: float, layer: Layer | None, site: Station, faraday: bool = True) -> Link:
    """The way of one carrier to a `site` that sees the satellite so, through a layer or none."""
    return Link(
        phase_delay_s=seen.delay_s,
        group_delay_s=seen.delay_s,
        range_m=seen.range_m,
        sin_elevation=np.sin(seen.elevation_rad),
        faraday_rad=None,
        edge_db=None,
    )


def amplitude(
    way: Link, sent_s: Array, *, closest_m: float, spin_rpm: float = 0.0, spin_depth_db: float = 0.0
) -> Array:
    """Signed amplitude, against that at `closest_m` in free space, of what was sent at `sent_s`."""
    return relative_amplitude(way.range_m, way.sin_elevation, closest_m=closest_m)


def relative_amplitude(range_m: Array, sin_elevation: Array, *, closest_m: float) -> Array:
    """Amplitude against that at `closest_m`: as the inverse of the range, silent below the horizon.

    Over the first degree of elevation it comes in on a raised cosine.
    """
    up = np.clip(sin_elevation / SIN_FADE_ELEVATION, 0.0, 1.0)
    return closest_m / range_m * (0.5 - 0.5 * np.cos(np.pi * up))
