"""The signal before the receiver: phase against mpmath, C/N0, the same bytes however it is cut."""

import json
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beep.scenario.scenario import Carrier, Scenario
from beep.stream.baseband import iq_blocks, tune
from beep.stream.resolve import receive
from beep.stream.track import sent_pulses, track

PASSES = json.loads((Path(__file__).parents[1] / "reference" / "simple_pass.json").read_text())["standing_earth"]
PHASE_TOLERANCE_TURNS = 1e-6  # measured 4e-8 (float32 has 24 bits)
TCA_S = 400.37
POWER_TOLERANCE_DB = 0.05  # of 2e6 samples of noise: 0.003 dB rms; the table of quantiles is scaled to unit power
EDGE_TOLERANCE_S = 2e-5  # a sample at 48 kHz


def samples_of(tuning, start, stop):
    return np.concatenate(list(iq_blocks(tuning, start=start, stop=stop)))[:, 0]


@pytest.mark.parametrize(("mhz", "rate_hz"), [(20.005, 48_000), (40.002, 8_000), (40.002, 48_000), (40.002, 2_400_000)])
def test_phase_is_that_of_mpmath(mhz, rate_hz):
    """exp(+2 pi j ((f - center) t - f delay)) with the delay of 60 digits, at the moments of four passes."""
    center_hz = round(mhz * 1e6) - rate_hz // 5 - 1  # no whole turns
    errors = []
    for given_pass in PASSES:
        scenario = Scenario(
            altitude_km=float(given_pass["altitude_m"]) / 1e3,
            max_elevation_deg=float(given_pass["max_elevation_deg"]),
            carriers=(Carrier(frequency_mhz=mhz, sends="always"),),
            tca_s=TCA_S,
            duration_s=800.0,
            noise="off",
        )
        tuning = tune(scenario, center_hz=center_hz, sample_rate_hz=rate_hz, level_dbfs=0)
        for row in given_pass["rows"]:
            at = round((float(row["t_s"]) + TCA_S) * rate_hz)
            with mpmath.workdps(40):
                frequency_hz = mpmath.mpf(round(mhz * 1e6))
                turns = (frequency_hz - center_hz) * mpmath.mpf(at) / rate_hz - frequency_hz * mpmath.mpf(
                    row["delay_s"]
                )
                expected = complex(mpmath.expjpi(2 * turns))
            if float(row["elevation_rad"]) > 0:
                errors.append(np.angle(samples_of(tuning, at, at + 1)[0] / expected) / (2 * np.pi))

    assert len(errors) > 20
    assert np.abs(errors).max() < PHASE_TOLERANCE_TURNS


@settings(max_examples=10)
@given(first=st.integers(-60_000, 120_000), lengths=st.lists(st.integers(1, 40_000), min_size=1, max_size=5))
def test_any_cut_gives_the_same_bytes(first, lengths):
    """Blocks from anywhere, of any length, are parts of one recording."""
    tuning = tune(Scenario(jitter_s=0.01, chirp_hz=50, backwave_db=-20, click_db=-3, carrier_drift_hz_s=1))
    whole = samples_of(tuning, -60_000, 320_000)
    at = first
    for length in lengths:
        np.testing.assert_array_equal(samples_of(tuning, at, at + length), whole[at + 60_000 :][:length])
        at += length


@pytest.mark.parametrize("rate_hz", [48_000, 1_000_000])
def test_c_n0_is_that_of_the_link_budget(rate_hz):
    """Power of the carrier over noise density, at closest approach; 20.005 and 40.002 MHz have their own."""
    for ratio, c_n0_db_hz in ({"snr_db": 30.0}, 30 + 10 * np.log10(500)), ({}, 57.9):  # 57.9 as the README shows
        scenario = Scenario(
            still=True, duration_s=10, carriers=(Carrier(frequency_mhz=20.005, sends="always"),), **ratio
        )
        loud, silent = (
            samples_of(tune(part, sample_rate_hz=rate_hz), 0, 2_000_000)
            for part in (scenario, Scenario(**{**vars(scenario), "keying": "0:silent"}))
        )
        noise = np.mean(np.abs(silent) ** 2) / rate_hz
        power = np.mean(np.abs(loud - silent) ** 2)
        assert 10 * np.log10(power) == pytest.approx(-20, abs=POWER_TOLERANCE_DB)
        assert 10 * np.log10(power / noise) == pytest.approx(c_n0_db_hz, abs=0.06)
        assert abs(np.corrcoef(silent.real, silent.imag)[0, 1]) < 5 / np.sqrt(silent.size)


