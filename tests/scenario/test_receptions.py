"""The receptions and beacons that come as data, and keying by date."""

import csv
import dataclasses
import io
import re
from datetime import UTC, datetime, timedelta

import pytest

from beep.base.errors import ScenarioError
from beep.geometry import sputnik
from beep.scenario.receptions import receptions, table
from beep.scenario.recipe import PRESETS, beacon, beacons, preset, presets, read_toml, reception_names
from beep.scenario.scenario import Scenario
from beep.stream.resolve import date_keying, receive

VERDICTS = {
    "tyuratam": "agrees",
    "riverhead": "over the horizon",
    "washington": "over the horizon",
    "tatsfield": "too early",
}  # the others agree
CLOSEST = {  # UTC, as the orbit's authors have it
    "tatsfield": "1957-10-05T00:21:58Z",
    "quartz-hill": "1957-10-05T07:55:08Z",
    "baldock": "1957-10-06T22:49:02Z",
    "laurel": "1957-10-08T03:36:06Z",
    "banbury-13-oct": "1957-10-13T05:30:15Z",
    "banbury-15-oct": "1957-10-15T03:48:17Z",
}
TCA_TOLERANCE_S = 3.0  # 1 sigma of the orbit: measured 0.7
RATE_TOLERANCE = 0.05  # of the rate on the Dallas tape, which is 4 % below the assumed straight line


@pytest.fixture(scope="module")
def records():
    return {one.name: one for one in receptions()}


def test_every_reception_has_its_verdict(records):
    """Two came from over the horizon, one was heard too early, the others agree with the orbit."""
    assert len(records) == 13
    assert {name: one.verdict for name, one in records.items()} == {
        name: VERDICTS.get(name, "agrees") for name in reception_names()
    }


@pytest.mark.parametrize("name", CLOSEST)
def test_closest_approach(records, name):
    """The orbit's closest approach of each timed reception is what its authors have."""
    off = records[name].found.tca - datetime.fromisoformat(CLOSEST[name])

    assert abs(off.total_seconds()) < TCA_TOLERANCE_S


def test_over_the_horizon_is_deep_below_it(records):
    """Riverhead and Washington heard a satellite that stood 18 to 34 degrees below their horizon."""
    for name in ("riverhead", "washington"):
        assert -34 < records[name].lowest_deg <= records[name].highest_deg < -18
        assert records[name].found is None


def test_too_early(records):
    """Tatsfield has its record three minutes before the rise."""
    early = records["tatsfield"].found.aos - records["tatsfield"].heard_from

    assert timedelta(minutes=3) < early < timedelta(minutes=4)


def test_each_has_source_and_grade(records):
    """Who, what, grade and source are there, and the times are in UTC and in order."""
    for one in records.values():
        assert all((one.who, one.report, one.source))
        assert one.grade == "M57"
        assert one.heard_from.tzinfo is not None
        assert one.heard_from <= one.heard_until
    assert list(records.values()) == sorted(records.values(), key=lambda one: one.heard_from)


@pytest.mark.parametrize("name", sorted(reception_names()))
def test_a_reception_is_a_preset(records, name):
    """A preset of that name is the pass of the list; what came over the horizon is refused with the reason."""
    if records[name].verdict == "over the horizon":
        assert name not in presets()
        with pytest.raises(ScenarioError, match=r"from below the horizon.*no pass to make.*beep receptions"):
            preset(name)
        return
    made = receive(preset(name))

    assert name in presets()
    closest = made.epoch + timedelta(seconds=max(made.tca_s, 0.0))  # over Tyuratam it came before the first beep
    assert abs((closest - records[name].found.tca).total_seconds()) < 0.01


def test_table_has_a_row_each(records):
    """Every column has a row for each reception; a missing pass is empty."""
    columns = table(list(records.values()))

    assert {len(column) for column in columns.values()} == {13}
    assert str(columns["aos_utc"][1]) == "NaT"


