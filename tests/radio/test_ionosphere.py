"""The ionosphere against adaptive quadrature, integrated ray equations and published values."""

from itertools import pairwise
from math import cos, degrees, erf, hypot, pi, radians, sin, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad, solve_ivp

from beep.base.constants import MEAN_EARTH_RADIUS_M as EARTH_M
from beep.base.constants import SPEED_OF_LIGHT_M_S
from beep.geometry.stations import STATIONS, Station
from beep.radio.ionosphere import (
    LAYERS,
    MOST_GAIN,
    REFRACTION_M3_S2,
    ROTATION_SI,
    Layer,
    faraday_angle,
    layer_at,
    ray,
    slant_electron_content,
)

CONTENT_TOLERANCE = 1e-6  # relative, as promised; measured 3e-9
CLOSED_FORM_TOLERANCE = 1e-9  # relative; measured 2e-11: what is left below BOTTOM
PHASE_TOLERANCE_TURNS = 3e-6  # against an integrator with steps of 1e-12; measured 1.0e-6
GROUP_TOLERANCE_S = 1e-13  # the same; measured 4e-14
GAIN_TOLERANCE_DB = 2e-4  # from rays 2e-6 rad apart; measured 6e-5
FIRST_ORDER_TOLERANCE = 2e-4  # at 2 GHz the second order is a hundredth of a per cent
EDGE_TOLERANCE_DB = 1.0  # the published table was read off another layered-ray computation; measured 0.97
FARADAY_TOLERANCE = 1e-6  # relative, against quadrature over a numerical gradient
SMOOTH_TOLERANCE_TURNS = 1e-9  # 8 nodes in 1.09 s, as the stream takes them; measured 2e-10

F20_HZ, F40_HZ = 20.005e6, 40.002e6
KM = 1e3


def seen_from_below(height_m, arc_rad):
    """Range and sine of elevation of a satellite at a height, at an angle from the Earth's centre."""
    across_m, up_m = (EARTH_M + height_m) * np.sin(arc_rad), (EARTH_M + height_m) * np.cos(arc_rad) - EARTH_M
    range_m = np.hypot(across_m, up_m)
    return range_m, up_m / range_m


def distance_m(height_m, sine):
    """Range of a satellite at a height and elevation."""
    return sqrt((EARTH_M + height_m) ** 2 - EARTH_M**2 * (1 - sine**2)) - EARTH_M * sine


def electron_density(height_m, layer):
    """Electrons per cubic metre of a Chapman layer, as Chapman wrote it in 1931."""
    z = np.maximum((height_m - layer.hm_m) / layer.scale_m, -8.0)
    return layer.fof2_hz**2 / (2 * REFRACTION_M3_S2) * np.exp((1 - z - np.exp(-z)) / 2)


# --- the layer --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LAYERS)
def test_peak_of_the_layer(name):
    """The content overhead grows fastest at hm, where the plasma frequency is foF2: 1.24e10 foF2^2 electrons."""
    layer = LAYERS[name]
    height_m = np.arange(150.5e3, 900e3, 1e3)  # hm is in the middle between two
    density = np.diff(slant_electron_content(height_m, np.ones(height_m.size), layer=layer)) / 1e3

    assert height_m[density.argmax()] + 500 == layer.hm_m
    assert abs(density.max() / (1.24e10 * (layer.fof2_hz / 1e6) ** 2) - 1) < 1e-3


def test_layers_are_the_documented_ones():
    """foF2, hm and scale height of the four layers are the documented ones."""
    listed = {name: (layer.fof2_hz / 1e6, layer.hm_m / KM, layer.scale_m / KM) for name, layer in LAYERS.items()}

    assert listed == {
        "night": (6.0, 350.0, 50.0),
        "dawn": (5.5, 320.0, 45.0),
        "morning": (10.0, 290.0, 45.0),
        "noon": (13.5, 330.0, 55.0),
    }


def test_layer_by_solar_time():
    """Midnight is night, 5 h dawn, 8 h morning, noon noon, and every hour has a layer."""
    assert [layer_at(hour) for hour in (0, 5, 8, 12, 23.99)] == ["night", "dawn", "morning", "noon", "night"]
    assert {layer_at(hour) for hour in np.arange(0, 24, 0.1)} == set(LAYERS)


