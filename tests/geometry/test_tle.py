"""Element sets: what is read, what is refused and where, and that nothing but a BeepError comes out."""

import csv
import io
import json
from datetime import UTC, datetime
from math import degrees, tau

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sgp4 import omm
from sgp4.api import Satrec
from sgp4.exporter import export_omm
from sgp4.io import fix_checksum

from beep.base.errors import BeepError, TleError
from beep.geometry.tle import element_set, elements_of, read_tle, satellite_name

LINE_1 = "1 25544U 98067A   18184.80969102  .00001614  00000-0  31745-4 0  9993"
LINE_2 = "2 25544  51.6414 295.8524 0003435 262.6267 204.2868 15.54005638121106"
ISS = f"ISS (ZARYA)\n{LINE_1}\n{LINE_2}"
SPUTNIK = (
    "1 00002U 57001B   57288.00000000  .00297400  00000-0  12554-2 0  9996\n"
    "2 00002  65.1827 309.7641 0477260  47.4204 283.4765 15.02759285    09"
)
RECORD = export_omm(Satrec.twoline2rv(LINE_1, LINE_2), "ISS (ZARYA)")
RECORD["EPOCH"] = "2018-07-03T19:25:57.304128"  # 184.80969102 to the microsecond, which the exporter cuts


def as_xml(*records):
    """An OMM as CelesTrak writes it in XML."""
    parts = (("metadata", slice(0, 5)), ("data><meanElements", slice(5, 13)), ("tleParameters", slice(13, None)))
    segments = []
    for record in records:
        text = ""
        for name, part in parts:
            inner = "".join(f"<{key}>{value}</{key}>\n" for key, value in list(record.items())[part])
            text += f"<{name}>\n{inner}</{name.rpartition('<')[2]}>" + "</data>" * (name == "tleParameters")
        segments.append(f"<omm id='CCSDS_OMM_VERS'><body><segment>{text}</segment></body></omm>\n")
    return "<?xml version='1.0' encoding='UTF-8'?>\n<ndm>\n" + "".join(segments) + "</ndm>\n"


XML = as_xml(RECORD)
BOMB = "<!DOCTYPE a [<!ENTITY e0 'xxxxxxxxxx'>" + "".join(
    f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 10)
)
BOMB += "]><ndm><segment><EPOCH>&e9;</EPOCH></segment></ndm>"
FAR = 1e-12  # rad, rad/s or none: measured 2e-16

bounded = settings(max_examples=50, deadline=None)


def csv_text(*records):
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(RECORD))
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        ISS,
        f"0 {ISS}",
        f"# all that flies\n\n{ISS}\n",
        ISS.replace("\n", "\r\n"),
        json.dumps(RECORD),
        json.dumps([RECORD], indent=1),
        csv_text(RECORD),
        XML,
        XML.replace("\n", ""),
    ],
    ids=["three lines", "0 before the name", "comment", "CR LF", "one OMM", "list of OMM", "CSV", "XML", "XML, a line"],
)
def test_every_format_says_the_same(text):
    """Name and elements are the same in each format, and are those that python-sgp4 reads."""
    expected = Satrec.twoline2rv(LINE_1, LINE_2)

    kept = element_set(text)
    found = elements_of(kept)

    assert element_set(kept) == kept
    assert satellite_name(kept) == "ISS (ZARYA)"
    assert found.epoch == datetime(2018, 7, 3, 19, 25, 57, 304_128, tzinfo=UTC)
    for ours, theirs in (
        (found.inclination_rad, expected.inclo),
        (found.raan_rad, expected.nodeo),
        (found.eccentricity, expected.ecco),
        (found.argument_of_perigee_rad, expected.argpo),
        (found.mean_anomaly_rad, expected.mo),
        (found.mean_motion_rad_s, expected.no_kozai / 60),
        (found.bstar, expected.bstar),
    ):
        assert abs(ours - theirs) < FAR


def test_python_sgp4_reads_the_same_omm():
    """The record above is what python-sgp4's own reader takes."""
    (from_xml,) = omm.parse_xml(io.StringIO(XML))
    for record in (RECORD, from_xml):
        satellite = Satrec()
        omm.initialize(satellite, record)

        assert degrees(satellite.inclo) == pytest.approx(51.6414, abs=1e-12)


def test_one_of_many_in_xml(tmp_path):
    """A satellite is chosen from the segments of an XML file."""
    path = tmp_path / "all.xml"
    path.write_text(as_xml(*({**RECORD, "OBJECT_NAME": f"SAT {number}"} for number in range(300)), RECORD))

    assert satellite_name(read_tle(path, satellite="SAT 299")) == "SAT 299"
    assert elements_of(read_tle(path, satellite="iss")) == elements_of(element_set(json.dumps(RECORD)))


