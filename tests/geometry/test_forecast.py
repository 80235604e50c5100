"""Passes to come, as a user asks for them: the library and `beep passes`."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from math import degrees

import numpy as np
import pytest

from beep.base.errors import ScenarioError, TleError
from beep.geometry import sputnik
from beep.geometry.forecast import MOST_DAYS, Passes, first_pass, pass_columns, passes
from beep.geometry.orbit import orbit_view
from beep.geometry.stations import STATIONS, parse_station
from beep.geometry.tle import elements_of
from beep.scenario.scenario import Scenario
from beep.stream.resolve import receive
from beep.stream.words import warnings

ISS = (
    "ISS (ZARYA)\n"
    "1 25544U 98067A   18184.80969102  .00001614  00000-0  31745-4 0  9993\n"
    "2 25544  51.6414 295.8524 0003435 262.6267 204.2868 15.54005638121106"
)
GEO = (
    "1 28626U 05008A   06176.46683397 -.00000205  00000-0  10000-3 0  2190\n"
    "2 28626   0.0019 286.9433 0000335  13.7918  55.6504  1.00270176  4891"
)
SAME_S = 1e-3  # from one window of the search to another: the elements are those of the same microsecond
START = datetime(1957, 10, 13, tzinfo=UTC)


def test_sputnik_as_the_recording_has_it():
    """The first pass that is listed is the one that a recording holds."""
    listed = passes("dallas", "1957-10-07T05:00Z")[0]
    reception = receive(Scenario(station="dallas", start="1957-10-07T05:00Z"))

    tca = reception.epoch + timedelta(seconds=reception.tca_s)

    assert abs((listed.tca - tca).total_seconds()) < SAME_S
    assert reception.epoch == listed.aos.replace(microsecond=0)
    assert abs(listed.tca_range_km - reception.closest_m / 1e3) < 1e-3
    assert listed.direction == "north"


def test_windows_do_not_matter():
    """Five days at once are the same passes as five single days: none twice, none lost."""
    whole = passes("cambridge", START, days=5)
    parts = [one for day in range(5) for one in passes("cambridge", START + timedelta(days=day))]
    begun = [one for one in parts if one.aos.timestamp() % 86_400 > 0]

    assert len(whole) == len(begun) > 25
    for one, other in zip(whole, begun, strict=True):
        assert abs((one.tca - other.tca).total_seconds()) < SAME_S


def test_sputnik_begins_and_ends():
    """Over Tyuratam it was up before it was on the air; when the battery was flat there are no more passes."""
    first = passes("tyuratam", "1957-10-04T19:20Z")[0]
    last = passes("cambridge", "1957-10-24T00:00Z", days=20)[-1]

    assert first.aos == sputnik.ON_AIR
    assert last.tca < sputnik.ORBIT_UNTIL < last.tca + timedelta(hours=6)


def test_what_is_said_of_a_pass():
    """Angles, distance and direction are what the view says at these times."""
    seen = 0
    for one in passes("52.2,0.1,20", "2018-07-04T04:00Z", tle=ISS):
        view = orbit_view(parse_station("52.2,0.1,20"), elements_of(ISS), one.tca)
        offsets_s = [(when - one.tca).total_seconds() for when in (one.aos, one.tca, one.los)]
        there = view(np.array([*offsets_s, 1.0]))
        assert np.abs(np.degrees(there.elevation_rad[[0, 2]])).max() < 1e-4  # a microsecond's rounding
        for angle_deg, rad in zip(
            (one.aos_azimuth_deg, one.tca_azimuth_deg, one.los_azimuth_deg), there.azimuth_rad[:3], strict=True
        ):
            assert abs(angle_deg - degrees(rad)) < 1e-4
        assert abs(one.tca_range_km - there.range_m[1] / 1e3) < 1e-6
        assert one.max_elevation_deg >= degrees(there.elevation_rad[1]) - 1e-9
        seen += 1
    assert seen == 7


def test_a_limit_of_elevation():
    """Above 20 degrees there are fewer passes, and shorter; each is in one above the horizon."""
    low = passes("cambridge", START, days=2)
    high = passes("cambridge", START, days=2, min_elevation_deg=20)

    assert 0 < len(high) == sum(one.max_elevation_deg > 20 for one in low) < len(low)
    for one in high:
        assert any(other.aos < one.aos < one.los < other.los for other in low)


def test_geostationary():
    """It neither rises nor sets: a recording begins at the start and needs a length, and there is no tca_s."""
    (up,) = passes("10,-110", "2006-06-26T00:00Z", days=3, tle=GEO)
    fields = {"station": "10,-110", "tle": GEO, "start": "2006-06-26T00:00Z"}

    reception = receive(Scenario(**fields, duration_s=60))

    assert (up.aos, up.los, up.aos_azimuth_deg, up.direction) == (None, None, None, "")
    assert reception.epoch == datetime(2006, 6, 26, tzinfo=UTC)
    assert 0 <= reception.tca_s <= 60
    for more in ({}, {"duration_s": 60, "tca_s": 30}):
        with pytest.raises(ScenarioError, match="does not set here for days"):
            receive(Scenario(**fields, **more))
    with pytest.raises(ScenarioError, match=r"28626 does not rise within 10 days .* longitude 70"):
        receive(Scenario(**fields | {"station": "10,70"}))


def test_first_pass_is_the_next_that_rises():
    """A pass that runs at the start is not the one that is recorded."""
    place, start = STATIONS["cambridge"], datetime(2018, 7, 4, 4, 30, tzinfo=UTC)  # up from 4:27 to 4:37
    found, _, _ = first_pass(place, start, ISS)

    listed = passes("cambridge", start, tle=ISS)

    assert listed[0].aos < start < listed[0].los
    assert start + timedelta(seconds=found.aos_s) == pytest.approx(listed[1].aos, abs=timedelta(milliseconds=1))


@pytest.mark.parametrize(("start", "tle"), [("1957-10-09T00:00Z", None), ("2018-07-04T00:00Z", ISS)])
def test_first_pass_of_a_height(start, tle):
    """It is the first of the listed passes that rises so high; where none does, this is said."""
    fields = {"station": "cambridge", "start": start, "tle": tle}
    highest = next(pass_ for pass_ in passes("cambridge", start, tle=tle, days=5) if pass_.max_elevation_deg >= 50)

    reception = receive(Scenario(**fields, min_elevation_deg=50))

    tca = reception.epoch + timedelta(seconds=reception.tca_s)
    assert tca == pytest.approx(highest.tca, abs=timedelta(milliseconds=1))
    assert receive(Scenario(**fields)).epoch < reception.epoch - timedelta(hours=1)
    with pytest.raises(ScenarioError, match=r"does not rise to 30 degrees .* latitude 80.*; lower min_elevation_deg"):
        receive(Scenario(**fields | {"station": "80,0"}, min_elevation_deg=30))


def test_old_elements_are_warned_of():
    """A pass more than a week from the epoch comes with a warning that names the days."""
    scenarios = [Scenario(station="cambridge", tle=ISS, start=start) for start in ("2018-07-05T00:00Z", "2018-09-01")]

    fresh, old = (warnings(receive(scenario)) for scenario in scenarios)

    assert not any("elements" in words for words in fresh)
    assert any("2018-07-03, 59 days from this pass" in words and "59 to 178 km" in words for words in old)


def test_a_date_with_a_zone_is_a_start():
    """1957-10-13Z is that day's midnight, as one types it who was told that 1957-10-13 has no time zone."""
    assert passes("cambridge", "1957-10-13Z") == passes("cambridge", START)


