"""`beep measure`: sections, several recordings, and what a tape tells of itself."""

import csv
import io
import json
import re
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from beep.cli.measurement_table import speed_line
from beep.measuring.measure import measure
from beep.measuring.recording import open_recording

DECODE = "import soundfile; soundfile.read('a.mp3')"


@pytest.fixture
def recording(beep):
    """A file of 30 s in which the beeps begin at 0, 0.6, 1.2, ... s."""
    beep("export", "tape.wav", "--duration-s", 30, "--mix", "20", "--sample-rate-hz", 8000)
    return beep.folder / "tape.wav"


def test_section_has_the_times_of_its_file(beep, recording):
    """The beeps of a section are those of the whole recording within it, at the same times; a cut beep is not whole."""
    whole, section = (
        json.loads(beep("measure", recording, "--json", *options).stdout)["pulses"]
        for options in ((), ("--from-s", 10, "--to-s", 20.1))
    )
    inside = [pulse for pulse in whole if pulse["start_s"] >= 10 and pulse["start_s"] + pulse["length_s"] < 20.1]
    kept = [pulse for pulse in section if pulse["whole"]]

    assert 15 <= len(kept) == len(inside) < len(whole)
    assert [pulse["start_s"] for pulse in kept] == pytest.approx([pulse["start_s"] for pulse in inside], abs=1e-3)
    assert [pulse["time_s"] for pulse in kept] == pytest.approx([pulse["time_s"] for pulse in inside], abs=1e-3)


@pytest.mark.parametrize("options", [("--from-s", 31), ("--from-s", 5, "--to-s", 4), ("--to-s", 40), ("--from-s", -1)])
def test_section_outside_the_recording(beep, recording, options):
    """One line with the length of the recording and what came."""
    ran = beep("measure", recording, *options)

    assert ran.status == 1
    assert re.fullmatch(r"beep: error: a section must lie within the recording, 0 to 30 s, got [^\n]+\n", ran.stderr)


def test_several_recordings(beep, recording):
    """Each has its name; JSON is a list, CSV has a column for the file."""
    other = recording.with_name("other.wav")
    beep("export", other, "--duration-s", 20, "--mix", "20", "--pulse-s", 0.2, "--sample-rate-hz", 8000)
    text = beep("measure", recording, other).stdout.decode()
    documents = json.loads(beep("measure", "--json", recording, other).stdout)
    rows = list(csv.DictReader(io.StringIO(beep("measure", "--csv", recording, other).stdout.decode())))

    assert [text.count(f"{path}:\n") for path in (recording, other)] == [1, 1]
    assert [document["file"] for document in documents] == [str(recording), str(other)]
    assert [document["pulse_s"] for document in documents] == pytest.approx([0.3, 0.2], abs=1e-3)
    assert len(rows) == sum(document["beeps"] for document in documents)
    assert {row["file"] for row in rows} == {str(recording), str(other)}


def test_stdin_is_one_recording(beep):
    """The same stream cannot be read twice."""
    assert "stdin is one recording" in beep("measure", "-", "-").stderr


def test_speed_of_a_tape_is_told(recording):
    """A recording of 1957's keying that runs 2 % fast is told to."""
    with open_recording(recording) as opened:
        samples = next(opened.blocks())[:, 0]
    fast = measure(samples, sample_rate_hz=8160)
    steady = measure(samples, sample_rate_hz=8000)

    assert re.fullmatch(
        r"speed of the tape: 2\.0\d* \N{PLUS-MINUS SIGN} \d\.\d+ % fast if keying like tass\n", speed_line(fast)
    )
    assert speed_line(steady) == ""


def test_libsndfile_prints_nothing(beep):
    """What libsndfile writes to stderr about a damaged MP3 is not shown; the JSON is whole."""
    t_s = np.arange(5 * 22_050) / 22_050
    soundfile.write(beep.folder / "a.mp3", 0.3 * np.sin(5655 * t_s) * (t_s % 0.6 < 0.3), 22_050, format="MP3")
    data = bytearray((beep.folder / "a.mp3").read_bytes())
    data[len(data) // 2 : len(data) // 2] = b"x" * 100
    (beep.folder / "a.mp3").write_bytes(data)
    loud = subprocess.run([sys.executable, "-c", DECODE], cwd=beep.folder, capture_output=True, check=False)
    ran = beep("measure", "--json", "a.mp3")

    assert b"resync" in loud.stderr
    assert ran.stderr == ""
    assert json.loads(ran.stdout)["beeps"] >= 4
