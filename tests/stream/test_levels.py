"""Level and noise of the stream against the scenario, `peak_snr_db` and the clipping warning."""

from dataclasses import replace

import numpy as np
import pytest

from beep.scenario.scenario import Scenario
from beep.stream.plan import make_plan
from beep.stream.reception import c_n0_at_db_hz, clear_from_s, peak_snr_db, snr_band_hz
from beep.stream.resolve import receive
from beep.stream.tiles import render
from beep.stream.words import warnings

KEY_SUM_TOLERANCE = 1e-6  # of full scale: float32 sums in three renderings
LEVEL_TOLERANCE_DB = 0.05  # the filter's ripple and the range in half a second are some 0.001 dB
SNR_TOLERANCE_DB = 0.3  # a minute of noise in 2.7 kHz has a spread of 0.01 dB; the filter's slopes cost 0.08 dB


# --- level --------------------------------------------------------------------------------------------------------


def amplitude(samples, tone_hz, rate_hz):
    """Amplitude of a steady tone, by least squares."""
    angle = 2 * np.pi * tone_hz * np.arange(len(samples)) / rate_hz
    basis = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return float(np.hypot(*np.linalg.lstsq(basis, samples.astype(float), rcond=None)[0]))


@pytest.mark.parametrize("level_dbfs", [-6.0, 0.0, -40.0])
@pytest.mark.parametrize("mix", ["stereo", "mono", "20", "40"])
def test_level_is_that_of_closest_approach(level_dbfs, mix):
    """In the middle of the pulse at closest approach each carrier has level_dbfs."""
    scenario = Scenario(noise="off", level_dbfs=level_dbfs, mix=mix)
    plan = make_plan(scenario)
    for column, offset_s in enumerate({"stereo": (0.15, 0.45), "mono": (0.15,), "20": (0.15,), "40": (0.45,)}[mix]):
        middle = round((round(plan.reception.tca_s / 0.6) * 0.6 + offset_s) * 48_000)
        samples = render(plan, start=middle - 960, stop=middle + 960)[:, column]  # 20 ms: the Doppler moves 0.3 Hz
        seen = plan.reception.look(np.array([middle / 48_000]))
        carrier = scenario.carriers[1 if mix == "40" else column]
        centre_hz = scenario.tone_hz * carrier.frequency_mhz / scenario.carriers[0].frequency_mhz
        tone_hz = centre_hz - carrier.frequency_mhz * 1e6 * seen.delay_rate[0]

        assert abs(20 * np.log10(amplitude(samples, tone_hz, 48_000)) - level_dbfs) < LEVEL_TOLERANCE_DB


def test_below_the_horizon_is_silence():
    """Without noise, the samples before AOS and after LOS are exactly zero, at least in whole tiles."""
    plan = make_plan(Scenario(noise="off"))
    size = plan.tile_frames

    assert not render(plan, start=-60 * 48_000, stop=-size).any()
    assert not render(plan, start=plan.frames + size, stop=plan.frames + 60 * 48_000).any()
    assert render(plan, start=0, stop=size).any()


def test_pulse_and_pause_make_a_carrier():
    """What is sent in the pulse and what is sent in the pause add up to the carrier that never pauses."""
    pulse, pause, always = (
        render(Scenario(noise="off", level_dbfs=0, duration_s=10, carriers=f"20.005:1:{sends}"))
        for sends in ("pulse", "pause", "always")
    )

    assert np.abs(pulse).max() > 0.9
    assert np.abs(pulse + pause - always).max() < KEY_SUM_TOLERANCE


# --- noise --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"sample_rate_hz": 8000},
        {"sample_rate_hz": 44_100, "noise": "city", "level_dbfs": -40},
        {"rise_s": 0.0005, "high_hz": 8000},
        {"low_hz": 0, "mix": "40"},
        {"mix": "mono"},  # the noise of both receivers
        {"tca_s": -100},  # the closest moment is the first sample
    ],
    ids=str,
)
def test_noise_is_that_of_the_stated_snr(fields):
    """Power of a carrier, key down, over the noise power in the band is peak_snr_db."""
    noisy = Scenario(duration_s=60, **fields)
    plan = make_plan(noisy)
    noise = (render(plan) - render(replace(noisy, noise="off"))).astype(float)
    power = np.abs(np.fft.rfft(noise, axis=0)) ** 2 * 2 / len(noise) ** 2
    frequency_hz = np.fft.rfftfreq(len(noise), 1 / noisy.sample_rate_hz)
    in_band = power[(frequency_hz >= noisy.low_hz) & (frequency_hz <= noisy.high_hz)].sum(axis=0)

    seen = plan.reception.look(np.linspace(0, 60, 601))
    peak = 10 ** (noisy.level_dbfs / 20) * plan.reception.closest_m / seen.range_m.min()
    for carrier, noise_power in zip(noisy.heard, np.broadcast_to(in_band, len(noisy.heard)), strict=True):
        measured_db = 10 * np.log10(peak**2 / 2 / noise_power)

        assert abs(measured_db - peak_snr_db(plan.reception, carrier)) < SNR_TOLERANCE_DB


@pytest.mark.parametrize("fields", [{"snr_db": 6.0}, {"altitude_km": 36_000.0, "level_dbfs": 0.0}])
def test_noise_beyond_full_scale_warns(fields):
    """With the level that the warning names, at most one sample in ten thousand is clipped."""
    loud = Scenario(duration_s=5.0, **fields)
    (warning,) = [text for text in warnings(receive(loud)) if "clipped" in text]
    fits = replace(loud, level_dbfs=float(warning.split("level_dbfs ")[1].split()[0]))

    assert np.mean(np.abs(render(loud)) > 1) > 0.001
    assert np.mean(np.abs(render(fits)) > 1) < 1e-4
    assert not [text for text in warnings(receive(fits)) if "clipped" in text]


@pytest.mark.parametrize(
    "settings", [{}, {"mix": "20", "noise": "city"}, {"station": "dallas", "start": "1957-10-07T05:00Z"}]
)
def test_signal_is_clear_from_the_first_moment_at_ten_decibels(settings):
    """One carrier has 10 dB in the filter there, none half a second before; without noise it is clear from AOS on."""
    reception = receive(Scenario(**settings))
    clear_s = clear_from_s(reception)

    def best_db(t_s):
        ratios = [c_n0_at_db_hz(reception, carrier, t_s) for carrier in reception.scenario.heard]
        return max(ratios) - 10 * np.log10(snr_band_hz(reception.scenario))

    assert 10 <= best_db(clear_s) < 10.3
    assert best_db(clear_s - 0.5) < 10
    assert clear_from_s(receive(Scenario(noise="off"))) < 0.5


def test_a_signal_that_is_never_clear_is_played_from_its_loudest_moment():
    """At -20 dB in 500 Hz."""
    reception = receive(Scenario(snr_db=-20.0))
    assert clear_from_s(reception) == reception.loudest_s


@pytest.mark.parametrize(
    ("keying", "said"),
    [
        ("0:silent", ["nothing is sent on 20.005 MHz and 40.002 MHz in this recording: the keying is silent"]),
        ("0:continuous", ["nothing is sent on 40.002 MHz in this recording: the keying is continuous"]),
        ("0:silent,9:keyed", []),
    ],
)
def test_a_carrier_that_is_never_sent(keying, said):
    assert warnings(receive(Scenario(duration_s=10, keying=keying))) == said
