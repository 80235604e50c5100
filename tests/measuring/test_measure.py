"""Measurements of tapes like those of 1957, of two carriers in mono, and of sounds without beeps."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest
import soundfile
from tapes import KINDS, beepless, keying, tape, white

import beep
from beep.fitting.curves import closest_approach
from beep.fitting.fit import QUANTITIES, fit
from beep.fitting.tones import tones_of
from beep.measuring.measure import Pulses, measure
from beep.stream.resolve import receive

NEGATIVES = 40  # recordings without beeps, by turns of KINDS
LENGTH_WITHIN_S = 0.005
PERIOD_WITHIN_S = 0.003


def only(samples, rate_hz):
    (measurement,) = measure(samples, sample_rate_hz=rate_hz)
    return measurement


TAPES = {
    "as the Dallas tape": {},
    "weak": {"snr_db": 11},
    "strong": {"snr_db": 25},
    "wow": {"wow": 0.005},
    "soft edges": {"rise_s": 0.02},
    "short": {"duration_s": 5.0},
    "spliced": {"splice_s": 0.17, "duration_s": 20.0},
    "dashes": {"dashes": True, "pulse_s": 0.197, "period_s": 0.4397},
    "weak dashes": {"dashes": True, "pulse_s": 0.197, "period_s": 0.4397, "snr_db": 11},
}


@pytest.mark.parametrize("kind", TAPES)
@pytest.mark.parametrize("seed", [1, 2])
def test_tapes(kind: str, seed: int) -> None:
    """Count exact, lengths within 5 ms, period within 3 ms, drift within three times its error."""
    made = tape(seed, **TAPES[kind])
    found = only(made.samples, made.rate_hz)
    assert found.beeps == len(made.start_s)
    pulses = found.pulses
    whole = pulses.whole
    true = np.abs(pulses.start_s[:, None] - made.start_s).argmin(axis=1)[whole]
    length_s = made.stop_s - made.start_s
    assert np.abs(pulses.length_s[whole] - length_s[true]).max() < LENGTH_WITHIN_S
    assert found.pulse_s == pytest.approx(np.median(length_s[true]), abs=0.002)
    assert found.period_s == pytest.approx(TAPES[kind].get("period_s", 0.4468), abs=PERIOD_WITHIN_S)
    assert found.pulse_s + found.pause_s == pytest.approx(found.period_s, abs=0.001)
    assert abs(found.drift_hz_per_s - made.drift_hz_s) < 3 * found.drift_hz_per_s_sd
    assert found.keying == "dallas"
    assert found.hum_hz[:2] == pytest.approx([60, 120], abs=1)
    assert sorted(set(pulses.slots.tolist())) == ([1, 3] if "dashes" in kind else [1])


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("snr_db", [11, 18])
def test_irregular_clip(seed: int, snr_db: float) -> None:
    """The beeps of the well-known clip with its irregular clock are counted exactly, and fit no keying of 1957."""
    settings = {"pulse_s": 0.183, "period_s": 0.733, "rise_s": 0.0175, "tone_hz": 1061.0, "drift_hz_s": 0.0}
    made = tape(seed, irregular=True, snr_db=snr_db, **settings)
    found = only(made.samples, made.rate_hz)
    assert found.beeps == len(made.start_s)
    assert found.keying == "none"
    assert "folklore" in found.note
    assert abs(found.period_s - np.mean(np.diff(made.start_s))) < 4 * found.period_s_sd
    assert found.pulse_s == pytest.approx(0.183, abs=LENGTH_WITHIN_S)
    assert abs(found.drift_hz_per_s) < 3 * found.drift_hz_per_s_sd
    assert found.clock_jitter_s > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_no_beeps_in_other_sounds(kind: str) -> None:
    """Noise, speech, music, steady tones, Morse code, silence and drums have no beeps, and the note says why."""
    numbers = range(KINDS.index(kind), NEGATIVES, len(KINDS))
    assert len(numbers) == 4
    for number in numbers:
        samples, rate_hz = beepless(kind, number)
        found = only(samples, rate_hz)
        assert found.beeps == 0, f"{kind} {number}: {found}"
        assert found.note.startswith("no beeps found: ")
        assert np.isnan(found.pulse_s)


def test_beeps_cut_off_by_the_ends() -> None:
    """A beep that is partly recorded is counted; its length is not used, because it is not whole."""
    rate_hz, random = 8000, np.random.default_rng(4)
    t_s = np.arange(6 * rate_hz) / rate_hz
    start_s = np.arange(-0.15, 6, 0.6)
    tone = keying(t_s, start_s, start_s + 0.3, 0.005) * np.sin(2 * np.pi * 1000 * t_s)
    found = only(0.5 * (tone + white(random, len(t_s), snr_db=20, rate_hz=rate_hz)), rate_hz)
    assert found.beeps == 11
    assert found.pulses.whole.tolist() == [False] + 9 * [True] + [False]
    assert found.pulses.length_s[[0, -1]] == pytest.approx([0.15, 0.15], abs=0.003)
    assert found.pulse_s == pytest.approx(0.3, abs=0.001)


def tone_error_hz(scenario, measurement, name):
    """Measured tones less the true ones of a carrier, (N,)."""
    return measurement.pulses.tone_hz - beep.track(scenario, measurement.pulses.time_s)[f"tone_{name}_hz"]


def test_two_carriers_mixed_in_mono() -> None:
    """Each tone is measured by itself; the lower one is the first, also where the other sends first."""
    scenario = beep.Scenario(duration_s=30, tca_s=135, mix="mono", sample_rate_hz=11_025, level_dbfs=-12)
    for from_s in (0.0, 0.35):
        samples = beep.render(scenario, start=round(from_s * 11_025))
        found = measure(samples, sample_rate_hz=11_025)
        assert [measurement.channel for measurement in found] == [0, 0]
        assert [measurement.beeps for measurement in found] == ([50, 50] if from_s == 0 else [49, 50])
        assert found[0].tone_hz < found[1].tone_hz
        for measurement in found:
            assert measurement.period_s == pytest.approx(0.6, abs=1e-4)
        if from_s == 0:
            for measurement, name in zip(found, ("20", "40"), strict=True):
                assert np.abs(tone_error_hz(scenario, measurement, name)).max() < 0.1
            assert "channels" in found.to_dict()


@pytest.mark.parametrize(("noise", "sideband"), [("off", "upper"), ("rural", "lower")])
def test_two_carriers_mixed_in_mono_low_pass(noise: str, sideband: str) -> None:
    """Through a low pass with the fastest Doppler none is missed or swapped, and the fit is that of the pass.

    Measured: lengths within 0.6 ms all through, pulls of tones 1.04 to 1.07.
    """
    settings = {"altitude_km": 230, "max_elevation_deg": 30, "duration_s": 120, "sample_rate_hz": 8000}
    scenario = beep.Scenario(mix="mono", noise=noise, sideband=sideband, **settings)
    found = measure(beep.render(scenario), sample_rate_hz=8000)
    assert [measurement.beeps for measurement in found] == [200, 200]
    apart_s = np.abs(found[0].pulses.start_s[:, None] - found[1].pulses.start_s).min(axis=1)
    assert apart_s[1:] == pytest.approx(0.3, abs=0.002)  # what the beginning cuts off starts late
    for measurement, name in zip(found, ("20", "40"), strict=True):
        pulses = measurement.pulses
        off_hz = tone_error_hz(scenario, measurement, name)
        assert np.abs(off_hz).max() < 0.1
        assert np.abs(pulses.length_s[pulses.whole] - 0.3).max() < 0.001
        assert measurement.pulse_s == pytest.approx(0.3, abs=max(4 * measurement.pulse_s_sd, 1e-5))
        assert abs(measurement.chirp_hz) < max(4 * measurement.chirp_hz_sd, 1e-3)  # the drift is none
        if noise != "off":
            assert 0.8 < np.sqrt(np.mean((off_hz / pulses.tone_sd_hz) ** 2)) < 1.2
    fitted = fit(tones_of(found, carriers_hz=[20.005e6, 40.002e6]))
    reception = receive(scenario)
    true = [scenario.tone_hz, *closest_approach(reception.look, guess_s=reception.tca_s)]
    least = (1e-4, 1e-4, 1e-3, 1e-5)
    for name, value, floor in zip(QUANTITIES, true, least, strict=True):
        estimate = getattr(fitted, name)
        assert abs(estimate.value - value) < max(4 * estimate.sd, floor), name


MONO = {  # settings; beeps of measurement carrier at least; tones within, Hz
    "whole pass": ({"noise": "galactic", "altitude_km": 230}, 700, 1.0),
    "grazing": ({"max_elevation_deg": 3}, 558, 1.0),  # 559 to 562 over twelve seeds
    "ionosphere of a morning": ({"ionosphere": "morning", "duration_s": 150, "tca_s": 75}, 240, 3.0),
    "Dallas keying": ({"pulse_s": 0.193, "pause_s": 0.2538, "duration_s": 60}, 134, 0.1),
    "overloaded": ({"saturation_dbfs": -12, "agc": True, "duration_s": 60, "high_hz": 3900}, 100, 0.1),
}


@pytest.mark.parametrize("kind", MONO)
def test_both_carriers_in_mono(kind: str) -> None:
    """Both tones are found in all kinds of mono recordings, the lower one first."""
    settings, beeps, within_hz = MONO[kind]
    scenario = beep.Scenario(mix="mono", **{"sample_rate_hz": 8000, "noise": "rural"} | settings)
    found = measure(beep.render(scenario), sample_rate_hz=8000)
    assert len(found) == 2
    period_s = scenario.pulse_s + scenario.pause_s
    for measurement, name, pulse_s in zip(found, ("20", "40"), (scenario.pulse_s, scenario.pause_s), strict=True):
        assert measurement.beeps >= beeps
        assert measurement.pulse_s == pytest.approx(pulse_s, abs=5e-4)
        assert measurement.period_s == pytest.approx(period_s, abs=1e-4)
        assert np.abs(tone_error_hz(scenario, measurement, name)).max() < within_hz


@pytest.mark.parametrize(
    ("second", "part", "tones_hz"),
    [(0.0, 0.6, [1000]), (0.5, 0.1, [1000, 2000]), (0.5, 0.3, [1000, 2000]), (0.5, 0.6, [1000]), (0.15, 0.6, [1000])],
)
def test_harmonics_are_no_carriers(second: float, part: float, tones_hz: list[float]) -> None:
    """The second harmonic of the first carrier lies at the second carrier: it neither hides it nor stands for it.

    From half of its level on, the second carrier is lost; then its own harmonic is not reported either.
    """
    scenario = beep.Scenario(noise="off", duration_s=15, tca_s=7.5, sample_rate_hz=22_050, high_hz=3500)
    sound = beep.render(scenario).astype(np.float64)
    mixed = (sound[:, 0] + second * sound[:, 1]) / np.abs(sound).max()
    mixed += part * mixed**2 + 0.005 * np.random.default_rng(1).standard_normal(len(mixed))
    found = measure((mixed / np.abs(mixed).max()).astype(np.float32), sample_rate_hz=22_050)
    assert [measurement.beeps for measurement in found] == [25] * len(tones_hz)
    assert [measurement.tone_hz for measurement in found] == pytest.approx(tones_hz, abs=5)


def test_json_has_the_keys_and_no_nan() -> None:
    """JSON has all keys, and null for values that are not known."""
    keys = {"beeps", "pulse_s", "pause_s", "period_s", "jitter_s", "duty", "tone_hz", "drift_hz_per_s", "snr_db"}
    keys |= {"chirp_hz", "flutter_percent", "residual_db"}
    keys |= {f"{key}_sd" for key in keys - {"beeps"}} | {
        "snr_bandwidth_hz",
        "keying",
        "pulses",
        "tone_time_s",
        "speeds",
    }
    for samples in (tape(1).samples, np.zeros(22_050, np.float32)):
        table = json.loads(json.dumps(measure(samples, sample_rate_hz=11_025).to_dict(), allow_nan=False))
        assert keys <= table.keys()
        for pulse in table["pulses"]:
            assert pulse.keys() == {field.name for field in fields(Pulses)}
    assert table["beeps"] == 0
    assert table["tone_hz"] is None


def test_the_command(beep, tmp_path) -> None:
    """Table, JSON, CSV; the recipe in the comment adds a line and changes no value."""
    beep("export", "a.wav", "--duration-s", 20, "--mix", "20", "-q")
    table = beep("measure", "a.wav").stdout.decode()
    assert "recipe for 20.005 MHz: pulse 300.0 ms" in table
    assert "recipe" not in beep("measure", "a.wav", "--blind").stdout.decode()
    measured = json.loads(beep("measure", "a.wav", "--json").stdout)
    assert measured == json.loads(beep("measure", "a.wav", "--json", "--blind").stdout)
    lines = beep("measure", "a.wav", "--csv").stdout.decode().splitlines()
    assert len(lines) == 1 + measured["beeps"]
    assert lines[0].split(",") == ["channel", *(field.name for field in fields(Pulses))]
    soundfile.write(tmp_path / "noise.wav", 0.1 * np.random.default_rng(1).standard_normal(80_000), 8000)
    nothing = beep("measure", "noise.wav")
    assert nothing.status == 0
    assert "no beeps found" in nothing.stderr
    compared = beep("compare", "a.wav", "noise.wav")
    assert compared.status == 0
    assert "in standard errors" in compared.stdout.decode()
    missing = beep("measure", "missing.wav")
    assert missing.status == 1
    assert missing.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("scenario", "least"),
    [
        (
            beep.Scenario(
                station="banbury",
                start="1957-10-13T05:20Z",
                ionosphere="morning",
                spin_rpm=7.0,
                agc=True,
                mix="20",
                sample_rate_hz=12_000,
            ),
            850,  # of 1135 slots, of which some 250 lie below the edge of the day
        ),
        (replace(beep.character("tape", beep.preset("dallas")), sample_rate_hz=11_025, duration_s=240.0), 530),
    ],
    ids=["a morning's fading", "a tape"],
)
def test_one_tone_through_a_whole_pass(scenario, least):
    """A tone stays one measurement despite fading, noise raised by AGC, and harmonics of an overloaded stage."""
    (found,) = measure(beep.render(scenario), sample_rate_hz=scenario.sample_rate_hz)

    assert found.beeps >= least
    assert found.period_s == pytest.approx(scenario.pulse_s + scenario.pause_s, abs=1e-4)


def test_a_file_by_its_name(tmp_path):
    """`measure` of a file's name equals that of its samples."""
    rate_hz, samples = 12_000, beep.render(beep.Scenario(sample_rate_hz=12_000, mix="20", duration_s=15))
    soundfile.write(tmp_path / "a.wav", samples, rate_hz, subtype="FLOAT")

    (named,) = measure(tmp_path / "a.wav")
    given = only(samples, rate_hz)

    assert named.beeps == given.beeps == 25
    assert named.pulse_s == given.pulse_s


def test_compare_takes_stdin_once(beep):
    """Stdin cannot be both recordings."""
    ran = beep("compare", "-", "-")

    assert (ran.status, ran.stdout) == (1, b"")
    assert "stdin is one recording" in ran.stderr
