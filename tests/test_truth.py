"""The truth of a reception: its columns, that they agree with each other, and how they are printed."""

import csv
import io
import json
import re
import subprocess
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from beep.errors import ScenarioError
from beep.output.table import write_csv, write_json
from beep.recipe import preset
from beep.scenario import Scenario
from beep.truth import track, tracks

HEADER = (
    "t_s,utc,range_km,range_rate_km_s,azimuth_deg,elevation_deg,delay_s,"
    "doppler_20_hz,tone_20_hz,level_20_db,doppler_40_hz,tone_40_hz,level_40_db,"
    + "".join(
        f"doppler_geometry_{mhz}_hz,doppler_ionosphere_{mhz}_hz,ionosphere_phase_{mhz}_s,ionosphere_group_{mhz}_s,"
        f"faraday_{mhz}_deg,edge_{mhz}_db,spin_{mhz}_db,path_loss_{mhz}_db,power_{mhz}_dbm,field_{mhz}_uv_m,"
        f"c_n0_{mhz}_db_hz,"
        for mhz in (20, 40)
    )
    + "electrons_m2"
)
CARRIERS_HZ = {"20": 20_005_000.0, "40": 40_002_000.0}
DERIVATIVE_TOLERANCE_HZ = 1e-3  # at 40 MHz, as promised; central differences of 0.1 s leave 0.4 mHz
STEP_S = 0.1
LAST_DIGIT = 0.51e-9  # half of the ninth digit after the point, and the rounding of reading it
TONE_TOLERANCE_HZ = 2e-9  # a sum of two printed numbers
MOST_ROWS = 10_000  # of a table: a few MiB


def printed(scenario, *, step_s=1.0, write=write_csv):
    file = io.StringIO()
    write(file, tracks(scenario, step_s=step_s))
    return file.getvalue()


def columns(text):
    rows = list(csv.DictReader(io.StringIO(text)))
    return {name: [row[name] for row in rows] for name in rows[0]}


@pytest.fixture(scope="module")
def dallas():
    """The columns of the Dallas pass, as printed, ten a second."""
    return columns(printed(preset("dallas"), step_s=STEP_S))


# --- columns ----------------------------------------------------------------------------------------------------


def test_columns_are_named_as_documented():
    """The library's columns and the CSV's header are the documented ones, in their order."""
    names = list(track(Scenario(), np.arange(3.0)))

    assert names == HEADER.split(",")
    assert printed(Scenario(duration_s=1)).splitlines()[0] == HEADER


def test_columns_follow_the_carriers():
    """Columns are called by the whole MHz of the carriers there are, heard or not."""
    one = list(track(Scenario(carriers="108.03:0.01:always"), np.arange(3.0)))

    assert one[7:10] == ["doppler_108_hz", "tone_108_hz", "level_108_db"]
    assert [name.replace("108", "20") for name in one] == [name for name in HEADER.split(",") if "_40_" not in name]
    assert list(track(Scenario(mix="20"), np.arange(3.0))) == HEADER.split(",")


def test_rows_cover_the_recording():
    """Rows stand every `step_s` from 0 to the end of the recording, and no further."""
    for duration_s, step_s, rows in ((2, 1.0, 3), (2.5, 1.0, 3), (0.3, 0.1, 4), (1, 5.0, 1)):
        t_s = np.concatenate([table["t_s"] for table in tracks(Scenario(duration_s=duration_s), step_s=step_s)])

        np.testing.assert_array_equal(t_s, np.arange(rows) * step_s)


def test_tracks_are_the_track():
    """What comes in tables is what `track` gives at once, over the seam of two tables too."""
    tables = list(tracks(Scenario(duration_s=1), step_s=1e-4))
    whole = track(Scenario(duration_s=1), np.arange(10_001) * 1e-4)

    assert len(tables) > 1
    for name, column in whole.items():
        np.testing.assert_array_equal(np.concatenate([table[name] for table in tables]), column)


def test_tone_is_the_doppler_beside_the_oscillator():
    """The tone falls through the pass with the oscillator below the carrier, and rises with it above."""
    t_s = np.arange(0, 500, 10.0)
    for sideband, sign in (("upper", 1), ("lower", -1)):
        columns = track(Scenario(sideband=sideband, tone_hz=1234.0), t_s)
        for carrier in CARRIERS_HZ:
            doppler_hz, tone_hz = columns[f"doppler_{carrier}_hz"], columns[f"tone_{carrier}_hz"]

            np.testing.assert_allclose(tone_hz, 1234 + sign * doppler_hz, rtol=0, atol=TONE_TOLERANCE_HZ)
            assert np.all(sign * np.diff(tone_hz) < 0)


@pytest.mark.parametrize("step_s", [0, -1, float("nan"), float("inf"), 1e-320])
def test_bad_step(step_s):
    """A step that never arrives is refused."""
    with pytest.raises(ScenarioError, match="step_s must be"):
        next(tracks(Scenario(), step_s=step_s))


