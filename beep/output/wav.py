"""Blocks of samples written as WAV (RF64 above 4 GiB), as FLAC, or as a WAV stream.

The WAV header is written here because soundfile cannot write to a pipe and puts the time of day into float files. A PCM
file has the plain 44-byte header, a float file has a `fact` chunk as well, and a loop a `smpl` chunk. The comment comes
after the data.
"""

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Samples
from beep.base.choices import Subtype
from beep.base.errors import OutputError

BYTES = {"pcm16": 2, "pcm24": 3, "float": 4}
LONGEST_32_BIT = 0xFFFFFFFF
WRITE_BYTES = 1 << 16  # at once: for more, Linux looks for large pages, which may take five times as long


def data_bytes(frames: int, *, channels: int, subtype: Subtype) -> int:
    """Return the size of the samples in a file, in bytes."""
    return frames * channels * BYTES[subtype]


def wav_header(
    frames: int, *, sample_rate_hz: int, channels: int, subtype: Subtype, comment: str = "", loop: bool = False
) -> bytes:
    """Return all bytes of a WAV file before its first sample; RF64 where the sizes need it.

    With `loop` a `smpl` chunk says that the whole file is to be repeated.
    References: Microsoft and IBM, RIFF (1991) and WAVE (1994); EBU Tech 3306 (RF64).
    """
    size = data_bytes(frames, channels=channels, subtype=subtype)
    frame = channels * BYTES[subtype]
    code, bits = 3 if subtype == "float" else 1, 8 * BYTES[subtype]
    layout = struct.pack("<HHIIHH", code, channels, sample_rate_hz, sample_rate_hz * frame, frame, bits)
    if subtype == "float":
        chunks = chunk(b"fmt ", layout + bytes(2)) + chunk(b"fact", struct.pack("<I", min(frames, LONGEST_32_BIT)))
    else:
        chunks = chunk(b"fmt ", layout)
    if loop:  # nine values of the sampler, key 60 (middle C); then one loop: forwards, first to last sample, for ever
        sampler = (0, 0, round(1e9 / sample_rate_hz), 60, 0, 0, 0, 1, 0)
        chunks += chunk(b"smpl", struct.pack("<15I", *sampler, 0, 0, 0, frames - 1, 0, 0))
    riff = len(b"WAVE") + len(chunks) + 8 + size + len(wav_trailer(size, comment=comment))
    if riff <= LONGEST_32_BIT:
        return b"RIFF" + struct.pack("<I", riff) + b"WAVE" + chunks + b"data" + struct.pack("<I", size)
    riff += 8 + 28
    sizes = chunk(b"ds64", struct.pack("<QQQI", riff, size, frames, 0))
    unknown = struct.pack("<I", LONGEST_32_BIT)
    return b"RF64" + unknown + b"WAVE" + sizes + chunks + b"data" + unknown


