"""WAV and FLAC, byte by byte and as other programs read them."""

import io
import struct
import subprocess

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from beep.base.errors import OutputError
from beep.output.export import export
from beep.output.wav import packed24, quantized, wav_header, wav_trailer, write_flac, write_wav
from beep.scenario.scenario import Scenario

bounded = settings(max_examples=50, deadline=None)
SUBTYPES = ("pcm16", "pcm24", "float")
BYTES = {"pcm16": 2, "pcm24": 3, "float": 4}
BITS = {"pcm16": 16, "pcm24": 24}
COMMENT = "bip, bip"
SOX_STEP = 2.0**-25  # of full scale: sox rounds a float to 25 bits: measured 2.98e-8
FOUR_GIB = 2**32

every_layout = [(subtype, channels) for subtype in SUBTYPES for channels in (1, 2)]


def noise(frames, channels):
    """Samples of which a few are beyond full scale, the two full scales first."""
    samples = np.random.default_rng(1957).normal(0, 0.4, (frames, channels)).astype(np.float32)
    samples[:2, 0] = 1, -1
    return samples


def expected(samples, subtype):
    """The samples as readers give them, by the definition: rint(x * 2**15) or of 2**23, clipped; float as it is."""
    if subtype == "float":
        return samples
    top = 2.0 ** (BITS[subtype] - 1)
    return (np.clip(np.rint(samples.astype(np.float64) * top), -top, top - 1) / top).astype(np.float32)


def wav(samples, *, subtype, comment=COMMENT, rate_hz=48_000):
    file = io.BytesIO()
    blocks = np.array_split(samples, 3)
    layout = {"sample_rate_hz": rate_hz, "channels": samples.shape[1], "subtype": subtype, "comment": comment}
    write_wav(file, blocks, frames=len(samples), **layout)
    return file.getvalue()


def chunks(data):
    """Name and body of each chunk of a RIFF file, in order; fails where one is cut short or not padded."""
    position, found = 12, []
    while position < len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        assert position + 8 + size <= len(data)
        found.append((name, data[position + 8 : position + 8 + size]))
        position += 8 + size + size % 2
    assert position == len(data)
    return found


# --- bytes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frames", [0, 1, 4, 5])
@pytest.mark.parametrize(("subtype", "channels"), every_layout)
def test_every_field_of_the_header(subtype, channels, frames):
    """The sizes, the format and the comment stand where RIFF has them, for even and odd sizes."""
    data = wav(np.zeros((frames, channels), np.float32), subtype=subtype, rate_hz=44_100)
    riff, size, wave = struct.unpack_from("<4sI4s", data)
    found = dict(chunks(data))
    code, *layout = struct.unpack_from("<HHIIHH", found[b"fmt "])
    frame = channels * BYTES[subtype]

    assert (riff, size, wave) == (b"RIFF", len(data) - 8, b"WAVE")
    assert code == (3 if subtype == "float" else 1)
    assert layout == [channels, 44_100, 44_100 * frame, frame, 8 * BYTES[subtype]]
    assert len(found[b"data"]) == frames * frame
    assert found[b"LIST"] == b"INFOICMT" + struct.pack("<I", len(COMMENT) + 1) + COMMENT.encode() + b"\0\0"


@pytest.mark.parametrize(("subtype", "channels"), every_layout)
def test_order_of_chunks(subtype, channels):
    """PCM has the plain 44-byte header, float the fact chunk and no time stamp; the comment is last."""
    data = wav(noise(99, channels), subtype=subtype)
    found = [name for name, _ in chunks(data)]

    if subtype == "float":
        assert found == [b"fmt ", b"fact", b"data", b"LIST"]
        assert dict(chunks(data))[b"fact"] == struct.pack("<I", 99)
    else:
        assert found == [b"fmt ", b"data", b"LIST"]
        assert data.index(b"data") + 8 == 44