# --- the straight line ------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    hm_km=st.floats(200, 600),
    ratio=st.floats(4.5, 12),
    height_km=st.floats(150, 3000),
    elevation_deg=st.floats(0, 90),
)
def test_content_against_quadrature(hm_km, ratio, height_km, elevation_deg):
    """The electrons on the straight line are those of adaptive quadrature along it, up to the satellite.

    The tolerance is relative to at least a thousandth of the layer.
    """
    layer = Layer(fof2_hz=9e6, hm_m=hm_km * KM, scale_m=hm_km * KM / ratio)
    sine = sin(radians(elevation_deg))
    range_m = distance_m(height_km * KM, sine)

    def density(s_m):
        return float(electron_density(sqrt(EARTH_M**2 + s_m**2 + 2 * EARTH_M * s_m * sine) - EARTH_M, layer))

    heights_m = (layer.hm_m + layer.scale_m * np.array([-4.4, -3, -2, -1, 0, 1, 2, 4, 8, 16, 32])).tolist()
    cuts_m = [0.0, *(distance_m(h, sine) for h in heights_m if 0 < h < height_km * KM), range_m]
    least = 1e-12 * density(distance_m(layer.hm_m, sine)) * layer.scale_m  # of next to nothing, far below the layer
    expected = sum(quad(density, a, b, epsabs=least, epsrel=1e-11)[0] for a, b in pairwise(cuts_m))
    result = slant_electron_content(np.array([range_m]), np.array([sine]), layer=layer)[0]
    least = 1e-3 * 4.13 * layer.scale_m * electron_density(layer.hm_m, layer)

    assert abs(result - expected) < CONTENT_TOLERANCE * max(expected, least)


@pytest.mark.parametrize("height_km", [230, 350, 520, 940])
@pytest.mark.parametrize("name", LAYERS)
def test_content_overhead_in_closed_form(name, height_km):
    """Straight up, the content is an error function of exp(-z/2); of the whole layer it is 4.13 H Nm."""
    layer = LAYERS[name]
    peak = layer.fof2_hz**2 / (2 * REFRACTION_M3_S2)
    w = np.exp(-(height_km * KM - layer.hm_m) / layer.scale_m / 2)
    expected = layer.scale_m * peak * sqrt(2 * pi * np.e) * (1 - erf(w / sqrt(2)))

    result = slant_electron_content(np.array([height_km * KM]), np.ones(1), layer=layer)[0]

    assert abs(result / expected - 1) < CLOSED_FORM_TOLERANCE * max(1, np.exp(w**2 / 2) * 1e-3)
    assert abs(sqrt(2 * pi * np.e) - 4.13) < 0.005


def test_content_is_smooth_at_the_horizon():
    """Through the horizon the content has neither a step nor a corner."""
    range_m, sine = seen_from_below(520 * KM, np.linspace(0.38, 0.40, 2001))
    result = slant_electron_content(range_m, sine, layer=LAYERS["noon"])

    assert sine.max() > 0 > sine.min()
    assert np.abs(np.diff(result, 3)).max() < 1e-9 * result.max()


# --- the bent ray -----------------------------------------------------------------------------------------------


def shot(layer, frequency_hz, launch_rad, height_m):
    """A ray from the ground up to a height by the ray equations: end (2,), direction (2,), phase and group path, m.

    Hamilton's equations of n^2 in the plane of the ray, by SciPy's integrator; its parameter is the group path.
    """
    ratio = (layer.fof2_hz / frequency_hz) ** 2

    def squared_index(radius_m):
        z = (radius_m - EARTH_M - layer.hm_m) / layer.scale_m
        return 1 - ratio * np.exp((1 - z - np.exp(-z)) / 2)

    def slope(_, y):
        radius_m = hypot(y[0], y[1])
        z = (radius_m - EARTH_M - layer.hm_m) / layer.scale_m
        fall = ratio * np.exp((1 - z - np.exp(-z)) / 2) * (1 - np.exp(-z)) / (2 * layer.scale_m)
        return [y[2], y[3], fall / 2 * y[0] / radius_m, fall / 2 * y[1] / radius_m, squared_index(radius_m)]

    def arrived(_, y):
        return hypot(y[0], y[1]) - EARTH_M - height_m

    arrived.terminal = True
    start = [0.0, EARTH_M, cos(launch_rad), sin(launch_rad), 0.0]
    done = solve_ivp(slope, (0, 2e7), start, method="DOP853", events=arrived, rtol=1e-12, atol=1e-9)
    assert done.status == 1, "the ray does not get through"
    end = done.y_events[0][0]
    return end[:2], end[2:4] / hypot(end[2], end[3]), end[4], done.t_events[0][0]


