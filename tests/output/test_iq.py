"""I/Q files, read by programs and libraries that are not ours."""

import errno
import hashlib
import json
import re
import tarfile
import wave
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import soundfile

from beep.base.errors import OutputError, ScenarioError
from beep.output.iq import export_iq, iq_wav_header
from beep.scenario.scenario import Carrier, Scenario
from beep.scenario.toml import from_dict
from beep.stream.baseband import iq_blocks, tune

DALLAS = Scenario(station="dallas", start="1957-10-07T05:00Z", duration_s=20)
STILL = Scenario(still=True, duration_s=2)
EDGE_TOLERANCE_S = 1e-4
FREQUENCY_TOLERANCE_HZ = 1.0
ROUNDING = {"cf32": 0, "cs16": 0.51 / 2**15, "cu8": 0.51 / 127}  # of full scale
OPTIONS = ("--duration-s", 2)


@pytest.fixture
def sigmf():
    """The library of SigMF."""
    return pytest.importorskip("sigmf")


def samples_of(scenario, **settings):
    tuning = tune(scenario, **settings)
    return np.concatenate(list(iq_blocks(tuning)))[:, 0]


# --- SigMF ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subtype", ["cf32", "cs16", "cu8"])
def test_pair_is_valid_sigmf(tmp_path, sigmf, subtype):
    """The library of SigMF validates the pair and its hash, and reads the samples, their time, place and frequency."""
    export_iq(DALLAS, tmp_path / "a.sigmf-meta", subtype=subtype)
    recording = sigmf.fromfile(str(tmp_path / "a.sigmf-meta"))
    recording.validate()
    about, (capture,) = recording.get_global_info(), recording.get_captures()

    assert recording.sample_rate == 48_000
    assert capture["core:frequency"] == 20_000_000
    assert datetime.fromisoformat(capture["core:datetime"]).isoformat() == "1957-10-07T05:09:16.873287+00:00"
    assert about["core:geolocation"]["coordinates"] == [-96.8, 32.78, 135]
    assert about["core:hw"] == "simulated"
    assert from_dict(about["beep:recipe"]) == Scenario(**{**vars(DALLAS), "level_dbfs": -20})
    read = recording.read_samples()
    zero = (1 + 1j) * (0.5 / 128 if subtype == "cu8" else 0)  # the library takes 128 as the zero of unsigned samples
    scale = 128 / 127.5 if subtype == "cu8" else 1
    differ = (read + zero) * scale - samples_of(DALLAS)
    assert np.abs([differ.real, differ.imag]).max() <= ROUNDING[subtype]


