"""What the page is told is what the package knows."""

import json
from dataclasses import replace

import numpy as np
import pytest

from beep.base.checks import checked
from beep.base.errors import ScenarioError
from beep.scenario.presets import preset, presets, reception_names
from beep.scenario.scenario import Scenario, fields
from beep.scenario.toml import from_dict
from beep.stream.resolve import receive
from beep.stream.track import sent_pulses, track
from beep.web.documents import pass_document, scenario_document
from beep.web.recipes import from_link, page_plan, to_link, with_changes

PLACE = {"station": "-31.1,136.8", "start": "1957-10-07T05:00Z"}
FLUTTER = replace(preset("dallas"), ionosphere="night")


def document_of(scenario):
    return json.loads(json.dumps(pass_document(page_plan(with_changes(scenario, {})), 7), allow_nan=False))


def test_every_field_is_told_with_its_rule():
    """What the page shows as the limits of a knob is taken, and what lies beyond is refused."""
    told = {field["name"]: field for field in scenario_document(kiosk=True)["fields"]}
    assert set(told) == {field.name for field in fields()} - {"sample_rate_hz"}
    for field in fields():
        if field.name == "sample_rate_hz":
            continue
        knob = told[field.name]
        assert knob["help"] == field.metadata["help"]
        if knob["kind"] == "choice":
            assert all(checked(field, choice) == choice for choice in knob["choices"])
        for end, beyond in (("least", -1), ("most", 1)):
            if knob[end] is not None:
                assert knob["kind"] in ("number", "integer")
                assert checked(field, knob[end]) == knob[end]
                with pytest.raises(ScenarioError, match=field.name):
                    checked(field, knob[end] + beyond)
        if knob["above"] is not None:
            with pytest.raises(ScenarioError, match=field.name):
                checked(field, knob["above"])


def test_every_name_to_choose_from_can_be_chosen():
    """Each preset can be played; of the receptions those that are marked."""
    told = json.loads(json.dumps(scenario_document(kiosk=False), allow_nan=False))
    assert told["presets"] == presets()
    assert {record["name"] for record in told["receptions"]} == set(reception_names())
    assert {record["name"] for record in told["receptions"] if record["playable"]} <= set(told["presets"])
    for name in told["presets"]:
        page_plan(with_changes(preset(name), {}))
    for name in told["characters"]:
        page_plan(with_changes(Scenario(), {"character": name}))
    for name in told["beacons"]:
        page_plan(with_changes(Scenario(), {"beacon": name}))


@pytest.mark.parametrize("scenario", [Scenario(), FLUTTER, Scenario(mix="mono", duration_s=3000)])
def test_the_table_is_that_of_the_track(scenario):
    """The course at the page's times is `track`'s; a level below the horizon is null."""
    told = document_of(scenario)
    table = told["table"]
    expected = track(with_changes(scenario, {}), table["t_s"])
    assert set(table) < set(expected)
    assert {"range_km", "elevation_deg", "tone_20_hz", "doppler_40_hz", "level_20_db"} < set(table)
    assert len(table["t_s"]) <= 1000
    assert table["t_s"][-1] == pytest.approx(told["duration_s"], abs=3)
    for name, values in table.items():
        shown = np.array([np.nan if value is None else value for value in values])
        column = np.where(np.isfinite(expected[name]), expected[name], np.nan)
        np.testing.assert_allclose(shown, column, atol=2e-5, rtol=1e-5, equal_nan=True)


@pytest.mark.parametrize("scenario", [replace(Scenario(), duration_s=100, jitter_s=0.01), FLUTTER])
def test_lamps_light_when_the_key_is_down(scenario):
    """The intervals are the pulses of `sent_pulses` as they arrive, within 5 ms."""
    told = document_of(scenario)
    columns = list(sent_pulses(with_changes(scenario, {})))
    for name in scenario.names:
        rows = [c for c in columns if str(c["carrier"][0]) == name]
        starts, ends = (np.concatenate([row[key] for row in rows]) for key in ("start_s", "end_s"))
        shown = np.array(told["pulses"][name])
        assert shown.shape == (len(starts), 2)
        known = np.isfinite(starts) & np.isfinite(ends)
        assert np.abs(shown[known, 0] - starts[known]).max() < 0.005
        assert np.abs(shown[known, 1] - ends[known]).max() < 0.005
        assert known.sum() > 100


def test_sides_names_and_times():
    """Left, right or both; the horizon; no date and no ground without a station."""
    stereo, mono, upper = (document_of(replace(Scenario(), mix=mix)) for mix in ("stereo", "mono", "40"))
    assert [carrier["side"] for carrier in stereo["carriers"]] == ["left", "right"]
    assert [carrier["side"] for carrier in mono["carriers"]] == ["both", "both"]
    assert [(carrier["heard"], carrier["side"]) for carrier in upper["carriers"]] == [(False, None), (True, "both")]
    assert (stereo["epoch"], stereo["station"], stereo["ground"], stereo["number"]) == (None, None, None, 7)

    dallas, reception = document_of(preset("dallas")), receive(preset("dallas"))
    assert dallas["station"]["name"] == "Dallas"
    assert dallas["epoch"] == "1957-10-07T05:05:28Z"
    assert dallas["tca_s"] == reception.tca_s
    assert 0 < dallas["aos_s"] < 2
    assert from_dict({k: v for k, v in dallas["scenario"].items() if v is not None}) == with_changes(
        preset("dallas"), {}
    )


@pytest.mark.parametrize("name", presets())
def test_a_link_leads_back(name):
    """The scenario of each preset, and of awkward texts, comes back from its link."""
    scenario = with_changes(preset(name), {})
    assert from_link(to_link(scenario)) == scenario
    assert to_link(Scenario()) == "altitude_km=500.0"  # an empty one would be what the server began with
    for changes in ({"mix": "20"}, {"keying": "200:0.2:0.4,300:silent"}, {"agc": True}, PLACE):
        changed = with_changes(scenario, changes)
        assert from_link(to_link(changed)) == changed
