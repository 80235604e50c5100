"""The comment of a WAV file. libsndfile reads none of 2046 bytes or more."""

import os
from typing import BinaryIO

_MOST_BYTES, _MOST_CHUNKS = 1_000_000, 1000
_UNKNOWN = 0xFFFFFFFF  # size of a chunk in a header that was written before the sound


def wav_comment(file: BinaryIO) -> str:
    """Return the comment (LIST INFO ICMT) of a RIFF or RF64 file; nothing where there is none.

    References: Microsoft and IBM, RIFF (1991); EBU Tech 3306 (RF64).
    """
    file_bytes, wave_bytes = file.seek(0, os.SEEK_END), _UNKNOWN
    file.seek(0)
    riff = file.read(12)
    if riff[:4] not in (b"RIFF", b"RF64") or riff[8:] != b"WAVE":
        return ""
    for _ in range(_MOST_CHUNKS):
        name, size = file.read(4), int.from_bytes(file.read(4), "little")
        body_at = file.tell()
        if name == b"ds64":
            wave_bytes = int.from_bytes(file.read(16)[8:], "little")
        elif name == b"data" and size == _UNKNOWN:
            size = wave_bytes
        elif name == b"LIST" and file.read(4) == b"INFO":
            body, at = file.read(min(size - 4, _MOST_BYTES)), 0
            while at + 8 < len(body):
                length = int.from_bytes(body[at + 4 : at + 8], "little")
                if body[at : at + 4] == b"ICMT":
                    return body[at + 8 : at + 8 + length].partition(b"\0")[0].decode(errors="replace")
                at += 8 + length + length % 2
        if body_at + size >= file_bytes:
            return ""
        file.seek(body_at + size + size % 2)
    return ""
