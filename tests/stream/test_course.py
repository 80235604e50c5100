"""Delays as tiles use them, against 40 digits and against the geometry."""

from math import radians

import mpmath
import numpy as np
import pytest
from geometry.test_look import exact_delay_s

from beep.radio.channel import link
from beep.scenario.scenario import Scenario
from beep.stream.course import GROUP, course_of_group, tile_start_s
from beep.stream.plan import BLOCKS, HOP, INTERPOLATION_ROW, OVERLAP, PIECE, PIECES, TILE, make_plan

FREQUENCY_HZ = 40.002e6
PHASE_TOLERANCE = 1e-8  # turns at 40.002 MHz
LONG_TILE_TOLERANCE = 3e-8  # the same at 8 kHz, where a tile is longest, overhead at 100 km; measured 2.3e-8
LAYER_TOLERANCE = 1e-8  # turns, at each carrier; measured 3e-10
WOW_TOLERANCE = 1e-5  # turns: third term of the Taylor series, and the swing within a piece
DRIFT_TOLERANCE = 1e-7  # turns, of up to 2e5
SAMPLES = 60


def drawn(plan, seed=1957):
    """Random tiles, pieces and positions in the piece, all over the recording."""
    random = np.random.default_rng(seed)
    last = int(plan.frames / plan.tile_frames)
    return zip(
        random.integers(0, last + 1, SAMPLES), random.integers(0, PIECES, SAMPLES), random.random(SAMPLES), strict=True
    )


def used(quadratics, row, piece, position):
    """A quadratic of a tile's piece, evaluated as the tile does."""
    return quadratics[..., row, piece, :] @ np.array([1.0, position, position**2])


def time_s(plan, tile, piece, position):
    """Time of the sample, in exact arithmetic but for the length of a piece."""
    return float(tile_start_s(plan, int(tile))) + (piece + position) * plan.step_s


def test_a_tile_is_whole_pieces():
    """A tile is whole pieces and an even number of hops, and a hop whole rows of the interpolation."""
    assert TILE == BLOCKS * HOP
    assert TILE % PIECE == OVERLAP % PIECE == HOP % INTERPOLATION_ROW == BLOCKS % 2 == 0


@pytest.mark.parametrize(("altitude_km", "max_elevation_deg"), [(500, 60), (230, 90), (100, 90)])
@pytest.mark.parametrize("sample_rate_hz", [48_000, 8000])
def test_delay_of_a_tile_agrees_with_mpmath(altitude_km, max_elevation_deg, sample_rate_hz):
    """At random samples of a pass the delay in use is the exact light time to a hundred-millionth of a turn."""
    scenario = Scenario(
        altitude_km=altitude_km, max_elevation_deg=max_elevation_deg, sample_rate_hz=sample_rate_hz, noise="off"
    )
    plan = make_plan(scenario)
    worst = 0.0
    for tile, piece, position in drawn(plan):
        measured_s = used(course_of_group(plan, tile // GROUP).phase_delay_s[0], tile % GROUP, piece, position)
        with mpmath.workdps(40):
            exact_s = exact_delay_s(
                altitude_km * 1e3,
                radians(max_elevation_deg),
                time_s(plan, tile, piece, position),
                plan.reception.tca_s,
            )
            worst = max(worst, abs(float((mpmath.mpf(float(measured_s)) - exact_s) * FREQUENCY_HZ)))

    steep = sample_rate_hz == 8000 and altitude_km == 100
    assert worst < (LONG_TILE_TOLERANCE if steep else PHASE_TOLERANCE)


def test_carriers_agree_without_an_ionosphere():
    """Without a layer all carriers share one delay, for phase and group alike."""
    terms = course_of_group(make_plan(Scenario(noise="off")), 0)

    assert terms.phase_delay_s.shape == (1, GROUP, PIECES, 3)
    assert np.array_equal(terms.phase_delay_s, terms.group_delay_s)
    assert terms.time_s is None
    assert terms.drift is None


def test_ionosphere_separates_phase_and_group_delay():
    """Through a layer each carrier has its own delays, in a tile the same as those of its link."""
    plan = make_plan(Scenario(ionosphere="morning", station="banbury", start="1957-10-13T05:20Z"))
    worst = 0.0
    for tile, piece, position in drawn(plan):
        terms = course_of_group(plan, tile // GROUP)
        seen = plan.reception.look(np.array([time_s(plan, tile, piece, position)]))
        for number, frequency_hz in enumerate(plan.frequency_hz):
            expected = link(seen, frequency_hz=frequency_hz, layer=plan.reception.layer, site=plan.reception.site)
            for name in ("phase_delay_s", "group_delay_s"):
                measured_s = used(getattr(terms, name)[number], tile % GROUP, piece, position)

                worst = max(worst, abs(measured_s - getattr(expected, name)[0]) * frequency_hz)

    assert worst < LAYER_TOLERANCE


def test_wow_shifts_the_time_of_the_geometry():
    """With wow the delay is that of the time on the tape, and the tone follows that time."""
    plan = make_plan(Scenario(altitude_km=230, max_elevation_deg=90, wow_percent=1.0, wow_hz=0.7))
    for tile, piece, position in drawn(plan):
        terms = course_of_group(plan, tile // GROUP)
        now_s = time_s(plan, tile, piece, position)
        tape_s = now_s + 0.01 / (2 * np.pi * 0.7) * np.sin(2 * np.pi * 0.7 * now_s)
        expected_s = plan.reception.look(np.array([tape_s])).delay_s[0]
        measured_s = used(terms.phase_delay_s[0], tile % GROUP, piece, position)

        assert abs(measured_s - expected_s) * FREQUENCY_HZ < WOW_TOLERANCE
        assert abs(used(terms.time_s, tile % GROUP, piece, position) - tape_s) * 1500 < WOW_TOLERANCE


@pytest.mark.parametrize("sideband", ["upper", "lower"])
def test_oscillators_drift(sideband):
    """The phase error of the tone is the integral of the oscillators' frequency errors."""
    plan = make_plan(
        Scenario(sideband=sideband, carrier_offset_hz=120.0, carrier_drift_hz_s=0.4, receiver_drift_hz_s=-0.7)
    )
    sign = {"upper": 1, "lower": -1}[sideband]
    for tile, piece, position in drawn(plan):
        now_s = time_s(plan, tile, piece, position)
        sent_s = now_s - plan.reception.look(np.array([now_s])).delay_s[0]
        expected = sign * (120.0 * sent_s + 0.2 * sent_s**2 + 0.35 * now_s**2)
        measured = used(course_of_group(plan, tile // GROUP).drift[0], tile % GROUP, piece, position)

        assert abs(measured - expected) < DRIFT_TOLERANCE