@pytest.mark.parametrize("days", [0, -1, MOST_DAYS + 1, 1e6, float("nan"), float("inf")])
def test_days(days):
    """No days, and years of them, are refused with the rule."""
    with pytest.raises(ScenarioError, match="days must be"):
        passes("cambridge", START, days=days)


DECAYING = (  # of SGP4's verification cases: SGP4 loses it within the hour
    "1 28872U 05037B   05333.02012661  .25992681  00000-0  24476-3 0  1534\n"
    "2 28872  96.4736 157.9986 0303955 244.0492 110.6523 16.46015938 10708"
)


def test_passes_before_an_orbit_ends_are_kept():
    """Where SGP4 loses the satellite, the passes before it are returned with the error; without one it is raised."""
    kept = passes("-10,-105", "2005-11-29T00:29Z", tle=DECAYING)

    assert len(kept) == 1
    assert "SGP4 has lost the satellite by 2005-11-29T01:21Z" in str(kept.ended)
    assert passes("cambridge", START).ended is None
    with pytest.raises(TleError, match="SGP4 has lost the satellite"):
        passes("cambridge", "2005-11-29T00:29Z", tle=DECAYING)


def test_columns_have_a_row_for_each_pass():
    """Columns are as long as there are passes, also without any."""
    for found in (passes("cambridge", START), Passes()):
        assert {len(column) for column in pass_columns(found).values()} == {len(found)}


# --- the command ------------------------------------------------------------------------------------------------

SEARCH = ("passes", "--tle", "iss.tle", "--station", "52.2,0.1,20", "--start", "2018-07-04T04:00Z")


@pytest.fixture
def folder(beep):
    (beep.folder / "iss.tle").write_text(ISS)
    return beep.folder


@pytest.mark.usefixtures("folder")
def test_formats_agree(beep):
    """Table, CSV and JSON list the same passes, the table to the second."""
    table, rows, objects = (beep(*SEARCH, "-q", "--format", name).stdout.decode() for name in ("table", "csv", "json"))
    listed = list(csv.DictReader(io.StringIO(rows)))
    kept = json.loads(objects)

    assert len(table.splitlines()) - 1 == len(listed) == len(kept) == 7
    assert "2018-07-04 04:26:55" in table.splitlines()[1]
    for one, other in zip(listed, kept, strict=True):
        assert [one[name] for name in ("aos_utc", "tca_utc", "los_utc", "direction")] == [
            other[name] for name in ("aos_utc", "tca_utc", "los_utc", "direction")
        ]
        assert float(one["max_elevation_deg"]) == pytest.approx(other["max_elevation_deg"], abs=1e-8)
    assert kept[0]["aos_utc"] == "2018-07-04T04:26:54.849Z"


