"""The recipe: there and back again, its rules and their words, its presets."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beep.base.checks import choices
from beep.base.choices import Detector, FilterShape, Key, Noise, Sends, Sideband
from beep.base.errors import BeepError, ScenarioError
from beep.geometry.stations import STATIONS
from beep.scenario.recipe import character, characters, from_dict, load, preset, presets, to_dict, to_toml
from beep.scenario.scenario import Carrier, Scenario, fields
from beep.signal.keying import Regime

bounded = settings(max_examples=50, deadline=None)
HALF_LAST_DIGIT_S = 5e-5  # the period of the Dallas tape is given as 0.4468 s


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
    lengths = st.floats(rise_s, 3600)
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
    pulse_s, pause_s = draw(st.floats(0.01, 3600)), draw(st.floats(0.01, 3600))
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


# --- there and back ---------------------------------------------------------------------------------------------


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


def test_int_is_taken_for_float():
    """A whole number where a number is expected is the same scenario, and the same JSON."""
    whole, real = Scenario(pulse_s=1, tone_hz=1000), Scenario(pulse_s=1.0, tone_hz=1000.0)

    assert whole == real
    assert json.dumps(to_dict(whole)) == json.dumps(to_dict(real))
    assert Carrier(frequency_mhz=20) == Carrier(frequency_mhz=20.0)


def test_whole_numbers_are_exact():
    """A seed is kept to its last digit, up to the largest one."""
    for seed in (0, 2**53 + 1, 2**63 - 1):
        assert from_dict(to_dict(Scenario(seed=seed))).seed == seed
    with pytest.raises(ScenarioError, match="seed must be"):
        Scenario(seed=2**63)


def test_a_time_is_utc():
    """Text, another zone's clock, and a clock without zone mean the same instant in UTC."""
    utc = datetime(1957, 10, 7, 5, tzinfo=UTC)

    for start in ("1957-10-07T05:00Z", "1957-10-06T23:00-06:00", "1957-10-07 05:00", utc.replace(tzinfo=None)):
        assert Scenario(start=start).start == utc


def test_scenario_is_frozen():
    """A recipe does not change; a changed one is another."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Scenario().pulse_s = 1.0


# --- presets ----------------------------------------------------------------------------------------------------


def test_presets_load():
    """The presets are the three documented ones and the receptions that have a pass."""
    assert {"dallas", "folklore", "tass", "tatsfield", "quartz-hill"} < set(presets())
    assert not {"riverhead", "washington"} & set(presets())
    assert all(isinstance(preset(name), Scenario) for name in presets())


# --- characters -------------------------------------------------------------------------------------------------

RECEIVER = [field.name for field in fields() if field.metadata["group"] == "receiver"]


def test_clean_is_the_default_receiver():
    """The character without faults is what a scenario has without being told."""
    assert characters() == ["clean", "ham", "lab", "tape"]
    assert character("clean", Scenario()) == Scenario()
    assert len({to_toml(character(name, Scenario())) for name in characters()}) == 4


@pytest.mark.parametrize("name", characters())
def test_character_sets_the_whole_receiver_and_nothing_else(name):
    """Whatever the receiver was, it becomes that of the character; what flies, sends and is tuned to stays."""
    before = preset("dallas")
    faulty = dataclasses.replace(
        before, agc=True, hum_hz=50.0, detector="am", wow_percent=2.0, saturation_dbfs=-20.0, low_hz=100.0
    )
    after = character(name, faulty)

    assert after == character(name, before)
    for field in fields():
        if field.name not in RECEIVER:
            assert getattr(after, field.name) == getattr(before, field.name)


def test_unknown_character_is_refused():
    """With the nearest known one."""
    with pytest.raises(ScenarioError, match="no character is called 'tap'; did you mean 'tape'"):
        character("tap", Scenario())


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"snr_db": 6.0, "noise": "off"}, "an SNR needs noise, got snr_db 6 with noise off"),
        ({"snr_db": float("nan")}, "snr_db must be finite"),
        ({"snr_db": 1000.0}, "snr_db must be -60 or more and at most 120, got 1000"),
        ({"snr_db": 6.0, "snr_bandwidth_hz": 0.0}, "snr_bandwidth_hz must be 1 or more"),
        ({"agc_attack_s": 0.0}, "agc_attack_s must be above 0"),
        ({"agc_release_s": 0.0}, "agc_release_s must be above 0"),
        ({"agc_attack_s": 1.0, "agc_release_s": 0.5}, "agc_attack_s is 1, agc_release_s is 0.5; lower agc_attack_s"),
        ({"detector": "fm"}, "detector must be one of cw, am"),
        ({"keying": "5:0.001:0.2"}, "the shortest pulse_s or pause_s is 0.001"),
        ({"keying": "5:0.02:0.2", "jitter_s": 0.01}, r"must fit into the pulse and the pause \(0.02 s\)"),
        ({"wow_percent": 50.0}, "wow_percent must be 0 or more and at most 5"),
    ],
    ids=str,
)
def test_nonsense_of_the_receiver_is_refused(wrong, complaint):
    """Each with the rule and what came."""
    with pytest.raises(ScenarioError, match=complaint):
        Scenario(**wrong)


def test_tass_is_the_default():
    """tass is what a scenario is without being told: TASS's two carriers of 1 W, 0.3 s each in turn."""
    scenario = preset("tass")

    assert scenario == Scenario()
    assert (scenario.pulse_s, scenario.pause_s) == (0.3, 0.3)
    assert [(c.frequency_mhz, c.power_w, c.sends) for c in scenario.carriers] == [
        (20.005, 1.0, "pulse"),
        (40.002, 1.0, "pause"),
    ]


