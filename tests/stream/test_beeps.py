"""Recordings of whole beeps, to be repeated: the file joined to itself."""

import struct

import numpy as np
import pytest

from beep.base.errors import ScenarioError
from beep.measuring.measure import measure
from beep.output.export import export
from beep.scenario.scenario import Scenario
from beep.stream.tiles import render


@pytest.mark.parametrize(
    "settings",
    [
        {"still": True, "noise": "off"},
        {"still": True, "noise": "off", "mix": "20", "sample_rate_hz": 44_100},
        {"agc": True, "saturation_dbfs": -8.0, "hum_hz": 50.0, "mix": "mono"},
        {"detector": "am", "still": True},
        {
            "station": "dallas",
            "start": "1957-10-07T05:00Z",
            "pulse_s": 0.193,
            "pause_s": 0.2538,
            "clock_jitter_s": 0.01,
        },
    ],
)
def test_joined_to_itself_there_is_no_click(settings):
    """Its length is whole periods, it is silent at both ends, and the largest step at the joint is 20 of 16 bits."""
    scenario = Scenario(beeps=3, **settings)
    samples = render(scenario)
    period_s = scenario.pulse_s + scenario.pause_s
    joint = np.concatenate([samples[-48:], samples[:48]])

    assert len(samples) == round(3 * period_s * scenario.sample_rate_hz)
    assert not samples[[0, -1]].any()
    assert np.abs(np.diff(joint[44:52], axis=0)).max() < 20 / 2**15
    assert np.abs(samples).max() > 0.1


def test_repeated_beeps_keep_their_rhythm():
    """A loop of four beeps, repeated six times, measures as 24 beeps of one clock."""
    loop = render(Scenario(beeps=4, still=True, mix="20", snr_db=20.0))
    (measured,) = measure(np.tile(loop, (6, 1)), sample_rate_hz=48_000)

    assert measured.beeps == 24
    assert measured.period_s == pytest.approx(0.6, abs=2e-5)


def test_a_loop_says_so(tmp_path):
    """The WAV has a `smpl` chunk with one loop from the first to the last sample; other recordings have none."""
    export(Scenario(beeps=2), tmp_path / "loop.wav")
    export(Scenario(duration_s=0.5), tmp_path / "plain.wav")
    header = (tmp_path / "loop.wav").read_bytes()[:200]
    at = header.index(b"smpl")
    values = struct.unpack("<I15I", header[at + 4 : at + 68])

    assert values[:2] == (60, 0)
    assert values[8] == 1  # loops
    assert values[10:15] == (0, 0, 0, 57_599, 0)
    assert b"smpl" not in (tmp_path / "plain.wav").read_bytes()[:200]


@pytest.mark.parametrize("other", [{"duration_s": 3.0}, {"keying": "2:silent"}, {}])
def test_what_does_not_go_with_beeps(other):
    """A length in seconds, other keyings, and no beeps at all."""
    with pytest.raises(ScenarioError, match="beeps"):
        Scenario(beeps=2 if other else 0, **other)
