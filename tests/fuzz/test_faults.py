"""Faults that fuzzing or a stranger's file has shown: one line, little time and little memory."""

import json
import struct

import numpy as np
import pytest
from fuzz.monitor import bounded_cost

from beep.base.errors import BeepError
from beep.fitting.table import read_tones
from beep.geometry.tle import read_tle
from beep.measuring.recording import open_recording
from beep.output.export import export
from beep.output.wav import wav_header, wav_trailer, write_wav
from beep.scenario.scenario import Scenario
from beep.scenario.toml import from_comment, load, to_dict
from beep.signal.keying import Regime
from beep.stream.resolve import recorded_reception

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


# --- comments of recordings -------------------------------------------------------------------------------------

SAMPLE = np.arange(64_000)
TONE = np.sin(2 * np.pi * 1000 * SAMPLE / 8000) * (SAMPLE // 2400 % 2 == 0) / 2
LOW_ORBIT = """1 25544U 98067A   18184.80969102  .00001614  00000-0  31745-4 0  9993
2 25544  51.6414 295.8524 0003435 262.6267 204.2868 17.99005638121102"""
COMMENTS = {
    "deep": "[" * 100_000,
    "deep in a field": '{"keying": ' + "[" * 900 + "]" * 900 + "}",
    "tiny frequency": '{"carriers": [{"frequency_mhz": 1e-300}]}',
    "far apart": '{"carriers": [{"frequency_mhz": 1e-3, "power_w": 1e-300}, {"frequency_mhz": 3e4}]}',
    "surrogates": '{"station": "\\ud800", "mix": "\\udfff", "tle": "\\ud800\\n1 \\n2 "}',
    "escapes": '{"station": "52\\u001b[31m,0", "start": "1957-10-07T05:00Z"}',
    "line in a place": '{"station": "52\\n,0", "start": "1957-10-07T05:00Z"}',
    "ground": json.dumps({"station": "dallas", "start": "2018-07-05", "tle": LOW_ORBIT}),
    "ages": '{"duration_s": 1e7}',
    "fast": '{"sample_rate_hz": 384000, "low_hz": 90000, "high_hz": 150000, "tone_hz": 1e5, "mix": "20"}',
    "large numbers": '{"seed": ' + "9" * 4000 + ', "tca_s": 1e400}',
    "other types": '{"pulse_s": {}, "carriers": {"a": []}, "keying": 7, "start": [], "mix": null}',
    "other keys": '{"' + "a" * 100_000 + '": 1}',
    "long": " " * 900_000 + "{}",
    "not text": "\x1b[2J\x07\u202e",
}


@pytest.fixture
def commented(tmp_path):
    """A function that writes a recording of two beeps with a comment."""

    def write(comment):
        path = tmp_path / "a.wav"
        with path.open("wb") as file:
            layout = {"frames": len(TONE), "sample_rate_hz": 8000, "channels": 1, "comment": comment}
            write_wav(file, [TONE[:, None].astype(np.float32)], **layout)
        return path

    return write


def test_a_comment_raises_nothing(commented):
    """Whatever it says, it is a recipe that can be received, or none."""
    known = {}
    for kind, comment in COMMENTS.items():
        with bounded_cost(), open_recording(commented(comment)) as recording:
            known[kind] = recorded_reception(recording.comment) is not None

    assert [kind for kind in known if known[kind]] == ["ages", "fast"]


def test_a_comment_neither_stops_nor_slows_a_measurement(commented, beep):
    """The same table comes out as without a comment, in printable letters, and perhaps a line about the recipe."""
    plain = beep("measure", commented("")).stdout.decode()
    for kind in ("ages", "not text"):
        path = commented(COMMENTS[kind])
        with bounded_cost():
            ran = beep("measure", path)
        assert ran.status == 0, ran.stderr
        assert ran.stdout.decode().startswith(plain)
        assert (ran.stdout.decode() + ran.stderr).replace("\n", "").isprintable()


def test_a_comment_neither_stops_nor_slows_a_picture(commented, beep):
    """The waterfall and the keying are drawn; a pass of 1e7 s is refused in one line."""
    for kind in ("ages", "fast", "ground"):
        path = commented(COMMENTS[kind])
        with bounded_cost():
            ran = [beep("plot", what, "a.png", path, "--force") for what in ("waterfall", "keying", "pass")]
        assert [done.status for done in ran] == [0, 0, 1], [done.stderr for done in ran]
        assert ran[2].stderr.count("\n") == 1


def test_long_recipes_survive(tmp_path):
    """A recipe longer than libsndfile reads, 2046 bytes, comes back from WAV, RF64 and FLAC."""
    keying = [Regime(from_s=second, pulse_s=0.2, pause_s=0.3) for second in range(100)]
    scenario = Scenario(duration_s=2, keying=keying)
    text = json.dumps(to_dict(scenario))
    assert len(text) > 2 * 2046
    export(scenario, tmp_path / "a.wav")
    export(scenario, tmp_path / "a.flac")
    header = wav_header(8000, sample_rate_hz=8000, channels=1, subtype="pcm16", comment=text)
    body = header[header.index(b"fmt ") :] + bytes(16_000) + wav_trailer(16_000, comment=text)
    sizes = struct.pack("<QQQI", len(body) + 40, 16_000, 8000, 0)
    body = body.replace(b"data" + struct.pack("<I", 16_000), b"data" + b"\xff" * 4)
    (tmp_path / "a.rf64").write_bytes(b"RF64" + b"\xff" * 4 + b"WAVEds64" + struct.pack("<I", 28) + sizes + body)

    for name in ("a.wav", "a.flac", "a.rf64"):
        with open_recording(tmp_path / name) as recording:
            assert from_comment(recording.comment) == scenario, name


@pytest.mark.parametrize(
    "name", ["$\\frac{$.wav", "\N{ROCKET}$a$.wav", "a" * 240 + ".wav", "\x1b[31m\n.wav", "\udcff.wav"]
)
def test_any_name_of_a_file_can_be_drawn_and_printed(commented, beep, name):
    """Dollar signs are no formula, escapes no command, and a letter that no font has no warning."""
    path = commented("").rename(beep.folder / name)

    with bounded_cost():
        drawn = beep("plot", "waterfall", "a.svg", path.name)
        ran = beep("measure", path.name, path.name)

    assert (drawn.status, ran.status) == (0, 0), drawn.stderr + ran.stderr
    assert (ran.stdout.decode() + ran.stderr + drawn.stderr).replace("\n", "").isprintable()


@pytest.mark.parametrize("row", ["300,1e308,1", "1e308,20.005e6,1", "300,20.005e6,1e-308", "300,20.005e6,1e308"])
def test_a_table_of_huge_numbers(tmp_path, row):
    """Their squares are no numbers, so they are refused with their line."""
    path = tmp_path / "a.csv"
    path.write_text(f"t_s,f_hz,sd_hz\n0,20.006e6,1\n{row}\n")

    with pytest.raises(BeepError, match="line 3 must"):
        read_tones(path)


# --- arguments --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["show", "--altitude-km=--"], 2, "an option has a value, got '--altitude-km=--'"),
        (["show", "--station", "a\0b"], 2, r"no zero byte, got 'a\x00b'"),
        (["show", "--scenario", "\udc80\ud800"], 1, "surrogates not allowed"),
        (["show", "--station", "\udc80\x1b[2J\n"], 1, r"got '\udc80\x1b[2J\n'"),
        (["show", "--station", "1" * 5000], 1, "..."),
        (["show", "--altitude-km", "1" * 5000], 1, "finite"),
        (["show", "--altitude-km", "x" * 5000], 2, "..."),
        (["show", "--seed", "1" * 5000], 2, "..."),
        (["show", "--noise", "x" * 5000], 2, "..."),
        (["show", *["x" * 5000] * 9], 2, "..."),
        (["show", "--" + "x" * 5000], 2, "..."),
        (["x" * 5000], 2, "..."),
        (["-" + "x" * 5000], 2, "..."),
        (["plot", "pass", "a.png", "--size", "1" * 400 + "x1"], 1, "at most 60 inches"),
        (["track", "--step-s", "1e-300"], 1, "--step-s must"),
        (["export", "a.wav", "--carrier-mhz", "1e-300"], 1, "frequency_mhz"),
    ],
    ids=lambda value: str(value)[:30].encode("ascii", "replace").decode(),
)
def test_arguments_of_no_sense(beep, words, status, said):
    """One line, short and printable."""
    with bounded_cost():
        ran = beep(*words)

    assert ran.status == status
    assert said in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert len(ran.stderr) < 1500
    assert ran.stderr.strip().isprintable()