# --- printed ----------------------------------------------------------------------------------------------------


def test_delay_has_fifteen_digits(dallas):
    """The delay is printed to a femtosecond."""
    assert dallas["delay_s"]
    assert [text for text in dallas["delay_s"] if not re.fullmatch(r"0\.\d{15}", text)] == []


def test_printed_doppler_is_the_derivative_of_the_printed_delay(dallas):
    """Doppler is minus the carrier's frequency times the slope of the delay, within 1 mHz at 40 MHz."""
    delay_s = np.array(dallas["delay_s"], float)
    rate = (delay_s[2:] - delay_s[:-2]) / (2 * STEP_S)
    for carrier, frequency_hz in CARRIERS_HZ.items():
        doppler_hz = np.array(dallas[f"doppler_{carrier}_hz"], float)[1:-1]
        worst_hz = np.abs(doppler_hz + frequency_hz * rate).max()
        print(f"{carrier} MHz: {worst_hz * 1e3:.3f} mHz")

        assert worst_hz < DERIVATIVE_TOLERANCE_HZ
        assert np.abs(doppler_hz).max() > 400 * frequency_hz / CARRIERS_HZ["20"]  # it was a pass


def test_utc_goes_with_the_seconds(dallas):
    """Each row's UTC is that of the first row plus its seconds, to the printed digit."""
    utc = [datetime.fromisoformat(text) for text in dallas["utc"]]

    assert utc[0] == datetime(1957, 10, 7, 5, 5, 28, tzinfo=UTC)
    assert [(time - utc[0]) / timedelta(seconds=1) for time in utc] == pytest.approx(np.array(dallas["t_s"], float))


def test_utc_is_empty_without_a_date():
    """A simple pass without a date has no UTC: empty in CSV, null in JSON."""
    scenario = Scenario(duration_s=1)

    assert columns(printed(scenario))["utc"] == ["", ""]
    assert [row["utc"] for row in json.loads(printed(scenario, write=write_json))] == [None, None]


@pytest.mark.parametrize("scenario", [Scenario(), preset("dallas")], ids=["simple", "dallas"])
def test_json_has_the_same_numbers(scenario):
    """JSON is one array of objects with the CSV's names and numbers, over the seam of two tables too."""
    step_s = 0.1
    table = columns(printed(scenario, step_s=step_s))
    rows = json.loads(printed(scenario, step_s=step_s, write=write_json))

    assert len(rows) > 4096
    assert [row["utc"] or "" for row in rows] == table.pop("utc")
    for name, texts in table.items():
        exact = np.array([-np.inf if row[name] is None else row[name] for row in rows])
        np.testing.assert_allclose(np.array(texts, float), exact, rtol=0, atol=LAST_DIGIT)


def test_level_below_the_horizon():
    """Below the horizon the level is minus infinity: -inf in CSV, null in JSON, and JSON has no other word for it."""
    scenario = Scenario(tca_s=-2000, duration_s=1)
    text = printed(scenario, write=write_json)

    assert float(columns(printed(scenario))["elevation_deg"][0]) < 0
    assert columns(printed(scenario))["level_40_db"] == ["-inf", "-inf"]
    assert [row["level_20_db"] for row in json.loads(text)] == [None, None]
    assert "Infinity" not in text
    assert "NaN" not in text


def test_level_at_closest_approach():
    """At closest approach the level is the scenario's."""
    columns = track(Scenario(level_dbfs=-12, tca_s=0), np.zeros(1))

    assert columns["level_20_db"] == pytest.approx(-12, abs=1e-9)


# --- the command ------------------------------------------------------------------------------------------------


def test_track_prints_what_the_library_says(tmp_path, beep):
    """stdout, a file and the library give the same text, in both formats."""
    for form, write in (("csv", write_csv), ("json", write_json)):
        options = ("--duration-s", 2, "--step-s", 0.5, "--format", form)
        ran = beep("track", *options)
        beep("track", *options, "-o", f"a.{form}")

        assert (ran.status, ran.stderr) == (0, "")
        assert ran.stdout.decode() == printed(Scenario(duration_s=2), step_s=0.5, write=write)
        assert (tmp_path / f"a.{form}").read_bytes() == ran.stdout


def test_long_tracks_stream(beep):
    """The first rows of ten millions come at once: nothing is gathered."""
    assert len(next(tracks(Scenario(duration_s=1e4), step_s=1e-3))["t_s"]) < MOST_ROWS

    command = ("track", "--duration-s", 1e4, "--step-s", 0.001)
    with beep.start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        lines = [running.stdout.readline() for _ in range(3)]
        running.stdout.close()

        assert running.stderr.read() == b""
    assert [line.split(b",")[0] for line in lines] == [b"t_s", b"0.000000000", b"0.001000000"]
    assert running.returncode == 0
