"""The Doppler measured in rendered sound, pulse by pulse, by estimators that know no orbit."""

from functools import lru_cache

import numpy as np
import pytest
from estimator import crossings_s, envelope, tone_hz

from beep.scenario.scenario import Scenario
from beep.stream.plan import make_plan
from beep.stream.resolve import receive
from beep.stream.tiles import render

RATE_HZ = 12_000  # of the sound that is measured
HIGH_HZ = 4000.0  # end of its band: the tone of 40 MHz rises to 2960 Hz

TONE_TOLERANCE_HZ = 2e-6  # sound of full scale in float32; measured 2.5e-7 above the first degree
HORIZON_TOLERANCE_HZ = 1e-3  # below it, where next to nothing is left of full scale; measured 2.8e-4
NAIVE_ERROR_HZ = 1.0  # how wrong the check must find a phase of 2 pi f(t) t, at the least
PHASE_TOLERANCE_TURNS = 1e-5  # of a phase averaged over 0.1 s; measured 3e-6
LENGTH_TOLERANCE_S = 1e-6  # straight lines between samples at 48 kHz, on an edge of 5 ms; measured 5e-7
SILENCE = 1e-3  # of the level: what the band filter leaves beyond an edge; measured 3e-4
EDGE_SHARE = 0.002  # of the level: rounding of the edges by the filter; measured 9e-4
KNOWN_HZ = 15.0  # the largest Doppler is known in round figures; measured 11
KNOWN_SHARE = 0.05  # the steepest slope is known to two figures; measured 0.018

PASSES = {
    "low": {"altitude_km": 230.0, "max_elevation_deg": 35.0},
    "default": {"altitude_km": 500.0, "max_elevation_deg": 60.0},
    "Sputnik over Dallas": {"station": "dallas", "start": "1957-10-07T05:00Z"},
    "Sputnik over Dallas, lower sideband": {"station": "dallas", "start": "1957-10-07T05:00Z", "sideband": "lower"},
}


def centre_hz(scenario, carrier):
    """Tone of a carrier without Doppler: in the ratio of the carriers' frequencies."""
    return scenario.tone_hz * carrier.frequency_mhz / scenario.carriers[0].frequency_mhz


def received_s(reception, sent_s):
    """Arrival times of what was sent at `sent_s`: sent + light time at arrival."""
    at_s = np.asarray(sent_s, float)
    for _ in range(6):
        at_s = sent_s + reception.look(at_s).delay_s
    return at_s


def keyed(scenario, reception, channel):
    """Start and end (2, N), s, of every pulse (channel 0) or pause (channel 1) that is above the horizon throughout."""
    period_s = scenario.pulse_s + scenario.pause_s
    number = np.arange(-1, reception.duration_s / period_s + 1)
    sent_s = number * period_s + (0.0, scenario.pulse_s)[channel]
    length_s = (scenario.pulse_s, scenario.pause_s)[channel]
    ends_s = np.stack([received_s(reception, sent_s), received_s(reception, sent_s + length_s)])
    margin_s = scenario.rise_s
    up = [reception.look(end_s).elevation_rad > 0 for end_s in ends_s]
    within = (ends_s[0] > margin_s) & (ends_s[1] < reception.duration_s - margin_s)
    return ends_s[:, up[0] & up[1] & within]


def tone_errors_hz(scenario, reception, samples, channel):
    """Measured tone less its tone without Doppler - sign f delay_rate, in the middle of every pulse of one carrier."""
    rate_hz = scenario.sample_rate_hz
    starts_s, ends_s = keyed(scenario, reception, channel)
    first = np.ceil((starts_s + 0.015) * rate_hz).astype(int)  # the edge, and what the filter makes of it
    last = np.floor((ends_s - 0.015) * rate_hz).astype(int)
    measured_hz = np.array(
        [tone_hz(samples[a : b + 1].astype(float), rate_hz) for a, b in zip(first, last, strict=True)]
    )
    sign = {"upper": 1, "lower": -1}[scenario.sideband]
    rate = reception.look((first + last) / 2 / rate_hz).delay_rate
    carrier = scenario.carriers[channel]
    return measured_hz - (centre_hz(scenario, carrier) - sign * carrier.frequency_mhz * 1e6 * rate)


