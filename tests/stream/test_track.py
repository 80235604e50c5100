"""The track of a reception: its columns, their agreement with each other, and how they are printed."""

import csv
import io
import json
import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy.signal import hilbert

from beep.base.errors import ScenarioError
from beep.output.table import write_csv, write_json
from beep.scenario.presets import preset
from beep.scenario.scenario import Scenario
from beep.stream.tiles import render
from beep.stream.track import sent_pulses, track, track_rows

HEADER = (
    "t_s,utc,range_km,range_rate_km_s,azimuth_deg,elevation_deg,delay_s,"
    "doppler_20_hz,tone_20_hz,level_20_db,doppler_40_hz,tone_40_hz,level_40_db,"
    + "".join(
        f"doppler_rate_{mhz}_hz_s,doppler_geometry_{mhz}_hz,doppler_ionosphere_{mhz}_hz,ionosphere_phase_{mhz}_s,ionosphere_group_{mhz}_s,"
        f"faraday_{mhz}_deg,edge_{mhz}_db,spin_{mhz}_db,path_loss_{mhz}_db,power_{mhz}_dbm,field_{mhz}_uv_m,"
        f"c_n0_{mhz}_db_hz,"
        for mhz in (20, 40)
    )
    + "electrons_m2"
)
CARRIERS_HZ = {"20": 20_005_000.0, "40": 40_002_000.0}
DERIVATIVE_TOLERANCE_HZ = 1e-3  # at 40 MHz, as promised; central differences of 0.1 s leave 0.4 mHz
STEP_S = 0.1
EDGE_TOLERANCE_S = 1e-4  # an envelope at half of 20 ms; distance and filter change it by less
LAST_DIGIT = 0.51e-9  # half of the ninth digit after the point, and the rounding of reading it
TONE_TOLERANCE_HZ = 2e-9  # a sum of two printed numbers
MOST_ROWS = 10_000  # of a table: a few MiB


def printed(scenario, *, step_s=1.0, write=write_csv):
    file = io.StringIO()
    write(file, track_rows(scenario, step_s=step_s))
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
    """Columns are named by the whole MHz of every carrier, in the mix or not."""
    one = list(track(Scenario(carriers="108.03:0.01:always"), np.arange(3.0)))

    assert one[7:10] == ["doppler_108_hz", "tone_108_hz", "level_108_db"]
    assert [name.replace("108", "20") for name in one] == [name for name in HEADER.split(",") if "_40_" not in name]
    assert list(track(Scenario(mix="20"), np.arange(3.0))) == HEADER.split(",")


def test_rows_cover_the_recording():
    """Rows stand every `step_s` from 0 to the end of the recording, and no further."""
    for duration_s, step_s, rows in ((2, 1.0, 3), (2.5, 1.0, 3), (0.3, 0.1, 4), (1, 5.0, 1)):
        t_s = np.concatenate([table["t_s"] for table in track_rows(Scenario(duration_s=duration_s), step_s=step_s)])

        np.testing.assert_array_equal(t_s, np.arange(rows) * step_s)


def test_tracks_are_the_track():
    """The tables joined are what `track` gives at once, also where two tables meet."""
    tables = list(track_rows(Scenario(duration_s=1), step_s=1e-4))
    whole = track(Scenario(duration_s=1), np.arange(10_001) * 1e-4)

    assert len(tables) > 1
    for name, column in whole.items():
        np.testing.assert_array_equal(np.concatenate([table[name] for table in tables]), column)


def test_tone_is_the_doppler_beside_the_oscillator():
    """The tone falls through the pass with the oscillator below the carrier, and rises with it above."""
    t_s = np.arange(0, 500, 10.0)
    for sideband, sign in (("upper", 1), ("lower", -1)):
        columns = track(Scenario(sideband=sideband, tone_hz=1234.0), t_s)
        for carrier, frequency_hz in CARRIERS_HZ.items():
            doppler_hz, tone_hz = columns[f"doppler_{carrier}_hz"], columns[f"tone_{carrier}_hz"]
            centre_hz = 1234 * frequency_hz / CARRIERS_HZ["20"]

            np.testing.assert_allclose(tone_hz, centre_hz + sign * doppler_hz, rtol=0, atol=TONE_TOLERANCE_HZ)
            assert np.all(sign * np.diff(tone_hz) < 0)


