"""Reading any recording back, and refusing what is none."""

import io
import os
import struct
import subprocess
import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beep.base.errors import BeepError, RecordingError
from beep.measuring.measure import measure
from beep.measuring.recording import open_recording, recording_of
from beep.output.wav import write_wav

RATE_HZ = 8000


def some_wav(frames=RATE_HZ * 2, *, rate_hz=RATE_HZ, subtype="pcm16", comment=""):
    """Bytes of a WAV with a quiet ramp."""
    file = io.BytesIO()
    samples = np.linspace(-0.5, 0.5, frames, dtype=np.float32)[:, None]
    write_wav(file, [samples], frames=frames, sample_rate_hz=rate_hz, channels=1, subtype=subtype, comment=comment)
    return file.getvalue()


def read(source):
    with open_recording(source) as recording:
        return recording, np.concatenate(list(recording.blocks()))


@pytest.mark.parametrize("kind", ["wav", "rf64", "w64", "flac", "aiff", "au", "caf", "ogg", "mp3"])
def test_what_libsndfile_reads(kind: str, tmp_path) -> None:
    """The format is known by its content, whatever the file is called."""
    path = tmp_path / "tape.raw"
    samples = 0.5 * np.sin(np.arange(2 * 22_050) / 20)
    soundfile.write(path, np.stack([samples, -samples], 1), 22_050, format=kind)
    recording, back = read(path)
    assert (recording.sample_rate_hz, recording.channels, recording.frames) == (22_050, 2, 44_100)
    if kind != "mp3":  # which begins with a delay
        assert np.abs(back[:, 0] - samples).mean() < 0.01  # Vorbis loses something


def test_eight_bits_are_full_scale_one(tmp_path) -> None:
    """Unsigned bytes: 128 is silence."""
    soundfile.write(tmp_path / "a.wav", np.full(RATE_HZ, 0.5), RATE_HZ, subtype="PCM_U8")
    assert np.all(read(tmp_path / "a.wav")[1] == 0.5)


def test_odd_chunks_and_the_comment(tmp_path) -> None:
    """Chunks that nobody knows, of odd length, are stepped over; the comment is what the file says."""
    data = some_wav(comment="a tape")
    odd = data[:36] + b"junk" + struct.pack("<I", 3) + b"abc\0" + data[36:]
    (tmp_path / "odd.wav").write_bytes(odd)
    recording, samples = read(tmp_path / "odd.wav")
    assert recording.comment == "a tape"
    assert np.array_equal(samples, read(io.BytesIO(data))[1])


def test_any_start_and_stop() -> None:
    """Blocks from anywhere are parts of the whole."""
    with open_recording(io.BytesIO(some_wav())) as recording:
        whole = np.concatenate(list(recording.blocks()))
        part = np.concatenate(list(recording.blocks(start=100, stop=900)))
    assert np.array_equal(part, whole[100:900])


def test_a_pipe_with_unknown_length(program) -> None:
    """What sox writes into a pipe says no honest length; all of it is read."""
    sox = program("sox", package="sox")
    made = subprocess.run(
        [sox, "-q", "-n", "-r", "8000", "-t", "wav", "-", "synth", "3", "sine", "500"], capture_output=True, check=True
    )
    assert read(io.BytesIO(made.stdout))[0].frames == 3 * RATE_HZ


def wrong_files(folder):
    wav = some_wav()
    (folder / "empty.wav").write_bytes(b"")
    (folder / "cut.wav").write_bytes(wav[:30])
    (folder / "text.wav").write_text("beep, beep, beep\n" * 100)
    (folder / "one.wav").write_bytes(some_wav(1))
    (folder / "zero.wav").write_bytes(wav[:24] + struct.pack("<I", 0) + wav[28:])
    (folder / "folder.wav").mkdir()
    bad = np.zeros((RATE_HZ * 2, 1), np.float32)
    bad[5000] = np.nan
    soundfile.write(folder / "nan.wav", bad, RATE_HZ, subtype="FLOAT")
    with (folder / "sparse.wav").open("wb") as file:
        os.truncate(file.fileno(), 10 << 30)
    return {
        "empty": "which is empty",
        "cut": "CAF, OGG or MP3, got .*cut.wav ",
        "text": "begins with b'beep, beep, '",
        "one": "must last 1 s",
        "zero": "got",
        "folder": "[Dd]irectory",
        "nan": "finite and at most 1e.06, .* in frame 5000",
        "sparse": r"begins with b'.x00",
        "missing": "no such file: .*check its name",
    }


