"""What a plan fixes for all tiles."""

import numpy as np
import pytest

from beep.radio.receiver import filter_reach_hz
from beep.scenario.scenario import Scenario
from beep.stream.plan import INTERPOLATION_ROW, make_plan

EDGE_DB = -90.0  # error of a tone at the band's edge, where images are strongest; measured -95.7 and less


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"sample_rate_hz": 44_100},
        {"sample_rate_hz": 384_000},
        {"high_hz": 10_000},
        {"high_hz": 4000, "rise_s": 0.02},
        {"sample_rate_hz": 50_000, "high_hz": 5200, "rise_s": 0.01},
        {"detector": "am", "low_hz": 100},
        {"saturation_dbfs": -3.0, "sample_rate_hz": 16_000},
    ],
)
def test_interpolation_of_a_tone_at_the_edge_of_the_band(fields):
    """A row of its samples times the matrix gives the tone at the rate of the audio stage."""
    plan = make_plan(Scenario(**fields))
    scenario, (length, count) = plan.scenario, plan.interpolation.shape
    edge_hz = filter_reach_hz(low_hz=scenario.low_hz, high_hz=scenario.high_hz, shape=scenario.filter_shape)
    turns = edge_hz / plan.internal_rate_hz
    half = (length - INTERPOLATION_ROW) // 2
    at, between = np.arange(length) - half, np.arange(count) / plan.up
    errors = [
        np.cos(2 * np.pi * turns * at + phase) @ plan.interpolation - np.cos(2 * np.pi * turns * between + phase)
        for phase in (0.0, np.pi / 2)
    ]

    assert plan.up > 1
    assert 20 * np.log10(np.hypot(*errors).max()) < EDGE_DB
