"""Faults that fuzzing or a stranger's file has shown: one line, little time and little memory."""

import pytest
from fuzz.monitor import bounded_cost

from beep.base.errors import BeepError
from beep.fitting.table import read_tones
from beep.geometry.tle import read_tle
from beep.scenario.toml import load

OMM = b"EPOCH,MEAN_MOTION,ECCENTRICITY,INCLINATION,RA_OF_ASC_NODE,ARG_OF_PERICENTER,MEAN_ANOMALY"
RECORD = b'{"EPOCH":1,"MEAN_MOTION":1,"ECCENTRICITY":1,"INCLINATION":1,"RA_OF_ASC_NODE":1,"ARG_OF_PERICENTER":1,'
RECORD += b'"MEAN_ANOMALY":1},'
ELEMENT_SETS = {
    "lines": (b"a\n" * 25_000_000, "line 1: a line of a TLE begins with 1 or 2"),
    "blank lines": (b"\n" * 50_000_000, "300000 lines"),
    "comments": (b"#\n" * 25_000_000, "300000 lines"),
    "one long line": (b"a" * 50_000_000, "4000 characters"),
    "a wide letter": (b"#\n" + "\N{ROCKET}".encode() * 12_000_000, "4000 characters"),
    "objects": (b"[" + b"{}," * 17_000_000, "record 1: an OMM needs EPOCH, INCLINATION"),
    "lists": (b"[" + b"[]," * 17_000_000, "record 1: an OMM is an object"),
    "records": (b"[" + RECORD * 450_000, "100000 element sets"),
    "a long record": (b'{"a":"' + b"a" * 50_000_000, "not JSON"),
    "nested": (b'{"a":' * 10_000_000, "deep"),
    "one column": (b"MEAN_MOTION\n" + b"1\n" * 25_000_000, "line 2: an OMM needs EPOCH, INCLINATION"),
    "rows": (OMM + b"\n" + b"1,1,1,1,1,1,1\n" * 3_500_000, "100000 element sets"),
    "a long name": (b"a" * 2000 + b"\n1 2\n2 2\n", "line 2: the name of a satellite is plain text of at most 100"),
}


@pytest.mark.parametrize("kind", ELEMENT_SETS)
def test_fifty_megabytes_of_no_satellite(tmp_path, kind):
    """Files of that length, all of whose lines or records are alike."""
    data, said = ELEMENT_SETS[kind]
    path = tmp_path / "a.tle"
    path.write_bytes(data)

    with bounded_cost(), pytest.raises(BeepError, match=said):
        read_tle(path)


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("a." * 50_000, "a line has more than 1000 dots"),
        ("# a comment\n" * 50_000, "more than 0.2 MB"),
        ("seed = " + "1" * 5000, "4300 digits"),
        ("seed = 0x" + "f" * 5000, "seed must be finite"),
        ("station = 0x" + "f" * 5000, "station must be text, got a number with thousands of digits"),
        ("station = '" + "a" * 5000 + "'", r"got 'a{20,30}\.\.\.a{20,30}'"),
        ("pulse_s = " + "[" * 400 + "]" * 400, r"must be a number, got \[\[\[\[\[\[\[\.\.\."),
        ("keying = '" + "a" * 5000 + "'", r"got 'a{20,30}\.\.\.a{20,30}'"),
        ("a" * 5000 + " = 1", r"got 'a{20,30}\.\.\.a{20,30}'"),
    ],
    ids=lambda text: text[:12],
)
def test_scenarios_of_no_sense(tmp_path, toml, said):
    """What is long, deep or wide is refused, and quoted in few letters."""
    path = tmp_path / "a.toml"
    path.write_text(toml)

    with bounded_cost(), pytest.raises(BeepError, match=said) as caught:
        load(path)

    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("read", [load, read_tle, read_tones])
def test_a_device_without_end(read):
    """/dev/zero is read up to a limit."""
    with bounded_cost(), pytest.raises(BeepError, match="text"):
        read("/dev/zero")


def test_a_long_name_among_many(tmp_path):
    """The nearest of 30,000 names is found by their beginning."""
    path = tmp_path / "a.tle"
    path.write_text("".join(f"{number:d} {'SATELLITE ' * 9}\n1 0\n2 0\n" for number in range(10_000, 40_000)))

    with bounded_cost(), pytest.raises(BeepError, match="did you mean '2") as caught:
        read_tle(path, satellite="29999 SATELITE " * 200)

    assert len(str(caught.value)) < 1000
