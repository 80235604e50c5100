"""Numbers and times as people type them."""

from datetime import UTC, datetime, timedelta

import pytest

from beep.base.checks import names_zone, parse_time, read_number
from beep.base.errors import ScenarioError
from beep.scenario.scenario import Scenario


@pytest.mark.parametrize(
    ("name", "text", "number"),
    [
        ("duration_s", "1:30", 90.0),
        ("duration_s", "1:00:00.5", 3600.5),
        ("duration_s", "90 s", 90.0),
        ("tca_s", "-1:30", -90.0),
        ("tone_hz", "1.2k", 1200.0),
        ("tone_hz", "1.2 kHz", 1200.0),
        ("tone_hz", "800Hz", 800.0),
        ("altitude_km", "500km", 500.0),
        ("level_dbfs", "-6 dBFS", -6.0),
        ("max_elevation_deg", "1e1", 10.0),
    ],
)
def test_numbers_with_units(name, text, number):
    """A number may have its field's unit, a prefix in Hz, and colons in seconds; a scenario takes it in Python too."""
    assert read_number(name, text) == number
    assert getattr(Scenario(**{name: text}), name) == number


@pytest.mark.parametrize("text", ["44.1k", "44100", "44.1 kHz", "0.0441M"])
def test_whole_numbers(text):
    """A prefix makes a whole number; an exact one is not rounded."""
    assert read_number("sample_rate_hz", text, int) == 44100
    assert read_number("seed", str(2**63 - 1), int) == 2**63 - 1


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("tone_hz", "1,5", "tone_hz must be a number, got '1,5'; did you mean 1.5?"),
        ("tone_hz", "1:30", "tone_hz must be a number, got '1:30'"),
        ("tone_hz", "", "tone_hz must be a number, got ''"),
        ("tone_hz", "k", "tone_hz must be a number, got 'k'"),
        ("altitude_km", "5k", "altitude_km must be a number, got '5k'"),
        ("duration_s", "1:3x", "duration_s must be a number, got '1:3x'"),
        ("seed", "1.5", "seed must be a whole number, got '1.5'"),
    ],
)
def test_what_is_no_number(name, text, said):
    """The message has the field, what came, and a decimal comma as a point."""
    with pytest.raises(ScenarioError) as caught:
        Scenario(**{name: text})
    assert str(caught.value) == said


def test_milliseconds_are_asked_for():
    """A length that would be right in milliseconds is asked for in seconds."""
    with pytest.raises(ScenarioError, match=r"got 300; it is in seconds: did you mean 0\.3\?"):
        Scenario(pulse_s=300)


@pytest.mark.parametrize(
    "text",
    ["1957-10-07T05:00Z", "1957-10-07 05:00", "1957-10-07 5:00 UTC", "1957-10-07T05:00:00z", "1957-10-07 06:00+01:00"],
)
def test_times(text):
    """ISO 8601 with a blank, without a zone, or with UTC in words."""
    assert parse_time(text) == datetime(1957, 10, 7, 5, tzinfo=UTC)
    assert names_zone(text) == (text != "1957-10-07 05:00")


def test_dates():
    """A date is its midnight in UTC."""
    assert {parse_time(text) for text in ("1957-10-07", "1957-10-07Z", "1957-10-07 UTC", "1957-W41-1")} == {
        datetime(1957, 10, 7, tzinfo=UTC)
    }
    assert not names_zone("1957-10-07")


def test_times_by_name():
    """now is the present second; today and tomorrow are midnights in UTC."""
    before = datetime.now(UTC)
    now, today, tomorrow = map(parse_time, ("now", " Today", "tomorrow"))

    assert before - timedelta(seconds=1) <= now <= datetime.now(UTC)
    assert timedelta() <= now - today < timedelta(days=1, seconds=1)
    assert (today.hour, today.minute, tomorrow - today) == (0, 0, timedelta(days=1))
    assert names_zone("now")