@pytest.mark.parametrize(("digits", "year"), [("57", 1957), ("99", 1999), ("00", 2000), ("56", 2056)])
def test_centuries(digits, year):
    """Years 57 to 99 are of the last century."""
    line_1 = fix_checksum(LINE_1[:18] + digits + LINE_1[20:])

    assert elements_of(f"{line_1}\n{LINE_2}").epoch.year == year


def test_alpha_5():
    """A catalogue number that begins with a letter counts on from 100000, without I and O."""
    lines = [fix_checksum(line[:2] + "Z9999" + line[7:]) for line in (LINE_1, LINE_2)]
    assert satellite_name("\n".join(lines)) == "339999"


def changed(line, column, character):
    return line[: column - 1] + character + line[column:]


BAD = {
    "checksum": (f"{LINE_1}\n{LINE_2[:-1]}7", ["line 2, column 69", "is 6, got 7"]),
    "a digit lost its way": (f"{changed(LINE_1, 24, '_')}\n{LINE_2}", ["line 1, column 24", "'.'", "got '_'"]),
    "letter": (f"{LINE_1}\n{changed(LINE_2, 30, 'x')}", ["line 2, column 30", "digit", "got 'x'"]),
    "truncated": (f"{LINE_1}\n{LINE_2[:50]}", ["line 2, column 51", "truncated"]),
    "too long": (f"{LINE_1}0\n{LINE_2}", ["line 1, column 70", "69 columns"]),
    "swapped": (f"{LINE_2}\n{LINE_1}", ["line 1", "swapped"]),
    "line 1 alone": (f"{LINE_1}\n{LINE_1}", ["line 1", "no line 2 follows"]),
    "line 2 alone": (f"ISS\n{LINE_2}", ["line 2", "line 1 is missing"]),
    "no TLE": ("To be\nor not to be", ["line 1", "begins with 1 or 2", "'To be'"]),
    "two satellites": (f"{LINE_1}\n{SPUTNIK.splitlines()[1]}", ["columns 3-7", "25544", "00002"]),
    "two sets": (f"{ISS}\n{SPUTNIK}", ["one element set", "ISS (ZARYA) (25544), (2)", "satellite=25544"]),
    "day 0": (f"{fix_checksum(LINE_1[:20] + '000' + LINE_1[23:])}\n{LINE_2}", ["columns 21-32", "1 to 367", "got 0.8"]),
    "a blank inside": (f"{LINE_1}\n{fix_checksum(LINE_2[:8] + '5 1' + LINE_2[11:])}", ["columns 9-16", "got 501"]),
    "inclination": (f"{LINE_1}\n{fix_checksum(LINE_2[:8] + '181' + LINE_2[11:])}", ["columns 9-16", "0 to 180", "181"]),
    "mean motion": (f"{LINE_1}\n{fix_checksum(LINE_2[:52] + '19' + LINE_2[54:])}", ["columns 53-63", "18 rev", "19.5"]),
    "SGP4-XP": (f"{fix_checksum(changed(LINE_1, 63, '4'))}\n{LINE_2}", ["column 63", "SGP4-XP"]),
    "bell": (f"IS\aS\n{LINE_1}\n{LINE_2}", ["line 1, column 3", "plain text"]),
    "a file's name": ("iss.tle", ["'iss.tle'", "read_tle"]),
    "empty": ("", ["two or three lines", "got ''"]),
    "not JSON": ('{"EPOCH": }', ["line 1, column 11", "not JSON"]),
    "deep JSON": ("[" * 100_000, ["deep"]),
    "list of numbers": ("[1]", ["record 1", "got '1'"]),
    "OMM without": (json.dumps({**RECORD, "MEAN_MOTION": ""}), ["record 1", "needs MEAN_MOTION"]),
    "OMM in words": (json.dumps({**RECORD, "INCLINATION": "steep"}), ["record 1, INCLINATION", "number", "'steep'"]),
    "OMM nan": (json.dumps({**RECORD, "BSTAR": float("nan")}), ["record 1, BSTAR", "number"]),
    "OMM open": (json.dumps({**RECORD, "ECCENTRICITY": 1.5}), ["ECCENTRICITY", "below 1", "1.5"]),
    "OMM date": (json.dumps({**RECORD, "EPOCH": "yesterday"}), ["EPOCH", "ISO 8601", "'yesterday'"]),
    "OMM year": (json.dumps({**RECORD, "EPOCH": "1857-01-01"}), ["EPOCH", "1957 to 2156", "1857"]),
    "OMM frame": (json.dumps({**RECORD, "REF_FRAME": "ICRF"}), ["REF_FRAME", "TEME", "'ICRF'"]),
    "OMM theory": (json.dumps({**RECORD, "MEAN_ELEMENT_THEORY": "DSST"}), ["MEAN_ELEMENT_THEORY", "SGP4", "'DSST'"]),
    "CSV row": (csv_text(RECORD).rstrip() + ",9", ["line 2", "as many columns"]),
    "XML": ("<?xml version='1.0'?>\n<ndm/>", ["no element set"]),
    "cut XML": (XML[:-100], ["line ", "column", "not XML"]),
    "endless XML": ("<ndm>" + "<a/>" * 50_000, ["segment 1", "at most"]),
    "XML bomb": (BOMB, ["not XML"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_sets(case):
    """What is wrong is said with its line and column, or the OMM's key, and what came."""
    text, said = BAD[case]

    with pytest.raises(TleError) as caught:
        element_set(text)

    assert [words for words in said if words not in str(caught.value)] == []
    assert "\n" not in str(caught.value)


# --- files ------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(tmp_path):
    path = tmp_path / "many.tle"
    path.write_text(f"{ISS}\nSPUTNIK 1\n{SPUTNIK}\n")
    return path


@pytest.mark.parametrize("satellite", ["ISS (ZARYA)", "iss (zarya)", "zarya", "25544", 25544], ids=repr)
def test_a_satellite_is_chosen(many, satellite):
    """By its name, whatever the case, a part of it, or its number."""
    assert read_tle(many, satellite=satellite) == ISS


def test_a_number_is_not_part_of_a_name(many):
    """Satellite 2 is Sputnik's rocket, not all that have a 2 in their name."""
    assert read_tle(many, satellite=2) == f"SPUTNIK 1\n{SPUTNIK}"


def test_an_unknown_satellite_names_the_nearest(many):
    """A slip is answered with the name."""
    with pytest.raises(
        TleError, match=r"many\.tle: satellite must be one of ISS.*'sputnik 2'; did you mean 'SPUTNIK 1'"
    ):
        read_tle(many, satellite="sputnik 2")


def test_the_line_of_a_file_is_named(tmp_path):
    """Of many sets the line counts from the file's top; what is wrong in another satellite does not matter."""
    path = tmp_path / "bad.tle"
    path.write_text(f"# two\n{ISS[:-1]}9\nSPUTNIK 1\n{SPUTNIK}\n")

    assert satellite_name(read_tle(path, satellite="SPUTNIK 1")) == "SPUTNIK 1"
    with pytest.raises(TleError, match=r"bad\.tle: line 4, column 69"):
        read_tle(path, satellite="ISS (ZARYA)")


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "no element set"), (bytes(range(256)), "binary"), (b"\0" * 99, "binary"), (b"\n" * 300_001, "300000 lines")],
    ids=["empty", "binary", "zeros", "long"],
)
def test_files_that_are_none(tmp_path, data, said):
    """Empty, binary and huge files are refused with the file's name."""
    path = tmp_path / "a.tle"
    path.write_bytes(data)

    with pytest.raises(TleError, match=said) as caught:
        read_tle(path)

    assert "a.tle" in str(caught.value)