def test_annotations_are_on_the_pulses(tmp_path, sigmf):
    """Start, end and frequency of each annotation, measured in the samples; in order, and inside the file."""
    export_iq(Scenario(**{**vars(DALLAS), "noise": "off"}), tmp_path / "a.sigmf-meta")
    recording = sigmf.fromfile(str(tmp_path / "a.sigmf-meta"))
    samples, notes = recording.read_samples(), recording.get_annotations()
    envelope = np.abs(samples)
    starts = [note["core:sample_start"] for note in notes]

    assert len(notes) in (33, 34)  # in 20 s
    assert starts == sorted(starts)
    assert starts[0] >= 0
    assert starts[-1] + notes[-1]["core:sample_count"] <= len(samples)
    whole = [note for note in notes if 1000 < note["core:sample_start"] < len(samples) - 16_000]
    for note in whole:
        start, count = note["core:sample_start"], note["core:sample_count"]
        pulse = slice(start - 1000, start + count + 1000)
        above = np.flatnonzero(envelope[pulse] > envelope[start + count // 2] / 2)
        assert (above[0] - 1000) / 48_000 == pytest.approx(0, abs=EDGE_TOLERANCE_S)
        assert (above[-1] + 1 - 1000 - count) / 48_000 == pytest.approx(0, abs=EDGE_TOLERANCE_S)
        inside = np.unwrap(np.angle(samples[start + 500 : start + count - 500]))
        slope = np.polyfit(np.arange(inside.size) / 48_000, inside / (2 * np.pi), 1)[0]
        edges_hz = note["core:freq_lower_edge"], note["core:freq_upper_edge"]
        assert 20e6 + slope == pytest.approx(np.mean(edges_hz), abs=FREQUENCY_TOLERANCE_HZ)
        assert 20e6 + slope == pytest.approx(note["beep:frequency_hz"], abs=FREQUENCY_TOLERANCE_HZ)
    assert len(whole) >= 31


def test_pulses_below_the_horizon_have_no_annotation(tmp_path, sigmf):
    """A carrier that always sends has one annotation; what nobody receives has none."""
    for name, scenario, expected in (
        ("always", Scenario(carriers=(Carrier(frequency_mhz=20.005, sends="always"),), duration_s=5), 1),
        ("below", Scenario(tca_s=-1000, duration_s=5), 0),
    ):
        export_iq(scenario, tmp_path / f"{name}.sigmf-meta")
        recording = sigmf.fromfile(str(tmp_path / f"{name}.sigmf-meta"))
        recording.validate()
        assert [note["core:sample_count"] for note in recording.get_annotations()] == [5 * 48_000] * expected


def test_collection(tmp_path, sigmf):
    """Both carriers on one time base: hashes verify, streams validate, and the differential phase is coherent."""
    made = export_iq(Scenario(**{**vars(STILL), "noise": "off"}), tmp_path / "both.sigmf-collection")
    both = sigmf.fromfile(str(tmp_path / "both.sigmf-collection"))
    both.verify_stream_hashes()

    assert list(both.get_stream_names()) == ["both-20", "both-40"]
    assert len(made.files) == len(list(tmp_path.iterdir())) == 5
    for name, center_hz in (("both-20", 20_000_000), ("both-40", 39_997_000)):
        stream = both.get_SigMFFile(name)
        stream.validate()
        assert stream.get_captures()[0]["core:frequency"] == center_hz
        np.testing.assert_array_equal(
            stream.read_samples(), samples_of(Scenario(**{**vars(STILL), "noise": "off"}), center_hz=center_hz)
        )


def test_archive(tmp_path, sigmf):
    """A .sigmf archive is an ordinary tar file that the library reads, with the same bytes as the pair."""
    export_iq(STILL, tmp_path / "a.sigmf")
    export_iq(STILL, tmp_path / "a.sigmf-meta")
    sigmf.fromfile(str(tmp_path / "a.sigmf")).validate()

    with tarfile.open(tmp_path / "a.sigmf") as archive:
        assert sorted(archive.getnames()) == ["a/a.sigmf-data", "a/a.sigmf-meta"]
        for suffix in ("data", "meta"):
            member = archive.extractfile(f"a/a.sigmf-{suffix}")
            assert member.read() == (tmp_path / f"a.sigmf-{suffix}").read_bytes()


def test_namespace_has_a_schema(tmp_path):
    """The fields of our namespace are those of the schema in docs/, and of the right kind."""
    jsonschema = pytest.importorskip("jsonschema")
    export_iq(DALLAS, tmp_path / "a.sigmf-meta")
    meta = json.loads((tmp_path / "a.sigmf-meta").read_text())
    schema = json.loads((Path(__file__).parents[2] / "docs" / "sigmf-beep.schema.json").read_text())
    for part, content in (("global", meta["global"]), ("annotation", meta["annotations"][0])):
        ours = {name: value for name, value in content.items() if name.startswith("beep:")}
        jsonschema.validate(ours, {**schema["$defs"][part], "additionalProperties": False})
        assert ours.keys() == schema["$defs"][part]["properties"].keys()


# --- WAV and raw ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("subtype", "header"), [("pcm16", 216), ("pcm24", 216), ("float", 228)])
def test_wav(tmp_path, subtype, header):
    """soundfile reads I and Q as left and right, `auxi` has start and frequency, and nothing follows the samples."""
    export_iq(DALLAS, tmp_path / "a.wav", subtype=subtype)
    data = (tmp_path / "a.wav").read_bytes()
    pairs, rate_hz = soundfile.read(tmp_path / "a.wav")
    chunks = data[: data.index(b"data")]
    auxi = data[data.index(b"auxi") + 8 :]

    assert rate_hz == 48_000
    frame = {"pcm16": 4, "pcm24": 6, "float": 8}[subtype]
    assert len(data) == header + 20 * 48_000 * frame
    assert len(chunks) + 8 == header
    step = {"pcm16": 2**-15, "pcm24": 2**-23, "float": 0}[subtype]
    assert np.abs(pairs @ [1, 1j] - samples_of(DALLAS)).max() <= step
    assert np.frombuffer(auxi[:32], "<u2").tolist() == [1957, 10, 1, 7, 5, 9, 16, 873, 1957, 10, 1, 7, 5, 9, 36, 873]
    assert np.frombuffer(auxi[32:44], "<u4").tolist() == [20_000_000, 48_000, 0]
    if subtype == "pcm16":
        with wave.open(str(tmp_path / "a.wav")) as file:
            assert file.getparams()[:4] == (2, 2, 48_000, 20 * 48_000)
    if subtype != "pcm24":  # a reader that takes every byte after the 44th as a sample keeps I and Q in their places
        assert (header - 44) % frame == 0


def test_wav_ends_at_4_gib():
    """More than 4 GiB is refused, with what to take instead."""
    with pytest.raises(OutputError, match=r"below 4 GiB, got 4.5; take .sigmf-meta or .cf32"):
        iq_wav_header(tune(Scenario(duration_s=25_000)), "pcm16")


@pytest.mark.parametrize(("subtype", "dtype"), [("cf32", "<c8"), ("cs16", "<i2"), ("cu8", "u1")])
def test_raw_on_stdout(tmp_path, beep, subtype, dtype):
    """NumPy reads a raw file, and a pipe has the same bytes; the image is 60 dB down and more in float."""
    assert beep("export", f"a.{subtype}", *OPTIONS).status == 0
    piped = beep("export", "-", "--iq", "--subtype", subtype, *OPTIONS)
    data = (tmp_path / f"a.{subtype}").read_bytes()

    assert (piped.status, piped.stdout == data) == (0, True)
    values = np.frombuffer(data, dtype)
    if subtype != "cf32":
        offset, scale = {"cs16": (0, 2**15), "cu8": (127.5, 127.5)}[subtype]
        values = (values.reshape(-1, 2).astype(float) - offset) / scale @ [1, 1j]
    assert np.abs(values - samples_of(Scenario(duration_s=2))).max() <= 1.5 * ROUNDING[subtype]


def test_image_is_60_db_down():
    """A carrier above the center is not below it."""
    quiet = Scenario(**{**vars(STILL), "noise": "off", "carriers": (Carrier(frequency_mhz=20.005, sends="always"),)})
    power = np.abs(np.fft.fft(samples_of(quiet)[:48_000])) ** 2

    assert np.argmax(power) == 5000
    assert 10 * np.log10(power[5000] / power[43_000]) > 100


@pytest.mark.parametrize(
    ("name", "file", "expected"),
    [
        ("satdump", "a.wav", "1957-10-07_05-09-16_48000SPS_20000000Hz.wav"),
        ("gqrx", "a.cf32", "gqrx_19571007_050916_20000000_48000_fc.raw"),
        ("gqrx", "a.sigmf-meta", "gqrx_19571007_050916_20000000_48000_fc.sigmf-meta"),
        ("rtl_433", "a.cu8", "g001_20M_48k.cu8"),
    ],
)
def test_names_that_programs_read(tmp_path, name, file, expected):
    """Frequency and rate in the name, as each program reads them."""
    assert export_iq(DALLAS, tmp_path / file, name=name).files[-1] == str(tmp_path / expected)


# --- faults -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.sigmf-meta", "a.sigmf", "a.sigmf-collection"])
def test_disk_full_between_data_and_metadata(tmp_path, monkeypatch, name):
    """Where the second file of a pair cannot be written, the first does not appear, and old ones stay."""

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    export_iq(STILL, tmp_path / name)
    before = {path.name: hashlib.sha256(path.read_bytes()).digest() for path in tmp_path.iterdir()}
    monkeypatch.setattr("beep.output.iq.write_meta", full)
    with pytest.raises(OutputError, match="No space left on device"):
        export_iq(Scenario(**{**vars(STILL), "seed": 1}), tmp_path / name, force=True)

    assert {path.name: hashlib.sha256(path.read_bytes()).digest() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a.flac", "--iq"), "the name of an I/Q file must end in .sigmf-meta, .*, got 'a.flac'"),
        (("a", "--iq"), "must end in"),
        (("a.sigmf-data",), "must end in .sigmf-meta"),
        (("a.cs16", "--subtype", "cu8"), ".cs16 holds cs16, got subtype 'cu8'"),
        (("a.wav", "--iq", "--subtype", "cs16"), ".wav holds pcm16 or pcm24 or float, got subtype 'cs16'"),
        (("a.wav", "--subtype", "cs16"), "--subtype cs16 is for I/Q, got a.wav; give --iq"),
        (("a.wav", "--center-mhz", 20), "--center-mhz is for I/Q, got a.wav; give --iq"),
        (("a.cf32", "--agc"), "I/Q is the signal before the receiver, got --agc; drop it"),
        (("a.cf32", "--character", "ham"), "got --character; drop it"),
        (("a.cf32", "--mix", "20"), "got --mix; drop it"),
        (("a.cf32", "--center-mhz", 30), "29.976 to 30.024 MHz does not hold 20.005 nor 40.002 MHz"),
        (("a.cf32", "--center-mhz", "nan"), "center_mhz must be"),
        (("a.sigmf-collection", "--center-mhz", 20), "a collection has a center for each carrier"),
        (("-", "--iq", "--name", "gqrx"), "a stream has no name, got name 'gqrx'"),
        (("a.cu8", "--name", "gqrx"), "gqrx reads complex float samples, got .cu8"),
        (("a.wav", "--sample-rate-hz", "2.4M"), "sample_rate_hz of sound must be at most 384000"),
    ],
)
def test_refused(tmp_path, beep, arguments, said):
    """One line each, and no file."""
    ran = beep("export", *arguments, *OPTIONS)

    assert (ran.status, ran.stderr.count("\n")) == (1, 1)
    assert re.search(said.replace("_", "[-_]"), ran.stderr), ran.stderr
    assert list(tmp_path.iterdir()) == []


def test_clipping_is_counted(beep):
    """Values beyond full scale are counted and said."""
    ran = beep("export", "a.cu8", *OPTIONS, "--level-dbfs", 0, "--noise", "city")

    assert ran.status == 0
    assert "values were clipped at full scale; lower --level-dbfs" in ran.stderr


def test_receiver_of_a_preset_is_named(beep):
    """What a preset sets of the receiver is not used in I/Q, and that is said."""
    ran = beep("export", "a.cu8", "--preset", "dallas", *OPTIONS)

    assert "of the scenario not used" in ran.stderr
    assert "tone_hz" in ran.stderr


def test_no_sample():
    """A recording that is shorter than a sample is refused."""
    with pytest.raises(ScenarioError, match="at least one sample"):
        export_iq(Scenario(duration_s=1e-6), "never.cf32")