@pytest.mark.usefixtures("folder")
def test_words_say_what_the_times_are_worth(beep):
    """The accuracy of the orbit is named, and that a start without a zone is taken as UTC; -q is silent."""
    sputniks = beep("passes", "--station", "cambridge", "--start", "1957-10-13", "--days", 3).stderr
    another = beep(*SEARCH).stderr

    assert "no time zone given: 1957-10-13 is taken as UTC" in sputniks
    assert "22 passes of Sputnik 1" in sputniks
    assert "3 s (1 sigma)" in sputniks
    assert "2018-07-03 19:25 UTC" in another
    assert "1 to 3 km for each day" in another
    assert beep(*SEARCH, "-q").stderr == ""


def test_none_and_always_are_said(beep, folder):
    """A satellite that never rises, and one that never sets, is told in words."""
    (folder / "geo.tle").write_text(GEO)
    start = ("--start", "2006-06-26T00:00Z")

    none = beep("passes", "--tle", "iss.tle", "--station", "90,0", "--start", "2018-07-04T04:00Z")
    always = beep("passes", "--tle", "geo.tle", "--station", "10,-110", *start)

    assert none.status == always.status == 0
    assert none.stdout == b""
    assert "ISS (ZARYA) does not rise above 0 degrees" in none.stderr
    assert "28626 is above 0 degrees all the time" in always.stderr
    assert re.search(rb"up for days +2006-06-26 \d\d:\d\d:\d\d .* stays up", always.stdout)


def test_from_stdin_into_a_file(beep, folder):
    """A TLE comes in by a pipe, the passes go to a file that is not overwritten."""
    import subprocess

    command = beep.command(*(part.replace("iss.tle", "-") for part in SEARCH), "--format", "csv", "-o", "passes.csv")

    first = subprocess.run(command, cwd=folder, input=ISS.encode(), capture_output=True)
    again = subprocess.run(command, cwd=folder, input=ISS.encode(), capture_output=True)

    assert (first.returncode, first.stdout) == (0, b"")
    assert len((folder / "passes.csv").read_text().splitlines()) == 8
    assert again.returncode == 1
    assert b"already exists" in again.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--station", "91,0"], ["latitude", "-90 to 90", "got 91"]),
        (["--station", "0,361"], ["longitude", "-180 to 360", "got 361"]),
        (["--station", "0,0,1e5"], ["height", "9000", "got 100000"]),
        (["--days", 0], ["days", "above 0", "got 0"]),
        (["--days", 10**6], ["days", "at most 366", "1e+06"]),
        (["--min-elevation-deg", 90], ["--min-elevation-deg", "below 90"]),
        (["--start", "2030-01-01T00:00Z"], ["epoch, 2018-07-03", "from 2030-01-01 over 1 days", "set of that time"]),
        (["--start", "9999-12-31T23:59Z"], ["epoch, 2018-07-03", "from 9999-12-31"]),
        (["--satellite", "MIR"], ["iss.tle", "'MIR'", "ISS (ZARYA)"]),
        (["--tle", "none.tle"], ["none.tle", "No such file"]),
        (["--tle", "none", "--satellite", "ISS"], ["--satellite", "--tle FILE"]),
        (["--tle", "none", "--start", "9999-12-31T23:59Z"], ["from 1957-10-04", "got 9999-12-31"]),
    ],
    ids=lambda part: " ".join(map(str, part))[:40],
)
@pytest.mark.usefixtures("folder")
def test_bad_input(beep, options, said):
    """One line with the rule, what came and the remedy."""
    ran = beep(*SEARCH, *options)

    assert (ran.status, ran.stdout) == (1, b"")
    assert ran.stderr.startswith("beep: error: ")
    assert ran.stderr.count("\n") == 1
    assert [words for words in said if words not in ran.stderr] == []


def test_an_element_set_travels_in_the_recipe(beep, folder):
    """`show` prints the lines themselves, and the recipe gives back the same sound without the file."""
    fields = ("--tle", "iss.tle", "--station", "52.2,0.1,20", "--start", "2018-07-04T04:00Z", "--carrier-mhz", "145.8")
    (folder / "iss.toml").write_bytes(beep("show", *fields).stdout)
    beep("export", "a.wav", *fields, "--duration-s", 1)
    (folder / "iss.tle").unlink()

    again = beep("export", "b.wav", "--scenario", "iss.toml", "--duration-s", 1)

    assert again.status == 0
    assert (folder / "a.wav").read_bytes() == (folder / "b.wav").read_bytes()
    assert ISS in (folder / "iss.toml").read_text()
