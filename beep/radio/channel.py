"""What the way does to the signal: when each carrier arrives, how strong, against how much noise."""

from dataclasses import dataclass
from math import log10, pi, radians, sin

import numpy as np

from beep.base.arrays import Array
from beep.base.choices import Noise
from beep.base.constants import SPEED_OF_LIGHT_M_S
from beep.geometry.look import Look, LookFunction
from beep.geometry.stations import Station
from beep.radio.ionosphere import Layer, faraday_angle, ray
from beep.radio.noise import noise_density_dbw_hz

DIPOLE_DBI = 2.15  # a half-wave dipole on the ground, towards the satellite
POLARISATION_LOSS_DB = 3.0  # mean between a turning whip and a fixed dipole (assumed)
DIFFERENCE_S = 0.25
SIN_FADE_ELEVATION = sin(radians(1.0))  # the horizon is soft up to here (assumed)


def path_loss_db(frequency_hz: float, range_m: float) -> float:
    """Free-space loss between isotropic antennas, dB."""
    return 20 * log10(4 * pi * range_m * frequency_hz / SPEED_OF_LIGHT_M_S)


def carrier_to_noise_db_hz(frequency_hz: float, *, power_w: float, range_m: float, place: Noise) -> float:
    """C/N0 while the key is down, dB-Hz. Infinite without noise."""
    return received_dbw(frequency_hz, power_w=power_w, range_m=range_m) - noise_density_dbw_hz(frequency_hz, place)


def received_dbw(frequency_hz: float, *, power_w: float, range_m: float) -> float:
    """What a dipole receives of `power_w` from an isotropic antenna, dBW, with the mean loss of polarisation."""
    return 10 * log10(power_w) + DIPOLE_DBI - POLARISATION_LOSS_DB - path_loss_db(frequency_hz, range_m)


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
    """The way of one carrier to a `site` that sees the satellite so, through a layer or none.

    See `beep.radio.ionosphere` for what a layer does, and what is left out.
    """
    sin_elevation = np.sin(seen.elevation_rad)
    straight = {"range_m": seen.range_m, "sin_elevation": sin_elevation}
    if layer is None:
        return Link(phase_delay_s=seen.delay_s, group_delay_s=seen.delay_s, faraday_rad=None, edge_db=None, **straight)
    bent = ray(seen.range_m, sin_elevation, frequency_hz=frequency_hz, layer=layer)
    where = (seen.range_m, seen.azimuth_rad, seen.elevation_rad)
    return Link(
        phase_delay_s=seen.delay_s - bent.early_s,
        group_delay_s=seen.delay_s + bent.late_s,
        faraday_rad=faraday_angle(*where, frequency_hz=frequency_hz, layer=layer, site=site) if faraday else None,
        edge_db=10 * np.log10(bent.gain),
        **straight,
    )


def ionospheric_doppler_hz(look: LookFunction, t_s: Array, *, frequency_hz: float, layer: Layer | None) -> Array:
    """What the ionosphere adds to the received frequency at times (N,), Hz.

    A difference of the phase over +-0.5 s, of fourth order.
    """
    if layer is None:
        return np.zeros_like(t_s)
    seen = look((t_s[:, None] + DIFFERENCE_S * np.arange(-2, 3)).ravel())
    bent = ray(seen.range_m, np.sin(seen.elevation_rad), frequency_hz=frequency_hz, layer=layer)
    slope: Array = bent.early_s.reshape(-1, 5) @ np.array([1, -8, 0, 8, -1]) / (12 * DIFFERENCE_S)
    return frequency_hz * slope


def amplitude(
    way: Link, sent_s: Array, *, closest_m: float, spin_rpm: float = 0.0, spin_depth_db: float = 0.0
) -> Array:
    """Signed amplitude, of what was sent at `sent_s`, against that at `closest_m` in free space and without spin.

    A fixed dipole hears the cosine of the Faraday angle. The budget holds the mean loss of that, 3 dB, so the best
    moments are 3 dB above it.
    """
    found = relative_amplitude(way.range_m, way.sin_elevation, closest_m=closest_m)
    if way.edge_db is not None:
        found = found * 10 ** (way.edge_db / 20)
    if way.faraday_rad is not None:
        found = found * (10 ** (POLARISATION_LOSS_DB / 20) * np.cos(way.faraday_rad))
    if spin_rpm > 0:
        found = found * spin_gain(sent_s, spin_rpm=spin_rpm, spin_depth_db=spin_depth_db)
    return found


def spin_gain(sent_s: Array, *, spin_rpm: float, spin_depth_db: float) -> Array:
    """Amplitude of a spinning transmitter against its best direction, at emission times of any shape.

    In the plane of the turn the pattern is a dipole's, its two nulls filled up to `spin_depth_db`. Phase and depth are
    assumed, and the same for every carrier.
    """
    turn_rad = 2 * np.pi * spin_rpm / 60 * sent_s
    least = 10 ** (-spin_depth_db / 20)
    return np.hypot(np.cos(turn_rad), least * np.sin(turn_rad))


def relative_amplitude(range_m: Array, sin_elevation: Array, *, closest_m: float) -> Array:
    """Amplitude against that at `closest_m`: as the inverse of the range, silent below the horizon.

    Over the first degree of elevation it comes in on a raised cosine.
    """
    up = np.clip(sin_elevation / SIN_FADE_ELEVATION, 0.0, 1.0)
    return closest_m / range_m * (0.5 - 0.5 * np.cos(np.pi * up))