def test_track_without_times_is_the_whole_pass():
    """Without times there is a row every second, or every `step_s`, from the first sample to the last."""
    scenario = Scenario(duration_s=700)
    whole, few = track(scenario), track(scenario, step_s=50)

    np.testing.assert_array_equal(whole["t_s"], np.arange(701.0))
    np.testing.assert_array_equal(few["t_s"], np.arange(0.0, 701, 50))
    for name, column in track(scenario, few["t_s"]).items():
        np.testing.assert_array_equal(few[name], column)


@pytest.mark.parametrize("step_s", [0, -1, float("nan"), float("inf"), 1e-320])
def test_bad_step(step_s):
    """A step that is not above 0 and finite is refused."""
    with pytest.raises(ScenarioError, match="step_s must be"):
        next(track_rows(Scenario(), step_s=step_s))


# --- parts -----------------------------------------------------------------------------------------------------

MORNING = Scenario(station="banbury", start="1957-10-13T05:20Z", ionosphere="morning", spin_rpm=7, noise="galactic")


@pytest.fixture(scope="module")
def morning():
    """The columns of a pass with everything on."""
    return track(MORNING, np.arange(0, 680, 0.5))


def test_parts_add_up(morning):
    """Doppler is the sum of geometry and ionosphere; level and power follow distance, edge, spin and Faraday."""
    up = morning["elevation_deg"] > 1
    for mhz in (20, 40):
        doppler_hz = morning[f"doppler_geometry_{mhz}_hz"] + morning[f"doppler_ionosphere_{mhz}_hz"]
        faraday_db = 20 * np.log10(np.abs(np.cos(np.radians(morning[f"faraday_{mhz}_deg"])))) + 3
        gains_db = morning[f"edge_{mhz}_db"] + morning[f"spin_{mhz}_db"] + faraday_db
        power_dbm = 30 + 2.15 - 3 - morning[f"path_loss_{mhz}_db"] + gains_db
        noise_dbm_hz = -173.975 + {20: 22.0737, 40: 15.1514}[mhz]

        np.testing.assert_allclose(morning[f"doppler_{mhz}_hz"], doppler_hz, rtol=0, atol=1e-9)
        np.testing.assert_allclose(morning[f"power_{mhz}_dbm"][up], power_dbm[up], atol=1e-6)
        np.testing.assert_allclose(morning[f"c_n0_{mhz}_db_hz"][up], (power_dbm - noise_dbm_hz)[up], atol=1e-3)
        level_db = -6 + gains_db - 20 * np.log10(morning["range_km"] / morning["range_km"].min())
        np.testing.assert_allclose(morning[f"level_{mhz}_db"][up], level_db[up], atol=1e-3)


def test_doppler_rate_is_the_derivative_of_the_doppler(morning):
    """The rate is that of differences of the Doppler, half a second apart, and falls steepest near closest approach."""
    for mhz in (20, 40):
        doppler_hz, rate_hz_s = morning[f"doppler_{mhz}_hz"], morning[f"doppler_rate_{mhz}_hz_s"]
        slope = (8 * (doppler_hz[3:-1] - doppler_hz[1:-3]) - (doppler_hz[4:] - doppler_hz[:-4])) / (12 * 0.5)

        np.testing.assert_allclose(rate_hz_s[2:-2], slope, rtol=0, atol=2e-3)
        assert rate_hz_s.min() < -5 * mhz / 20


def test_doppler_is_the_derivative_of_the_whole_delay(morning):
    """The Doppler is -f times the derivative of light time plus ionospheric delay."""
    for mhz, frequency_hz in (("20", CARRIERS_HZ["20"]), ("40", CARRIERS_HZ["40"])):
        phase_s = morning["delay_s"] + morning[f"ionosphere_phase_{mhz}_s"]
        slope = (8 * (phase_s[3:-1] - phase_s[1:-3]) - (phase_s[4:] - phase_s[:-4])) / (12 * 0.5)
        worst_hz = np.abs(morning[f"doppler_{mhz}_hz"][2:-2] + frequency_hz * slope).max()
        print(f"{mhz} MHz: {worst_hz * 1e3:.3f} mHz")

        assert worst_hz < DERIVATIVE_TOLERANCE_HZ
        assert np.all(morning[f"ionosphere_phase_{mhz}_s"] < 0)
        assert np.all(morning[f"ionosphere_group_{mhz}_s"] > 0)


