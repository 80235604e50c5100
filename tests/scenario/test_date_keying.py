"""Keying of Sputnik 1 by date."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from beep.base.errors import ScenarioError
from beep.scenario.date_keying import keying_on
from beep.scenario.presets import preset
from beep.scenario.scenario import Scenario
from beep.stream.resolve import date_keying

RATE_TOLERANCE = 0.05  # of the rate on the Dallas tape, which is 4 % below the assumed straight line


def rate(text):
    keyed = keying_on(datetime.fromisoformat(text))
    assert keyed.key == "keyed"
    return 60 / (keyed.pulse_s + keyed.pause_s)


def test_the_rate_rises():
    """108 a minute at first, 150 by the end of 7 October, never slower in between."""
    rates = [rate(f"1957-10-{day:02}T{hour:02}:00Z") for day in (5, 6, 7) for hour in range(24)]

    assert rate("1957-10-04T19:34Z") == pytest.approx(108, abs=0.01)
    assert rate("1957-10-08T03:36Z") == 150
    assert rates == sorted(rates)


def test_the_rate_of_the_tape():
    """On the morning of 7 October the Dallas tape has 134 a minute."""
    assert abs(rate("1957-10-07T05:09Z") / 134 - 1) < RATE_TOLERANCE


def test_silent_then_continuous():
    """On 8 October it fell silent for hours, and was a continuous carrier from then on."""
    assert keying_on(datetime(1957, 10, 8, 15, tzinfo=UTC)).key == "silent"
    for day in range(9, 26):
        assert keying_on(datetime(1957, 10, day, tzinfo=UTC)).key == "continuous"


def test_every_grade_says_what_is_assumed():
    """Between what was reported it is assumed, and said so."""
    for hour in range(0, 21 * 24, 3):
        assert "assumed" in keying_on(datetime(1957, 10, 5, tzinfo=UTC) + timedelta(hours=hour)).grade


def test_a_scenario_keyed_by_its_date():
    """The date is that of the closest approach, and nothing but the keying changes."""
    early, late = preset("tatsfield"), preset("cambridge")

    keyed, continuous = date_keying(early), date_keying(late)

    assert 60 / (keyed.pulse_s + keyed.pause_s) == pytest.approx(110.6, abs=0.1)
    assert [regime.key for regime in continuous.keying] == ["continuous"]
    for before, after in ((early, keyed), (late, continuous)):
        same = {"pulse_s": before.pulse_s, "pause_s": before.pause_s, "keying": before.keying}
        assert dataclasses.replace(after, **same) == before


@pytest.mark.parametrize("fields", [{}, {"start": "1957-09-01T00:00Z"}])
def test_a_date_is_needed(fields):
    """Without a date of October 1957 there is no keying by date."""
    with pytest.raises(ScenarioError, match=r"October 1957|known from"):
        date_keying(Scenario(**fields))


def test_keying_by_date_on_the_command_line(beep):
    """It says what it does and how well that is known, and refuses a second keying."""
    ran = beep("show", "--preset", "dallas", "--date-keying")
    clash = beep("show", "--preset", "dallas", "--date-keying", "--pulse-s", 0.2)

    assert "140 pulses a minute (M57 at both ends, assumed between)" in ran.stderr
    assert b"pulse_s = 0.21" in ran.stdout
    assert clash.status == 1
    assert "--pulse-s" in clash.stderr
