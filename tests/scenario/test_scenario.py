"""The scenario: its values, its rules and their messages."""

import dataclasses
import json
from datetime import UTC, datetime

import pytest

from beep.base.errors import BeepError, ScenarioError
from beep.scenario.carriers import Carrier
from beep.scenario.scenario import Scenario
from beep.scenario.toml import from_dict, to_dict


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
    ({"pulse_s": "short"}, "pulse_s", "number", "got 'short'"),
    ({"pulse_s": 300}, "pulse_s", "at most 60", "did you mean 0.3?"),
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
    ({"sample_rate_hz": 10**9}, "sample_rate_hz", "at most 3.2e+06", "got 1e+09"),
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
    ({"carriers": "20,005"}, "carriers", "'20,005'", "did you mean 20.005?"),
    ({"carriers": "twenty"}, "carriers", "MHZ:WATTS:SENDS", "'twenty'"),
    ({"carriers": "20:1:dash"}, "carrier", "pulse, pause, always", "'dash'"),
    ({"carriers": "20:1:pulse:dash"}, "carrier", "dash"),
    ({"carriers": "20:0"}, "power_w", "1e-09 to 1e+06", "got 0"),
    ({"carriers": "20.1,20.1"}, "carriers", "differ in MHz", "20.1 and 20.1"),
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
