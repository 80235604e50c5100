"""The documented receptions of 1957, compared with the orbit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from beep.geometry import sputnik
from beep.geometry.forecast import Prediction, pass_columns, passes
from beep.geometry.orbit import orbit_view
from beep.geometry.stations import parse_station
from beep.scenario.presets import reception, reception_names

MINUTE = timedelta(minutes=1)  # resolution of the reports
EARLY = timedelta(minutes=10)  # tolerance before a rise: clock error, rounding, or refraction in the ionosphere
_STEPS = 61


@dataclass(frozen=True, kw_only=True)
class DocumentedReception:
    """One reception on record: the report, the pass that belongs to it, and whether the two agree."""

    name: str
    who: str
    report: str
    heard_from: datetime
    heard_until: datetime
    grade: str
    source: str
    prediction: Prediction | None  # highest pass during the reception, or the next to rise; None where there is none
    lowest_deg: float  # elevation during the reception
    highest_deg: float
    verdict: str  # agrees, before the rise, or over the horizon


class Receptions(tuple[DocumentedReception, ...]):
    """Documented receptions in order of time."""


def receptions() -> Receptions:
    """The receptions of 1957 on record, in order of time, each compared with the orbit, which is accurate to 3 s.

    "agrees": a pass was above the horizon during the reception, to the minute. "before the rise": the reception was
    up to ten minutes before the rise. "over the horizon": neither; the signal went round the Earth.
    """
    return Receptions(sorted(map(_documented, reception_names()), key=lambda documented: documented.heard_from))


def _documented(name: str) -> DocumentedReception:
    record = reception(name)
    heard_from, heard_until = record["heard_from"], record["heard_until"]
    station = record["recipe"]["station"]
    begin = max(heard_from - EARLY, sputnik.ORBIT_FROM)
    predictions = passes(station, begin, days=(heard_until + EARLY + MINUTE - begin) / timedelta(days=1))
    during = [p for p in predictions if p.aos and p.los and p.aos < heard_until + MINUTE and p.los > heard_from]
    later = [p for p in predictions if p.aos and p.aos >= heard_until]
    prediction = max(during, key=lambda p: p.max_elevation_deg) if during else later[0] if later else None
    elements = sputnik.elements(prediction.tca if prediction else heard_from)
    t_s = np.linspace(0.0, (heard_until - heard_from).total_seconds(), _STEPS)
    elevation_deg = np.degrees(orbit_view(parse_station(station), elements, heard_from)(t_s).elevation_rad)
    return DocumentedReception(
        **{key: record[key] for key in ("who", "report", "heard_from", "heard_until", "grade", "source")},
        name=name,
        prediction=prediction,
        lowest_deg=float(elevation_deg.min()),
        highest_deg=float(elevation_deg.max()),
        verdict="agrees" if during else "before the rise" if later else "over the horizon",
    )


def reception_columns(rows: Sequence[DocumentedReception]) -> dict[str, NDArray[np.generic]]:
    """Columns (N,) of receptions and their passes; a missing pass is NaT, nan or empty."""
    words = ("name", "who", "report", "grade", "source", "verdict")
    columns: dict[str, NDArray[np.generic]] = {
        key: np.array([getattr(row, key) for row in rows], np.str_) for key in words
    }
    for key in ("heard_from", "heard_until"):
        columns[f"{key}_utc"] = np.array([getattr(row, key).replace(tzinfo=None) for row in rows], "datetime64[us]")
    for key in ("lowest_deg", "highest_deg"):
        columns[f"heard_{key}"] = np.array([getattr(row, key) for row in rows])
    return columns | pass_columns(row.prediction for row in rows)
