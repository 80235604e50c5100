"""The radio link: free-space loss, link budget, horizon, ionosphere and spin."""

from math import log10, pi, sin

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beep.geometry.look import simple_pass
from beep.geometry.stations import STATIONS
from beep.radio.channel import (
    Link,
    amplitude,
    carrier_to_noise_db_hz,
    ionospheric_doppler_hz,
    link,
    path_loss_db,
    relative_amplitude,
    spin_gain,
)
from beep.radio.ionosphere import LAYERS
from beep.scenario.scenario import Scenario
from beep.stream.resolve import receive

LOSS_TOLERANCE_DB = 0.06  # the published figures are rounded to 0.1 dB; 112.45 stands as 112.5
BUDGET_TOLERANCE_DB = 1e-3  # worked by hand in watts, to four decimals of a dB
AMPLITUDE_TOLERANCE = 1e-12  # float64 arithmetic
DOPPLER_TOLERANCE_HZ = 1e-6  # of a difference of fourth order over 1 s; measured 4e-9
GAIN_TOLERANCE = 1e-12  # float64 arithmetic
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

    measured_db_hz = carrier_to_noise_db_hz(frequency_mhz * 1e6, power_w=power_w, range_m=1e6, place="galactic")

    assert abs(measured_db_hz - expected_db_hz) < BUDGET_TOLERANCE_DB


@pytest.mark.parametrize(("frequency_hz", "snr_db"), [(20.005e6, 29.5), (40.002e6, 31.8)])
def test_budget_against_the_published_one(frequency_hz, snr_db):
    """1 W at 1000 km, without the polarisation loss, stands 29.5 and 31.8 dB above rural man-made noise in 500 Hz."""
    all_db_hz, galaxy_db_hz = (
        carrier_to_noise_db_hz(frequency_hz, power_w=1.0, range_m=1e6, place=place) for place in ("rural", "galactic")
    )
    man_made = 10 ** (-all_db_hz / 10) - 10 ** (-galaxy_db_hz / 10)  # the galaxy's part taken out again
    measured_db = -10 * log10(man_made * 500) + 3.0

    assert abs(measured_db - snr_db) < LOSS_TOLERANCE_DB


def test_no_noise_is_an_infinite_ratio():
    """Without noise the ratio is infinite, and nothing warns."""
    assert carrier_to_noise_db_hz(20.005e6, power_w=1.0, range_m=1e6, place="off") == np.inf


@settings(max_examples=50, deadline=None)
@given(range_m=st.floats(1e5, 1e8), elevation_rad=st.floats(1.001 * DEGREE, pi / 2))
def test_amplitude_is_the_inverse_of_the_range(range_m, elevation_rad):
    """Above the first degree, twice as far is half as strong, whatever the elevation."""
    result = relative_amplitude(np.array([range_m]), np.array([sin(elevation_rad)]), closest_m=1e5)[0]

    assert abs(result * range_m / 1e5 - 1) < AMPLITUDE_TOLERANCE


@settings(max_examples=50, deadline=None)
@given(range_m=st.floats(1e5, 1e8), elevation_rad=st.floats(-pi / 2, 0.0))
def test_below_the_horizon_is_silence(range_m, elevation_rad):
    """At and below the horizon the amplitude is exactly zero."""
    assert relative_amplitude(np.array([range_m]), np.array([sin(elevation_rad)]), closest_m=1e5)[0] == 0.0


def test_horizon_is_continuous():
    """Through the horizon and the first degree the amplitude only rises, and never by more than a smooth fade does."""
    elevation_rad = np.linspace(-0.5, 1.5, 2001) * DEGREE
    result = relative_amplitude(np.full(2001, 1e6), np.sin(elevation_rad), closest_m=1e6)
    steps = np.diff(result)

    assert result[0] == 0
    assert abs(result[-1] - 1) < AMPLITUDE_TOLERANCE
    assert steps.min() >= 0
    assert steps.max() < CONTINUITY * pi / 2 / 1000  # 1000 steps a degree