def test_all_carriers_in_the_band_are_there():
    """Two carriers 20 kHz apart are in one band, each at its place; a narrow band holds one, another band none."""
    beacons = (
        Carrier(frequency_mhz=108.0, sends="always"),
        Carrier(frequency_mhz=108.02, power_w=0.25, sends="always"),
    )
    scenario = Scenario(carriers=beacons, still=True, noise="off", duration_s=10)
    tuning = tune(scenario, center_hz=108_004_000)
    spectrum = np.abs(np.fft.fft(samples_of(tuning, 0, 48_000))) / 48_000

    assert sorted(np.argsort(spectrum)[-2:]) == [16_000, 44_000]  # Hz
    assert spectrum[44_000] == pytest.approx(0.1, rel=1e-4)
    assert spectrum[16_000] == pytest.approx(0.05, rel=1e-3)
    assert tune(scenario, center_hz=107_990_000, sample_rate_hz=30_000).carriers == beacons[:1]
    assert tune(scenario, center_hz=50_000_000).carriers == ()


def test_keying_is_that_of_the_track():
    """The envelope is half of its height where `sent_pulses` says that a pulse begins and ends."""
    scenario = Scenario(noise="off", tca_s=200, duration_s=12)
    tuning = tune(scenario, level_dbfs=0)
    envelope = np.abs(samples_of(tuning, 0, tuning.frames))
    (pulses, *_) = sent_pulses(receive(scenario))
    edges_s = np.concatenate([pulses["start_s"], pulses["end_s"]])
    edges_s = edges_s[(edges_s > 0.1) & (edges_s < 11.9)]
    for edge_s in edges_s:
        around = envelope[round((edge_s - 0.05) * 48_000) : round((edge_s + 0.05) * 48_000)]
        half = np.interp(edge_s * 48_000, np.arange(envelope.size), envelope)
        assert half / around.max() == pytest.approx(0.5, abs=np.pi / 2 / 0.005 * EDGE_TOLERANCE_S)
    assert edges_s.size > 30


@pytest.mark.parametrize(("low_mhz", "high_mhz"), [(20.005, 40.002), (149.988, 399.968)])
def test_differential_phase_gives_the_electron_content(low_mhz, high_mhz):
    """Two coherent carriers: the part of the phase that is not proportional to frequency is that of the ionosphere.

    At 20 and 40 MHz it is that of the rays, which bend. At 150 and 400 MHz, as Transit had it, 40.3 TEC / f**2 holds to
    1 %: over half a pass the content is that of the truth.
    """
    carriers = tuple(Carrier(frequency_mhz=mhz, sends="always") for mhz in (low_mhz, high_mhz))
    night = {"ionosphere": "night", "faraday": False, "noise": "off", "tca_s": 0.0, "duration_s": 150.0}
    scenario, phases, rate_hz = Scenario(carriers=carriers, **night), [], 8_000 if low_mhz < 100 else 32_000
    for mhz in (low_mhz, high_mhz):
        samples = samples_of(tune(scenario, center_hz=round(mhz * 1e6), sample_rate_hz=rate_hz), 0, 150 * rate_hz)
        phases.append(np.unwrap(np.angle(samples.astype(np.complex128)))[::rate_hz] / (2 * np.pi))
    measured = phases[1] - high_mhz / low_mhz * phases[0]
    truth = track(scenario, np.arange(150.0))
    if low_mhz < 100:
        early_s = [truth[f"ionosphere_phase_{name}_s"] for name in ("20", "40")]
        expected = -high_mhz * 1e6 * (early_s[1] - early_s[0])
        assert np.ptp(expected) > 5
        assert np.abs(measured - expected - (measured - expected)[0]).max() < 1e-3
    else:
        factor = 40.308 / 299_792_458 * (1 / high_mhz - high_mhz / low_mhz**2) / 1e6
        content = truth["electrons_m2"]
        assert content[-1] > 1.5 * content[0]
        assert (measured[-1] - measured[0]) / factor == pytest.approx(content[-1] - content[0], rel=0.01)
