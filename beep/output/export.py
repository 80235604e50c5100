"""A scenario into a file or a pipe."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, get_args

from beep.base.arrays import Samples
from beep.base.choices import Subtype
from beep.base.errors import OutputError
from beep.output.files import whole_file
from beep.output.wav import data_bytes, write_flac, write_wav
from beep.scenario.scenario import Scenario
from beep.scenario.toml import to_dict
from beep.stream.plan import Plan, plan
from beep.stream.tiles import blocks
from beep.stream.track import write_truth

SUFFIXES = (".wav", ".flac")
Progress = Callable[[int, int], None]  # frames done, frames in all


@dataclass(frozen=True, kw_only=True)
class Export:
    """What was written."""

    frames: int
    clipped: int  # samples beyond full scale
    data_bytes: int  # of the samples, before any compression


def export(
    scenario: Scenario | Plan,
    to: str | Path | BinaryIO,
    *,
    subtype: Subtype = "pcm16",
    truth: str | Path | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> Export:
    """Write the whole recording to a .wav or .flac file, or as a WAV stream to an open binary file.

    The scenario is in the file's comment as JSON. With `truth`, a JSON file of that name holds all that is true of the
    recording: see `beep.stream.track.write_truth`. Each file appears whole or not at all, the truth not without the
    sound.

    Raises ScenarioError where there is nothing to receive, and OutputError where a file cannot be written, exists
    (without `force`), or has another suffix.
    """
    suffix = Path(to).suffix.lower() if isinstance(to, str | Path) else ".wav"
    if suffix not in SUFFIXES:
        raise OutputError(f"the suffix says the format: {' or '.join(SUFFIXES)}, got {str(to)!r}; name one of them")
    if subtype not in get_args(Subtype):
        raise OutputError(f"subtype must be one of {', '.join(get_args(Subtype))}, got {subtype!r}")
    if truth is not None and Path(truth).suffix.lower() != ".json":
        raise OutputError(f"the truth goes into a .json file, got {str(truth)!r}; name one")
    made = scenario if isinstance(scenario, Plan) else plan(scenario)
    scenario = made.scenario
    samples = blocks(made) if progress is None else watched(blocks(made), made.frames, progress)
    layout: dict[str, Any] = {
        "sample_rate_hz": scenario.sample_rate_hz,
        "channels": scenario.channels,
        "subtype": subtype,
        "comment": json.dumps(to_dict(scenario)),
    }
    with ExitStack() as files:
        told = None if truth is None else files.enter_context(whole_file(truth, force=force))
        part = files.enter_context(whole_file(to, force=force)) if isinstance(to, str | Path) else None
        if told is not None:
            with told.open("w", encoding="utf-8") as file:
                write_truth(scenario, file)
        if part is None:
            assert not isinstance(to, str | Path)
            clipped = write_wav(to, samples, frames=made.frames, **layout)
        elif suffix == ".flac":
            clipped = write_flac(part, samples, **layout)
        else:
            with part.open("wb") as sound:
                clipped = write_wav(sound, samples, frames=made.frames, **layout)
    size = data_bytes(made.frames, channels=scenario.channels, subtype=subtype)
    return Export(frames=made.frames, clipped=clipped, data_bytes=size)


def watched(samples: Iterator[Samples], frames: int, progress: Progress) -> Iterator[Samples]:
    """The same blocks; after each, `progress` hears how many frames there have been."""
    done = 0
    for block in samples:
        yield block
        done += len(block)
        progress(done, frames)