SHOTS = [  # layer, carrier, launch elevation, height of the satellite
    ("morning", F20_HZ, 25.3, 520),
    ("morning", F20_HZ, 26.0, 520),
    ("morning", F20_HZ, 30.0, 940),
    ("morning", F20_HZ, 60.0, 520),
    ("morning", F20_HZ, 35.0, 290),
    ("morning", F20_HZ, 40.0, 230),
    ("morning", F40_HZ, 0.5, 520),
    ("morning", F40_HZ, 20.0, 520),
    ("noon", F20_HZ, 39.2, 600),
    ("noon", F20_HZ, 45.0, 600),
    ("noon", F20_HZ, 89.0, 600),
    ("noon", F40_HZ, 9.0, 940),
    ("dawn", F20_HZ, 5.0, 340),
    ("night", F20_HZ, 1.0, 250),
    ("night", F20_HZ, 10.0, 500),
    ("night", F40_HZ, 1.0, 940),
]


@pytest.mark.parametrize(("name", "frequency_hz", "launch_deg", "height_km"), SHOTS)
def test_ray_against_the_ray_equations(name, frequency_hz, launch_deg, height_km):
    """The ray solved between its ends has phase path, group path and spreading of one integrated from the ground."""
    layer, launch_rad, apart_rad = LAYERS[name], radians(launch_deg), 1e-6
    end_m, direction, phase_m, group_m = shot(layer, frequency_hz, launch_rad, height_km * KM)
    line_m = end_m - [0, EARTH_M]
    range_m = hypot(*line_m)
    beside_m = [shot(layer, frequency_hz, launch_rad + d, height_km * KM)[0] for d in (-apart_rad, apart_rad)]
    difference_m = beside_m[1] - beside_m[0]
    width_m = abs(difference_m[0] * direction[1] - difference_m[1] * direction[0])
    density = electron_density(height_km * KM, layer)
    squared_index = 1 - 2 * REFRACTION_M3_S2 * density / frequency_hz**2
    gain = range_m**2 * cos(launch_rad) * 2 * apart_rad / (squared_index * end_m[0] * width_m)

    result = ray(np.array([range_m]), np.array([line_m[1] / range_m]), frequency_hz=frequency_hz, layer=layer)

    early_turns = (range_m - phase_m) / SPEED_OF_LIGHT_M_S * frequency_hz
    assert abs(result.early_s[0] * frequency_hz - early_turns) < PHASE_TOLERANCE_TURNS
    assert abs(result.late_s[0] - (group_m - range_m) / SPEED_OF_LIGHT_M_S) < GROUP_TOLERANCE_S
    assert abs(10 * np.log10(result.gain[0] / gain)) < GAIN_TOLERANCE_DB
    assert result.late_s[0] > result.early_s[0] > 0


@pytest.mark.parametrize("name", LAYERS)
def test_first_order_at_high_frequency(name):
    """At 2 GHz phase is early, keying late by 40.308 / (c f^2) times the straight line's electrons; the gain is one."""
    range_m, sine = seen_from_below(520 * KM, np.linspace(0, 0.3, 50))
    content = slant_electron_content(range_m, sine, layer=LAYERS[name])
    expected_s = 40.308 / (SPEED_OF_LIGHT_M_S * 4e18) * content

    result = ray(range_m, sine, frequency_hz=2e9, layer=LAYERS[name])

    np.testing.assert_allclose(result.early_s, expected_s, rtol=FIRST_ORDER_TOLERANCE)
    np.testing.assert_allclose(result.late_s, expected_s, rtol=5 * FIRST_ORDER_TOLERANCE)
    np.testing.assert_allclose(result.gain, 1, atol=FIRST_ORDER_TOLERANCE)


