"""One clip of a data set: its files, and its row of the table."""

import hashlib
import io
import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from math import log10
from pathlib import Path
from typing import Any

import numpy as np

from beep.base.errors import BeepError, ScenarioError, unknown_name
from beep.datasets.plan import DatasetPlan, settings_of
from beep.output.export import export
from beep.output.iq import export_iq
from beep.output.truth import write_truth
from beep.scenario.scenario import Scenario
from beep.scenario.toml import to_dict
from beep.stream.reception import Reception
from beep.stream.resolve import receive
from beep.stream.track import sent_pulses, track

_SNR_BANDWIDTH_HZ = 500.0
USUAL_LABELS = ("elevation_deg", "range_km")
USUAL_CARRIER_LABELS = ("doppler_{}_hz", "tone_{}_hz", "snr_{}_db", "beeps_{}")


def clip_names(plan: DatasetPlan, index: int) -> tuple[str, ...]:
    """Names of the files of one clip, the one that the table names first; in a tar layout they are members."""
    suffixes = (".sigmf-data", ".sigmf-meta") if plan.layout == "sigmf" else (".wav", ".json")
    return tuple(f"{index:09}{suffix}" for suffix in suffixes)


def clip_files(plan: DatasetPlan, index: int, scenario: Scenario) -> dict[str, bytes]:
    """Return the content of each file of one clip. Raises ScenarioError, with the index, where there is no pass."""
    main, beside = clip_names(plan, index)
    try:
        if plan.layout == "sigmf":
            with tempfile.TemporaryDirectory() as folder:
                export_iq(scenario, Path(folder) / beside, subtype="cf32")
                return {name: (Path(folder) / name).read_bytes() for name in (main, beside)}
        reception = receive(scenario)
        sound, truth = io.BytesIO(), io.StringIO()
        export(reception, sound)
        write_truth(reception, truth)
        return {main: sound.getvalue(), beside: truth.getvalue().encode()}
    except BeepError as error:
        raise ScenarioError(f"clip {index}: {error}") from None


def clip_row(plan: DatasetPlan, index: int, scenario: Scenario, files: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the row of one clip: file and hash, drawn settings, labels, recipe."""
    main, beside = clip_names(plan, index)
    settings = {name: _plain(value) for name, value in settings_of(plan, index).items() if name != "tle"}
    row = {"index": index, "file": main, "sha256": hashlib.sha256(files[main]).hexdigest()}
    row |= {"metadata": beside, "metadata_sha256": hashlib.sha256(files[beside]).hexdigest()}
    row |= {"sample_rate_hz": scenario.sample_rate_hz, "seconds": plan.clip_s} | settings
    row |= {name: value for name, value in labels_of(plan, receive(scenario)).items() if name not in row}
    return row | {"recipe": json.dumps(to_dict(scenario))}


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


def labels_of(plan: DatasetPlan, reception: Reception) -> dict[str, Any]:
    """Return the labels of a clip: truth at its middle, and fields of its scenario.

    Beside the columns of `beep.track` there are `snr_20_db`, key down in 500 Hz, and `beeps_20`, the pulses of a
    carrier that lie whole in the clip while the satellite is above the horizon. Raises ScenarioError for an unknown
    label.
    """
    scenario = reception.scenario
    known: dict[str, Any] = to_dict(scenario)
    known |= {name: column[0].item() for name, column in track(reception, [reception.duration_s / 2]).items()}
    known["utc"] = None if known["utc"] is None else f"{known['utc'].isoformat(timespec='milliseconds')}Z"
    whole = dict.fromkeys(scenario.names, 0)
    for table in sent_pulses(reception):
        inside = (table["start_s"] >= 0) & (table["end_s"] <= reception.duration_s)
        inside &= reception.look(np.nan_to_num(table["start_s"])).elevation_rad > 0
        for name in table["carrier"][inside]:
            whole[str(name)] += 1
    for name in scenario.names:
        known[f"snr_{name}_db"] = known[f"c_n0_{name}_db_hz"] - 10 * log10(_SNR_BANDWIDTH_HZ)
        known[f"beeps_{name}"] = whole[name]
    heard = [scenario.name_of(carrier) for carrier in scenario.heard]
    usual = [*USUAL_LABELS, *(label.format(name) for name in heard for label in USUAL_CARRIER_LABELS)]
    names = plan.labels or usual
    for name in names:
        if name not in known:
            raise unknown_name("a label must be", name, known)
    return {name: known[name] for name in names}
