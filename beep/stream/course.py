"""Slowly changing delay and gain of each carrier: computed at a few Chebyshev nodes of a tile, quadratic in a piece."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array, Samples
from beep.radio.channel import amplitude
from beep.radio.receiver import random_am
from beep.stream.plan import OVERLAP, PIECE, PIECES, TILE, Plan
from beep.stream.reception import tape_ahead_s

NODES = 12  # per tile: the error of the delay stays below 1e-8 turn at 40 MHz (in a tile of 4 s, 100 km high: 5e-8)
GROUP = 16  # tiles whose geometry is evaluated together
_NODES = np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)  # of a tile of the length 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Course:
    """Delays and gain of a group of tiles, piece by piece: for each carrier, or one for all without an ionosphere.

    A quadratic is its value, slope and curvature over the piece, whose length is one.
    """

    phase_delay_s: Array  # (carriers, GROUP, PIECES, 3)
    group_delay_s: Array  # (carriers, GROUP, PIECES, 3)
    gain: Samples  # (carriers, GROUP, PIECES, 2): value and slope; negative where the polarisation has turned over
    time_s: Array | None  # (GROUP, PIECES, 3): time on the tape, where its speed varies
    drift: Array | None  # (carriers, GROUP, PIECES, 3): turns by which the oscillators are off


def course_of_group(plan: Plan, group: int) -> Course:
    """Return the course of the tiles group * GROUP, group * GROUP + 1, ..."""
    scenario, reception = plan.scenario, plan.reception
    length_s = PIECES * PIECE * plan.scale / plan.internal_rate_hz
    start_s = tile_start_s(plan, group * GROUP + np.arange(GROUP))[:, None]
    look = reception.look((start_s + (_NODES + 1) / 2 * length_s).ravel())
    time_s = start_s + np.linspace(0, length_s, 2 * PIECES + 1)
    ahead_s = tape_ahead_s(scenario, time_s)
    if ahead_s is not None:
        time_s = time_s + ahead_s

    def at_points(delay_s: Array) -> Array:
        """Delay at the ends and middles of the pieces, from that at the nodes."""
        at_nodes = delay_s.reshape(GROUP, NODES)
        delays_s: Array = at_nodes @ _to_points()
        if ahead_s is not None:  # by a Taylor series, as the nodes stay; its third term is below 1e-5 turn
            ahead = ahead_s * (2 / length_s)
            delays_s = delays_s + ahead * (at_nodes @ _to_points(1)) + ahead**2 / 2 * (at_nodes @ _to_points(2))
        return delays_s

    def at_ends(values: Array) -> Array:
        return (values.reshape(GROUP, NODES) @ _to_points())[:, ::2]

    # Without an ionosphere all carriers have the same path.
    frequencies_hz = plan.frequency_hz if reception.layer else plan.frequency_hz[:1]
    phase_s, group_s, gains = [], [], []
    for frequency_hz in frequencies_hz:
        path = reception.link(look, float(frequency_hz))
        phase_s.append(at_points(path.phase_delay_s))
        group_s.append(at_points(path.group_delay_s))
        gain = amplitude(
            path.mapped(at_ends),
            (time_s - group_s[-1])[:, ::2],
            closest_m=reception.closest_m,
            spin_rpm=scenario.spin_rpm,
            spin_depth_db=scenario.spin_depth_db,
        )
        if scenario.am_percent:
            gain = gain * random_am((time_s - group_s[-1])[:, ::2], percent=scenario.am_percent, seed=scenario.seed)
        gains.append(np.stack([gain[:, :-1], np.diff(gain)], axis=-1))
    return Course(
        phase_delay_s=_quadratics(np.stack(phase_s)),
        group_delay_s=_quadratics(np.stack(group_s)),
        gain=np.stack(gains).astype(np.float32),
        time_s=None if ahead_s is None else _quadratics(time_s),
        drift=_drift(plan, time_s, np.stack(phase_s)),
    )


@lru_cache
def _to_points(derivative: int = 0) -> Array:
    """Matrix (NODES, 2 PIECES + 1) from values at the nodes to the value, or a derivative, at pieces' ends and middles.

    A tile has the length 2.
    """
    points = np.linspace(-1, 1, 2 * PIECES + 1)
    orders = np.arange(NODES)[:, None]
    if derivative:
        from numpy.polynomial import chebyshev  # takes 2 ms of the start, and only a tape's speed needs it

        at_points = chebyshev.chebval(points, chebyshev.chebder(np.eye(NODES), derivative))
    else:
        at_points = np.cos(orders * np.arccos(points))
    return np.asarray(np.linalg.solve(np.cos(orders * np.arccos(_NODES)), at_points))


def _drift(plan: Plan, time_s: Array, delay_s: Array) -> Array | None:
    """Turns of the tone by which the oscillators of satellite and receiver are off."""
    scenario = plan.scenario
    rates = (scenario.carrier_offset_hz, scenario.carrier_drift_hz_s, scenario.receiver_drift_hz_s)
    if not any(rates):
        return None
    offset_hz, drift_hz_s, receiver_hz_s = rates
    sent_s = time_s - delay_s
    turns = (offset_hz + drift_hz_s / 2 * sent_s) * sent_s - receiver_hz_s / 2 * time_s**2
    return plan.sign * _quadratics(turns)


def _quadratics(values: Array) -> Array:
    """Quadratics (..., PIECES, 3) through values (..., 2 PIECES + 1) at the pieces' ends and middles."""
    first, middle, last = values[..., :-2:2], values[..., 1::2], values[..., 2::2]
    bend = 2 * (first - 2 * middle + last)
    return np.stack([first, last - first - bend, bend], axis=-1)


def tile_start_s(plan: Plan, number: NDArray[np.int64] | int) -> Array:
    """Time of the first internal sample that is computed for a tile, that of its overlap."""
    first = np.asarray(number * TILE - OVERLAP, np.float64)
    return first * (plan.scale / plan.internal_rate_hz)