def test_what_is_off_is_zero():
    """Without ionosphere and spin their columns are zero, and the Doppler is that of the geometry."""
    measured = track(Scenario(noise="off"), np.arange(50, 600, 50.0))
    off = [name for name in measured if re.match("doppler_ionosphere|ionosphere|faraday|edge|spin|electrons", name)]

    assert len(off) == 13
    assert not any(measured[name].any() for name in off)
    np.testing.assert_array_equal(measured["doppler_20_hz"], measured["doppler_geometry_20_hz"])
    assert np.all(measured["c_n0_20_db_hz"] == np.inf)


def test_peak_field_of_1957():
    """1 W from 230 km overhead gives 24 uV/m at both frequencies; listeners of 1957 wrote of about 35."""
    measured = track(Scenario(altitude_km=230, max_elevation_deg=90, tca_s=0, duration_s=1), [0.0])

    assert abs(measured["field_20_uv_m"][0] - 24) < 0.5
    assert measured["field_40_uv_m"][0] == pytest.approx(measured["field_20_uv_m"][0])


def test_asked_snr_is_the_truth():
    """With an SNR asked for, C/N0 at closest approach is that in its bandwidth."""
    measured = track(Scenario(snr_db=6, snr_bandwidth_hz=500, tca_s=0), [0.0])

    assert measured["c_n0_40_db_hz"][0] == pytest.approx(6 + 10 * np.log10(500))


def test_mono_has_the_noise_of_both():
    """In mono C/N0 counts the noise of both receivers, and snr_db is that of the sum."""
    stereo, mono = (track(Scenario(noise="city", mix=mix, tca_s=0), [0.0]) for mix in ("stereo", "mono"))
    each = [10 ** (-stereo[f"c_n0_{mhz}_db_hz"][0] / 10) for mhz in (20, 40)]
    asked = track(Scenario(snr_db=6, snr_bandwidth_hz=500, mix="mono", tca_s=0), [0.0])

    assert mono["c_n0_20_db_hz"][0] == pytest.approx(-10 * np.log10(sum(each)))
    assert mono["c_n0_40_db_hz"][0] == pytest.approx(mono["c_n0_20_db_hz"][0])
    assert asked["c_n0_40_db_hz"][0] == pytest.approx(6 + 10 * np.log10(500))


# --- pulse by pulse ---------------------------------------------------------------------------------------------


def pulses_of(scenario):
    tables = list(sent_pulses(scenario))
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(duration_s=30),
        MORNING,
        Scenario(duration_s=20, jitter_s=0.01, wow_percent=1, wow_hz=0.5),
        Scenario(duration_s=30, keying="10:0.2:0.4,20:silent,25:keyed"),
        Scenario(duration_s=30, jitter_s=0.01, clock_jitter_s=0.02, wow_percent=0.3, flutter_percent=1.5),
    ],
    ids=["plain", "morning", "jitter and wow", "regimes", "clock jitter and flutter"],
)
def test_pulses_sound_when_they_are_listed(scenario):
    """Without noise the envelope crosses half of the pulse's amplitude at the listed times."""
    bare = replace(
        scenario, noise="off", faraday=False, spin_rpm=0, mix="20", tone_hz=3000, low_hz=300, high_hz=6000, rise_s=0.02
    )
    listed = pulses_of(bare)
    mine = listed["carrier"] == "20"
    first_s = 300 if scenario is MORNING else 0
    starts, ends = listed["start_s"][mine], listed["end_s"][mine]
    inside = (starts > first_s + 0.5) & (ends < first_s + min(29, bare.duration_s or 29))
    samples = render(bare, start=first_s * 48_000, stop=(first_s + 30) * 48_000)[:, 0]
    envelope = np.abs(hilbert(samples))
    t_s = first_s + np.arange(envelope.size) / 48_000
    worst_s = 0.0
    for start_s, end_s in zip(starts[inside], ends[inside], strict=True):
        top = envelope[np.searchsorted(t_s, (start_s + end_s) / 2)]
        for edge_s, rising in ((start_s, True), (end_s, False)):
            near = np.abs(t_s - edge_s) < 0.008
            rise = envelope[near] if rising else envelope[near][::-1]
            at_s = t_s[near] if rising else t_s[near][::-1]
            worst_s = max(worst_s, abs(float(np.interp(top / 2, rise, at_s)) - edge_s))
    print(f"{inside.sum()} pulses, {worst_s * 1e6:.0f} us")

    assert inside.sum() > 20
    assert worst_s < EDGE_TOLERANCE_S


