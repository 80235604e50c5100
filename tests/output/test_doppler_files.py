"""Doppler curves for other programs: read back as those programs read them."""

import io
import json
import re
from datetime import UTC, datetime

import numpy as np
import pytest

from beep.base.errors import ScenarioError
from beep.output.doppler_files import write_doppler, write_strf
from beep.scenario.scenario import Scenario
from beep.stream.track import track_rows

ISS = (
    "1 25544U 98067A   18184.80969102  .00001614  00000-0  31745-4 0  9993\n"
    "2 25544  51.6414 295.8524 0003435 262.6267 204.2868 15.54005638121106"
)
SCENARIO = Scenario(station="52.2,0.1,20", start="2018-07-04T04:00Z", tle=ISS)
MHZ = 145.8
TIME_TOLERANCE_S = 2e-6  # six digits, and a float64 of Unix time
MJD_TOLERANCE_S = 3e-6  # a float64 of days
PRINTED_HZ = 1e-8
STRF_HZ = 6e-4  # three digits
LINE_MOST = 80  # characters that rffit reads of a line


@pytest.fixture(scope="module")
def truth():
    (table,) = track_rows(SCENARIO, step_s=10.0, frequency_mhz=MHZ)
    return table


def unix_s(table):
    return table["utc"].astype("datetime64[us]").astype(np.int64) / 1e6


def test_gr_satellites_reads_times_and_offsets(truth):
    """Two numbers a line, times rising: what gr-satellites' block takes with `>> time >> frequency`."""
    out = io.StringIO()
    write_doppler(out, [truth])
    words = out.getvalue().split()  # as the C++ stream does
    times, offsets = np.array(words[::2], float), np.array(words[1::2], float)

    assert len(times) == len(truth["t_s"])
    assert (np.diff(times) > 0).all()
    assert np.abs(times - unix_s(truth)).max() < TIME_TOLERANCE_S
    assert np.abs(offsets - truth["doppler_145.8_hz"]).max() < PRINTED_HZ
    assert offsets[0] > 3000 > -3000 > offsets[-1]  # approaching is positive, as in its own tle_to_doppler_file.py
    assert all(re.fullmatch(r"\S+\t\S+", line) for line in out.getvalue().splitlines())


def test_strf_reads_mjd_frequency_flux_and_site(truth):
    """A fifth character that is a point, four columns, lines below 80 characters, only what is above the horizon."""
    out = io.StringIO()
    write_strf(out, [truth], frequency_hz=MHZ * 1e6, site=42)
    lines = out.getvalue().splitlines()
    up = truth["elevation_deg"] > 0
    mjd, frequency_hz, flux, site = np.array([line.split() for line in lines], float).T

    assert all(line[5] == "." and len(line) < LINE_MOST and line.endswith("\t0042") for line in lines)
    assert len(lines) == up.sum() > 50
    assert np.abs((mjd - 40_587) * 86_400 - unix_s(truth)[up]).max() < MJD_TOLERANCE_S
    assert np.abs(frequency_hz - MHZ * 1e6 - truth["doppler_145.8_hz"][up]).max() < STRF_HZ
    assert np.abs(flux - (1000 / truth["range_km"][up]) ** 2).max() < 6e-4
    assert (site == 42).all()


def test_mjd_by_hand():
    """Noon of 4 July 2018 is MJD 58303.5; 1 January 1957 is 35839."""
    for when, mjd in (("2018-07-04T12:00", "58303.50000000000"), ("1957-01-01", "35839.00000000000")):
        table = {
            "utc": np.array([when], "datetime64[us]"),
            "doppler_1_hz": np.zeros(1),
            "range_km": np.full(1, 1000.0),
            "elevation_deg": np.ones(1),
        }
        out = io.StringIO()
        write_strf(out, [table], frequency_hz=1e6, site=1)
        assert out.getvalue().split() == [mjd, "1000000.000", "1.000", "0001"]


