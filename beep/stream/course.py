"""What changes slowly while the satellite flies over: delays and gains of many tiles at a time.

It is asked of the geometry at a few Chebyshev nodes a tile, and becomes a quadratic in each of the tile's pieces.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from beep.base.arrays import Array, Samples
from beep.radio.channel import Link, amplitude, link
from beep.radio.receiver import doppler_sign, wow_s
from beep.stream.plan import GUARD, PIECE, PIECES, REACH, TILE, Plan

NODES = 8  # per tile: the error of the delay stays below 1e-8 turn at 40 MHz (at 8 kHz and 100 km: 3e-8)
GROUP = 32  # tiles whose geometry is asked for together


@dataclass(frozen=True, kw_only=True, eq=False)
class Slow:
    """Delays and gain of a group of tiles, piece by piece: for each carrier, or one for all where they agree.

    A quadratic is its value, slope and curvature over the piece, whose length is one.
    """

    phase_delay_s: Array  # (carriers, GROUP, PIECES, 3)
    group_delay_s: Array  # (carriers, GROUP, PIECES, 3)
    gain: Samples  # (carriers, GROUP, PIECES, 2): value and slope; negative where the polarisation has turned over
    time_s: Array | None  # (GROUP, PIECES, 3): of what is heard, where a tape's speed swings
    drift: Array | None  # (carriers, GROUP, PIECES, 3): turns by which oscillators are off


@lru_cache
def _node_matrix() -> tuple[Array, Array, Array, Array]:
    """Chebyshev nodes of a tile, and matrices from values there to the pieces' ends and middles.

    The three matrices give the value and its first and second derivative; the tile has the length 2.
    """
    nodes = np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)
    points = np.linspace(-1, 1, 2 * PIECES + 1)
    orders = np.arange(NODES)[:, None]
    at_nodes, at_points = np.cos(orders * np.arccos(nodes)), np.cos(orders * np.arccos(points))
    slopes, bends = (chebyshev.chebval(points, chebyshev.chebder(np.eye(NODES), m)) for m in (1, 2))
    matrix, first, second = (np.asarray(np.linalg.solve(at_nodes, wanted)) for wanted in (at_points, slopes, bends))
    return nodes, matrix, first, second


def slow(plan: Plan, group: int) -> Slow:
    """What changes slowly over the tiles group * GROUP, group * GROUP + 1, ..."""
    scenario, reception = plan.scenario, plan.reception
    nodes, to_points, to_slopes, to_bends = _node_matrix()
    length_s = PIECES * PIECE * plan.scale / plan.internal_rate_hz
    start_s = tile_start_s(plan, group * GROUP + np.arange(GROUP))
    seen = reception.look((start_s[:, None] + (nodes + 1) / 2 * length_s).ravel())
    time_s = start_s[:, None] + np.linspace(0, length_s, 2 * PIECES + 1)
    ahead_s = None
    if scenario.wow_percent > 0:
        ahead_s = wow_s(time_s, percent=scenario.wow_percent, rate_hz=scenario.wow_hz)
        time_s = time_s + ahead_s

    def at_points(values: Array | None) -> Array | None:
        return None if values is None else values.reshape(GROUP, NODES) @ to_points

    def delays(values: Array) -> Array:
        at_nodes = values.reshape(GROUP, NODES)
        found: Array = at_nodes @ to_points
        if ahead_s is not None:  # by Taylor, for the nodes stand still: the third term is below 1e-5 turn
            way = ahead_s * (2 / length_s)
            found = found + way * (at_nodes @ to_slopes) + way**2 / 2 * (at_nodes @ to_bends)
        return found

    # Without an ionosphere all carriers go the same way.
    wanted_hz = plan.frequency_hz if reception.layer else plan.frequency_hz[:1]
    phase_s, group_s, gain = [], [], []
    for frequency_hz in wanted_hz:
        way = link(
            seen,
            frequency_hz=float(frequency_hz),
            layer=reception.layer,
            site=reception.site,
            faraday=scenario.faraday,
        )
        phase_s.append(delays(way.phase_delay_s))
        group_s.append(delays(way.group_delay_s) if way.group_delay_s is not way.phase_delay_s else phase_s[-1])
        ends = [None if values is None else values[:, ::2] for values in map(at_points, _others(way))]
        range_m, sin_elevation, faraday_rad, edge_db = ends
        assert range_m is not None
        assert sin_elevation is not None
        at_ends = Link(
            phase_delay_s=phase_s[-1][:, ::2],
            group_delay_s=group_s[-1][:, ::2],
            range_m=range_m,
            sin_elevation=sin_elevation,
            faraday_rad=faraday_rad,
            edge_db=edge_db,
        )
        found = amplitude(
            at_ends,
            (time_s - group_s[-1])[:, ::2],
            closest_m=reception.closest_m,
            spin_rpm=scenario.spin_rpm,
            spin_depth_db=scenario.spin_depth_db,
        )
        gain.append(np.stack([found[:, :-1], np.diff(found)], axis=-1))
    return Slow(
        phase_delay_s=_quadratics(np.stack(phase_s)),
        group_delay_s=_quadratics(np.stack(group_s)),
        gain=np.stack(gain).astype(np.float32),
        time_s=None if ahead_s is None else _quadratics(time_s),
        drift=_drift(plan, time_s, np.stack(phase_s)),
    )


def _others(way: Link) -> tuple[Array, Array, Array | None, Array | None]:
    return way.range_m, way.sin_elevation, way.faraday_rad, way.edge_db


def _drift(plan: Plan, time_s: Array, delay_s: Array) -> Array | None:
    """Turns of the sound by which the oscillators of satellite and receiver are off."""
    scenario = plan.scenario
    rates = (scenario.carrier_offset_hz, scenario.carrier_drift_hz_s, scenario.receiver_drift_hz_s)
    if not any(rates):
        return None
    offset_hz, drift_hz_s, receiver_hz_s = rates
    sent_s = time_s - delay_s
    turns = (offset_hz + drift_hz_s / 2 * sent_s) * sent_s - receiver_hz_s / 2 * time_s**2
    sign = 1 if scenario.detector == "am" else doppler_sign(scenario.sideband)
    return sign * _quadratics(turns)


def _quadratics(values: Array) -> Array:
    """Quadratics (..., PIECES, 3) through values (..., 2 PIECES + 1) at the pieces' ends and middles."""
    first, middle, last = values[..., :-2:2], values[..., 1::2], values[..., 2::2]
    bend = 2 * (first - 2 * middle + last)
    return np.stack([first, last - first - bend, bend], axis=-1)


def tile_start_s(plan: Plan, number: NDArray[np.int64] | int) -> Array:
    """Time of the first internal sample that is computed for a tile: its history comes before its output."""
    first = np.asarray(number * TILE - REACH - GUARD, np.float64)
    return first * (plan.scale / plan.internal_rate_hz)