@pytest.mark.parametrize("name", PASSES)
def test_every_pulse_has_its_doppler(name):
    """The tone of every pulse, horizon to horizon, is the tone of the receiver less f times the delay's rate."""
    scenario = Scenario(noise="off", level_dbfs=0.0, sample_rate_hz=RATE_HZ, high_hz=HIGH_HZ, **PASSES[name])
    reception, samples = receive(scenario), render(scenario)
    for channel in (0, 1):
        errors_hz = np.abs(tone_errors_hz(scenario, reception, samples[:, channel], channel))
        high = np.degrees(reception.look(keyed(scenario, reception, channel).mean(axis=0)).elevation_rad) > 1

        assert errors_hz.size > 0.99 * reception.duration_s / 0.6
        assert errors_hz.max() < HORIZON_TOLERANCE_HZ
        assert errors_hz[high].max() < TONE_TOLERANCE_HZ


def test_the_naive_phase_is_wrong():
    """The same check refuses cos(2 pi f(t) t), also with t from closest approach: its derivative is f + t df/dt."""
    scenario = Scenario(sample_rate_hz=RATE_HZ)
    reception = receive(scenario)
    t_s = np.arange(round(reception.duration_s * RATE_HZ)) / RATE_HZ
    frequency_hz = np.interp(
        t_s,
        np.arange(0, reception.duration_s, 0.1),
        scenario.tone_hz - 20.005e6 * reception.look(np.arange(0, reception.duration_s, 0.1)).delay_rate,
    )
    naive = np.cos(2 * np.pi * (frequency_hz * (t_s - reception.tca_s) % 1))

    errors_hz = tone_errors_hz(scenario, reception, naive, channel=0)

    assert np.median(np.abs(errors_hz)) > NAIVE_ERROR_HZ
    assert np.mean(np.abs(errors_hz) > NAIVE_ERROR_HZ) > 0.95


@pytest.mark.parametrize("sideband", ["upper", "lower"])
def test_phase_is_the_delay(sideband):
    """A carrier without pauses has the phase of its light time from AOS to LOS, without accumulated error."""
    scenario = Scenario(
        carriers="40.002:1:always", altitude_km=230, noise="off", sample_rate_hz=8000, tone_hz=1500, sideband=sideband
    )
    reception, samples = receive(scenario), render(scenario)[:, 0]
    count = samples.size // 800 * 800
    t_s = np.arange(count) / 8000
    sign = {"upper": 1, "lower": -1}[sideband]
    turns = scenario.tone_hz * t_s - sign * 40.002e6 * reception.look(t_s).delay_s
    beat = samples[:count] * np.exp(-2j * np.pi * (turns % 1))
    averaged = (beat.reshape(-1, 800) * np.hanning(800)).sum(axis=1)
    error_turns = np.angle(averaged) / (2 * np.pi)

    assert np.abs(error_turns).max() < PHASE_TOLERANCE_TURNS


@lru_cache(maxsize=1)
def low_pass():
    """Plan of the low pass at 48 kHz, without noise."""
    return make_plan(Scenario(noise="off", level_dbfs=0.0, high_hz=HIGH_HZ, **PASSES["low"]))


def half_amplitudes_s(channel, near_s, count=12):
    """Expected and measured start and end, each (2, count), s, of the pulses of the low pass nearest to a time."""
    plan = low_pass()
    expected_s = keyed(plan.scenario, plan.reception, channel)
    chosen = np.sort(np.argsort(np.abs(expected_s.mean(axis=0) - near_s))[:count])
    measured_s = []
    for start_s, end_s in expected_s[:, chosen].T:
        first, last = round((start_s - 0.1) * 48_000), round((end_s + 0.1) * 48_000)
        flat = slice(round(0.12 * 48_000), round((end_s - start_s + 0.08) * 48_000))
        samples = render(plan, start=first, stop=last)[:, channel].astype(float)
        measured_s.append(first / 48_000 + np.array(crossings_s(samples, 48_000, flat=flat)))
    return expected_s[:, chosen], np.array(measured_s).T