def test_what_has_no_date_is_refused():
    """The simple pass has no absolute time unless it is given one, and strf's five digits end in 2132."""
    dated = Scenario(start="2180-01-01T00:00Z", duration_s=5)
    with pytest.raises(ScenarioError, match="no date"):
        write_doppler(io.StringIO(), track_rows(Scenario(duration_s=5), frequency_mhz=20.0))
    with pytest.raises(ScenarioError, match="1886 to 2132"):
        write_strf(io.StringIO(), track_rows(dated, frequency_mhz=20.0), frequency_hz=2e7, site=1)


def test_one_frequency_in_place_of_the_carriers(truth):
    """With a frequency there is one Doppler column, in proportion to the carriers'."""
    (carriers,) = track_rows(SCENARIO, step_s=10.0)

    assert [name for name in truth if name.startswith(("doppler", "tone", "level"))] == ["doppler_145.8_hz"]
    assert np.allclose(truth["doppler_145.8_hz"] / MHZ, carriers["doppler_40_hz"] / 40.002, rtol=1e-12, atol=0)


@pytest.mark.parametrize("frequency_mhz", [0.0, -1.0, float("inf"), float("nan")])
def test_a_frequency_is_positive(frequency_mhz):
    """Nonsense is refused with the rule."""
    with pytest.raises(ScenarioError, match="frequency_mhz must be above 0"):
        next(track_rows(SCENARIO, frequency_mhz=frequency_mhz))


# --- the command ------------------------------------------------------------------------------------------------

TRACK = ("track", "--tle", "iss.tle", "--station", "52.2,0.1,20", "--start", "2018-07-04T04:00Z", "--step-s", 60)


@pytest.fixture(name="beep")
def _beep(beep):
    """The program, in a folder with an element set."""
    (beep.folder / "iss.tle").write_text(ISS)
    return beep


def test_formats_of_the_command(beep):
    """Each format comes out as it is written; a single carrier needs no --frequency-mhz."""
    rows = beep(*TRACK, "--frequency-mhz", 145.8, "--format", "doppler").stdout.decode().splitlines()
    carrier = beep(*TRACK, "--carrier-mhz", "145.8", "--format", "doppler").stdout.decode().splitlines()
    strf = beep(*TRACK, "--frequency-mhz", 145.8, "--format", "strf", "--site", 9000).stdout.decode().splitlines()
    objects = json.loads(beep(*TRACK, "--frequency-mhz", 145.8, "--format", "json").stdout)

    assert rows == carrier
    assert len(rows) == len(objects) == 11
    assert float(rows[5].split()[1]) == pytest.approx(objects[5]["doppler_145.8_hz"], abs=1e-8)
    assert datetime.fromtimestamp(float(rows[0].split()[0]), UTC) == datetime(2018, 7, 4, 4, 26, 54, tzinfo=UTC)
    assert len(strf) == 10  # the first second lies before the rise


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "doppler"], ["one frequency", "20.005 and 40.002", "--frequency-mhz"]),
        (["--format", "strf", "--frequency-mhz", 145.8], ["number", "--site 9000", "52.2000", "0.1000"]),
        (["--format", "strf", "--frequency-mhz", 145.8, "--site", 10_000], ["0 to 9999", "got 10000"]),
        (["--site", 1], ["--format strf", "--format csv"]),
        (["--frequency-mhz", -1], ["--frequency-mhz", "above 0", "got -1"]),
        (["--carrier-mhz", "40000"], ["frequency_mhz", "0.001 to 30000"]),
        (["--carrier-mhz", "1", "--carrier-mhz", "2", "--carrier-mhz", "3"], ["one or two"]),
    ],
    ids=lambda part: " ".join(map(str, part))[:40],
)
def test_bad_input(beep, options, said):
    """One line with the rule, what came and the remedy."""
    ran = beep(*TRACK, *options)

    assert (ran.status, ran.stdout) == (1, b"")
    assert ran.stderr.count("\n") == 1
    assert [words for words in said if words not in ran.stderr] == []
