"""The truth of a reception, moment by moment: geometry, delay, Doppler, tone, level."""

from collections.abc import Iterator
from datetime import UTC

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beep.arrays import Array
from beep.channel import relative_amplitude
from beep.errors import ScenarioError
from beep.receiver import doppler_sign
from beep.reception import Reception, receive
from beep.scenario import Scenario

ROWS = 4096  # worked out together
LEAST_STEP_S = 1e-6


def track(scenario: Scenario, t_s: ArrayLike) -> dict[str, NDArray[np.generic]]:
    """Columns (N,) at the times `t_s` (N,), seconds after the recording's first sample.

    `utc` (datetime64, NaT where the scenario has no date), `range_km`, `range_rate_km_s`, `azimuth_deg` and
    `elevation_deg` are the geometry of that instant; `delay_s` is the light time of what arrives then. For each
    carrier, named by its whole MHz: `doppler_20_hz`, -f times the derivative of the delay; `tone_20_hz`, negative
    beyond zero beat; `level_20_db`, the tone's amplitude against full scale while the key is down, before the band
    filter, minus infinity below the horizon.

    Raises ScenarioError where the scenario cannot be received.
    """
    return _columns(scenario, receive(scenario), np.asarray(t_s, np.float64).reshape(-1))


def tracks(
    scenario: Scenario, *, step_s: float = 1.0, frequency_mhz: float | None = None
) -> Iterator[dict[str, NDArray[np.generic]]]:
    """The columns of `track` over the whole recording, every `step_s`, some thousands of rows at a time.

    With `frequency_mhz` the Doppler of that frequency stands in place of the carriers' columns.
    """
    if not (np.isfinite(step_s) and step_s >= LEAST_STEP_S):
        raise ScenarioError(f"step_s must be {LEAST_STEP_S:g} or more and finite, got {step_s:g}; the default is 1")
    if frequency_mhz is not None and not 0 < frequency_mhz < np.inf:
        raise ScenarioError(f"frequency_mhz must be above 0 and finite, got {frequency_mhz:g}")
    reception = receive(scenario)
    count = int(reception.duration_s / step_s + 1e-9) + 1
    for first in range(0, count, ROWS):
        t_s = np.arange(first, min(first + ROWS, count), dtype=np.float64) * step_s
        yield _columns(scenario, reception, t_s, frequency_mhz)


def _columns(
    scenario: Scenario, reception: Reception, t_s: Array, frequency_mhz: float | None = None
) -> dict[str, NDArray[np.generic]]:
    seen = reception.look(t_s)
    if reception.epoch is None:
        utc = np.full(t_s.shape, np.datetime64("NaT"), "datetime64[us]")
    else:
        start = np.datetime64(reception.epoch.astimezone(UTC).replace(tzinfo=None), "us")
        utc = start + np.rint(t_s * 1e6).astype("timedelta64[us]")
    amplitude = relative_amplitude(seen.range_m, np.sin(seen.elevation_rad), closest_m=reception.closest_m)
    with np.errstate(divide="ignore"):
        level_db = scenario.level_dbfs + 20 * np.log10(amplitude)
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
        return columns | {f"doppler_{frequency_mhz:.12g}_hz": -frequency_mhz * 1e6 * seen.delay_rate}
    for name, carrier in zip(scenario.names, scenario.carriers, strict=True):
        doppler_hz = -carrier.frequency_mhz * 1e6 * seen.delay_rate
        columns[f"doppler_{name}_hz"] = doppler_hz
        columns[f"tone_{name}_hz"] = scenario.tone_hz + doppler_sign(scenario.sideband) * doppler_hz
        columns[f"level_{name}_db"] = level_db
    return columns
