"""The truth of a reception, moment by moment and pulse by pulse: geometry, Doppler, levels, times of the pulses."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beep.base.arrays import Array
from beep.base.errors import ScenarioError
from beep.radio.channel import amplitude, ionospheric_doppler_hz, path_loss_db, received_dbw, spin_gain
from beep.radio.ionosphere import slant_electron_content
from beep.radio.receiver import doppler_sign
from beep.scenario.carriers import Carrier
from beep.scenario.scenario import Scenario
from beep.signal.pulses import mean_chirp_hz, pulses
from beep.stream.reception import Reception, c_n0_db_hz, tape_ahead_s, tone_hz
from beep.stream.reception import doppler_hz as doppler_at_hz
from beep.stream.resolve import receive

ROWS_AT_ONCE = 256  # each needs five rays of 160 nodes
PULSES_S = 200.0  # of the recording, keyed together
LEAST_STEP_S = 1e-6
RATE_STEP_S = 0.1  # of the difference that gives the Doppler's rate: within 1e-4 Hz/s
ARRIVAL_ROUNDS = 4  # each gains a factor of some 1e4
WOW_ROUNDS = 16  # each gains one of 5 or more: wow of 5 % with flutter of 4 % rms
FIELD_AT_1_M_V = 30**0.5  # of 1 W from an isotropic antenna, rms: sqrt(Z0 / 4 pi), Z0 taken as 120 pi ohms

Columns = dict[str, NDArray[Any]]


def track(scenario: Scenario | Reception, t_s: ArrayLike | None = None, *, step_s: float = 1.0) -> Columns:
    """Columns (N,) at the times `t_s` (N,), seconds after the first sample; without, every `step_s` of the recording.

    `utc` (datetime64, NaT where the scenario has no date), `range_km`, `range_rate_km_s`, `azimuth_deg` and
    `elevation_deg` are the geometry of that instant; `delay_s` is the light time of what arrives then. For each
    carrier, named by its whole MHz: `doppler_20_hz` as received, ionosphere included; `tone_20_hz`, negative beyond
    zero beat; `level_20_db`, the tone's amplitude relative to full scale while the key is down, before the band filter,
    minus infinity below the horizon. Their parts follow, again for each carrier:

    `doppler_rate_20_hz_s`, the derivative of the Doppler; `doppler_geometry_20_hz` (-f times the derivative of
    `delay_s`) and `doppler_ionosphere_20_hz`, which add up;
    `ionosphere_phase_20_s` and `ionosphere_group_20_s`, which added to `delay_s` give phase delay and group delay;
    `faraday_20_deg`; gains `edge_20_db` and `spin_20_db`; `path_loss_20_db` of free space; `power_20_dbm` from a
    dipole; `field_20_uv_m`, rms field strength whatever its polarisation; `c_n0_20_db_hz`, key down, infinite without
    noise, in mono against the noise of both receivers, nan with neither signal nor noise. The last column is
    `electrons_m2`, the electron content of the straight line. An effect that is off is 0.

    Raises ScenarioError where the scenario cannot be received.
    """
    reception = receive(scenario)
    if t_s is not None:
        return _columns(reception, np.asarray(t_s, np.float64).reshape(-1))
    tables = list(track_rows(reception, step_s=step_s))
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def track_rows(
    scenario: Scenario | Reception, *, step_s: float = 1.0, parts: bool = True, frequency_mhz: float | None = None
) -> Iterator[Columns]:
    """The columns of `track` over the whole recording, every `step_s`, some hundreds of rows at a time.

    Without `parts` the columns end before the parts. With `frequency_mhz` the Doppler of that frequency stands in place
    of the carriers' columns.
    """
    if not (np.isfinite(step_s) and step_s >= LEAST_STEP_S):
        raise ScenarioError(f"step_s must be {LEAST_STEP_S:g} or more and finite, got {step_s:g}; the default is 1")
    if frequency_mhz is not None and not 0 < frequency_mhz < np.inf:
        raise ScenarioError(f"frequency_mhz must be above 0 and finite, got {frequency_mhz:g}")
    reception = receive(scenario)
    count = int(reception.duration_s / step_s + 1e-9) + 1
    for first in range(0, count, ROWS_AT_ONCE):
        t_s = np.arange(first, min(first + ROWS_AT_ONCE, count), dtype=np.float64) * step_s
        yield _columns(reception, t_s, parts=parts, frequency_mhz=frequency_mhz)


def _columns(reception: Reception, t_s: Array, *, parts: bool = True, frequency_mhz: float | None = None) -> Columns:
    look, layer = reception.look(t_s), reception.layer
    epoch = reception.epoch and reception.epoch.astimezone(UTC).replace(tzinfo=None)
    columns: Columns = {
        "t_s": t_s,
        "utc": np.datetime64(epoch or "NaT", "us") + np.rint(t_s * 1e6).astype("timedelta64[us]"),
        "range_km": look.range_m / 1e3,
        "range_rate_km_s": look.range_rate_m_s / 1e3,
        "azimuth_deg": np.degrees(look.azimuth_rad),
        "elevation_deg": np.degrees(look.elevation_rad),
        "delay_s": look.delay_s,
    }
    if frequency_mhz is not None:
        frequency_hz = frequency_mhz * 1e6
        ionosphere_hz = ionospheric_doppler_hz(reception.look, t_s, frequency_hz=frequency_hz, layer=layer)
        return columns | {f"doppler_{frequency_mhz:.12g}_hz": ionosphere_hz - frequency_hz * look.delay_rate}
    scenario, closest_m = reception.scenario, reception.closest_m
    spin = {"spin_rpm": scenario.spin_rpm, "spin_depth_db": scenario.spin_depth_db}
    part_columns: Columns = {}
    zeros = np.zeros_like(t_s)
    for name, carrier in zip(scenario.names, scenario.carriers, strict=True):
        frequency_hz = carrier.frequency_mhz * 1e6
        path = reception.link(look, frequency_hz)
        sent_s = t_s - path.group_delay_s
        geometry_hz = -frequency_hz * look.delay_rate
        ionosphere_hz = ionospheric_doppler_hz(reception.look, t_s, frequency_hz=frequency_hz, layer=layer)
        doppler_hz = geometry_hz + ionosphere_hz
        with np.errstate(divide="ignore", invalid="ignore"):  # neither signal nor noise is no ratio
            gain_db = 20 * np.log10(np.abs(amplitude(path, sent_s, closest_m=closest_m, **spin)))
            ratio_db_hz = c_n0_db_hz(reception, carrier) + gain_db
        columns[f"doppler_{name}_hz"] = doppler_hz
        columns[f"tone_{name}_hz"] = tone_hz(reception, carrier, t_s, shift_hz=doppler_hz, delay_s=path.phase_delay_s)
        columns[f"level_{name}_db"] = scenario.level_dbfs + gain_db
        if not parts:
            continue
        unpolarised = amplitude(replace(path, faraday_rad=None), sent_s, closest_m=closest_m, **spin)
        field_v_m = FIELD_AT_1_M_V * np.sqrt(carrier.power_w) / closest_m * unpolarised
        power_dbw = received_dbw(frequency_hz, power_w=carrier.power_w, range_m=closest_m)
        loss_db = path_loss_db(frequency_hz, closest_m) + 20 * np.log10(look.range_m / closest_m)
        before_hz, after_hz = (doppler_at_hz(reception, carrier, t_s + s) for s in (-RATE_STEP_S, RATE_STEP_S))
        part_columns |= {
            f"doppler_rate_{name}_hz_s": (after_hz - before_hz) / (2 * RATE_STEP_S),
            f"doppler_geometry_{name}_hz": geometry_hz,
            f"doppler_ionosphere_{name}_hz": ionosphere_hz,
            f"ionosphere_phase_{name}_s": path.phase_delay_s - look.delay_s,
            f"ionosphere_group_{name}_s": path.group_delay_s - look.delay_s,
            f"faraday_{name}_deg": zeros if path.faraday_rad is None else np.degrees(path.faraday_rad),
            f"edge_{name}_db": zeros if path.edge_db is None else path.edge_db,
            f"spin_{name}_db": 20 * np.log10(spin_gain(sent_s, **spin)),
            f"path_loss_{name}_db": loss_db,
            f"power_{name}_dbm": power_dbw + 30 + gain_db,
            f"field_{name}_uv_m": field_v_m * 1e6,
            f"c_n0_{name}_db_hz": ratio_db_hz,
        }
    sine = np.sin(look.elevation_rad)
    electrons_m2 = zeros if layer is None else slant_electron_content(look.range_m, sine, layer=layer)
    return columns | part_columns | {"electrons_m2": electrons_m2} if parts else columns


def sent_pulses(scenario: Scenario | Reception) -> Iterator[Columns]:
    """Columns (N,) of all that is keyed within the recording, carrier by carrier, some hundreds of rows at a time.

    `carrier` by its whole MHz, and `number` from 0; `sent_start_s` and `sent_end_s`, emission times at half amplitude;
    `start_s` and `end_s`, the same in the recording, a tape's wow and flutter included; `chirp_hz`, mean tone of the
    pulse less the settled tone that `track` gives. Pulses below the horizon are listed too. A missing start or end, as
    of a carrier that always sends, is nan.
    """
    reception = receive(scenario)
    scenario = reception.scenario
    sign, chirp_hz = doppler_sign(scenario.sideband), scenario.chirp_hz - scenario.chirp_end_hz
    for name, carrier in zip(scenario.names, scenario.carriers, strict=True):
        count = 0
        for first_s in np.arange(0.0, reception.duration_s, PULSES_S):
            edge_s = np.array([first_s, min(first_s + PULSES_S, reception.duration_s)])
            sent_from_s, sent_until_s = edge_s - _group_delay_s(reception, carrier, edge_s)
            starts, ends = pulses(reception.key, start_s=sent_from_s, stop_s=sent_until_s, sends=carrier.sends)
            new = (starts >= sent_from_s) | (first_s == 0)  # an earlier one was listed with the stretch before
            starts, ends = starts[new], ends[new]
            starts, ends = (np.where(np.isfinite(sent_s), sent_s, np.nan) for sent_s in (starts, ends))
            yield {
                "carrier": np.full(starts.shape, name),
                "number": count + np.arange(starts.size),
                "sent_start_s": starts,
                "sent_end_s": ends,
                "start_s": _received_s(reception, carrier, starts),
                "end_s": _received_s(reception, carrier, ends),
                "chirp_hz": sign * mean_chirp_hz(ends - starts, chirp_hz=chirp_hz, chirp_s=scenario.chirp_s),
            }
            count += starts.size


def _received_s(reception: Reception, carrier: Carrier, sent_s: Array) -> Array:
    """Time in the recording of what was sent at `sent_s`; nan where that is nan."""
    scenario = reception.scenario
    received_s = np.full_like(sent_s, np.nan)
    known = np.isfinite(sent_s)
    arrival_s = sent_s[known]
    for _ in range(ARRIVAL_ROUNDS):
        arrival_s = sent_s[known] + _group_delay_s(reception, carrier, arrival_s)
    received_s[known] = arrival_s
    for _ in range(WOW_ROUNDS if arrival_s.size else 0):
        if (ahead_s := tape_ahead_s(scenario, received_s[known])) is not None:
            received_s[known] = arrival_s - ahead_s
    return received_s


def _group_delay_s(reception: Reception, carrier: Carrier, t_s: Array) -> Array:
    return reception.link(reception.look(t_s), carrier.frequency_mhz * 1e6, faraday=False).group_delay_s
