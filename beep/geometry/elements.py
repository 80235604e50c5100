"""Orbital elements as SGP4 takes them."""

from __future__ import annotations

from dataclasses import dataclass

TYPE_CHECKING = False  # importing typing for this would take a tenth of the time of `beep --help`
if TYPE_CHECKING:
    from datetime import datetime


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
