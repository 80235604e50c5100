"""A WAV file of sound that several processes write, each its shares of the samples."""

from contextlib import closing
from pathlib import Path
from typing import Any

from beep.base.choices import Subtype
from beep.base.progress import Progress
from beep.base.workers import in_processes
from beep.output.wav import data_bytes, data_parts, wav_header, wav_trailer, write_parts
from beep.stream.course import GROUP
from beep.stream.plan import Plan
from beep.stream.tiles import blocks

GROUPS_IN_SHARE = 4  # of tiles: with AGC, some tiles before a share are computed twice


def write_wav_in_shares(
    path: Path, plan: Plan, *, jobs: int, progress: Progress | None, subtype: Subtype, comment: str, **layout: Any
) -> int:
    """Write the whole recording as WAV with at most `jobs` processes. Returns the clipped samples.

    The bytes are those of `write_wav`, which has the same keywords. Raises OutputError where a process was killed, and
    what fails in one of them.
    """
    header = wav_header(subtype=subtype, comment=comment, **layout)
    path.write_bytes(header)
    size = GROUPS_IN_SHARE * GROUP * plan.tile_frames
    shares = [(start, min(start + size, plan.frames)) for start in range(0, plan.frames, size)]
    common = (path, plan, subtype, len(header))
    done = clipped = 0
    with closing(in_processes(min(jobs, len(shares)), _write_share, common, shares)) as results:
        for frames, over in results:
            done, clipped = done + frames, clipped + over
            if progress is not None:
                progress(done, plan.frames)
    written = data_bytes(plan.frames, channels=plan.scenario.channels, subtype=subtype)
    with path.open("r+b") as file:
        file.seek(len(header) + written)
        file.write(wav_trailer(written, comment=comment))
    return clipped


def _write_share(path: Path, plan: Plan, subtype: Subtype, offset: int, start: int, stop: int) -> tuple[int, int]:
    """Write the samples from `start` up to `stop` into a file in which the first is at byte `offset`.

    Returns their number, and how many were clipped.
    """
    with path.open("r+b") as file:
        file.seek(offset + data_bytes(start, channels=plan.scenario.channels, subtype=subtype))
        clipped = write_parts(file, data_parts(blocks(plan, start=start, stop=stop), subtype))
    return stop - start, clipped
