"""Long recordings, measured stretch by stretch."""

import numpy as np
import pytest

import beep
from beep.measuring import stretches
from beep.measuring.measure import measure


@pytest.fixture(scope="module")
def tape():
    """Two carriers of 100 s; no pause lies on a border of 25 s."""
    scenario = beep.Scenario(duration_s=100, tca_s=150, sample_rate_hz=8000, pulse_s=0.25, pause_s=0.31, tone_hz=600)
    return beep.render(scenario)


def test_stretches_give_what_the_whole_gives(tape, monkeypatch):
    """Four stretches have the beeps of one, with the same clock and tone, each beep once; bands hold 25 s and 36 s."""
    whole = measure(tape, sample_rate_hz=8000)
    extract, held_s = stretches.extract, []

    def watched(recording, **settings):
        bands = extract(recording, **settings)
        held_s.extend(band.samples.size / band.rate_hz for band in bands)
        return bands

    monkeypatch.setattr(stretches, "extract", watched)
    monkeypatch.setattr(stretches, "AT_ONCE_S", 25.0)
    parts = measure(tape, sample_rate_hz=8000)

    assert len(held_s) == 8
    assert max(held_s) < 25 + 2 * stretches.FAR_S + 2
    for found, one in zip(parts, whole, strict=True):
        assert found.pulses.slot.tolist() == one.pulses.slot.tolist() == list(range(179))
        error_s = np.abs(found.pulses.start_s - one.pulses.start_s) / one.pulses.start_sd_s
        assert error_s.max() < 1.0
        for name in ("pulse_s", "period_s", "tone_hz", "drift_hz_per_s", "snr_db"):
            sd = getattr(one, f"{name}_sd")
            assert abs(getattr(found, name) - getattr(one, name)) < 0.5 * sd
            assert getattr(found, f"{name}_sd") == pytest.approx(sd, rel=0.3)
        assert abs(found.rise_s - one.rise_s) < 2 * one.rise_s_sd  # of the whole, a hundred of the beeps tell it
        assert found.keying == one.keying


def test_many_tones_share_the_memory(monkeypatch):
    """With more tones than usual the stretches are shorter."""
    lengths_s = []
    monkeypatch.setattr(stretches, "beeps_of", lambda *_: "only noise")
    monkeypatch.setattr(
        stretches, "extract", lambda _, tones, from_s, to_s: lengths_s.append(to_s - from_s) or [None] * len(tones)
    )
    monkeypatch.setattr(stretches, "AT_ONCE_S", 100.0)
    bursts = stretches.Bursts(
        start_s=np.arange(0, 400, 0.5),
        stop_s=np.arange(0.2, 400, 0.5),
        tone_hz=np.full(800, 900.0),
        energy=np.ones(800),
    )
    recording = stretches.Recording(sample_rate_hz=8000, channels=64, frames=3_200_000, _read=None)
    results = stretches.beeps_of_tracks(recording, [(number, bursts) for number in range(16)])

    assert set(results) == {"only noise"}
    assert max(lengths_s) == pytest.approx(50 + 2 * stretches.FAR_S, abs=1)
