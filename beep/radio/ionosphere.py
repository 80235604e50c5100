"""Ionosphere of a solar maximum: one Chapman layer over a spherical Earth, and its effects on a wave.

Phase delay, group delay and power follow the refracted ray through the layer's shells; the polarisation rotates along
the straight line. At high frequencies the delays become the first order, `slant_electron_content` times
REFRACTION_M3_S2 / (c f^2). By day the first order is some 10 % low at 40 MHz, and wrong at 20 MHz: by a third above 30
degrees of elevation, by two to three times below 20. The angle of polarisation is of first order, and as wrong.
Not modelled: tilts, irregularities, the E and D layers and their absorption, the second magneto-ionic ray, and
reception by reflection.

A satellite is given by (range, elevation) as seen from a site on the sphere; arrays are (N,).
"""

from dataclasses import dataclass
from functools import lru_cache
from math import cos, e, pi, radians, sin, sqrt

import numpy as np

from beep.base.arrays import Array, joined
from beep.base.constants import MEAN_EARTH_RADIUS_M as EARTH_M
from beep.base.constants import SPEED_OF_LIGHT_M_S
from beep.geometry.stations import Station

# the refractive index is N e^2 / (8 pi^2 epsilon0 m f^2) below one; CODATA 2018
REFRACTION_M3_S2 = 40.308193
ROTATION_SI = 2.364838e4  # e^3 / (8 pi^2 epsilon0 m^2 c), rad m^2 s^-2 T^-1; CODATA 2018

# Degree 1 of the geomagnetic field at 1957.8 between the definitive models of 1955.0 (g10 -30500, g11 -2215, h11 5820)
# and 1960.0 (-30421, -2169, 5791), IAGA IGRF-13: g11, h11, g10, which is a dipole with its pole at 78.5 N, 69.3 W.
DIPOLE_T = np.array([-2189.24, 5803.76, -30455.76]) * 1e-9
DIPOLE_RADIUS_M = 6_371_200.0  # reference radius of the IGRF

BOTTOM = 4.0  # scale heights below the peak; below it there is 1e-11 of the density
LEAST_HEIGHT = 4.5  # scale heights between the ground and the peak
LINE_NODES, LINE_POWER = 24, 3  # of the straight line: within 1e-8 of adaptive quadrature

RAY_NODES, RAY_REACH = 40, 3.0  # to each side of the waist: within 3e-7 turn of five times as many
RAYS_AT_ONCE = 64  # arrays of 83 kB: larger ones are slow, because the system provides their memory anew each time
NEWTON_ROUNDS, LEAST_STEP = 8, 1e-6  # in v; the error after a step is less than its square
FIRST_SHARE = 0.999  # of the last ray's (R cos E0)^2, where the straight line is beyond it
LEAST_V, MOST_V = -50.0, 27.0
LEAST_ACROSS_M = 1.0  # from the zenith, where the plane of the ray is not defined
MOST_GAIN = 2.0


@dataclass(frozen=True, kw_only=True)
class Layer:
    """An alpha-Chapman layer; its peak stands at least LEAST_HEIGHT scale heights above the ground."""

    fof2_hz: float  # critical frequency: below it a vertical wave is reflected
    hm_m: float  # height of the peak
    scale_m: float  # scale height


# October 1957, solar maximum, middle latitudes (assumed: a model, not a measurement)
LAYERS = {
    "night": Layer(fof2_hz=6.0e6, hm_m=350e3, scale_m=50e3),
    "dawn": Layer(fof2_hz=5.5e6, hm_m=320e3, scale_m=45e3),
    "morning": Layer(fof2_hz=10.0e6, hm_m=290e3, scale_m=45e3),
    "noon": Layer(fof2_hz=13.5e6, hm_m=330e3, scale_m=55e3),
}