def test_the_command(beep):
    """`beep receptions` lists them all, in CSV with their sources, and says what the orbit is worth."""
    shown, rows = beep("receptions"), beep("receptions", "--format", "csv", "-q")

    lines = shown.stdout.decode().splitlines()
    assert len(lines) == 14
    assert re.search("^riverhead +05 00:07-00:30 +-19 +over the horizon +RCA, Riverhead", lines[2])
    assert re.search("^tatsfield +05 00:15 +00:18-00:26 +00:21:59 +56 +too early +BBC, Tatsfield", lines[3])
    assert "2.1 s rms" in shown.stderr
    assert rows.stderr == ""
    listed = list(csv.DictReader(io.StringIO(rows.stdout.decode())))
    assert "Physics Today" in next(row["source"] for row in listed if row["name"] == "tatsfield")


def test_the_refusal_is_one_line(beep):
    """`--preset riverhead` is status 1 with the reason."""
    ran = beep("export", "a.wav", "--preset", "riverhead")

    assert ran.status == 1
    assert "RCA, Riverhead" in ran.stderr
    assert ran.stderr.count("\n") == 1


# --- keying by date ---------------------------------------------------------------------------------------------


def rate(text):
    keyed = sputnik.keying_on(datetime.fromisoformat(text))
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
    assert sputnik.keying_on(datetime(1957, 10, 8, 15, tzinfo=UTC)).key == "silent"
    for day in range(9, 26):
        assert sputnik.keying_on(datetime(1957, 10, day, tzinfo=UTC)).key == "continuous"


def test_every_grade_says_what_is_assumed():
    """Between what was reported it is assumed, and said so."""
    for hour in range(0, 21 * 24, 3):
        assert "assumed" in sputnik.keying_on(datetime(1957, 10, 5, tzinfo=UTC) + timedelta(hours=hour)).grade


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


# --- beacons ----------------------------------------------------------------------------------------------------

CARRIERS = {  # MHz, W and what sends when, as on record
    "sputnik-1": [(20.005, 1, "pulse"), (40.002, 1, "pause")],
    "sputnik-2": [(20.005, 1, "pulse"), (40.002, 1, "always")],
    "sputnik-3": [(20.005, 1, "pulse")],
    "sputnik-4": [(19.996, 1, "pulse"), (39.992, 1, "pulse")],
    "explorer-1": [(108.00, 0.010, "always"), (108.03, 0.060, "always")],
    "vanguard-1": [(108.00, 0.010, "always"), (108.03, 0.005, "always")],
}


def test_beacons_are_those_on_record():
    """Six beacons, each with craft, source and grade, and its carriers."""
    assert beacons() == sorted(CARRIERS)
    for name, expected in CARRIERS.items():
        record = read_toml(PRESETS / "beacons" / f"{name}.toml")
        sent = Scenario(**beacon(name)).carriers
        assert all((record["craft"], record["source"], record["grade"], record["launched"]))
        assert [(one.frequency_mhz, one.power_w, one.sends) for one in sent] == expected


def test_sputnik_1_is_the_default():
    """The first beacon is what a scenario is without being told."""
    assert Scenario(**beacon("sputnik-1")) == Scenario()


def test_close_carriers_are_told_apart(beep):
    """Explorer's two carriers have the same whole MHz: columns and mix go by all of it."""
    assert Scenario(**beacon("explorer-1")).names == ("108", "108.03")

    ran = beep("track", "--beacon", "explorer-1", "--mix", "108.03", "--step-s", 1e4)

    assert ran.stdout.startswith(b"t_s,utc,")
    assert b"doppler_108_hz," in ran.stdout
    assert b"doppler_108.03_hz," in ran.stdout


def test_options_lie_over_a_beacon(beep):
    """What is typed lies over the beacon, which lies over the recipe."""
    ran = beep("show", "--preset", "folklore", "--beacon", "sputnik-3", "--mix", "20", "--pause-s", 0.5)
    made = beep("show", "--preset", "folklore", "--beacon", "sputnk-3")

    assert b"pulse_s = 0.225" in ran.stdout
    assert b"pause_s = 0.5" in ran.stdout
    assert b"tone_hz = 1061.0" in ran.stdout
    assert made.status == 1
    assert "did you mean 'sputnik-3'" in made.stderr