def wav_trailer(size: int, *, comment: str = "") -> bytes:
    """Return the bytes after `size` bytes of samples: the pad byte, and the comment as LIST INFO ICMT."""
    pad = b"\0" * (size % 2)
    if not comment:
        return pad
    return pad + chunk(b"LIST", b"INFO" + chunk(b"ICMT", comment.encode() + b"\0"))


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a chunk of a RIFF file, padded to whole words."""
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def quantized(block: Samples, *, subtype: Subtype) -> tuple[NDArray[Any], int]:
    """Return samples (N, channels) as a file holds them, C-contiguous, and the number of clipped ones.

    Full scale 1 is 2**15 or 2**23. Float samples are not clipped. 24 bits are the upper three bytes of an int32.
    """
    if subtype == "float":
        return np.ascontiguousarray(block, "<f4"), 0
    top = 2**15 if subtype == "pcm16" else 2**23
    # a float32 has too few digits to round to 24 bits
    scaled = np.multiply(block, top, dtype=np.float32 if subtype == "pcm16" else np.float64)
    np.rint(scaled, out=scaled)
    clipped = 0
    if scaled.size and (scaled.max() > top - 1 or scaled.min() < -top):
        clipped = int(np.count_nonzero((scaled > top - 1) | (scaled < -top)))
        np.clip(scaled, -top, top - 1, out=scaled)
    whole = scaled.astype("<i2") if subtype == "pcm16" else scaled.astype("<i4") << 8
    if whole.flags.c_contiguous:
        return whole, clipped
    interleaved = np.empty(whole.shape, whole.dtype)
    for channel in range(whole.shape[1]):  # three times as fast as one copy with swapped axes
        interleaved[:, channel] = whole[:, channel]
    return interleaved, clipped


def packed24(block: NDArray[np.int32]) -> bytes:
    """Return the upper three bytes of each int32, little-endian."""
    upper = np.dtype({"names": ["bytes"], "formats": ["V3"], "offsets": [1], "itemsize": 4})
    return block.reshape(-1).view(upper)["bytes"].tobytes()


def wav_parts(
    blocks: Iterable[Samples],
    *,
    frames: int,
    sample_rate_hz: int,
    channels: int,
    subtype: Subtype = "pcm16",
    comment: str = "",
    loop: bool = False,
) -> Iterator[tuple[Any, int]]:
    """Parts of a WAV file of blocks (N, channels), `frames` in all: bytes, and the number of clipped samples."""
    layout: dict[str, Any] = {"channels": channels, "subtype": subtype, "comment": comment}
    header = wav_header(frames, sample_rate_hz=sample_rate_hz, loop=loop, **layout)
    for data, over in data_parts(blocks, subtype):
        yield header + data if header else data, over  # in one piece: sox guesses a pipe's format from its first read
        header = b""
    yield header + wav_trailer(data_bytes(frames, channels=channels, subtype=subtype), comment=comment), 0


def data_parts(blocks: Iterable[Samples], subtype: Subtype) -> Iterator[tuple[Any, int]]:
    """Parts of the samples in a WAV file: bytes, and the number of clipped samples."""
    for samples, over in _all_quantized(blocks, subtype):
        yield packed24(samples) if subtype == "pcm24" else samples.data, over


def write_wav(file: BinaryIO, blocks: Iterable[Samples], **layout: Any) -> int:
    """Write a whole WAV file as in `wav_parts`; it need not seek. Returns the number of clipped samples."""
    clipped = write_parts(file, wav_parts(blocks, **layout))
    file.flush()
    return clipped


def write_parts(file: BinaryIO, parts: Iterable[tuple[Any, int]]) -> int:
    """Write parts of a file: bytes, and the number of clipped samples, whose sum is returned."""
    clipped = 0
    for data, over in parts:
        octets = memoryview(data).cast("B")
        for start in range(0, len(octets), WRITE_BYTES):
            file.write(octets[start : start + WRITE_BYTES])
        clipped += over
    return clipped


def write_flac(
    path: Path,
    blocks: Iterable[Samples],
    *,
    sample_rate_hz: int,
    channels: int,
    subtype: Subtype = "pcm16",
    comment: str = "",
) -> int:
    """Write blocks (N, channels) as FLAC. Returns the clipped samples. Raises OutputError for what FLAC cannot hold."""
    if subtype == "float":
        raise OutputError("FLAC holds whole numbers, got subtype float; choose pcm16 or pcm24, or a .wav file")
    if sample_rate_hz > 65_535 and sample_rate_hz % 10:
        raise OutputError(
            f"FLAC holds rates above 65535 Hz in steps of 10, got {sample_rate_hz}; round it, or choose a .wav file"
        )
    import soundfile

    clipped = frames = 0
    coding = {"pcm16": "PCM_16", "pcm24": "PCM_24"}[subtype]
    try:
        with soundfile.SoundFile(path, "w", sample_rate_hz, channels, format="FLAC", subtype=coding) as file:
            file.comment = comment
            for samples, over in _all_quantized(blocks, subtype):
                file.write(samples)
                clipped += over
                frames += len(samples)
        # libsndfile does not report a disk that fills up while it closes: read the last sample back.
        with soundfile.SoundFile(path) as file:
            file.seek(frames - 1)
            complete = file.frames == frames and len(file.read(1)) == 1
    except (soundfile.SoundFileError, AssertionError):  # soundfile asserts that all frames were written
        complete = False
    if not complete:
        with path.open("ab") as plain:
            plain.write(bytes(1 << 16))  # raises the system's own error, such as a full disk
        raise OSError(0, "the FLAC encoder could not finish")
    return clipped


def _all_quantized(blocks: Iterable[Samples], subtype: Subtype) -> Iterator[tuple[NDArray[Any], int]]:
    for block in blocks:
        if len(block):
            yield quantized(block, subtype=subtype)
