"""Exports that go well: to a file, a file object, a pipe, and with little memory."""

import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from beep.base.errors import BeepError
from beep.output.export import export
from beep.scenario.scenario import Scenario
from beep.scenario.toml import from_dict
from beep.stream.tiles import render

SHORT = Scenario(duration_s=1)
SHORT_OPTIONS = ("--duration-s", 1)
MIB = 2**20
MOST_MEMORY = 64 * MIB
MEMORY_GROWTH = 3 * MIB  # allocators differ by that from run to run, measured 0.6 MiB; 15 minutes of sound have 330 MiB


# --- to a path, a file object, a pipe ---------------------------------------------------------------------------


def test_path_object_and_pipe_give_the_same_bytes(tmp_path, beep):
    """A path, an open binary file and stdout receive the same bytes, which hold what `render` gives."""
    memory = io.BytesIO()
    done = [export(SHORT, tmp_path / "path.wav", subtype="float"), export(SHORT, memory, subtype="float")]
    piped = beep("export", "-", *SHORT_OPTIONS, "--subtype", "float")

    assert (tmp_path / "path.wav").read_bytes() == memory.getvalue() == piped.stdout
    assert [(made.frames, made.clipped, made.data_bytes) for made in done] == [(48_000, 0, 384_000)] * 2
    np.testing.assert_array_equal(soundfile.read(tmp_path / "path.wav", dtype="float32")[0], render(SHORT))


def test_suffix_in_capitals_is_a_suffix(tmp_path):
    """The suffix says the format, also in capitals; a path may be text."""
    export(SHORT, str(tmp_path / "A.FLAC"))

    assert soundfile.info(tmp_path / "A.FLAC").format == "FLAC"


@pytest.mark.parametrize("subtype", ["pcm16", "pcm24", "float"])
@pytest.mark.parametrize("reader", ["sox", "ffmpeg", "aplay"])
def test_pipe_is_read(tmp_path, beep, program, reader, subtype):
    """sox and ffmpeg read the same samples from the stream as from a file, and aplay plays it."""
    (tmp_path / "alsa.conf").write_text("pcm.null { type null }")  # a sound card that needs none
    command = {
        "sox": [program("sox", package="sox"), "-", "-t", "f32", "-"],
        "ffmpeg": [program("ffmpeg", package="ffmpeg"), "-v", "error", "-i", "-", "-f", "f32le", "-"],
        "aplay": [program("aplay", package="alsa-utils"), "-q", "-D", "null"],
    }[reader]
    environment = {**os.environ, "ALSA_CONFIG_PATH": str(tmp_path / "alsa.conf")}
    with beep.start("export", "-", "-q", *SHORT_OPTIONS, "--subtype", subtype, stdout=subprocess.PIPE) as running:
        done = subprocess.run(command, stdin=running.stdout, env=environment, capture_output=True)

    assert (running.returncode, done.returncode, done.stderr) == (0, 0, b"")
    assert len(done.stdout) == (0 if reader == "aplay" else render(SHORT).nbytes)


@pytest.mark.parametrize("command", [("export", "-"), ("track", "--step-s", 0.001), ("show",), ("--help",)])
def test_closed_pipe_is_no_error(beep, command):
    """A reader that has gone ends the program quietly with status 0, before the first byte and after it."""
    for read in (0, 500):
        with beep.start(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
            running.stdout.read(read)
            running.stdout.close()

            assert running.stderr.read() == b""
        assert running.returncode == 0


def test_progress_ends_at_the_last_frame(tmp_path):
    """The progress function hears rising numbers of frames, the last of which is all."""
    calls = []
    export(Scenario(duration_s=3), tmp_path / "a.wav", progress=lambda done, frames: calls.append((done, frames)))

    assert calls == sorted(calls)
    assert calls[-1] == (144_000, 144_000)
    assert {frames for _, frames in calls} == {144_000}


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_less_than_a_sample(tmp_path, suffix):
    """A recording of less than a sample is refused, or its file can be read."""
    path = tmp_path / f"empty{suffix}"
    try:
        export(Scenario(duration_s=1e-6), path)
    except BeepError:
        assert not path.exists()
    else:
        assert soundfile.info(path).frames == 0


@pytest.mark.parametrize("name", ["pcm16.wav", "pcm24.wav", "float.wav", "pcm16.flac", "pcm24.flac"])
def test_scenario_is_in_the_comment_and_two_runs_are_equal(tmp_path, program, name):
    """The comment gives back the scenario, through soundfile and ffprobe, and a second run gives the same bytes."""
    scenario = Scenario(station="dallas", start="1957-10-07T05:00Z", duration_s=1, mix="mono", tone_hz=1234.5)
    path = tmp_path / name
    export(scenario, path, subtype=path.stem)
    export(scenario, tmp_path / f"again{path.suffix}", subtype=path.stem)
    command = [
        program("ffprobe", package="ffmpeg"),
        "-v",
        "error",
        "-of",
        "json",
        "-show_entries",
        "format_tags=comment",
    ]
    probed = json.loads(subprocess.run([*command, path], capture_output=True, check=True).stdout)
    with soundfile.SoundFile(path) as file:
        comments = [file.comment, probed["format"]["tags"]["comment"]]

    assert [from_dict(json.loads(comment)) for comment in comments] == [scenario, scenario]
    assert path.read_bytes() == (tmp_path / f"again{path.suffix}").read_bytes()


# --- memory -----------------------------------------------------------------------------------------------------


def peak_memory(command):
    """Bytes that a command needed at most; a small parent measures, for a child inherits the peak of its parent."""
    measure = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", measure, *command], capture_output=True, check=True)
    return int(done.stdout) * (1 if sys.platform == "darwin" else 1024)


def test_memory_does_not_grow(beep):
    """Twenty minutes of stereo need as little memory as five, and less than 64 MiB."""
    short, long = (peak_memory(beep.command("export", "-", "-q", "--duration-s", s)) for s in (300, 1200))
    print(f"peak memory: {short / MIB:.1f} MiB for 5 minutes, {long / MIB:.1f} MiB for 20")

    assert max(short, long) < MOST_MEMORY
    assert abs(long - short) < MEMORY_GROWTH


def test_memory_does_not_grow_with_everything_on(beep, tmp_path):
    """Neither do eight minutes with every effect and the truth beside them need more than two."""
    options = ("--character", "tape", "--ionosphere", "noon", "--spin-rpm", 7, "--keying", "9:0.2:0.4", "--force")
    command = beep.command("export", "-", "-q", *options, "--tca-s", 100, "--truth", tmp_path / "a.json")
    short, long = (peak_memory([*command, "--duration-s", str(s)]) for s in (120, 480))
    print(f"peak memory: {short / MIB:.1f} MiB for 2 minutes, {long / MIB:.1f} MiB for 8")

    assert abs(long - short) < MEMORY_GROWTH


# --- what it prints ----------------------------------------------------------------------------------------------


def test_export_says_how_strong_and_through_what(beep):
    """C/N0 of each carrier at closest approach is printed, and the layer that the sun chose."""
    where = ("--station", "banbury", "--start", "1957-10-13T05:20Z", "--ionosphere", "auto")
    ran = beep("export", "a.wav", *where, "--duration-s", 1)

    assert "C/N0 at TCA: 59.1 dB-Hz at 20.005 MHz, 61.2 dB-Hz at 40.002 MHz" in ran.stderr
    assert "ionosphere: dawn at 05:24 local solar time, foF2 5.5 MHz, peak at 320 km, scale height 45 km" in ran.stderr
