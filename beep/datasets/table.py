"""The table and the card of a data set, and what TorchSig reads beside its I/Q files."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from beep.base.constants import PROGRAM, VERSION
from beep.datasets.folder import Folder
from beep.datasets.plan import DatasetPlan, canonical

TABLE = "index.csv"


def csv_text(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows of the same keys as CSV below one line of names; a missing value is empty."""
    text = io.StringIO()
    for number, row in enumerate(rows):
        if number == 0:
            writer = csv.DictWriter(text, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow(row)
    return text.getvalue()


def write_table(plan: DatasetPlan, folder: Folder, parts: Callable[[], Iterator[str]]) -> None:
    """Write the whole table from its parts, the card, and for I/Q what TorchSig reads."""
    header = next(parts()).partition("\n")[0] + "\n"
    folder.write(TABLE, chain([header.encode()], (part.partition("\n")[2].encode() for part in parts())))
    parquet = _parquet(folder)
    if parquet is not None:
        folder.write("index.parquet", parquet)
    if plan.layout == "sigmf":
        _write_torchsig(plan, folder, (row for part in parts() for row in csv.DictReader(io.StringIO(part))))
    folder.write("README.md", card(plan, header).encode())


def _parquet(folder: Folder) -> bytes | None:
    """Return the table as Parquet; None without pyarrow."""
    try:
        import pyarrow.csv
        import pyarrow.parquet
    except ImportError:
        return None
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(io.BytesIO(folder.read(TABLE))), file)
    return file.getvalue()


def _write_torchsig(plan: DatasetPlan, folder: Folder, rows: Iterator[dict[str, str]]) -> None:
    """Write metadata.csv, without header, and info.json: the class of a clip is `ook` or, without a pulse, `noise`.

    Reference: SigMFReader and MetadataReader of TorchSig 2.2.
    """
    first = next(rows)
    counts = [name for name in first if name.startswith("beeps_")]

    def line(row: dict[str, str]) -> bytes:
        kind = "ook" if any(int(row[name]) for name in counts) else "noise"
        return f"{row['index']},{kind},0,{row['sample_rate_hz']}\n".encode()

    folder.write("metadata.csv", map(line, chain([first], rows)))
    rate_hz = int(first["sample_rate_hz"])
    info = {
        "size": plan.count,
        "num_files": plan.count,
        "elements_per_file": 1,
        "num_iq_samples": round(plan.clip_s * rate_hz),
        "sample_rate": rate_hz,
        "class_list": ["ook", "noise"],
        "dtype": "cf32_le",
    }
    folder.write("info.json", (json.dumps(info, indent=1) + "\n").encode())


def card(plan: DatasetPlan, header: str) -> str:
    """Return the README of a data set: what it is, how it was made, its columns, its licence."""
    what = {
        "wav": "Each clip is a WAV file with its truth beside it as JSON.",
        "sigmf": "Each clip is an I/Q recording (SigMF, cf32_le) with its truth in the annotations.",
        "tar": "The clips are in tar files (webdataset): a WAV file and its truth as JSON for each key.",
    }[plan.layout]
    columns = "".join(f"- `{name}`\n" for name in header.strip().split(","))
    return f"""# {plan.name}

{plan.count} simulated recordings of {plan.clip_s:g} s: keyed satellite beacons with Doppler and noise. {what} They are
computed, not received: no sample comes from a radio.

## Made by

{PROGRAM} {VERSION}, `beep dataset plan.toml FOLDER`, with the plan below (also in plan.json). Every value is a function
of the plan's seed, the clip's index and the setting's name: the same plan and version give the same clips on any number
of workers. On another processor or with another NumPy (2.0 or newer) at most one in a thousand of the 16-bit samples
differs, in mono two, and by one step; a value of the truth differs by at most 1e-9 of itself, or of its unit below one.

## Table

`index.csv` has a row for each clip:

{columns}
`snr_..._db` is that of the carrier, key down, in 500 Hz, at the middle of the clip. `beeps_...` counts the pulses that
lie whole in the clip. `recipe` is the scenario as JSON, from which `beep.Scenario` makes the same recording. The other
labels are columns of `beep track` at the middle of the clip.

## Licence

{plan.licence} (as the plan says)

## Plan

```json
{canonical(plan)}```
"""