def test_dallas_is_the_tape():
    """dallas has the keying measured on W5SLL's tape, whose tone rises, and its night."""
    scenario = preset("dallas")

    assert scenario.pulse_s == 0.193
    assert scenario.pulse_s + scenario.pause_s == pytest.approx(0.4468, abs=HALF_LAST_DIGIT_S)
    assert (scenario.rise_s, scenario.jitter_s) == (0.003, 0.001)
    assert (scenario.station, scenario.start) == ("dallas", datetime(1957, 10, 7, 5, tzinfo=UTC))
    assert (scenario.sideband, scenario.mix) == ("lower", "20")


def test_folklore_is_the_clip():
    """folklore has the clip's keying and tone, soft edges, and no Doppler."""
    scenario = preset("folklore")

    assert (scenario.pulse_s, scenario.pause_s, scenario.tone_hz) == (0.183, 0.55, 1061.0)
    assert 0.015 <= scenario.rise_s <= 0.02
    assert scenario.still


def test_unknown_preset_names_the_nearest():
    """A slip in a preset's name is answered with the name."""
    with pytest.raises(ScenarioError, match=r"'dalas'.*did you mean 'dallas'"):
        preset("dalas")


# --- rules ------------------------------------------------------------------------------------------------------

START = "1957-10-07T05:00Z"
NEW_YORK = "40.7,-74.0"
BAD = [  # fields, and what the message must say: the field, the rule, what came
    ({"pulse_s": 0}, "pulse_s", "above 0", "got 0"),
    ({"pulse_s": -1}, "pulse_s", "above 0", "got -1"),
    ({"pause_s": float("nan")}, "pause_s", "finite", "got nan"),
    ({"tone_hz": float("inf")}, "tone_hz", "finite", "got inf"),
    ({"tca_s": float("-inf")}, "tca_s", "finite", "got -inf"),
    ({"pulse_s": 10**400}, "pulse_s"),
    ({"pulse_s": True}, "pulse_s", "number", "got True"),
    ({"pulse_s": "0.3"}, "pulse_s", "number", "got '0.3'"),
    ({"pulse_s": None}, "pulse_s", "number", "got None"),
    ({"still": 1}, "still", "true or false", "got 1"),
    ({"mix": 20}, "mix", "text", "got 20", "quotes"),
    ({"rise_s": 0.4}, "rise_s is 0.4", "fit into the pulse", "0.3"),
    ({"rise_s": 0.1, "pause_s": 0.05}, "rise_s is 0.1", "0.05"),
    ({"rise_s": 0.001, "sample_rate_hz": 8000}, "rise_s is 0.001", "24 samples", "8000"),
    ({"jitter_s": 0.1}, "jitter_s", "got jitter_s 0.1", "lower it to 0.0983"),
    ({"jitter_s": -0.1}, "jitter_s", "0 or more", "got -0.1"),
    ({"altitude_km": 99}, "altitude_km", "100 or more", "got 99"),
    ({"max_elevation_deg": -1}, "max_elevation_deg", "0 or more", "got -1"),
    ({"max_elevation_deg": 91}, "max_elevation_deg", "at most 90", "got 91"),
    ({"low_hz": 1000, "high_hz": 1100}, "low_hz is 1000", "high_hz is 1100", "200 Hz"),
    ({"high_hz": 5000, "sample_rate_hz": 8000}, "high_hz", "half the sample rate", "5000", "8000"),
    ({"sample_rate_hz": 0}, "sample_rate_hz", "8000 or more", "got 0"),
    ({"sample_rate_hz": 10**9}, "sample_rate_hz", "at most 384000", "got 1e+09"),
    ({"sample_rate_hz": 48000.0}, "sample_rate_hz", "whole number", "got 48000.0"),
    ({"duration_s": 0}, "duration_s", "above 0", "got 0"),
    ({"level_dbfs": 1}, "level_dbfs", "at most 0", "got 1"),
    ({"seed": -1}, "seed", "0 or more", "got -1"),
    ({"noise": "ruall"}, "noise", "galactic", "'ruall'", "did you mean 'rural'"),
    ({"sideband": "usb"}, "sideband", "upper, lower", "'usb'"),
    ({"mix": "21"}, "mix", "stereo, mono", "20, 40", "'21'"),
    ({"station": "cambrige", "start": START}, "station", "LAT,LON", "'cambrige'", "cambridge"),
    ({"station": "91,0", "start": START}, "station's latitude", "90", "got 91"),
    ({"station": "nan,0", "start": START}, "station's latitude", "90", "got nan"),
    ({"station": NEW_YORK}, "station", "start", "1957-10-07T05:00Z"),
    ({"station": NEW_YORK, "start": START, "altitude_km": 300}, "altitude_km", "station", "drop one"),
    ({"start": "7 October"}, "ISO 8601", "'7 October'", "1957-10-07T05:00Z"),
    ({"start": "1957-13-07"}, "ISO 8601", "'1957-13-07'"),
    ({"start": 1957}, "ISO 8601", "got 1957"),
    ({"start": "0001-01-01T00:00+01:00"}, "years 1 to 9999", "0001-01-01"),
    ({"carriers": []}, "carriers", "one or two", "got 0"),
    ({"carriers": "20,30,40"}, "carriers", "one or two", "got 3"),
    ({"carriers": "twenty"}, "carriers", "MHZ:WATTS:SENDS", "'twenty'"),
    ({"carriers": "20:1:dash"}, "carrier", "pulse, pause, always", "'dash'"),
    ({"carriers": "20:1:pulse:dash"}, "carrier", "dash"),
    ({"carriers": "20:0"}, "power_w", "above 0", "got 0"),
    ({"carriers": "20.1,20.1"}, "carriers", "told apart", "20.1 and 20.1"),
    ({"carriers": [{"power_w": 1}]}, "carrier", "frequency_mhz", "power_w"),
    ({"carriers": [{"frequency_mhz": 20, "power": 1}]}, "carrier", "'power'", "did you mean 'power_w'"),
    ({"carriers": [20]}, "carrier", "table", "got 20"),
]


@pytest.mark.parametrize(("values", "said"), [(row[0], row[1:]) for row in BAD], ids=lambda part: str(part)[:40])
def test_bad_value_is_named(values, said):
    """What breaks a rule is refused in one line with the field, the rule and what came."""
    with pytest.raises(ScenarioError) as caught:
        Scenario(**values)

    message = str(caught.value)
    assert [word for word in said if word not in message] == []
    assert "\n" not in message


def test_error_has_a_builtin_parent():
    """A caller may catch the package's root or the builtin."""
    assert issubclass(ScenarioError, BeepError)
    assert issubclass(ScenarioError, ValueError)


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("puls_s = 0.3", ["'puls_s'", "did you mean 'pulse_s'"]),
        ("pulse_s = '0.3'", ["pulse_s", "number", "got '0.3'"]),
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
