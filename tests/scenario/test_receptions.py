"""The documented receptions of 1957, compared with the orbit."""

import csv
import io
import re
from datetime import datetime, timedelta

import pytest

from beep.base.errors import ScenarioError
from beep.scenario.presets import preset, presets, reception_names
from beep.scenario.receptions import reception_columns, receptions
from beep.stream.resolve import receive

VERDICTS = {
    "tyuratam": "agrees",
    "riverhead": "over the horizon",
    "washington": "over the horizon",
    "tatsfield": "before the rise",
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


@pytest.fixture(scope="module")
def records():
    return {one.name: one for one in receptions()}


def test_every_reception_has_its_verdict(records):
    """Two came from over the horizon, one was heard before the rise, the others agree with the orbit."""
    assert len(records) == 13
    assert {name: one.verdict for name, one in records.items()} == {
        name: VERDICTS.get(name, "agrees") for name in reception_names()
    }


@pytest.mark.parametrize("name", CLOSEST)
def test_closest_approach(records, name):
    """The orbit's closest approach of each timed reception is what its authors have."""
    off = records[name].prediction.tca - datetime.fromisoformat(CLOSEST[name])

    assert abs(off.total_seconds()) < TCA_TOLERANCE_S


def test_over_the_horizon_is_deep_below_it(records):
    """Riverhead and Washington heard a satellite that stood 18 to 34 degrees below their horizon."""
    for name in ("riverhead", "washington"):
        assert -34 < records[name].lowest_deg <= records[name].highest_deg < -18
        assert records[name].prediction is None


def test_heard_before_rise(records):
    """Tatsfield has its record three minutes before the rise."""
    early = records["tatsfield"].prediction.aos - records["tatsfield"].heard_from

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
    assert abs((closest - records[name].prediction.tca).total_seconds()) < 0.01


def test_table_has_a_row_each(records):
    """Every column has a row for each reception; a missing pass is empty."""
    columns = reception_columns(list(records.values()))

    assert {len(column) for column in columns.values()} == {13}
    assert str(columns["aos_utc"][1]) == "NaT"


def test_the_command(beep):
    """`beep receptions` lists them all, in CSV with their sources, and says what the orbit is worth."""
    shown, rows = beep("receptions"), beep("receptions", "--format", "csv", "-q")

    lines = shown.stdout.decode().splitlines()
    assert len(lines) == 14
    assert re.search("^riverhead +05 00:07-00:30 +-19 +over the horizon +RCA, Riverhead", lines[2])
    assert re.search("^tatsfield +05 00:15 +00:18-00:26 +00:21:59 +56 +before the rise +BBC, Tatsfield", lines[3])
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
