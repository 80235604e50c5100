"""Doppler taken out of recordings: our own pass stands still, and twice with opposite sign is the input."""

import csv
import json

import numpy as np
import pytest
import soundfile

from beep.base.errors import OutputError, RecordingError
from beep.output.correct import correct
from beep.output.export import export
from beep.output.iq import export_iq
from beep.scenario.carriers import Carrier
from beep.scenario.scenario import Scenario

ISS = """ISS (ZARYA)
1 25544U 98067A   18184.80969102  .00001614  00000-0  31745-4 0  9993
2 25544  51.6414 295.8524 0003435 262.6267 204.2868 15.54005638121106"""  # CelesTrak, 3 July 2018
START = "2018-07-03T22:00:00Z"
STEADY = (Carrier(frequency_mhz=20.005, sends="always"), Carrier(frequency_mhz=40.002, sends="always"))
DALLAS = Scenario(station="dallas", start="1957-10-07T05:00Z", duration_s=20, noise="off", carriers=STEADY)
TOLERANCE_HZ = 0.01
SOUND_TOLERANCE_HZ = 0.02  # of a mean over 3 s: the filter's ripple


def frequency_hz(samples, rate_hz):
    """Mean frequency and largest deviation of the phase from a straight line, turns."""
    turns = np.unwrap(np.angle(samples.astype(complex))) / (2 * np.pi)
    t_s = np.arange(turns.size) / rate_hz
    line = np.polyfit(t_s, turns, 1)
    return line[0], np.abs(turns - np.polyval(line, t_s)).max()


@pytest.mark.parametrize(("name", "given"), [("a.sigmf-meta", {}), ("a.wav", {"subtype": "float"}), ("a.cs16", {})])
def test_own_pass_stands_still(tmp_path, name, given):
    """The carrier is at its own frequency all the time; the start comes from the metadata, or as an argument."""
    export_iq(DALLAS, tmp_path / name, **given)
    known = {"sample_rate_hz": 48_000, "center_mhz": 20, "start": "1957-10-07T05:09:16.873287Z"} if "cs" in name else {}
    correct(tmp_path / name, tmp_path / f"new-{name}", station="dallas", frequency_mhz=(20.005,), **known)
    data = (tmp_path / f"new-{name.replace('meta', 'data')}").read_bytes()
    if name == "a.cs16":
        samples = np.frombuffer(data, "<i2").reshape(-1, 2) @ [1, 1j]
    else:
        samples = np.frombuffer(data[228 if name == "a.wav" else 0 :], "<c8")
    mean_hz, turns = frequency_hz(samples, 48_000)

    assert mean_hz == pytest.approx(5000, abs=TOLERANCE_HZ)
    assert turns < (1e-2 if name == "a.wav" else 1e-3)  # auxi has milliseconds
    if name == "a.sigmf-meta":
        pytest.importorskip("sigmf").fromfile(str(tmp_path / "new-a.sigmf-meta")).validate()
    if name == "a.wav":
        assert data[:228] == (tmp_path / name).read_bytes()[:228]


@pytest.mark.parametrize("suffix", [".cf32", ".cs16", ".cu8", ".cs8"])
def test_twice_with_opposite_sign_is_the_input(tmp_path, suffix):
    """Float samples come back but for rounding; whole numbers within one step."""
    path, source = tmp_path / f"a{suffix}", np.random.default_rng(1)
    dtype = {".cf32": "<f4", ".cs16": "<i2", ".cu8": "u1", ".cs8": "i1"}[suffix]
    values = 0.2 * source.standard_normal(2 * 50_000)
    scale = {".cf32": 1, ".cs16": 2**15, ".cu8": 127.5, ".cs8": 128}[suffix]
    zero = 127.5 if suffix == ".cu8" else 0
    whole = values * scale + zero if suffix == ".cf32" else np.clip(np.rint(values * scale + zero), *_limits(dtype))
    whole.astype(dtype).tofile(path)
    known = {"station": "52.2,0.1,20", "tle": ISS, "start": START, "sample_rate_hz": 10_000, "frequency_mhz": (145.8,)}
    correct(path, tmp_path / f"b{suffix}", **known)
    correct(tmp_path / f"b{suffix}", tmp_path / f"c{suffix}", reverse=True, **known)
    before, after = (np.fromfile(tmp_path / f"{name}{suffix}", dtype).astype(float) for name in "ac")

    assert not np.array_equal(before, np.fromfile(tmp_path / f"b{suffix}", dtype))
    inside = np.hypot(*(before.reshape(-1, 2).T - zero)).repeat(2) < 0.7 * scale if scale > 1 else slice(None)
    assert np.abs(after - before)[inside].max() <= (1e-6 if scale == 1 else 1)


