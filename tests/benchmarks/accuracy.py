"""How exact an export is: the phase against 60 digits, the samples against direct evaluation at the output rate."""

import sys
from pathlib import Path

import mpmath
import numpy as np

from beep.base.constants import GM_EARTH_M3_S2, MEAN_EARTH_RADIUS_M, SPEED_OF_LIGHT_M_S
from beep.scenario.scenario import Scenario
from beep.stream.course import GROUP, course_of_group, tile_start_s
from beep.stream.plan import PIECE, Plan, make_plan
from beep.stream.tiles import render

CARRIER_HZ = 40_002_000
PARTS = (0.0, 0.25, 0.5, 0.75, 1.0)  # of a piece


def delay_s(t_s: mpmath.mpf, scenario: Scenario) -> mpmath.mpf:
    """Light time of what arrives `t_s` after the closest approach of a circular pass."""
    earth_m = mpmath.mpf(MEAN_EARTH_RADIUS_M)
    orbit_m, highest = earth_m + 1000 * mpmath.mpf(scenario.altitude_km), mpmath.radians(scenario.max_elevation_deg)
    off_track = mpmath.acos(earth_m / orbit_m * mpmath.cos(highest)) - highest
    rate = mpmath.sqrt(mpmath.mpf(GM_EARTH_M3_S2) / orbit_m**3)
    late_s = mpmath.mpf(0)
    for _ in range(14):  # each gains five digits
        cosine = mpmath.cos(off_track) * mpmath.cos(rate * (t_s - late_s))
        late_s = mpmath.sqrt(earth_m**2 + orbit_m**2 - 2 * earth_m * orbit_m * cosine) / SPEED_OF_LIGHT_M_S
    return late_s


def phase_error(plan: Plan) -> float:
    """Largest error of the carrier's phase in some pieces of each tile, turns."""
    worst = 0.0
    for tile in range(round(plan.frames / plan.tile_frames)):
        pieces = course_of_group(plan, tile // GROUP).phase_delay_s[0, tile % GROUP]
        for number in (0, len(pieces) // 2, len(pieces) - 1):
            value, slope, bend = pieces[number]
            for part in PARTS:
                position = (number + part) * PIECE * plan.scale
                t_s = mpmath.mpf(float(tile_start_s(plan, tile))) + position / mpmath.mpf(plan.internal_rate_hz)
                exact_s = delay_s(t_s - mpmath.mpf(plan.reception.tca_s), plan.scenario)
                worst = max(worst, abs(float((value + slope * part + bend * part**2 - exact_s) * CARRIER_HZ)))
    return worst


def main() -> None:
    print("| accuracy | |\n|---|---|")
    with mpmath.workdps(60):
        for about, fields in (("", {}), (", 100 km overhead", {"altitude_km": 100.0, "max_elevation_deg": 90.0})):
            error = phase_error(make_plan(Scenario(noise="off", **fields)))
            print(f"| phase against 60 digits, turns at 40 MHz{about} | {error:.1e} |")
    sys.path[:0] = [str(Path(__file__).parents[1] / "stream")]
    from test_tiles import direct

    plan = make_plan(Scenario(noise="off", level_dbfs=0.0))
    half, middles = round(0.35 * plan.scenario.sample_rate_hz), np.linspace(0, plan.frames, 9, dtype=int)[1:-1]
    windows = [(int(middle) - half, int(middle) + half) for middle in middles]
    off = max(np.abs(render(plan, start=a, stop=b) - direct(plan, a, b)).max() for a, b in windows)
    print(f"| samples against direct evaluation at the output rate, of full scale | {off:.1e} |")


if __name__ == "__main__":
    main()
