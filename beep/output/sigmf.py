"""Metadata of I/Q recordings as SigMF: what was recorded, and one annotation for each received pulse.

References: SigMF specification 1.2 (sigmf.org); the namespace `beep` in docs/sigmf.md.
"""

import json
from collections.abc import Iterable
from datetime import UTC
from typing import Any, TextIO

import numpy as np

from beep.base.arrays import Array
from beep.base.constants import PROGRAM, VERSION
from beep.output.table import Table, write_document
from beep.scenario.carriers import Carrier
from beep.scenario.scenario import Scenario
from beep.scenario.toml import to_dict
from beep.stream.baseband import Tuning
from beep.stream.reception import Reception, c_n0_db_hz, doppler_hz, tone_hz
from beep.stream.track import sent_pulses
from beep.stream.words import title

SIGMF_VERSION = "1.2.0"
NAMESPACE_VERSION = "1.0.0"
DATATYPES = {"cf32": "cf32_le", "cs16": "ci16_le", "cu8": "cu8"}
EDGES_BEYOND_HZ = 50.0  # from a pulse's lowest and highest frequency to the edges of its annotation


def write_meta(file: TextIO, tuning: Tuning, *, recipe: Scenario, subtype: str, sha512: str) -> None:
    """Write the .sigmf-meta file of samples with the given hash; `recipe` is the scenario as it was asked for."""
    reception = tuning.reception
    about = {
        "core:datatype": DATATYPES[subtype],
        "core:version": SIGMF_VERSION,
        "core:sample_rate": tuning.sample_rate_hz,
        "core:sha512": sha512,
        "core:num_channels": 1,
        "core:recorder": f"{PROGRAM} {VERSION}",
        "core:hw": "simulated",
        "core:description": title(reception),
        "core:extensions": [{"name": "beep", "version": NAMESPACE_VERSION, "optional": True}],
        "beep:recipe": to_dict(recipe),
        "beep:tca_s": reception.tca_s,
    }
    if recipe.noise != "off":
        about["beep:c_n0_db_hz"] = {f"{c.frequency_mhz:.12g}": c_n0_db_hz(reception, c) for c in tuning.carriers}
    if recipe.station is not None:
        site = reception.site
        about["core:geolocation"] = {
            "type": "Point",
            "coordinates": [site.longitude_deg, site.latitude_deg, site.height_m],
        }
    capture: dict[str, Any] = {"core:sample_start": 0, "core:frequency": tuning.center_hz}
    if reception.epoch is not None:
        epoch = reception.epoch.astimezone(UTC)
        capture["core:datetime"] = epoch.isoformat(timespec="microseconds").replace("+00:00", "Z")
    write_document(file, {"global": about, "captures": [capture]}, {"annotations": annotations(tuning)})


def annotations(tuning: Tuning) -> Iterable[Table]:
    """Tables of the pulses that are above the horizon, in order; the columns (N,) are an annotation's fields.

    Start and end are those at half amplitude, within the file. The frequencies are absolute, as received.
    """
    reception, rate_hz = tuning.reception, tuning.sample_rate_hz
    carriers = {reception.scenario.name_of(carrier): carrier for carrier in tuning.carriers}

    def described(table: Table) -> Table:
        carrier = carriers[str(table["carrier"][0])]
        start_s = np.fmax(table["start_s"], 0.0)  # fmax: nan is no start
        end_s = np.fmin(table["end_s"], reception.duration_s)
        middle_s = (start_s + end_s) / 2
        first, last = (np.rint(t_s * rate_hz).astype(np.int64) for t_s in (start_s, end_s))
        low_hz, middle_hz, high_hz = np.sort(
            [_received_hz(reception, carrier, t_s) for t_s in (start_s, middle_s, end_s)], axis=0
        )
        shift_hz = middle_hz - carrier.frequency_mhz * 1e6
        columns = {
            "core:sample_start": first,
            "core:sample_count": last - first,
            "core:freq_lower_edge": low_hz - EDGES_BEYOND_HZ,
            "core:freq_upper_edge": high_hz + EDGES_BEYOND_HZ,
            "core:label": np.array([f"pulse {number}" for number in table["number"]]),
            "core:comment": np.array([f"{carrier.frequency_mhz:.12g} MHz {shift:+.1f} Hz" for shift in shift_hz]),
            "beep:number": table["number"],
            "beep:frequency_hz": middle_hz + table["chirp_hz"],
            "beep:sent_start_s": table["sent_start_s"],
        }
        received = (last > first) & (reception.look(middle_s).elevation_rad > 0)
        return {name: column[received] for name, column in columns.items()}

    tables = (described(table) for table in sent_pulses(reception) if table["number"].size)
    if len(carriers) == 1:
        return tables  # in order, whatever their number
    parts = list(tables)
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}
    order = np.argsort(joined["core:sample_start"], kind="stable") if parts else slice(0)
    return [{name: column[order] for name, column in joined.items()}]


def _received_hz(reception: Reception, carrier: Carrier, t_s: Array) -> Array:
    """Frequency (N,) of a carrier as received, its own offset and drift included; without the chirp."""
    path = reception.link(reception.look(t_s), carrier.frequency_mhz * 1e6, faraday=False)
    shift_hz = doppler_hz(reception, carrier, t_s)
    tone = tone_hz(reception, carrier, t_s, shift_hz=shift_hz, delay_s=path.phase_delay_s)
    return carrier.frequency_mhz * 1e6 + tone - reception.scenario.tone_without_doppler_hz(carrier)


def collection(streams: dict[str, str], description: str) -> str:
    """Return the text of a .sigmf-collection file: `streams` has the hash of each .sigmf-meta file by its base name."""
    about = {
        "core:version": SIGMF_VERSION,
        "core:description": description,
        "core:streams": [{"name": name, "hash": sha512} for name, sha512 in streams.items()],
    }
    return json.dumps({"collection": about}, indent=1, ensure_ascii=False) + "\n"