def test_differential_doppler_ratio():
    """At high frequencies the ionospheric Doppler is inverse to f (400 and 800 MHz: 2:1); between 20 and 40 MHz the
    ratio is larger, as the lower frequency is refracted more."""
    range_m, sine = seen_from_below(520 * KM, np.linspace(0.05, 0.15, 50))
    slopes = {
        mhz: mhz * np.diff(ray(range_m, sine, frequency_hz=mhz * 1e6, layer=LAYERS["morning"]).early_s)
        for mhz in (20, 40, 400, 800)
    }

    assert np.abs(slopes[400] / slopes[800] - 2).max() < 2e-3
    assert (slopes[20] / slopes[40]).min() > 2.1


@pytest.mark.parametrize(
    ("name", "height_km", "grounds_km"),
    [("morning", 520, (1119, 1268, 1458, 1860)), ("noon", 600, (711, 938, 1077, 1378))],
)
def test_edge_of_the_day(name, height_km, grounds_km):
    """At 20 MHz the published distances have 3, 6, 10 and 20 dB less, at 40 MHz and by night there is hardly any."""
    where = seen_from_below(height_km * KM, np.array(grounds_km) * KM / EARTH_M)
    measured_db = 10 * np.log10(ray(*where, frequency_hz=F20_HZ, layer=LAYERS[name]).gain)
    print(name, measured_db.round(2))

    assert np.abs(measured_db - [-3, -6, -10, -20]).max() < EDGE_TOLERANCE_DB
    for mhz, other in ((F40_HZ, name), (F20_HZ, "night"), (F40_HZ, "night")):
        assert np.abs(10 * np.log10(ray(*where, frequency_hz=mhz, layer=LAYERS[other]).gain)).max() < EDGE_TOLERANCE_DB


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(sorted(LAYERS)),
    frequency_hz=st.floats(14e6, 500e6),
    height_km=st.floats(100, 40_000),
    beyond=st.floats(0.9, 3.0),
)
def test_ray_is_finite_everywhere(name, frequency_hz, height_km, beyond):
    """From the zenith to far below the horizon the ray is finite without a warning, and its gain is limited."""
    horizon_rad = np.arccos(EARTH_M / (EARTH_M + height_km * KM))
    arc_rad = np.append(0.0, np.geomspace(1e-9, min(beyond * horizon_rad, 3.1), 60))
    result = ray(*seen_from_below(height_km * KM, arc_rad), frequency_hz=frequency_hz, layer=LAYERS[name])

    for column in (result.early_s, result.late_s, result.gain):
        assert np.isfinite(column).all()
    assert 0 <= result.gain.min() <= result.gain.max() <= MOST_GAIN


@pytest.mark.parametrize("frequency_hz", [F20_HZ, F40_HZ])
@pytest.mark.parametrize("name", LAYERS)
def test_delay_is_smooth(name, frequency_hz):
    """A polynomial through 8 Chebyshev nodes reproduces the phase of 1.09 s, overhead and at the horizon."""
    speed_rad_s = 1.1e-3
    nodes = np.cos(np.pi * (np.arange(8) + 0.5) / 8)
    points = np.linspace(-1, 1, 33)
    worst_turns = 0.0
    for first_s in np.arange(-330.0, 330.0, 7.0):
        turns = []
        for part in (nodes, points):
            along_rad = speed_rad_s * (first_s + 1.09 * (part + 1) / 2)
            arc_rad = np.arccos(np.cos(along_rad) * cos(0.03))
            range_m, sine = seen_from_below(520 * KM, arc_rad)
            turns.append(frequency_hz * ray(range_m, sine, frequency_hz=frequency_hz, layer=LAYERS[name]).early_s)
        series = np.polynomial.chebyshev.chebfit(nodes, turns[0] - turns[0][0], 7)
        miss = np.polynomial.chebyshev.chebval(points, series) - (turns[1] - turns[0][0])
        worst_turns = max(worst_turns, float(np.abs(miss).max()))
    print(f"{name} {frequency_hz / 1e6:g} MHz: {worst_turns:.1e} turn")

    assert worst_turns < SMOOTH_TOLERANCE_TURNS


