"""The truth of a recording as JSON."""

from datetime import UTC
from math import inf, isfinite, radians
from typing import Any, TextIO

from beep.base.constants import PROGRAM, VERSION
from beep.geometry.look import simple_pass_duration_s
from beep.geometry.search import find_passes
from beep.output.table import write_document
from beep.scenario.scenario import Scenario
from beep.scenario.toml import to_dict
from beep.stream.reception import Reception
from beep.stream.resolve import receive
from beep.stream.track import sent_pulses, track_rows


def write_truth(scenario: Scenario | Reception, file: TextIO, *, step_s: float = 1.0) -> None:
    """Write all that is true of a recording as one JSON object, however long, in constant memory.

    `program`, `scenario` (which `beep.Scenario` takes back), `reception`, `track` (an array of the rows of
    `track_rows`) and `pulses` (an array of the rows of `sent_pulses`). What JSON has no number for is null.
    """
    reception = receive(scenario)
    head = {
        "program": f"{PROGRAM} {VERSION}",
        "scenario": to_dict(reception.scenario),
        "reception": _resolved(reception),
    }
    write_document(file, head, {"track": track_rows(reception, step_s=step_s), "pulses": sent_pulses(reception)})


def _resolved(reception: Reception) -> dict[str, Any]:
    """What the scenario was resolved to; times in seconds after the first sample, which has the time `epoch`."""
    tca_s, epoch, layer = reception.tca_s, reception.epoch, reception.layer
    aos_s, los_s = _horizon_times_s(reception)
    resolved = {
        "epoch": None if epoch is None else epoch.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "duration_s": reception.duration_s,
        "aos_s": aos_s if isfinite(aos_s) else None,
        "tca_s": tca_s,
        "los_s": los_s if isfinite(los_s) else None,
        "closest_km": reception.closest_m / 1e3,
        "site": vars(reception.site) | {"assumed": reception.scenario.station is None},
        "layer": None,
    }
    if layer is not None:
        shape = {"fof2_mhz": layer.fof2_hz / 1e6, "hm_km": layer.hm_m / 1e3, "scale_km": layer.scale_m / 1e3}
        resolved["layer"] = {"name": reception.ionosphere} | shape
    return resolved


def _horizon_times_s(reception: Reception) -> tuple[float, float]:
    """AOS and LOS; infinite without one for days."""
    scenario, tca_s = reception.scenario, reception.tca_s
    if scenario.station is None and not scenario.still:
        altitude_m, highest_rad = scenario.altitude_km * 1e3, radians(scenario.max_elevation_deg)
        half_s = simple_pass_duration_s(altitude_m=altitude_m, max_elevation_rad=highest_rad) / 2
        return (tca_s - half_s, tca_s + half_s) if half_s > 0 else (-inf, inf)
    passed = next(find_passes(reception.look, start_s=tca_s, stop_s=tca_s + 1, running=True), None)
    return (-inf, inf) if passed is None else (passed.aos_s, passed.los_s)