# --- the published budget ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("frequency_hz", "galactic_db_hz"), [(20.005e6, 65.6), (40.002e6, 66.5)])
def test_galactic_budget(frequency_hz, galactic_db_hz):
    """1 W at 1000 km into a dipole, galactic noise alone, without the polarisation loss: 65.6 and 66.5 dB-Hz."""
    result = carrier_to_noise_db_hz(frequency_hz, power_w=1.0, range_m=1e6, place="galactic") + 3.0

    assert abs(result - galactic_db_hz) < LOSS_TOLERANCE_DB


# --- the link of a carrier --------------------------------------------------------------------------------------

OVERHEAD = simple_pass(altitude_m=520 * KM, max_elevation_rad=1.2, tca_s=0.0)
TIMES_S = np.arange(-400.0, 400.0, 1.0)
BANBURY = STATIONS["banbury"]


def link_of(frequency_hz=20.005e6, layer=None, **settings):
    return link(OVERHEAD(TIMES_S), frequency_hz=frequency_hz, layer=layer, site=BANBURY, **settings)


def test_without_a_layer_the_delay_is_the_light_time():
    """Without effects the delays are the light time and the amplitude is that of free space, to the bit."""
    seen, path = OVERHEAD(TIMES_S), link_of()

    assert path.faraday_rad is None
    assert path.edge_db is None
    np.testing.assert_array_equal(path.phase_delay_s, seen.delay_s)
    np.testing.assert_array_equal(path.group_delay_s, seen.delay_s)
    np.testing.assert_array_equal(
        amplitude(path, TIMES_S, closest_m=5e5),
        relative_amplitude(seen.range_m, np.sin(seen.elevation_rad), closest_m=5e5),
    )


def test_phase_is_early_and_group_late():
    """Through a layer the phase is early and the group late, at 20 MHz more than at 40 MHz."""
    seen = OVERHEAD(TIMES_S)
    low, high = link_of(20.005e6, LAYERS["dawn"]), link_of(40.002e6, LAYERS["dawn"])

    assert np.all(low.phase_delay_s < high.phase_delay_s)
    assert np.all(high.phase_delay_s < seen.delay_s)
    assert np.all(seen.delay_s < high.group_delay_s)
    assert np.all(high.group_delay_s < low.group_delay_s)


def test_faraday_has_a_switch():
    """Faraday rotation multiplies by the signed cosine, 3 dB above the mean, and changes nothing else."""
    on, off = link_of(layer=LAYERS["dawn"]), link_of(layer=LAYERS["dawn"], faraday=False)
    up = off.sin_elevation > 0.1
    ratio = amplitude(on, TIMES_S, closest_m=5e5)[up] / amplitude(off, TIMES_S, closest_m=5e5)[up]

    np.testing.assert_array_equal(on.phase_delay_s, off.phase_delay_s)
    np.testing.assert_allclose(ratio, 10 ** (3 / 20) * np.cos(on.faraday_rad[up]), atol=GAIN_TOLERANCE)
    assert ratio.min() < 0 < ratio.max()


@pytest.mark.parametrize("depth_db", [1.0, 6.0, 20.0])
def test_spin_dips_twice_a_turn(depth_db):
    """At 7 rpm there are two dips of spin_depth_db in 8.57 s, and the gain is never above 0 dB."""
    sent_s = np.arange(0, 60 / 7, 0.001)
    measured_db = 20 * np.log10(spin_gain(sent_s, spin_rpm=7, spin_depth_db=depth_db))
    minima = np.flatnonzero((measured_db[1:-1] < measured_db[:-2]) & (measured_db[1:-1] <= measured_db[2:]))

    assert abs(measured_db.max()) < GAIN_TOLERANCE
    assert abs(measured_db.min() + depth_db) < 1e-3
    assert minima.size == 2


def test_spin_and_edge_multiply():
    """Spin, edge and Faraday each multiply what free space gives."""
    ones = np.ones(4)
    path = Link(
        phase_delay_s=0 * ones,
        group_delay_s=0 * ones,
        range_m=1e6 * ones,
        sin_elevation=ones,
        faraday_rad=np.array([0.0, np.pi / 3, np.pi, 0.0]),
        edge_db=np.array([0.0, 0.0, 0.0, -20.0]),
    )
    result = amplitude(path, 0 * ones, closest_m=5e5, spin_rpm=7, spin_depth_db=10)

    np.testing.assert_allclose(result, 0.5 * 10 ** (3 / 20) * np.array([1, 0.5, -1, 0.1]), atol=GAIN_TOLERANCE)


