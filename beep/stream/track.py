"""The truth of a reception, moment by moment and pulse by pulse: where it is, what arrives, how strong."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from typing import Any, TextIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beep.base.arrays import Array
from beep.base.constants import PROGRAM, VERSION
from beep.base.errors import ScenarioError
from beep.geometry.search import find_passes
from beep.output.table import write_document
from beep.radio.channel import amplitude, ionospheric_doppler_hz, link, path_loss_db, received_dbw, spin_gain
from beep.radio.ionosphere import slant_electron_content
from beep.radio.receiver import wow_s
from beep.scenario.scenario import Carrier, Scenario
from beep.scenario.toml import to_dict
from beep.signal.pulses import pulses
from beep.stream.reception import Reception, c_n0_db_hz, receive, tone_hz

ROWS = 256  # worked out together: a ray is five times 160 nodes for each
PULSES_S = 200.0  # of the recording, keyed together
LEAST_STEP_S = 1e-6
ARRIVAL_ROUNDS = 4  # each gains a factor of some 1e4
WOW_ROUNDS = 10  # each gains one of 20 or more
FIELD_AT_1_M_V = 30**0.5  # of 1 W from an isotropic antenna, rms: sqrt(Z0 / 4 pi), Z0 taken as 120 pi ohms


def track(scenario: Scenario, t_s: ArrayLike) -> dict[str, NDArray[np.generic]]:
    """Columns (N,) at the times `t_s` (N,), seconds after the recording's first sample.

    `utc` (datetime64, NaT where the scenario has no date), `range_km`, `range_rate_km_s`, `azimuth_deg` and
    `elevation_deg` are the geometry of that instant; `delay_s` is the light time of what arrives then. For each
    carrier, named by its whole MHz: `doppler_20_hz`, what arrives, ionosphere included; `tone_20_hz`, negative beyond
    zero beat; `level_20_db`, the tone's amplitude against full scale while the key is down, before the band filter,
    minus infinity below the horizon. What they consist of follows, again for each carrier:

    `doppler_geometry_20_hz` (-f times the derivative of `delay_s`) and `doppler_ionosphere_20_hz`, which add up;
    `ionosphere_phase_20_s` and `ionosphere_group_20_s`, which added to `delay_s` give the delay of phase and of
    keying; `faraday_20_deg`; gains `edge_20_db` and `spin_20_db`; `path_loss_20_db` of free space; `power_20_dbm`
    from a dipole; `field_20_uv_m`, the field's rms value whatever its polarisation; `c_n0_20_db_hz`, key down,
    infinite without noise, in mono against the noise of both receivers, nan with neither signal nor noise. Last comes
    `electrons_m2`, the content of the straight line. What is off is 0.

    Raises ScenarioError where the scenario cannot be received.
    """
    return _columns(scenario, receive(scenario), np.asarray(t_s, np.float64).reshape(-1))


def tracks(
    scenario: Scenario, *, step_s: float = 1.0, parts: bool = True, frequency_mhz: float | None = None
) -> Iterator[dict[str, NDArray[np.generic]]]:
    """The columns of `track` over the whole recording, every `step_s`, some hundreds of rows at a time.

    Without `parts` those that say what the others consist of are left out. With `frequency_mhz` the Doppler of that
    frequency stands in place of the carriers' columns.
    """
    if not (np.isfinite(step_s) and step_s >= LEAST_STEP_S):
        raise ScenarioError(f"step_s must be {LEAST_STEP_S:g} or more and finite, got {step_s:g}; the default is 1")
    if frequency_mhz is not None and not 0 < frequency_mhz < np.inf:
        raise ScenarioError(f"frequency_mhz must be above 0 and finite, got {frequency_mhz:g}")
    reception = receive(scenario)
    count = int(reception.duration_s / step_s + 1e-9) + 1
    for first in range(0, count, ROWS):
        t_s = np.arange(first, min(first + ROWS, count), dtype=np.float64) * step_s
        yield _columns(scenario, reception, t_s, parts=parts, frequency_mhz=frequency_mhz)


def _columns(
    scenario: Scenario, reception: Reception, t_s: Array, *, parts: bool = True, frequency_mhz: float | None = None
) -> dict[str, NDArray[np.generic]]:
    seen, layer = reception.look(t_s), reception.layer
    if reception.epoch is None:
        utc = np.full(t_s.shape, np.datetime64("NaT"), "datetime64[us]")
    else:
        start = np.datetime64(reception.epoch.astimezone(UTC).replace(tzinfo=None), "us")
        utc = start + np.rint(t_s * 1e6).astype("timedelta64[us]")
    columns: dict[str, NDArray[np.generic]] = {
        "t_s": t_s,
        "utc": utc,
        "range_km": seen.range_m / 1e3,
        "range_rate_km_s": seen.range_rate_m_s / 1e3,
        "azimuth_deg": np.degrees(seen.azimuth_rad),
        "elevation_deg": np.degrees(seen.elevation_rad),
        "delay_s": seen.delay_s,
    }
    if frequency_mhz is not None:
        frequency_hz = frequency_mhz * 1e6
        ionosphere_hz = ionospheric_doppler_hz(reception.look, t_s, frequency_hz=frequency_hz, layer=layer)
        return columns | {f"doppler_{frequency_mhz:.12g}_hz": ionosphere_hz - frequency_hz * seen.delay_rate}
    found: dict[str, NDArray[np.generic]] = {}
    none = np.zeros_like(t_s)
    for name, carrier in zip(scenario.names, scenario.carriers, strict=True):
        frequency_hz = carrier.frequency_mhz * 1e6
        way = link(seen, frequency_hz=frequency_hz, layer=layer, site=reception.site, faraday=scenario.faraday)
        sent_s = t_s - way.group_delay_s
        turning = {"spin_rpm": scenario.spin_rpm, "spin_depth_db": scenario.spin_depth_db}
        heard = amplitude(way, sent_s, closest_m=reception.closest_m, **turning)
        geometry_hz = -frequency_hz * seen.delay_rate
        ionosphere_hz = ionospheric_doppler_hz(reception.look, t_s, frequency_hz=frequency_hz, layer=layer)
        doppler_hz = geometry_hz + ionosphere_hz
        with np.errstate(divide="ignore", invalid="ignore"):  # neither signal nor noise is no ratio
            gain_db = 20 * np.log10(np.abs(heard))
            ratio_db_hz = c_n0_db_hz(scenario, carrier, reception.closest_m, reception) + gain_db
        columns[f"doppler_{name}_hz"] = doppler_hz
        columns[f"tone_{name}_hz"] = tone_hz(scenario, carrier, doppler_hz, t_s, way.phase_delay_s)
        columns[f"level_{name}_db"] = scenario.level_dbfs + gain_db
        found[f"doppler_geometry_{name}_hz"] = geometry_hz
        found[f"doppler_ionosphere_{name}_hz"] = ionosphere_hz
        found[f"ionosphere_phase_{name}_s"] = way.phase_delay_s - seen.delay_s
        found[f"ionosphere_group_{name}_s"] = way.group_delay_s - seen.delay_s
        found[f"faraday_{name}_deg"] = none if way.faraday_rad is None else np.degrees(way.faraday_rad)
        found[f"edge_{name}_db"] = none if way.edge_db is None else way.edge_db
        found[f"spin_{name}_db"] = 20 * np.log10(spin_gain(sent_s, **turning))
        closest_db = path_loss_db(frequency_hz, reception.closest_m)
        found[f"path_loss_{name}_db"] = closest_db + 20 * np.log10(seen.range_m / reception.closest_m)
        bare = amplitude(replace(way, faraday_rad=None), sent_s, closest_m=reception.closest_m, **turning)
        field_v_m = FIELD_AT_1_M_V * np.sqrt(carrier.power_w) / reception.closest_m * bare
        power_dbw = received_dbw(frequency_hz, power_w=carrier.power_w, range_m=reception.closest_m)
        found[f"power_{name}_dbm"] = power_dbw + 30 + gain_db
        found[f"field_{name}_uv_m"] = field_v_m * 1e6
        found[f"c_n0_{name}_db_hz"] = ratio_db_hz
    sine = np.sin(seen.elevation_rad)
    found["electrons_m2"] = none if layer is None else slant_electron_content(seen.range_m, sine, layer=layer)
    return columns | found if parts else columns


def sent_pulses(scenario: Scenario) -> Iterator[dict[str, NDArray[np.generic]]]:
    """Columns (N,) of everything that is keyed within the recording, carrier by carrier, some hundreds at a time.

    `carrier` by its whole MHz and `number`, from 0 for its first; `sent_start_s` and `sent_end_s`, emission times at
    half amplitude; `start_s` and `end_s`, where they are heard in the recording, a tape's wow included. Whether the
    satellite is above the horizon then is not asked. What has no start or end, as a carrier that always sends, has nan.
    """
    reception = receive(scenario)
    for name, carrier in zip(scenario.names, scenario.carriers, strict=True):
        count = 0
        for first_s in np.arange(0.0, reception.duration_s, PULSES_S):
            edge_s = np.array([first_s, min(first_s + PULSES_S, reception.duration_s)])
            sent_from_s, sent_until_s = edge_s - _group_delay_s(reception, carrier, edge_s)
            starts, ends = pulses(scenario.key, start_s=sent_from_s, stop_s=sent_until_s, sends=carrier.sends)
            new = (starts >= sent_from_s) | (first_s == 0)  # what began before was in the stretch before
            starts, ends = starts[new], ends[new]
            yield {
                "carrier": np.full(starts.shape, name),
                "number": count + np.arange(starts.size),
                "sent_start_s": np.where(np.isfinite(starts), starts, np.nan),
                "sent_end_s": np.where(np.isfinite(ends), ends, np.nan),
                "start_s": _heard_s(scenario, reception, carrier, starts),
                "end_s": _heard_s(scenario, reception, carrier, ends),
            }
            count += starts.size


def _heard_s(scenario: Scenario, reception: Reception, carrier: Carrier, sent_s: Array) -> Array:
    """When in the recording what was sent then is heard; without a time, never."""
    heard_s = np.full(sent_s.shape, np.nan)
    known = np.isfinite(sent_s)
    arrival_s = sent_s[known]
    for _ in range(ARRIVAL_ROUNDS):
        arrival_s = sent_s[known] + _group_delay_s(reception, carrier, arrival_s)
    heard_s[known] = arrival_s
    if scenario.wow_percent > 0:
        for _ in range(WOW_ROUNDS):  # the tape is then where it came by
            heard_s[known] = arrival_s - wow_s(heard_s[known], percent=scenario.wow_percent, rate_hz=scenario.wow_hz)
    return heard_s


def _group_delay_s(reception: Reception, carrier: Carrier, t_s: Array) -> Array:
    way = link(
        reception.look(t_s),
        frequency_hz=carrier.frequency_mhz * 1e6,
        layer=reception.layer,
        site=reception.site,
        faraday=False,
    )
    return way.group_delay_s


def write_truth(scenario: Scenario, file: TextIO, *, step_s: float = 1.0) -> None:
    """Write all that is true of a recording as one JSON object, however long, in constant memory.

    `program`, `scenario` (which `beep.Scenario` takes back), `reception`, `track` (an array of the rows of `tracks`)
    and `pulses` (an array of the rows of `sent_pulses`). What JSON has no number for is null.
    """
    reception = receive(scenario)
    head = {
        "program": f"{PROGRAM} {VERSION}",
        "scenario": to_dict(scenario),
        "reception": _reception(scenario, reception),
    }
    write_document(file, head, {"track": tracks(scenario, step_s=step_s), "pulses": sent_pulses(scenario)})


def _reception(scenario: Scenario, reception: Reception) -> dict[str, Any]:
    """What the scenario was resolved to; seconds after the first sample, which has the time `epoch`."""
    around = next(find_passes(reception.look, start_s=reception.tca_s, stop_s=reception.tca_s + 1, running=True), None)
    site, layer = reception.site, reception.layer
    return {
        "epoch": None
        if reception.epoch is None
        else reception.epoch.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "duration_s": reception.duration_s,
        "aos_s": _known_s(around.aos_s if around else None),
        "tca_s": reception.tca_s,
        "los_s": _known_s(around.los_s if around else None),
        "closest_km": reception.closest_m / 1e3,
        "site": {
            "latitude_deg": site.latitude_deg,
            "longitude_deg": site.longitude_deg,
            "height_m": site.height_m,
            "assumed": scenario.station is None,
        },
        "layer": None
        if layer is None
        else {
            "name": reception.ionosphere,
            "fof2_mhz": layer.fof2_hz / 1e6,
            "hm_km": layer.hm_m / 1e3,
            "scale_km": layer.scale_m / 1e3,
        },
    }


def _known_s(moment_s: float | None) -> float | None:
    """A time as JSON has it: none where the satellite is below the horizon, or does not cross it for days."""
    return None if moment_s is None or np.isinf(moment_s) else moment_s