# Until which hour of mean solar time each of them holds (assumed; the evening has no layer of its own)
LAYER_UNTIL_HOUR = {4.0: "night", 6.5: "dawn", 10.0: "morning", 16.0: "noon", 19.0: "morning", 24.0: "night"}


def layer_at(solar_hour: float) -> str:
    """Name of the layer that holds at an hour of mean solar time, 0 to 24."""
    return next(name for until, name in LAYER_UNTIL_HOUR.items() if solar_hour < until)


def slant_electron_content(range_m: Array, sin_elevation: Array, *, layer: Layer) -> Array:
    """Electrons per square metre on the straight line from the ground to the satellite.

    Below the horizon the line goes through the Earth, so that the content stays smooth.
    """
    electrons, _, _ = _along(range_m, sin_elevation, layer)
    return np.asarray(electrons.sum(axis=-1))


def faraday_angle(
    range_m: Array, azimuth_rad: Array, elevation_rad: Array, *, frequency_hz: float, layer: Layer, site: Station
) -> Array:
    """Faraday rotation of the plane of polarisation from the satellite to `site`, rad.

    The magnetic field is a centred dipole of 1957. Compared with the whole field of that year (IGRF-14) at six of the
    known stations, the angle is 10 to 17 % too large in Europe and too small in America and New Zealand.
    """
    electrons, along_m, radius_m = _along(range_m, np.sin(elevation_rad), layer)
    east, north, up = _dipole_at(site)
    toward = np.cos(elevation_rad) * (np.sin(azimuth_rad) * east + np.cos(azimuth_rad) * north)
    toward = (toward + np.sin(elevation_rad) * up)[:, None]
    # B = (a/r)^3 (3 (m.r)r/r^2 - m); the wave comes down against the line of sight
    rise_m = EARTH_M * np.sin(elevation_rad)[:, None] + along_m
    field_t = toward - 3 * (EARTH_M * up + along_m * toward) * rise_m / radius_m**2
    field_t = field_t * (DIPOLE_RADIUS_M / radius_m) ** 3
    return np.asarray(ROTATION_SI / frequency_hz**2 * (electrons * field_t).sum(axis=-1))


@dataclass(frozen=True, kw_only=True, eq=False)
class Ray:
    """The refracted ray from the satellite to the ground, compared with the straight line in vacuum; arrays (N,)."""

    early_s: Array  # by how much the phase delay is shorter
    late_s: Array  # by how much the group delay is longer
    gain: Array  # power ratio, from the spreading of neighbouring rays


def ray(range_m: Array, sin_elevation: Array, *, frequency_hz: float, layer: Layer) -> Ray:
    """Solve for the ray of one frequency through the layer's shells between satellite and ground.

    Along it n r cos(E) = R cos(E0). The height of the smallest n r is the waist: a ray that comes near it runs along it
    for a while, and neighbouring rays diverge, which is the daytime edge of reception. The radiated power does not
    depend on the medium. Beyond the last ray that reaches the station (below the horizon, or where only a reflected
    ray would arrive) the phase is continued smoothly along the waist or the ground, which is no real path. A gain
    beyond MOST_GAIN is a caustic, where ray optics fails, and is limited to it.

    References: Budden 1985, The Propagation of Radio Waves; Kelso 1964, Radio Ray Propagation in the Ionosphere.
    """
    range_m, sine = np.broadcast_arrays(range_m, sin_elevation)
    starts = range(0, max(range_m.size, 1), RAYS_AT_ONCE)
    parts = [slice(start, start + RAYS_AT_ONCE) for start in starts]
    return joined([_ray(range_m[part], sine[part], frequency_hz=frequency_hz, layer=layer) for part in parts])