# --- Faraday ----------------------------------------------------------------------------------------------------


def dipole_t(position_m):
    """Field of a dipole at the Earth's centre (3,), from the gradient of its potential as the IGRF writes it."""
    g10, g11, h11 = (
        first + (second - first) * (1957.8 - 1955) / 5
        for first, second in ((-30500, -30421), (-2215, -2169), (5820, 5791))
    )

    def potential(where_m):
        x, y, z = where_m
        return 6371.2e3**3 / np.linalg.norm(where_m) ** 3 * (g10 * z + g11 * x + h11 * y) * 1e-9

    step_m = 100.0
    return -np.array(
        [(potential(position_m + d) - potential(position_m - d)) / (2 * step_m) for d in step_m * np.eye(3)]
    )


@pytest.mark.parametrize("place", ["banbury", "dallas", "quartz-hill"])
@pytest.mark.parametrize(("azimuth_deg", "elevation_deg"), [(0, 10), (90, 40), (180, 25), (250, 70), (300, 90)])
def test_faraday_against_quadrature(place, azimuth_deg, elevation_deg):
    """The angle is the integral of N B cos(theta) along the line, with the gradient of the dipole's potential."""
    site, layer = STATIONS[place], LAYERS["morning"]
    azimuth_rad, elevation_rad = radians(azimuth_deg), radians(elevation_deg)
    lat, lon = radians(site.latitude_deg), radians(site.longitude_deg)
    up = np.array([cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat)])
    north = np.array([-sin(lat) * cos(lon), -sin(lat) * sin(lon), cos(lat)])
    east = np.array([-sin(lon), cos(lon), 0.0])
    line = cos(elevation_rad) * (sin(azimuth_rad) * east + cos(azimuth_rad) * north) + sin(elevation_rad) * up
    range_m = distance_m(520 * KM, sin(elevation_rad))

    def part(s_m):
        position_m = EARTH_M * up + s_m * line
        density = electron_density(np.linalg.norm(position_m) - EARTH_M, layer)
        return float(density * dipole_t(position_m) @ -line) / 1e6  # the wave comes down

    expected_rad = 2.365e4 / F20_HZ**2 * quad(part, 0, range_m, epsrel=1e-9, limit=200)[0] * 1e6

    where = (np.array([range_m]), np.array([azimuth_rad]), np.array([elevation_rad]))
    measured_rad = faraday_angle(*where, frequency_hz=F20_HZ, layer=layer, site=site)[0]

    assert abs(measured_rad / expected_rad * 2.365e4 / ROTATION_SI - 1) < FARADAY_TOLERANCE


def test_faraday_is_four_to_one():
    """20 MHz turns four times as far as 40 MHz, and the sense changes with the hemisphere."""
    where = (np.full(2, 600 * KM), np.zeros(2), np.full(2, 1.2))
    north, south = (
        {mhz: faraday_angle(*where, frequency_hz=mhz * 1e6, layer=LAYERS["noon"], site=site)[0] for mhz in (20, 40)}
        for site in (Station(latitude_deg=52, longitude_deg=0), Station(latitude_deg=-52, longitude_deg=0))
    )

    assert north[20] / north[40] == pytest.approx(4, abs=1e-12)
    assert north[20] > 0 > south[20]


def test_dipole_of_1957():
    """The dipole has 31.1 uT at its equator and its northern pole at 78.5 N, 69.3 W."""
    toward = -np.array([-2189.2, 5803.8, -30455.8])
    strength = np.linalg.norm(toward)

    assert abs(strength - 31_080) < 10
    assert abs(degrees(np.arcsin(toward[2] / strength)) - 78.5) < 0.05
    assert abs(degrees(np.arctan2(toward[1], toward[0])) + 69.3) < 0.1
    assert np.abs(dipole_t(6371.2e3 * toward / strength) + 2 * 31.08e-6 * toward / strength).max() < 0.01e-6
