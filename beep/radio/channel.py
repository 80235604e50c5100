"""The radio link: delay, amplitude and C/N0 of each carrier at the receiver."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import log10, pi, radians, sin

import numpy as np

from beep.base.arrays import Array
from beep.base.choices import Noise
from beep.base.constants import SPEED_OF_LIGHT_M_S
from beep.geometry.look import Look, LookFunction
from beep.geometry.stations import Station
from beep.radio.ionosphere import Layer, faraday_angle, ray
from beep.radio.noise import noise_density_dbw_hz

DIPOLE_DBI = 2.15  # gain of a half-wave dipole on the ground, towards the satellite
POLARISATION_LOSS_DB = 3.0  # mean between a rotating whip and a fixed dipole (assumed)
DIFFERENCE_S = 0.25
SIN_FADE_ELEVATION = sin(radians(1.0))  # the signal fades in from the horizon up to here (assumed)


def path_loss_db(frequency_hz: float, range_m: float) -> float:
    """Free-space loss between isotropic antennas, dB."""
    return 20 * log10(4 * pi * range_m * frequency_hz / SPEED_OF_LIGHT_M_S)


def carrier_to_noise_db_hz(frequency_hz: float, *, power_w: float, range_m: float, place: Noise) -> float:
    """C/N0 while the key is down, dB-Hz. Infinite without noise."""
    return received_dbw(frequency_hz, power_w=power_w, range_m=range_m) - noise_density_dbw_hz(frequency_hz, place)


def received_dbw(frequency_hz: float, *, power_w: float, range_m: float) -> float:
    """Power received by a dipole from an isotropic antenna, dBW, with the mean polarisation loss."""
    return 10 * log10(power_w) + DIPOLE_DBI - POLARISATION_LOSS_DB - path_loss_db(frequency_hz, range_m)


@dataclass(frozen=True, kw_only=True, eq=False)
class Link:
    """Delays and losses of one carrier; all arrays have one shape and are smooth in time."""

    phase_delay_s: Array  # the carrier's phase is -2 pi f times this
    group_delay_s: Array  # the keying is read this long ago
    range_m: Array
    sin_elevation: Array
    faraday_rad: Array | None  # rotation of the plane of polarisation; None without Faraday rotation
    edge_db: Array | None  # gain from the spreading of the rays; None without an ionosphere

    def mapped(self, function: Callable[[Array], Array]) -> "Link":
        """Return the link with a function applied to each of its arrays, such as an interpolation."""
        arrays = {name: function(values) for name, values in vars(self).items() if values is not None}
        return replace(self, **arrays)


def link(look: Look, *, frequency_hz: float, layer: Layer | None, site: Station, faraday: bool = True) -> Link:
    """Return the link of one carrier for each look from a `site`, through a layer or none.

    See `beep.radio.ionosphere` for the effects of a layer and for what is not modelled.
    """
    sin_elevation = np.sin(look.elevation_rad)
    straight = {"range_m": look.range_m, "sin_elevation": sin_elevation}
    if layer is None:
        return Link(phase_delay_s=look.delay_s, group_delay_s=look.delay_s, faraday_rad=None, edge_db=None, **straight)
    bent = ray(look.range_m, sin_elevation, frequency_hz=frequency_hz, layer=layer)
    direction = (look.range_m, look.azimuth_rad, look.elevation_rad)
    return Link(
        phase_delay_s=look.delay_s - bent.early_s,
        group_delay_s=look.delay_s + bent.late_s,
        faraday_rad=faraday_angle(*direction, frequency_hz=frequency_hz, layer=layer, site=site) if faraday else None,
        edge_db=10 * np.log10(bent.gain),
        **straight,
    )


def ionospheric_doppler_hz(look: LookFunction, t_s: Array, *, frequency_hz: float, layer: Layer | None) -> Array:
    """Doppler shift by the ionosphere alone at times (N,), Hz.

    It is the fourth-order difference of the phase delay over +-0.5 s.
    """
    if layer is None:
        return np.zeros_like(t_s)
    around = look((t_s[:, None] + DIFFERENCE_S * np.arange(-2, 3)).ravel())
    bent = ray(around.range_m, np.sin(around.elevation_rad), frequency_hz=frequency_hz, layer=layer)
    slope: Array = bent.early_s.reshape(-1, 5) @ np.array([1, -8, 0, 8, -1]) / (12 * DIFFERENCE_S)
    return frequency_hz * slope


def amplitude(
    path: Link, sent_s: Array, *, closest_m: float, spin_rpm: float = 0.0, spin_depth_db: float = 0.0
) -> Array:
    """Amplitude of what was sent at `sent_s`, relative to that at `closest_m` in free space and without spin.

    A fixed dipole receives the cosine of the Faraday angle, so the amplitude has a sign. The link budget holds the mean
    polarisation loss, 3 dB, so the best moments are 3 dB above it.
    """
    gain = relative_amplitude(path.range_m, path.sin_elevation, closest_m=closest_m)
    if path.edge_db is not None:
        gain = gain * 10 ** (path.edge_db / 20)
    if path.faraday_rad is not None:
        gain = gain * (10 ** (POLARISATION_LOSS_DB / 20) * np.cos(path.faraday_rad))
    if spin_rpm > 0:
        gain = gain * spin_gain(sent_s, spin_rpm=spin_rpm, spin_depth_db=spin_depth_db)
    return gain


def spin_gain(sent_s: Array, *, spin_rpm: float, spin_depth_db: float) -> Array:
    """Amplitude of a spinning transmitter relative to its best direction, at emission times of any shape.

    In the plane of rotation the pattern is that of a dipole whose two nulls are `spin_depth_db` deep. Phase and depth
    are assumed, and the same for every carrier.
    """
    turn_rad = 2 * np.pi * spin_rpm / 60 * sent_s
    least = 10 ** (-spin_depth_db / 20)
    return np.hypot(np.cos(turn_rad), least * np.sin(turn_rad))


def relative_amplitude(range_m: Array, sin_elevation: Array, *, closest_m: float) -> Array:
    """Amplitude relative to that at `closest_m`: inverse to the range, and 0 below the horizon.

    It rises as a raised cosine over the first degree of elevation.
    """
    up = np.clip(sin_elevation / SIN_FADE_ELEVATION, 0.0, 1.0)
    return closest_m / range_m * (0.5 - 0.5 * np.cos(np.pi * up))