def _ray(range_m: Array, sine: Array, *, frequency_hz: float, layer: Layer) -> Ray:
    rise_m = EARTH_M + range_m * sine
    across_m = np.maximum(range_m * np.sqrt(1 - sine**2), LEAST_ACROSS_M)
    height_m = np.hypot(rise_m, across_m) - EARTH_M
    arc_rad = np.arctan2(across_m, rise_m)

    # q = (n r)^2 - (R cos E0)^2 is positive along the ray, and zero where it is horizontal.
    waist_m = np.minimum(_waist_m(layer, frequency_hz), height_m)
    barrier_m2 = np.maximum(-_excess_m2(waist_m, layer, frequency_hz), 0.0)
    most_m2 = EARTH_M**2 - barrier_m2  # of (R cos E0)^2
    part, weight = _double_exponential()
    below_m, above_m = waist_m[:, None], (height_m - waist_m)[:, None]
    node_m = np.concatenate([below_m * part, below_m + above_m * part], axis=-1)
    radius_m = EARTH_M + node_m
    step = np.concatenate([below_m * weight, above_m * weight], axis=-1) / radius_m
    clear_m2 = np.maximum(_excess_m2(node_m, layer, frequency_hz) + barrier_m2[:, None], 0.0)

    def trial(v: Array) -> tuple[Array, Array, Array, Array]:
        """Share of q that ray v keeps at the waist, its (R cos E0)^2, its q at the nodes, and dr / (r sqrt q) there."""
        spare = 1 / (1 + np.exp(v))
        q_m2 = clear_m2 + (most_m2 * spare)[:, None]
        return spare, most_m2 / (1 + np.exp(-v)), q_m2, step / np.sqrt(q_m2)

    # v goes from the zenith (-inf) to the last ray (inf): at first as the log of the arc, then as the arc itself.
    share = np.minimum((EARTH_M * across_m / range_m) ** 2 / most_m2, FIRST_SHARE)
    v = np.log(share / (1 - share))
    for _ in range(NEWTON_ROUNDS):
        spare, launch_m2, q_m2, lean = trial(v)
        reached_rad = np.sqrt(launch_m2) * lean.sum(axis=-1)
        growth = reached_rad + launch_m2**1.5 * (lean / q_m2).sum(axis=-1)  # of the arc, per tan(E0) dE0
        ahead = 2 * reached_rad * np.log(arc_rad / reached_rad) / (spare * growth)
        before, v = v, np.clip(v + np.clip(ahead, -4, 4), LEAST_V, MOST_V)
        if np.all(np.abs(v - before) < LEAST_STEP):
            break
    _, launch_m2, q_m2, lean = trial(v)
    launch_m = np.sqrt(launch_m2)
    reached_rad = launch_m * lean.sum(axis=-1)
    growth = reached_rad + launch_m**3 * (lean / q_m2).sum(axis=-1)

    phase_m = launch_m * arc_rad + (step * np.sqrt(q_m2)).sum(axis=-1)
    group_m = (lean * radius_m**2).sum(axis=-1) + EARTH_M * np.maximum(arc_rad - reached_rad, 0.0)
    bent_m2 = EARTH_M**2 + _excess_m2(height_m, layer, frequency_hz)  # (n r)^2 at the satellite
    flat_m4 = EARTH_M**2 * (EARTH_M**2 - launch_m2) * bent_m2 * (bent_m2 - launch_m2)
    gain = range_m**2 * launch_m2 / (np.sqrt(flat_m4) * np.sin(reached_rad) * growth)
    return Ray(
        early_s=(range_m - phase_m) / SPEED_OF_LIGHT_M_S,
        late_s=(group_m - range_m) / SPEED_OF_LIGHT_M_S,
        gain=np.minimum(gain, MOST_GAIN),
    )


def _profile(height_m: Array, layer: Layer) -> Array:
    """Electron density relative to the peak: Chapman 1931, Proc. Phys. Soc. 43, 26."""
    z = np.maximum((height_m - layer.hm_m) / layer.scale_m, -8.0)  # exp(-1490) is zero
    return np.asarray(np.exp((1 - z - np.exp(-z)) / 2))


