"""Scenarios as TOML, JSON and plain tables: there and back again, and what is refused."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beep.base.checks import choices
from beep.base.choices import Detector, FilterShape, Key, Noise, Sends, Sideband
from beep.base.errors import ScenarioError
from beep.geometry.stations import STATIONS
from beep.scenario.carriers import Carrier
from beep.scenario.scenario import Scenario, fields
from beep.scenario.toml import from_comment, from_dict, load, to_dict, to_toml
from beep.signal.keying import Regime

bounded = settings(max_examples=50, deadline=None)


def words(literal):
    return st.sampled_from(literal.__args__)


carriers = st.builds(Carrier, frequency_mhz=st.floats(1e-3, 30_000), power_w=st.floats(1e-6, 1e6), sends=words(Sends))
coordinates = st.tuples(st.floats(-90, 90), st.floats(-180, 360), st.floats(-100, 9000))
TLES = [
    "1 00002U 57001B   57288.00000000  .00297400  00000-0  12554-2 0  9996\n"
    "2 00002  65.1827 309.7641 0477260  47.4204 283.4765 15.02759285    09",
    json.dumps(
        {
            "OBJECT_NAME": "Sputnik \u2018one\u2019",
            "NORAD_CAT_ID": 2,
            "EPOCH": "1957-10-15T00:00:00",
            "MEAN_MOTION": 15.02759285,
            "ECCENTRICITY": 0.047726,
            "INCLINATION": 65.1827,
            "RA_OF_ASC_NODE": 309.7641,
            "ARG_OF_PERICENTER": 47.4204,
            "MEAN_ANOMALY": 283.4765,
        }
    ),
]
places = st.sampled_from(sorted(STATIONS)) | coordinates.map(lambda numbers: ",".join(map(str, numbers)))
zones = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))
times = st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30), timezones=zones)


@st.composite
def keyings(draw, rise_s):
    """Up to four regimes whose pulses and pauses hold an edge."""
    lengths = st.floats(rise_s, 60)
    regimes = []
    for from_s in sorted(draw(st.sets(st.floats(-1e7, 1e7), max_size=4))):
        word = draw(st.sampled_from(["lengths", *Key.__args__]))
        if word == "lengths":
            regimes.append(Regime(from_s=from_s, pulse_s=draw(lengths), pause_s=draw(lengths)))
        else:
            regimes.append(Regime(from_s=from_s, key=word))
    return tuple(regimes)


@st.composite
def scenarios(draw):
    """Any scenario that keeps the rules."""
    pulse_s, pause_s = draw(st.floats(0.01, 60)), draw(st.floats(0.01, 60))
    sample_rate_hz = draw(st.integers(8000, 384_000))
    rise_s = draw(st.floats(max(0.0005, 24.1 / sample_rate_hz), min(pulse_s, pause_s, 10)))
    high_hz = draw(st.floats(300, sample_rate_hz / 2))
    sending = draw(
        st.lists(carriers, min_size=1, max_size=2, unique_by=lambda carrier: round(carrier.frequency_mhz, 6))
    )
    station = draw(st.none() | places)
    simple = {"altitude_km": draw(st.floats(100, 1e5)), "max_elevation_deg": draw(st.floats(0, 90))}
    keying = draw(keyings(rise_s))
    lengths_s = [length_s for one in keying for length_s in (one.pulse_s, one.pause_s) if length_s is not None]
    shortest_s = min([pulse_s, pause_s, *lengths_s])
    noise = draw(words(Noise))
    attack_s = draw(st.floats(1e-3, 10))
    return Scenario(
        keying=keying,
        carrier_offset_hz=draw(st.floats(-5000, 5000)),
        carrier_drift_hz_s=draw(st.floats(-100, 100)),
        snr_db=None if noise == "off" else draw(st.none() | st.floats(-60, 120)),
        snr_bandwidth_hz=draw(st.floats(1, 1e6)),
        detector=draw(words(Detector)),
        filter_shape=draw(words(FilterShape)),
        receiver_drift_hz_s=draw(st.floats(-100, 100)),
        agc=draw(st.booleans()),
        agc_attack_s=attack_s,
        agc_release_s=draw(st.floats(attack_s, 10)),
        saturation_dbfs=draw(st.none() | st.floats(-60, 0)),
        hum_hz=draw(st.none() | st.floats(10, 1000)),
        hum_dbfs=draw(st.floats(-120, 0)),
        wow_percent=draw(st.floats(0, 5)),
        wow_hz=draw(st.floats(0.05, 10)),
        pulse_s=pulse_s,
        pause_s=pause_s,
        rise_s=rise_s,
        jitter_s=draw(st.floats(0, 0.3)) * (shortest_s - rise_s),
        clock_jitter_s=draw(st.floats(0, 0.01)) * (shortest_s - rise_s),
        click_db=draw(st.none() | st.floats(-60, 20)),
        chirp_hz=draw(st.floats(-500, 500)),
        chirp_s=draw(st.floats(0.001, 10)),
        backwave_db=draw(st.none() | st.floats(-80, -3)),
        backwave_offset_hz=draw(st.floats(-200, 200)),
        saturation_asymmetry=draw(st.floats(-0.5, 0.5)),
        flutter_percent=draw(st.floats(0, 4)),
        flutter_hz=draw(st.floats(5, 50)),
        **(simple if station is None else {}),
        tca_s=draw(st.none() | st.floats(-1e7, 1e7)),
        station=station,
        tle=draw(st.none() | st.sampled_from(TLES)) if station else None,
        start=draw(times if station else st.none() | times),
        still=draw(st.booleans()),
        carriers=tuple(sending),
        noise=noise,
        tone_hz=draw(st.floats(1, 200_000)),
        sideband=draw(words(Sideband)),
        low_hz=draw(st.floats(0, high_hz - 201)),
        high_hz=high_hz,
        duration_s=draw(st.none() | st.floats(1e-3, 1e7)),
        sample_rate_hz=sample_rate_hz,
        seed=draw(st.integers(0, 2**63 - 1)),
        mix=draw(st.sampled_from(["stereo", "mono", *Scenario(carriers=sending).names])),
        level_dbfs=draw(st.floats(-120, 0)),
    )


@bounded
@given(scenarios())
def test_dict_and_json_give_back_the_scenario(scenario):
    """What goes out as plain values, and through JSON, comes back unchanged."""
    assert from_dict(to_dict(scenario)) == scenario
    assert from_dict(json.loads(json.dumps(to_dict(scenario), allow_nan=False))) == scenario


@bounded
@given(scenario=scenarios())
def test_toml_gives_back_the_scenario(tmp_path_factory, scenario):
    """What is printed as TOML loads unchanged."""
    file = tmp_path_factory.mktemp("toml") / "mine.toml"
    file.write_text(to_toml(scenario), encoding="utf-8")

    assert load(file) == scenario


def test_toml_shows_every_field_with_its_help():
    """Each field stands in the TOML beside its help, also one that is unset, and each choice is named."""
    text = to_toml(Scenario())

    for field in fields():
        assert field.name in text
        assert field.metadata["help"] in text or field.name == "carriers"
        assert all(word in text for word in choices(field))


# --- comments of recordings -------------------------------------------------------------------------------------


@bounded
@given(scenarios())
def test_the_comment_of_a_recording_gives_back_the_scenario(scenario):
    """The JSON that `export` writes into a recording comes back as the scenario."""
    assert from_comment(json.dumps(to_dict(scenario))) == scenario


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=9), values, max_size=3),
    max_leaves=5,
)
tables = st.dictionaries(st.sampled_from([field.name for field in fields()]) | st.text(max_size=9), json_values)


@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=99) | (json_values | tables).map(json.dumps))
def test_any_other_comment_is_none(text):
    """Whatever a comment says, it is a scenario or None; nothing is raised."""
    scenario = from_comment(text)

    assert scenario is None or isinstance(scenario, Scenario)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", "20", '"tape"', "W5SLL, Dallas", '{"title": "tape"}', "[" * 9999]
)
def test_a_comment_without_fields_of_ours_is_none(text):
    """JSON without a field of a scenario is not a recipe of ours, also where it is empty."""
    assert from_comment(text) is None


# --- files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("puls_s = 0.3", ["'puls_s'", "did you mean 'pulse_s'"]),
        ("pulse_s = 'short'", ["pulse_s", "number", "got 'short'"]),
        ("sample_rate_hz = true", ["sample_rate_hz", "number", "got True"]),
        ("start = 05:00:00", ["ISO 8601", "got"]),
        ("mix = 20", ["mix", "quotes"]),
        ("carriers = [{frequency_mhz = 20.0, watts = 1}]", ["'watts'", "power_w"]),
        ("pulse_s = = 0.3", ["TOML", "line 1"]),
        ("pulse_s = " + "9" * 400, ["pulse_s"]),
        (b"\xff\xfe", ["TOML"]),
    ],
    ids=lambda part: str(part)[:40],
)
def test_bad_toml_is_named(tmp_path, toml, said):
    """What is wrong in a file is refused in one line with the file's name, an unknown key with the nearest known."""
    file = tmp_path / "mine.toml"
    file.write_bytes(toml if isinstance(toml, bytes) else toml.encode())
    with pytest.raises(ScenarioError) as caught:
        load(file)

    message = str(caught.value)
    assert [word for word in ["mine.toml", *said] if word not in message] == []
    assert "\n" not in message


def test_missing_file_is_named(tmp_path):
    """A file that is not there, or is a folder, is a ScenarioError with its name."""
    with pytest.raises(ScenarioError, match=r"nothing\.toml.*No such file"):
        load(tmp_path / "nothing.toml")
    with pytest.raises(ScenarioError, match="cannot read"):
        load(tmp_path)
