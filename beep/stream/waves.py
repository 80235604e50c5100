"""Keyed carriers in a tile: their phase and amplitude, in pieces of some milliseconds.

What arrives at t was sent at u = t - delay, and was keyed then. Its phase against the receiver's oscillator is
tone t - frequency delay. Time, delay and gain are quadratics or straight lines in a piece (`beep.stream.course`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array, Samples
from beep.base.choices import Sends
from beep.signal.pulses import chirp_turns, click, key_in_pieces, key_times_s
from beep.stream.course import GROUP, Course, tile_start_s
from beep.stream.plan import PIECE, PIECES, Plan

ALL = slice(None)
OPPOSITE: dict[Sends, Sends] = {"pulse": "pause", "pause": "pulse"}  # when the residual of a keyed carrier sends


@dataclass(frozen=True, kw_only=True, eq=False)
class Wave:
    """A carrier in the M pieces of a tile in which it sends; what is not sent costs nothing."""

    on: NDArray[np.intp]  # (M,), numbers of the pieces
    turns: Array  # (M, samples of a piece), phase
    strength: Samples  # the same, amplitude


def waves_of(plan: Plan, course: Course, number: int, *, pieces: slice = ALL) -> list[list[Wave]]:
    """Waves of each carrier in a tile: the keyed one, and the residual carrier where there is one.

    `pieces` are those of the tile with its overlap.
    """
    scenario, row = plan.scenario, number % GROUP
    if course.time_s is None:
        time_s = np.zeros((PIECES, 3))
        time_s[:, 0] = tile_start_s(plan, number) + np.arange(PIECES) * plan.step_s
        time_s[:, 1] = plan.step_s
    else:
        time_s = course.time_s[row]
    time_s = time_s[pieces]

    waves = []
    for n, carrier in enumerate(scenario.heard):
        path = min(n, len(course.gain) - 1)  # without an ionosphere there is one for all carriers
        sent_s = time_s - course.group_delay_s[path, row, pieces]
        turns = plan.tone_hz[n] * time_s - plan.sign * plan.frequency_hz[n] * course.phase_delay_s[path, row, pieces]
        if course.drift is not None:
            turns += course.drift[min(n, len(course.drift) - 1), row, pieces]
        turns[:, 0] -= np.rint(turns[:, 0])
        gain = course.gain[path, row, pieces] * np.float32(plan.amplitude[n])
        waves.append([_wave(plan, sent_s, turns, gain, sends=carrier.sends, changes=True)])
        if scenario.backwave_db is not None and carrier.sends in OPPOSITE:
            turns = turns + plan.sign * scenario.backwave_offset_hz * sent_s
            gain = gain * np.float32(10 ** (scenario.backwave_db / 20))
            waves[-1].append(_wave(plan, sent_s, turns, gain, sends=OPPOSITE[carrier.sends], changes=False))
    return waves


def _wave(plan: Plan, sent_s: Array, turns: Array, gain: Samples, *, sends: Sends, changes: bool) -> Wave:
    """A carrier from quadratics (pieces, 3) of emission time and phase, and lines (pieces, 2) of its amplitude.

    With `changes` it has the chirp and the click of a keyed transmitter.
    """
    scenario, powers = plan.scenario, _powers(PIECE * plan.scale)
    on, edges, key = key_in_pieces(sent_s, powers, plan.key, sends=sends)
    wave = Wave(on=on, turns=turns[on] @ powers, strength=gain[on] @ powers[:2].astype(np.float32))
    chirps = [hz if changes else 0.0 for hz in (scenario.chirp_hz, scenario.chirp_end_hz)]
    if any(chirps):
        for hz, from_key_s in zip(chirps, _from_key_s(plan, sent_s[on], sends), strict=True):
            if hz:
                wave.turns[:] += plan.sign * chirp_turns(from_key_s, chirp_hz=hz, chirp_s=scenario.chirp_s)
    if changes and scenario.click_db is not None:
        since_s, _ = _from_key_s(plan, sent_s[on[edges]], sends)
        key += np.float32(10 ** (scenario.click_db / 20)) * click(since_s, rise_s=scenario.rise_s)
    wave.strength[edges] *= key
    return wave


def _from_key_s(plan: Plan, sent_s: Array, sends: Sends) -> list[Array]:
    """Time since key-down and until key-up at each sample of some pieces."""
    u_s = sent_s @ _powers(PIECE * plan.scale)
    return [t_s.reshape(u_s.shape) for t_s in key_times_s(u_s.ravel(), plan.key, sends=sends)]


def add_waves(samples: NDArray[Any], waves: list[Wave], form: Callable[[Array], NDArray[Any]]) -> None:
    """Add waves to the samples (N,) of the pieces, in place, as `carrier` or `phasor` makes them of their phases."""
    in_pieces = samples.reshape(-1, waves[0].turns.shape[1])
    for wave in waves:
        part = form(wave.turns)
        part *= wave.strength
        in_pieces[wave.on] += part


@lru_cache
def _powers(count: int) -> Array:
    """Powers 0 to 2 of the position in a piece, 0 to 1: (3, count)."""
    step = np.arange(count) / count
    return np.stack([np.ones_like(step), step, step**2])