@pytest.mark.parametrize("name", ["none.tle", ".", "\0"])
def test_files_that_are_not_there(tmp_path, name):
    """A missing file and a folder are one line too."""
    with pytest.raises(TleError, match="cannot read"):
        read_tle(f"{tmp_path}/{name}")


# --- anything ---------------------------------------------------------------------------------------------------

cut_up = st.lists(
    st.sampled_from([LINE_1, LINE_2, "ISS", "", "1 ", "2 ", "{", "[", "#", "EPOCH,MEAN_MOTION"]), max_size=5
)
mutated = st.tuples(st.sampled_from([ISS, json.dumps(RECORD), csv_text(RECORD)]), st.integers(0, 400), st.characters())
junk = st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=9), lambda x: st.lists(x, max_size=3))


@settings(max_examples=300, deadline=None)
@given(
    text=st.text(max_size=200)
    | cut_up.map("\n".join)
    | mutated.map(lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] + 1 :])
    | st.dictionaries(st.sampled_from(list(RECORD)), junk).map(lambda more: json.dumps({**RECORD, **more}))
)
def test_only_beep_errors_come_out(text):
    """Whatever the text, it is read or refused with a BeepError of one line; what is read is read again the same."""
    said = ""
    try:
        kept = element_set(text)
    except BeepError as error:
        said = str(error)
    if said:
        assert "\n" not in said
    else:
        assert element_set(kept) == kept
        assert 0 <= elements_of(kept).raan_rad <= tau
        assert isinstance(satellite_name(kept), str)


@bounded
@given(data=st.binary(max_size=300) | st.text(max_size=99).map(str.encode))
def test_files_of_anything(tmp_path_factory, data):
    """Whatever the file."""
    path = tmp_path_factory.mktemp("fuzz") / "a.tle"
    path.write_bytes(data)
    with pytest.raises(BeepError):
        read_tle(path)
