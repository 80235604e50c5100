"""The ionosphere layer of a resolved scenario."""

import re

import pytest

from beep.base.errors import ScenarioError
from beep.radio.ionosphere import layer_at
from beep.scenario.scenario import Scenario
from beep.stream.resolve import receive, solar_hour


@pytest.mark.parametrize(
    ("settings", "rule", "remedy"),
    [
        ({"ionosphere": "noon", "fof2_mhz": 20.005}, "reflects everything", "lower fof2_mhz"),
        ({"ionosphere": "noon", "carriers": "7:1:pulse"}, "at 7 MHz fof2_mhz 13.5", "turn the ionosphere off"),
        ({"ionosphere": "noon", "hm_km": 200}, "at least 4.5 times scale_km, got 200 and 55", "raise hm_km"),
        ({"ionosphere": "auto"}, "no start is given", "start='1957-10-07T05:00Z'"),
        ({"fof2_mhz": 9}, "ionosphere is off", "ionosphere='morning'"),
        ({"ionosphere": "evening"}, "must be one of off, auto, night", "got 'evening'"),
    ],
)
def test_impossible_layers(settings, rule, remedy):
    """Total reflection, a layer that reaches the ground, a missing date: rule, value and remedy are in the message."""
    with pytest.raises(ScenarioError, match=re.escape(rule)) as caught:
        receive(Scenario(**settings))
    assert remedy in str(caught.value)


def test_layer_of_a_scenario():
    """A named layer with the scenario's changes, or the one of the local solar time of the pass."""
    changed = receive(Scenario(ionosphere="night", fof2_mhz=7.5)).layer
    eastern = receive(Scenario(station="0,180", start="1957-10-13T00:00Z", ionosphere="auto"))

    assert (changed.fof2_hz, changed.hm_m, changed.scale_m) == (7.5e6, 350e3, 50e3)
    assert receive(Scenario()).layer is None
    assert eastern.ionosphere == layer_at(solar_hour(eastern.epoch, eastern.tca_s, eastern.site))
    assert receive(Scenario(start="1957-10-13T12:00Z", ionosphere="auto", duration_s=1)).ionosphere == "noon"