def test_what_is_no_recording(tmp_path) -> None:
    """Each is refused in one line with the rule, what came, the remedy."""
    for name, words in wrong_files(tmp_path).items():
        with (
            pytest.raises(RecordingError, match=words) as caught,
            open_recording(tmp_path / f"{name}.wav") as recording,
        ):
            measure(recording)
        assert "\n" not in str(caught.value)
        assert "; " in str(caught.value) or ": " in str(caught.value)


@pytest.mark.parametrize(
    "samples", [[], [0.5], np.zeros((2, 2, 2)), "beep", np.zeros(9000, complex), [None], [[1], [1, 2]]]
)
def test_what_are_no_samples(samples) -> None:
    """Arrays of other shapes and kinds are refused."""
    with pytest.raises(RecordingError):
        measure(samples, sample_rate_hz=RATE_HZ)


@pytest.mark.parametrize("rate_hz", [0, -1, 1, 8000.5, float("nan"), None, True, 1_000_001])
def test_what_is_no_rate(rate_hz) -> None:
    """A rate is a whole number of samples a second in which a beep can be heard."""
    with pytest.raises(RecordingError):
        measure(np.zeros(100_000), sample_rate_hz=rate_hz)


def test_infinite_samples() -> None:
    """An infinity is named with its frame."""
    samples = np.zeros(RATE_HZ * 2)
    samples[77] = np.inf
    with pytest.raises(RecordingError, match="frame 77 "):
        list(recording_of(samples, sample_rate_hz=RATE_HZ).blocks())


@pytest.mark.parametrize("value", [1.1e6, -1e30, 1e300])
def test_huge_samples(value) -> None:
    """Beyond a million times full scale is refused without a warning of NumPy; a million is read."""
    samples = np.zeros(RATE_HZ * 2)
    samples[77] = 1e6
    assert np.concatenate(list(recording_of(samples, sample_rate_hz=RATE_HZ).blocks())).max() == 1e6
    samples[77] = value
    with pytest.raises(RecordingError, match="frame 77 "):
        list(recording_of(samples, sample_rate_hz=RATE_HZ).blocks())


def compressed(kind, seconds=5):
    """Bytes of beeps at 900 Hz, 0.3 s long."""
    t_s = np.arange(seconds * 22_050) / 22_050
    file = io.BytesIO()
    noise = 0.003 * np.random.default_rng(1).standard_normal(len(t_s))
    soundfile.write(file, 0.3 * np.sin(5655 * t_s) * (t_s % 0.6 < 0.3) + noise, 22_050, format=kind)
    return bytearray(file.getvalue())


