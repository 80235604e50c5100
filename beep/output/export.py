"""Export of a scenario to a sound file or a pipe."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, get_args

from beep.base.choices import Subtype
from beep.base.errors import OutputError
from beep.base.progress import Progress, watched
from beep.base.text import quoted
from beep.output.files import whole_file
from beep.output.wav import data_bytes, wav_parts, write_flac, write_wav
from beep.scenario.scenario import Scenario
from beep.scenario.toml import to_dict
from beep.stream.plan import Plan, make_plan
from beep.stream.reception import Reception
from beep.stream.tiles import blocks

SOUND_SUFFIXES = (".wav", ".flac")
LONG_S = 1200.0  # of sound, from which several processes are usual
LEAST_S_PER_JOB = 300.0


@dataclass(frozen=True, kw_only=True)
class Export:
    """Size and clipping of what was written."""

    frames: int
    clipped: int  # samples beyond full scale
    data_bytes: int  # of the samples, before any compression


def export(
    scenario: Scenario | Reception | Plan,
    to: str | Path | BinaryIO,
    *,
    subtype: Subtype = "pcm16",
    truth: str | Path | None = None,
    force: bool = False,
    jobs: int | None = 1,
    progress: Progress | None = None,
) -> Export:
    """Write the whole recording to a .wav or .flac file, or as a WAV stream to an open binary file.

    The scenario is in the file's comment as JSON. With `truth`, a JSON file of that name holds all that is true of the
    recording: see `beep.output.truth.write_truth`. Each file appears whole or not at all, the truth only with the
    sound. Up to `jobs` processes write a .wav file, with the same bytes; None is one, or one for each core from 20
    minutes of sound on. A script with more than one needs `if __name__ == "__main__":`, as `multiprocessing` explains.

    Raises ScenarioError where there is nothing to receive, and OutputError where a file cannot be written, exists
    (without `force`), or has another suffix, and where a process was killed.
    """
    suffix = Path(to).suffix.lower() if isinstance(to, str | Path) else ".wav"
    if suffix not in SOUND_SUFFIXES:
        rule = f"the file name must end in {' or '.join(SOUND_SUFFIXES)}, or in one of I/Q"
        raise OutputError(f"{rule}, got {str(to)!r}; for other formats: beep export - | ffmpeg -i - OUT.mp3")
    if subtype not in get_args(Subtype):
        raise OutputError(f"subtype must be one of {', '.join(get_args(Subtype))}, got {quoted(subtype)}")
    if jobs is not None and jobs < 1:
        raise OutputError(f"jobs must be 1 or more, got {jobs}")
    if truth is not None and Path(truth).suffix.lower() != ".json":
        raise OutputError(f"the truth file must end in .json, got {str(truth)!r}")
    plan = make_plan(scenario)
    scenario = plan.scenario
    samples = watched(blocks(plan), plan.frames, progress)
    layout = _layout(scenario, subtype)
    whole: dict[str, Any] = {"frames": plan.frames, "loop": scenario.beeps is not None}
    with ExitStack() as files:
        truth_part = None if truth is None else files.enter_context(whole_file(truth, force=force))
        part = files.enter_context(whole_file(to, force=force)) if isinstance(to, str | Path) else None
        if truth_part is not None:
            from beep.output.truth import write_truth  # takes a tenth of the time to the first sample

            with truth_part.open("w", encoding="utf-8") as file:
                write_truth(plan.reception, file)
        if part is None:
            assert not isinstance(to, str | Path)
            clipped = write_wav(to, samples, **whole, **layout)
        elif suffix == ".flac":
            clipped = write_flac(part, samples, **layout)
        elif (workers := _usual_jobs(plan) if jobs is None else jobs) > 1:
            from beep.output.shares import write_wav_in_shares

            clipped = write_wav_in_shares(part, plan, jobs=workers, progress=progress, **whole, **layout)
        else:
            with part.open("wb") as sound:
                clipped = write_wav(sound, samples, **whole, **layout)
    size = data_bytes(plan.frames, channels=scenario.channels, subtype=subtype)
    return Export(frames=plan.frames, clipped=clipped, data_bytes=size)


def exported_parts(plan: Plan) -> tuple[int, Iterator[Any]]:
    """Return the size of the WAV that `export` writes, and its bytes, part after part."""
    layout = {"frames": plan.frames, "loop": plan.scenario.beeps is not None, **_layout(plan.scenario, "pcm16")}
    size = sum(len(data) for data, _ in wav_parts([], **layout))
    size += data_bytes(plan.frames, channels=plan.scenario.channels, subtype="pcm16")
    return size, (data for data, _ in wav_parts(blocks(plan), **layout))


def _layout(scenario: Scenario, subtype: Subtype) -> dict[str, Any]:
    return {
        "sample_rate_hz": scenario.sample_rate_hz,
        "channels": scenario.channels,
        "subtype": subtype,
        "comment": json.dumps(to_dict(scenario)),
    }


def _usual_jobs(plan: Plan) -> int:
    """Number of processes where none is given: one below 20 minutes of sound, then all cores with 5 minutes each."""
    duration_s = plan.frames / plan.scenario.sample_rate_hz
    if duration_s < LONG_S:
        return 1
    from beep.base.workers import cores

    return min(cores(), int(duration_s / LEAST_S_PER_JOB))