def test_pause_and_pulse_take_turns():
    """At the satellite 20 MHz ends where 40 MHz starts; at the receiver the ionosphere separates them."""
    listed = pulses_of(MORNING)
    first, second = (listed["carrier"] == mhz for mhz in ("20", "40"))
    ends, starts = listed["sent_end_s"][first], listed["sent_start_s"][second]

    assert np.isin(ends[:-1].round(9), starts.round(9)).all()
    np.testing.assert_array_equal(listed["number"][first], np.arange(first.sum()))
    assert np.all(np.diff(listed["start_s"][first]) > 0)
    assert first.sum() == pytest.approx(681 / 0.6, abs=2)


def test_pulses_continue_between_tables():
    """In a long recording no pulse is missing or listed twice where two tables meet."""
    listed = pulses_of(Scenario(duration_s=3500, tca_s=344, carriers="20.005:1:pulse"))

    np.testing.assert_allclose(np.diff(listed["sent_start_s"]), 0.6, atol=1e-9)
    assert listed["start_s"][-1] > 3499


def test_a_carrier_that_never_pauses_has_no_edges():
    """It is listed once, without start and end."""
    listed = pulses_of(Scenario(duration_s=2, carriers="108.03:0.01:always"))

    assert listed["carrier"].tolist() == ["108"]
    assert np.isnan(listed["start_s"]).all()
    assert np.isnan(listed["sent_end_s"]).all()


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
    """JSON is one array of objects with the CSV's names and numbers, also where two tables meet."""
    step_s = 0.1
    table = columns(printed(scenario, step_s=step_s))
    rows = json.loads(printed(scenario, step_s=step_s, write=write_json))

    assert len(rows) > 4096
    assert [row["utc"] or "" for row in rows] == table.pop("utc")
    for name, texts in table.items():
        exact = np.array([-np.inf if row[name] is None else row[name] for row in rows])
        np.testing.assert_allclose(np.array(texts, float), exact, rtol=0, atol=LAST_DIGIT)


def test_level_below_the_horizon():
    """Below the horizon the level is minus infinity: -inf in CSV, null in JSON."""
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
        options = ("--duration-s", 2, "--step-s", 0.5, "--format", form, "--parts")
        ran = beep("track", *options)
        beep("track", *options, "-o", f"a.{form}")

        assert (ran.status, ran.stderr) == (0, "")
        assert ran.stdout.decode() == printed(Scenario(duration_s=2), step_s=0.5, write=write)
        assert (tmp_path / f"a.{form}").read_bytes() == ran.stdout


def test_parts_come_when_asked_for(beep):
    """Without --parts the command prints geometry, delay, Doppler, tone and level; with it all columns."""
    short, whole = (columns(beep("track", "--duration-s", 2, *more).stdout.decode()) for more in ((), ("--parts",)))

    assert list(short) == HEADER.split(",")[:13]
    assert list(whole) == HEADER.split(",")
    assert short == {name: whole[name] for name in short}


def test_long_tracks_stream(beep):
    """The first rows of ten million come at once."""
    assert len(next(track_rows(Scenario(duration_s=1e4), step_s=1e-3))["t_s"]) < MOST_ROWS

    command = ("track", "--duration-s", 1e4, "--step-s", 0.001)
    with beep.start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        lines = [running.stdout.readline() for _ in range(3)]
        running.stdout.close()

        assert running.stderr.read() == b""
    assert [line.split(b",")[0] for line in lines] == [b"t_s", b"0.000000000", b"0.001000000"]
    assert running.returncode == 0