def _along(range_m: Array, sin_elevation: Array, layer: Layer) -> tuple[Array, Array, Array]:
    """Electrons per square metre (N, LINE_NODES) of the straight line's parts, their distance and their radius, m.

    In w = exp(-z/2), z the height in scale heights above the peak, the density is Gaussian: N dh ~ exp(-w^2/2) dw.
    """
    part, weight = _legendre()
    rise_m = EARTH_M * np.asarray(sin_elevation)
    satellite_m = np.sqrt(EARTH_M**2 + range_m**2 + 2 * range_m * rise_m)
    most = np.exp(BOTTOM / 2)
    least = np.exp(np.minimum((layer.hm_m - (satellite_m - EARTH_M)) / layer.scale_m, BOTTOM) / 2)[..., None]
    w = least + (most - least) * part
    radius_m = EARTH_M + layer.hm_m - 2 * layer.scale_m * np.log(w)
    to_ground_m = np.sqrt(radius_m**2 - EARTH_M**2 + rise_m[..., None] ** 2)
    peak_m3 = layer.fof2_hz**2 / (2 * REFRACTION_M3_S2)
    electrons = 2 * sqrt(e) * peak_m3 * layer.scale_m * np.exp(-(w**2) / 2) * radius_m / to_ground_m
    return electrons * (most - least) * weight, to_ground_m - rise_m[..., None], radius_m


def _excess_m2(height_m: Array, layer: Layer, frequency_hz: float) -> Array:
    """(n r)^2 - R^2 at a height."""
    bent = (layer.fof2_hz / frequency_hz) ** 2 * _profile(height_m, layer)  # 1 - n^2
    return height_m * (2 * EARTH_M + height_m) - bent * (EARTH_M + height_m) ** 2


@lru_cache
def _waist_m(layer: Layer, frequency_hz: float) -> float:
    """Height near the peak where n r is smallest; that of the peak where it has no minimum."""
    low_m, high_m = layer.hm_m - BOTTOM * layer.scale_m, layer.hm_m + 3 * layer.scale_m
    for _ in range(8):
        grid_m = np.linspace(low_m, high_m, 65)
        excess_m2 = _excess_m2(grid_m, layer, frequency_hz)
        falls = np.flatnonzero(np.diff(excess_m2) < 0)
        if not falls.size:
            return layer.hm_m
        least = int(falls[-1]) + 1
        low_m, high_m = grid_m[least - 1], grid_m[min(least + 1, 64)]
    return float((low_m + high_m) / 2)


@lru_cache
def _legendre() -> tuple[Array, Array]:
    """Gauss-Legendre nodes and weights on (0, 1), in a root of it, as the height is infinite at w = 0."""
    node, weight = np.polynomial.legendre.leggauss(LINE_NODES)
    root = (1 + node) / 2
    return root**LINE_POWER, LINE_POWER / 2 * root ** (LINE_POWER - 1) * weight


@lru_cache
def _double_exponential() -> tuple[Array, Array]:
    """Nodes and weights on (0, 1), dense towards both ends.

    References: Takahasi and Mori 1974, Publ. RIMS 9, 721.
    """
    t = np.arange(-RAY_NODES, RAY_NODES + 1) * (RAY_REACH / RAY_NODES)
    part = 1 / (1 + np.exp(-pi * np.sinh(t)))
    return part, pi * np.cosh(t) * part * (1 - part) * (RAY_REACH / RAY_NODES)


def _dipole_at(site: Station) -> tuple[float, float, float]:
    """East, north and up component of the Earth's dipole at a site, T."""
    latitude, longitude = radians(site.latitude_deg), radians(site.longitude_deg)
    x, y, z = DIPOLE_T.tolist()
    outward = x * cos(longitude) + y * sin(longitude)
    return (
        y * cos(longitude) - x * sin(longitude),
        z * cos(latitude) - outward * sin(latitude),
        outward * cos(latitude) + z * sin(latitude),
    )