def claims_more(kind):
    """A recording of 5 s whose header says 2**31 frames, or with FLAC that the length is not known."""
    data = compressed(kind)
    if kind == "MP3":
        at = data.find(b"Xing")
        data[at + 8 : at + 12] = struct.pack(">I", 2**31 // 576)
    elif kind == "OGG":
        at = data.rfind(b"OggS")
        data[at + 6 : at + 14] = struct.pack("<Q", 2**31)
        data[at + 22 : at + 26] = bytes(4)
        data[at + 22 : at + 26] = struct.pack("<I", ogg_checksum(data[at:]))
    else:
        data[21] &= 0xF0
        data[22:26] = bytes(4)
    return bytes(data)


def ogg_checksum(page):
    """CRC of an Ogg page (RFC 3533)."""
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
    return value


@pytest.mark.parametrize("kind", ["MP3", "OGG", "FLAC"])
def test_frames_are_those_that_came(kind) -> None:
    """A header that claims too much, or nothing, costs no memory, and the beeps are those of 5 s."""
    with open_recording(io.BytesIO(claims_more(kind))) as recording:
        assert recording.frames > 2**30
        measure(recording.section(to_s=2))  # loads what is loaded once
        tracemalloc.start()
        (found,) = measure(recording)
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert found.beeps == 9
    assert found.pulse_s == pytest.approx(0.3, abs=0.001)
    assert found.pulses.whole[-1] == (found.pulses.start_s[-1] + 0.3 < 5.0)
    assert peak_bytes < 50 << 20


def test_a_stream_that_never_ends(tmp_path, monkeypatch) -> None:
    """It is read up to a limit, and nothing is left behind."""
    monkeypatch.setattr("beep.measuring.recording.MOST_STREAM_BYTES", 1 << 20)
    wav = some_wav(RATE_HZ * 100)
    with pytest.raises(RecordingError, match=r"stream may bring .* got more .*file first"):
        read(io.BytesIO(wav))
    (tmp_path / "same.wav").write_bytes(wav)
    assert read(tmp_path / "same.wav")[0].duration_s == 100  # a file has no limit


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("sent", [None, b"", b"RIFF"])
def test_a_pipe_that_stays_silent(sent, tmp_path, monkeypatch) -> None:
    """A pipe that nobody opens, or into which nothing more is written, is given up."""
    monkeypatch.setattr("beep.measuring.recording.MOST_SILENT_S", 0.3)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = None if sent is None else os.open(pipe, os.O_RDWR)
    try:
        if sent:
            os.write(writer, sent)
        with pytest.raises(RecordingError, match=r"must go on within 0\.3 s, but .*pipe is silent"):
            read(pipe)
    finally:
        os.close(os.open(pipe, os.O_RDWR) if writer is None else writer)


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no such device here")
def test_a_device_of_zeros() -> None:
    """Its first bytes are looked at, and no more than a piece is read."""
    with pytest.raises(RecordingError, match="got /dev/zero, which begins with"):
        read("/dev/zero")


@pytest.mark.parametrize(
    "kind", ["PAF", "VOC", "SD2", "MAT5", "IRCAM", "PVF", "NIST", "HTK", "AVR", "SDS", "SVX", "WVE"]
)
def test_old_formats_are_not_read(kind, tmp_path) -> None:
    """What libsndfile would read too, but nobody records in, is refused by its first bytes."""
    subtype = "ALAW" if kind == "WVE" else "PCM_16"
    soundfile.write(tmp_path / "a.wav", np.zeros(16_000), 8000, format=kind, subtype=subtype)
    with pytest.raises(RecordingError, match="a recording must be WAV, RF64, W64, FLAC, AIFF, AU, CAF, OGG or MP3"):
        read(tmp_path / "a.wav")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_damaged_files_raise_nothing_else(data) -> None:
    """A WAV with bytes changed, cut, or put in is read or refused, and nothing else happens."""
    wav = bytearray(some_wav(RATE_HZ + 100, subtype=data.draw(st.sampled_from(["pcm16", "pcm24", "float"]))))
    for _ in range(data.draw(st.integers(1, 6))):
        wav[data.draw(st.integers(0, 80))] = data.draw(st.integers(0, 255))
    wav = wav[: data.draw(st.integers(0, len(wav)))] if data.draw(st.booleans()) else wav
    try:
        with open_recording(io.BytesIO(bytes(wav))) as recording:
            for number, _ in enumerate(recording.blocks()):
                if number > 4:
                    break
    except BeepError:
        pass


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(content: bytes) -> None:
    """Whatever comes on stdin is refused with a word."""
    with pytest.raises(RecordingError, match=r"got|empty"):
        read(io.BytesIO(content))


def test_a_file_that_is_cut_off_says_so(tmp_path):
    """What the header promises and the file does not hold is told; a whole file and a stream's header tell nothing."""
    whole, cut, endless = (tmp_path / name for name in ("whole.wav", "cut.wav", "endless.wav"))
    soundfile.write(whole, np.zeros(40_000), 8000, subtype="PCM_16")
    data = whole.read_bytes()
    cut.write_bytes(data[:40_000])
    endless.write_bytes(data[:4] + b"\xff\xff\xff\xff" + data[8:])
    said = {}
    for path in (whole, cut, endless):
        with open_recording(path) as recording:
            said[path.name] = recording.missing

    assert said["whole.wav"] == said["endless.wav"] == ""
    assert f"says {len(data)} bytes, it holds 40000" in said["cut.wav"]