@pytest.mark.parametrize("channel", [0, 1])
@pytest.mark.parametrize("where", ["rising", "closest", "setting"])
def test_lengths_are_stretched_by_the_doppler(where, channel):
    """Pulses and the pauses between them arrive longer or shorter by the rate of the delay.

    Sent is t - delay(t), so a sent length is the received one times (1 - delay_rate). Near the horizon means above
    2 degrees: in the first degree the level itself changes within a pulse, and half of it is no moment of the keying.
    """
    scenario, reception = low_pass().scenario, low_pass().reception
    near_s = {"rising": 40.0, "closest": reception.tca_s, "setting": reception.duration_s - 40.0}[where]
    _, (start_s, end_s) = half_amplitudes_s(channel, near_s)
    within = reception.look((start_s + end_s) / 2)
    between = reception.look((end_s[:-1] + start_s[1:]) / 2)
    on_s, off_s = [(scenario.pulse_s, scenario.pause_s), (scenario.pause_s, scenario.pulse_s)][channel]

    assert np.degrees(within.elevation_rad).min() > 2
    assert np.abs(end_s - start_s - on_s / (1 - within.delay_rate)).max() < LENGTH_TOLERANCE_S
    assert np.abs(start_s[1:] - end_s[:-1] - off_s / (1 - between.delay_rate)).max() < LENGTH_TOLERANCE_S
    if where != "closest":  # the stretch of some 6 us is there to be seen, and would be missed
        assert np.abs(end_s - start_s - on_s).min() > LENGTH_TOLERANCE_S


@pytest.mark.parametrize("channel", [0, 1])
@pytest.mark.parametrize("near_s", [40.0, 150.0, 221.0, 300.0, 400.0])
def test_edges_come_when_their_light_arrives(near_s, channel):
    """Every edge arrives one light time after the satellite's clock made it."""
    expected_s, measured_s = half_amplitudes_s(channel, near_s)

    assert np.abs(measured_s - expected_s).max() < LENGTH_TOLERANCE_S


def test_the_carriers_take_turns():
    """The amplitudes of the two carriers always add up to one, and away from the edges only one of them is on."""
    scenario = Scenario(noise="off", level_dbfs=0.0)
    reception = receive(scenario)
    first, margin = round(reception.tca_s - 3) * 48_000, 4800
    samples = render(scenario, start=first - margin, stop=first + 6 * 48_000 + margin).astype(float)
    levels = np.stack([envelope(channel)[margin:-margin] for channel in samples.T])
    t_s = (first + np.arange(6 * 48_000)) / 48_000
    seen = reception.look(t_s)
    together = levels.sum(axis=0) * seen.range_m / reception.closest_m
    to_edge_s = np.abs((t_s - seen.delay_s + 0.15) % 0.3 - 0.15)
    beyond = to_edge_s > scenario.rise_s / 2 + 0.005  # half the reach of the filter

    assert np.abs(together - 1).max() < EDGE_SHARE
    assert beyond.any()
    assert levels.min(axis=0)[beyond].max() < SILENCE


@pytest.mark.parametrize(
    ("altitude_km", "most_hz", "slope_hz_s"),
    [(225.0, (500.0, 1000.0), 17.0), (530.0, (460.0, 925.0), 6.8)],
)
def test_the_doppler_of_sputnik(altitude_km, most_hz, slope_hz_s):
    """Overhead, at the altitudes of Sputnik 1, range and slope of the tones are those known of its signal."""
    scenario = Scenario(
        altitude_km=altitude_km, max_elevation_deg=90, noise="off", sample_rate_hz=RATE_HZ, low_hz=200, high_hz=5000
    )
    reception, samples = receive(scenario), render(scenario)
    for channel in (0, 1):
        starts_s, ends_s = keyed(scenario, reception, channel)[:, ::3]
        middles_s = (starts_s + ends_s) / 2
        inside = zip((starts_s + 0.015) * RATE_HZ, (ends_s - 0.015) * RATE_HZ, strict=True)
        tones_hz = np.array([tone_hz(samples[int(a) : int(b), channel].astype(float), RATE_HZ) for a, b in inside])
        slopes_hz_s = np.diff(tones_hz) / np.diff(middles_s)

        assert (
            abs(np.abs(tones_hz - centre_hz(scenario, scenario.carriers[channel])).max() - most_hz[channel]) < KNOWN_HZ
        )
        assert abs(-slopes_hz_s.min() / (slope_hz_s * (channel + 1)) - 1) < KNOWN_SHARE