def _limits(dtype):
    return np.iinfo(dtype).min, np.iinfo(dtype).max


def test_truth_is_what_was_taken_out(tmp_path, beep):
    """A steady tone moves by minus the Doppler of the table beside it; `beep track` prints the same numbers."""
    np.ones(120 * 8_000, "<c8").tofile(tmp_path / "a.cf32")
    (tmp_path / "iss.tle").write_text(ISS)
    said = beep(
        *("correct", "a.cf32", "b.cf32", "--tle", "iss.tle", "--station", "52.2,0.1,20", "--start", START),
        *("--frequency-mhz", 145.8, "--sample-rate-hz", "8k", "--truth", "b.csv"),
    )
    assert said.status == 0, said.stderr
    with open(tmp_path / "b.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    turns = np.unwrap(np.angle(np.fromfile(tmp_path / "b.cf32", "<c8").astype(complex))) / (2 * np.pi)
    for row in rows[1:-1:20]:
        at = round(float(row["t_s"]) * 8_000)
        measured_hz = (turns[at + 800] - turns[at - 800]) * 8_000 / 1600
        assert measured_hz == pytest.approx(-float(row["doppler_145.8_hz"]), abs=1e-3)
    assert len(rows) == 121


def test_sound(tmp_path):
    """Both tones of a stereo recording stand still, each by its own frequency."""
    export(Scenario(**{**vars(DALLAS), "duration_s": 5}), tmp_path / "a.wav", subtype="pcm24")
    correct(
        tmp_path / "a.wav",
        tmp_path / "b.wav",
        station="dallas",
        start="1957-10-07T05:09:24.373287Z",
        frequency_mhz=(20.005, 40.002),
    )
    samples, rate_hz = soundfile.read(tmp_path / "b.wav")
    for channel, tone_hz in enumerate((1000.0, 1000 * 40.002 / 20.005)):
        turned = samples[rate_hz:-rate_hz, channel] * np.exp(-2j * np.pi * tone_hz * np.arange(3 * rate_hz) / rate_hz)
        smooth = turned.reshape(-1, 480).mean(axis=1)
        assert frequency_hz(smooth, 100)[0] == pytest.approx(0, abs=SOUND_TOLERANCE_HZ)
    assert soundfile.info(tmp_path / "b.wav").subtype == "PCM_24"


def test_start_is_in_our_own_sound_and_its_comment_goes(tmp_path):
    """A WAV of ours says when it began; the corrected one no longer says that it has a Doppler, and stays readable."""
    sound = Scenario(
        station="dallas", start="1957-10-07T05:00Z", duration_s=4, noise="off", mix="20", sample_rate_hz=8000
    )
    export(sound, tmp_path / "a.wav")
    made = correct(tmp_path / "a.wav", tmp_path / "b.wav", station="dallas", frequency_mhz=(20.005,))
    with soundfile.SoundFile(tmp_path / "a.wav") as old, soundfile.SoundFile(tmp_path / "b.wav") as new:
        comments, frames = (old.comment, new.comment), (old.frames, new.frames)

    assert f"{made.reception.epoch:%H:%M:%S}" == "05:09:24"
    assert comments[0]
    assert comments[1] == ""
    assert frames[0] == frames[1]
    assert (tmp_path / "a.wav").stat().st_size == (tmp_path / "b.wav").stat().st_size


def test_metadata_stay(tmp_path):
    """What the metadata say stays, but for the hash, the description, and frequencies that have moved."""
    export_iq(Scenario(**{**vars(DALLAS), "duration_s": 2}), tmp_path / "a.sigmf-meta", subtype="cs16")
    correct(tmp_path / "a.sigmf-meta", tmp_path / "b.sigmf-meta", station="dallas")
    old, new = (json.loads((tmp_path / f"{name}.sigmf-meta").read_text()) for name in "ab")
    changed = {name for name in new["global"] if new["global"][name] != old["global"].get(name)}

    assert changed == {"core:sha512", "core:description"}
    assert new["global"]["core:description"] == "Sputnik 1 over Dallas, 7 October 1957; Doppler taken out"
    assert new["captures"] == old["captures"]
    assert new["annotations"][0].keys() == old["annotations"][0].keys() - {
        *("core:freq_lower_edge", "core:freq_upper_edge", "beep:frequency_hz")
    }


# --- faults -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.wav", "b.wav"), "cannot read none.wav: No such file"),
        (("a.ogg", "b.ogg"), "the recording must end in .sigmf-meta, .wav"),
        (("a.cf32", "b.wav"), "the corrected file must end in .cf32"),
        (("a.cf32", "b.cf32"), "the sample rate must be"),
        (("a.cf32", "b.cf32", "--sample-rate-hz", 2000), "the orbit needs the time of the first sample"),
        (("a.cf32", "b.cf32", "--sample-rate-hz", 2000, "--start", "x"), "start"),
        (("a.cf32", "b.cf32", "--sample-rate-hz", 2000, "--start", "1957-10-07T05:09Z"), "--frequency-mhz must be"),
        (("empty.cf32", "b.cf32", "--sample-rate-hz", 2000), "must have samples"),
        (("bad.sigmf-meta", "b.sigmf-meta"), "bad.sigmf-meta is damaged or incomplete"),
        (("odd.sigmf-meta", "b.sigmf-meta"), "odd.sigmf-meta is damaged or incomplete"),
        (("bad.wav", "b.wav"), "bad.wav is damaged or incomplete"),
        (("text.wav", "b.wav"), "text.wav is no WAV file"),
        (
            ("a.cf32", "b.cf32", *("--sample-rate-hz", 2000, "--start", START, "--frequency-mhz", "-1")),
            "must be above 0",
        ),
        (("list.sigmf-meta", "b.sigmf-meta"), "list.sigmf-meta is damaged or incomplete"),
        (("deep.sigmf-meta", "b.sigmf-meta"), "deep.sigmf-meta is damaged or incomplete"),
        (("huge.wav", "b.wav"), "huge.wav is damaged or incomplete"),
        (("a.cf32", "b.cf32", "--truth", "b.txt"), "the truth file must end in .csv or .json"),
    ],
)
def test_refused(tmp_path, beep, arguments, said):
    """One line each, and no new file."""
    np.ones(4_000, "<c8").tofile(tmp_path / "a.cf32")
    for name, content in {
        "empty.cf32": b"",
        "bad.sigmf-meta": b"{",
        "odd.sigmf-meta": b'{"global": 1}',
        "bad.wav": b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0",
        "text.wav": b"hello",
        "list.sigmf-meta": b'{"global": {}, "captures": [{}], "annotations": [1]}',
        "deep.sigmf-meta": b"[" * 100_000,
        "huge.wav": b"RIFF\0\0\0\0WAVEjunk\xf0\xff\xff\xff" + bytes(100),
    }.items():
        (tmp_path / name).write_bytes(content)
    before = sorted(tmp_path.iterdir())
    ran = beep("correct", *arguments, "--station", "dallas")

    assert (ran.status, ran.stderr.count("\n")) == (1, 1), ran.stderr
    assert said in ran.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_existing_file_is_kept(tmp_path):
    """A file that exists is not replaced without `force`; with it, a recording may replace itself."""
    export_iq(Scenario(**{**vars(DALLAS), "duration_s": 1}), tmp_path / "a.wav")
    before = (tmp_path / "a.wav").read_bytes()
    with pytest.raises(OutputError, match="already exists"):
        correct(tmp_path / "a.wav", tmp_path / "a.wav", station="dallas")
    assert (tmp_path / "a.wav").read_bytes() == before
    correct(tmp_path / "a.wav", tmp_path / "a.wav", station="dallas", force=True)
    assert (tmp_path / "a.wav").read_bytes()[:216] == before[:216]


def test_unknown_samples_are_refused(tmp_path):
    """SigMF of several channels is refused with the reason."""
    meta = {"global": {"core:datatype": "cf32_le", "core:num_channels": 2}, "captures": [{}], "annotations": []}
    (tmp_path / "a.sigmf-meta").write_text(json.dumps(meta))
    with pytest.raises(RecordingError, match="must have one channel"):
        correct(tmp_path / "a.sigmf-meta", tmp_path / "b.sigmf-meta", station="dallas")