def test_ionospheric_doppler_is_the_derivative_of_the_phase():
    """It is -f times the derivative of the ionosphere's part of the phase delay."""
    t_s = np.arange(-240.0, 240.0, 5.0)
    measured_hz = ionospheric_doppler_hz(OVERHEAD, t_s, frequency_hz=20.005e6, layer=LAYERS["morning"])

    def excess_s(at_s):
        seen = OVERHEAD(at_s)
        return link(seen, frequency_hz=20.005e6, layer=LAYERS["morning"], site=BANBURY).phase_delay_s - seen.delay_s

    step_s, weights = 0.05, {1: 45 / 60, 2: -9 / 60, 3: 1 / 60}  # of sixth order
    slope = sum(w * (excess_s(t_s + n * step_s) - excess_s(t_s - n * step_s)) for n, w in weights.items()) / step_s

    assert np.abs(measured_hz + 20.005e6 * slope).max() < DOPPLER_TOLERANCE_HZ
    assert not ionospheric_doppler_hz(OVERHEAD, t_s, frequency_hz=20.005e6, layer=None).any()


# --- passes of 1957 ---------------------------------------------------------------------------------------------


def of_a_pass(station, start, least_deg, **settings):
    """Ionospheric Doppler and fades per second of both carriers above `least_deg`, and the azimuths."""
    reception = receive(Scenario(station=station, start=start, **settings))
    t_s = np.arange(0.0, reception.duration_s, 1.0)
    seen = reception.look(t_s)
    t_s = t_s[seen.elevation_rad > least_deg * DEGREE]
    shifts_hz, fades_hz = [], []
    for frequency_hz in (20.005e6, 40.002e6):
        where = {"frequency_hz": frequency_hz, "layer": reception.layer}
        shifts_hz.append(np.abs(ionospheric_doppler_hz(reception.look, t_s, **where)).max())
        turns = [link(reception.look(t_s + d), site=reception.site, **where).faraday_rad / pi for d in (-0.5, 0.5)]
        fades_hz.append(np.abs(turns[1] - turns[0]))
    return np.array(shifts_hz), np.array(fades_hz), np.degrees(seen.azimuth_rad)


def test_southbound_morning_pass():
    """Over Banbury on 13 October, in a morning layer: 21 and 8 Hz above 30 degrees; 0.7 and 0.17 fades a second in the
    mean above 10 degrees, which are 4:1."""
    pass_over = ("banbury", "1957-10-13T05:20Z")
    shifts_hz, _, azimuth_deg = of_a_pass(*pass_over, 30, ionosphere="morning")
    _, fades_hz, _ = of_a_pass(*pass_over, 10, ionosphere="morning")
    print(shifts_hz.round(1), fades_hz.mean(axis=1).round(3))

    assert azimuth_deg[0] > 300  # from the north-west
    assert 120 < azimuth_deg[-1] < 180  # to the south-east
    assert abs(shifts_hz[0] - 21) < 0.5
    assert abs(shifts_hz[1] - 8) < 0.5
    assert abs(fades_hz[0].mean() - 0.7) < 0.05
    np.testing.assert_allclose(fades_hz[0] / fades_hz[1], (40.002 / 20.005) ** 2, rtol=1e-6)


@pytest.mark.parametrize(
    ("station", "start"), [("baldock", "1957-10-06T22:40Z"), ("laurel", "1957-10-08T03:20Z")], ids=lambda text: text
)
def test_northbound_night_pass(station, start):
    """Below the peak of the night layer there is hardly any ionospheric Doppler and no fading."""
    shifts_hz, fades_hz, azimuth_deg = of_a_pass(station, start, 5, ionosphere="auto")

    assert 180 < azimuth_deg[0] < 270  # from the south
    assert shifts_hz.max() < 0.25
    assert fades_hz.max() < 0.01
