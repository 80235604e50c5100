"""Orbital elements, as numbers and as the text that they came in."""

from __future__ import annotations

from dataclasses import dataclass
from math import radians, tau

from beep.base.constants import SECONDS_PER_DAY
from beep.base.errors import TleError

TYPE_CHECKING = False  # as typing has it, whose import takes a tenth of `beep --help`
if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

MOST_REVOLUTIONS_PER_DAY = 18.0  # lower than the ground


@dataclass(frozen=True, kw_only=True)
class Elements:
    """SGP4 mean elements (WGS-72, TEME, Kozai mean motion) at an epoch."""

    epoch: datetime
    inclination_rad: float
    raan_rad: float
    eccentricity: float
    argument_of_perigee_rad: float
    mean_anomaly_rad: float
    mean_motion_rad_s: float
    bstar: float = 0.0  # drag, per Earth radius


@dataclass(frozen=True, kw_only=True)
class ElementSet:
    """One satellite's elements, as they stood in a text."""

    text: str
    name: str  # empty where the text has none
    number: int  # in the catalogue
    where: str  # in the text, for messages
    line: int = 0  # of its first element line, likewise


def limited(epoch: datetime, values: Mapping[str, float], where: Mapping[str, str]) -> Elements:
    """Elements of numbers in degrees and revolutions a day; raises TleError beyond what an orbit can have."""
    rules = [("INCLINATION", 0.0, 180.0, "degrees")]
    rules += [(key, 0.0, 360.0, "degrees") for key in ("RA_OF_ASC_NODE", "ARG_OF_PERICENTER", "MEAN_ANOMALY")]
    rules += [("MEAN_MOTION", 0.01, MOST_REVOLUTIONS_PER_DAY, "revolutions a day")]
    for key, least, most, unit in rules:
        if not least <= values[key] <= most:
            words = key.lower().replace("_", " ")
            raise TleError(f"{where[key]}: the {words} must be {least:g} to {most:g} {unit}, got {values[key]:g}")
    if not 0 <= values["ECCENTRICITY"] < 1:
        raise TleError(
            f"{where['ECCENTRICITY']}: the eccentricity must be 0 or more and below 1, got {values['ECCENTRICITY']:g}"
        )
    return Elements(
        epoch=epoch,
        inclination_rad=radians(values["INCLINATION"]),
        raan_rad=radians(values["RA_OF_ASC_NODE"]),
        eccentricity=values["ECCENTRICITY"],
        argument_of_perigee_rad=radians(values["ARG_OF_PERICENTER"]),
        mean_anomaly_rad=radians(values["MEAN_ANOMALY"]),
        mean_motion_rad_s=values["MEAN_MOTION"] * tau / SECONDS_PER_DAY,
        bstar=values["BSTAR"],
    )