def test_pad_byte():
    """An odd number of bytes is followed by one zero, which the size of the data does not count."""
    data = wav(noise(5, 1), subtype="pcm24", comment="")

    assert len(data) == 44 + 15 + 1
    assert data[40:44] == struct.pack("<I", 15)
    assert data[-1] == 0
    assert wav_trailer(14) == b""


# --- samples ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("subtype", "channels"), every_layout)
def test_soundfile_reads_the_samples(tmp_path, subtype, channels):
    """soundfile gives the samples as they were quantised, and the comment."""
    samples = noise(1001, channels)
    (tmp_path / "a.wav").write_bytes(wav(samples, subtype=subtype))
    with soundfile.SoundFile(tmp_path / "a.wav") as file:
        read = file.read(dtype="float32", always_2d=True)

        assert file.comment == COMMENT
    np.testing.assert_array_equal(read, expected(samples, subtype))


@pytest.mark.parametrize("reader", ["sox", "ffmpeg"])
@pytest.mark.parametrize(("subtype", "channels"), every_layout)
def test_other_programs_read_the_samples(tmp_path, program, reader, subtype, channels):
    """sox and ffmpeg give the same samples, and complain of nothing."""
    samples = noise(1001, channels)
    (tmp_path / "a.wav").write_bytes(wav(samples, subtype=subtype))
    options = {"sox": ["a.wav", "-t", "f32", "-"], "ffmpeg": ["-v", "error", "-i", "a.wav", "-f", "f32le", "-"]}
    command = [program(reader, package=reader), *options[reader]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    read = np.frombuffer(done.stdout, "<f4").reshape(-1, channels)

    if reader == "sox" and subtype == "float":
        np.testing.assert_allclose(read, np.clip(samples, -1, 1), rtol=0, atol=SOX_STEP)
        assert b"clipped" in done.stderr
    else:
        np.testing.assert_array_equal(read, expected(samples, subtype))
        assert done.stderr == b""


@bounded
@given(st.lists(st.integers(-(2**23), 2**23 - 1), max_size=50) | st.lists(st.integers(-9, 9), max_size=9))
def test_packed24_cuts_the_lowest_byte(values):
    """Packing four samples at a time is the same as taking three bytes of each, whatever their number."""
    block = np.array(values, "<i4") << 8

    assert packed24(block) == b"".join(value.to_bytes(4, "little", signed=True)[:3] for value in values)


@pytest.mark.parametrize("subtype", ["pcm16", "pcm24"])
def test_clipping_is_counted(subtype):
    """Full scale below zero fits, full scale above it does not; what is beyond is clipped and counted, also alone."""
    step = 2.0 ** -(BITS[subtype] - 1)
    unit = 2**31 if subtype == "pcm24" else 2**15
    kept = {1 - step: 1 - step, -1: -1, 0: 0, step: step}
    cut = {1: 1 - step, -1 - step: -1, -1.5: -1, 9: 1 - step}
    for samples, clipped in ((kept, 0), (cut, 4), (kept | cut, 4), *(({value: cut[value]}, 1) for value in cut)):
        values, counted = quantized(np.array([list(samples)], np.float32), subtype=subtype)

        assert counted == clipped
        np.testing.assert_array_equal(values[0] / unit, list(samples.values()))


def test_float_is_not_clipped():
    """Float samples pass as they are, also beyond full scale."""
    block = np.array([[1.5], [-3.25]], np.float32)
    samples, clipped = quantized(block, subtype="float")

    assert clipped == 0
    np.testing.assert_array_equal(samples, block)


# --- above 4 GiB ------------------------------------------------------------------------------------------------

STEREO = {"sample_rate_hz": 48_000, "channels": 2, "subtype": "pcm16"}


def test_rf64_fields():
    """A file above 4 GiB is RF64: the true sizes in ds64, all ones where they do not fit."""
    header = wav_header(2**30, **STEREO, comment=COMMENT)
    whole = len(header) + FOUR_GIB + len(wav_trailer(FOUR_GIB, comment=COMMENT))

    assert header[:12] == b"RF64\xff\xff\xff\xffWAVE"
    assert header[12:48] == b"ds64" + struct.pack("<IQQQI", 28, whole - 8, FOUR_GIB, 2**30, 0)
    assert header[-8:] == b"data\xff\xff\xff\xff"


def test_largest_plain_file():
    """The last frame that keeps the size within 32 bits is plain RIFF, the next one makes it RF64."""
    most = (FOUR_GIB - 1 + 8 - len(wav_header(0, **STEREO)) - len(wav_trailer(0, comment=COMMENT))) // 4
    header = wav_header(most, **STEREO, comment=COMMENT)

    assert header[:4] == b"RIFF"
    assert FOUR_GIB - 4 <= struct.unpack_from("<I", header, 4)[0] < FOUR_GIB
    assert wav_header(most + 1, **STEREO, comment=COMMENT)[:4] == b"RF64"


@pytest.mark.parametrize("subtype", SUBTYPES)
def test_every_frame_above_4_gib_is_seen(tmp_path, program, subtype):
    """soundfile and ffprobe count the frames of a file (sparse here) that is larger than 4 GiB."""
    frames = 2**31 + 7
    size = frames * BYTES[subtype]
    header = wav_header(frames, sample_rate_hz=48_000, channels=1, subtype=subtype, comment=COMMENT)
    with (tmp_path / "long.wav").open("wb") as file:
        file.write(header)
        file.seek(len(header) + size)
        file.write(wav_trailer(size, comment=COMMENT))
    ask = [program("ffprobe", package="ffmpeg"), "-v", "error", "-of", "csv=p=0", "-show_entries", "stream=duration_ts"]

    assert soundfile.info(tmp_path / "long.wav").frames == frames
    assert int(subprocess.run([*ask, tmp_path / "long.wav"], capture_output=True, check=True).stdout) == frames


def test_sox_reads_rf64_from_a_pipe(program):
    """sox plays what arrives of a stream above 4 GiB (in a file it would read all of it to count the frames)."""
    samples, _ = quantized(noise(1001, 2), subtype="pcm16")
    command = [program("sox", package="sox"), "-", "-t", "s16", "-"]
    done = subprocess.run(command, input=wav_header(2**31, **STEREO) + samples.tobytes(), capture_output=True)

    assert done.returncode == 0
    assert samples.tobytes().startswith(done.stdout)
    assert len(done.stdout) > len(samples.tobytes()) / 2


# --- FLAC ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("subtype", ["pcm16", "pcm24"])
def test_flac_keeps_the_samples(tmp_path, subtype, channels):
    """FLAC gives back the quantised samples in as many bits as were asked, and the comment."""
    samples = noise(5000, channels)
    blocks = np.array_split(samples, 3)
    layout = {"sample_rate_hz": 44_100, "channels": channels, "subtype": subtype, "comment": COMMENT}
    clipped = write_flac(tmp_path / "a.flac", blocks, **layout)
    with soundfile.SoundFile(tmp_path / "a.flac") as file:
        assert (file.format, file.subtype, file.samplerate) == ("FLAC", f"PCM_{BITS[subtype]}", 44_100)
        assert file.comment == COMMENT
        np.testing.assert_array_equal(file.read(dtype="float32", always_2d=True), expected(samples, subtype))
    assert clipped == np.count_nonzero(np.abs(samples) > 1) + 1  # +1 itself is beyond


def test_flac_has_no_float(tmp_path):
    """FLAC with float samples is refused, and leaves nothing."""
    with pytest.raises(OutputError, match="FLAC holds whole numbers, got subtype float"):
        export(Scenario(duration_s=0.1), tmp_path / "a.flac", subtype="float")
    assert list(tmp_path.iterdir()) == []
