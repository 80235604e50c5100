"""What the satellite sends: the keying against its closed form, the carrier against 60-digit arithmetic."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beep.signal import carrier, pulse_key, pulse_number

CLOCKS = [
    {"pulse_s": 0.3, "pause_s": 0.3, "rise_s": 0.005},  # TASS, 1957
    {"pulse_s": 0.193, "pause_s": 0.2538, "rise_s": 0.003},  # the Dallas tape
    {"pulse_s": 0.02, "pause_s": 0.5, "rise_s": 0.02},  # a pulse that is all edge
    {"pulse_s": 3600.0, "pause_s": 3600.0, "rise_s": 0.5},
]
KEY_TOLERANCE = 2e-7  # of the full key: the angle of an edge, up to pi/2, is rounded to float32 (6e-8)
LENGTH_TOLERANCE_S = 1e-8  # half amplitude found by bisection: float32 key of an edge of 5 ms, 5e-3 / pi * 6e-8 x 100
CARRIER_TOLERANCE = 5e-7  # of full scale: the angle, up to pi, is rounded to float32 (1.2e-7), the cosine too


def key(u_s, *, late_s=0.0, **clock):
    """Keying at emission times, the way the stream asks for it."""
    u_s = np.asarray(u_s, float)
    number = pulse_number(u_s, pulse_s=clock["pulse_s"], pause_s=clock["pause_s"], rise_s=clock["rise_s"])
    return pulse_key(u_s, number, late_s=late_s, **clock)


def half_amplitude_s(low_s, high_s, *, late_s=0.0, **clock):
    """Time between `low_s` and `high_s` at which the key passes one half."""
    rising = key([high_s], late_s=late_s, **clock)[0] > 0.5
    for _ in range(60):
        middle_s = (low_s + high_s) / 2
        if (key([middle_s], late_s=late_s, **clock)[0] > 0.5) == rising:
            high_s = middle_s
        else:
            low_s = middle_s
    return low_s


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("number", [-3, 0, 1, 1000])
def test_lengths_are_at_half_amplitude(clock, number):
    """Pulse n begins at n periods and ends a pulse length later, at half amplitude; then comes the pause."""
    pulse_s, pause_s = clock["pulse_s"], clock["pause_s"]
    start_s = number * (pulse_s + pause_s)
    rise_s = half_amplitude_s(start_s - pause_s / 2, start_s + pulse_s / 2, **clock)
    fall_s = half_amplitude_s(start_s + pulse_s / 2, start_s + pulse_s + pause_s / 2, **clock)
    next_s = half_amplitude_s(start_s + pulse_s + pause_s / 2, start_s + 3 / 2 * pulse_s + pause_s, **clock)

    assert abs(rise_s - start_s) < LENGTH_TOLERANCE_S + 1e-15 * abs(start_s)
    assert abs(fall_s - rise_s - pulse_s) < LENGTH_TOLERANCE_S * max(1, clock["rise_s"] / 0.005)
    assert abs(next_s - fall_s - pause_s) < LENGTH_TOLERANCE_S * max(1, clock["rise_s"] / 0.005)


@pytest.mark.parametrize("clock", CLOCKS)
def test_edge_is_a_raised_cosine(clock):
    """The rising edge is (1 - cos(pi x)) / 2 of the way x through it, the falling edge its mirror image."""
    way = np.linspace(0, 1, 101)
    expected = (1 - np.cos(np.pi * way)) / 2
    since_s = (way - 0.5) * clock["rise_s"]

    assert np.abs(key(since_s, **clock) - expected).max() < KEY_TOLERANCE
    assert np.abs(key(clock["pulse_s"] - since_s, **clock) - expected).max() < KEY_TOLERANCE


@pytest.mark.parametrize("clock", CLOCKS)
def test_key_is_one_inside_and_zero_outside(clock):
    """Beyond the edges the key is exactly 1 or exactly 0."""
    half_edge_s = clock["rise_s"] / 2 * (1 + 1e-6)
    inside = np.linspace(min(half_edge_s, clock["pulse_s"] / 2), clock["pulse_s"] / 2, 500)
    outside = np.linspace(clock["pulse_s"] + half_edge_s, clock["pulse_s"] + clock["pause_s"] - half_edge_s, 1000)

    assert np.all(key(inside, **clock) == 1)
    assert np.all(key(outside, **clock) == 0)


@pytest.mark.parametrize("clock", CLOCKS)
def test_pulse_and_pause_make_one(clock):
    """The pause, keyed as a pulse of its own that begins where the pulse ends, fills the pulse up to one."""
    pulse_s, pause_s = clock["pulse_s"], clock["pause_s"]
    u_s = np.linspace(-2.3, 2.7, 5001) * (pulse_s + pause_s)
    pause = key(u_s - pulse_s, pulse_s=pause_s, pause_s=pulse_s, rise_s=clock["rise_s"])

    assert np.abs(key(u_s, **clock) + pause - 1).max() < KEY_TOLERANCE


@settings(max_examples=50, deadline=None)
@given(late_s=st.floats(-0.14, 0.14), number=st.integers(-1000, 1000))
def test_jitter_moves_only_the_end_of_a_pulse(late_s, number):
    """A late pulse begins when it should, ends late at half amplitude, and the next one begins on time."""
    clock = CLOCKS[0]
    start_s = number * 0.6
    begin_s = start_s + np.linspace(-0.01, 0.1, 301)
    after_s = start_s + 0.6 + np.linspace(-0.01, 0.1, 301)

    assert np.array_equal(key(begin_s, late_s=late_s, **clock), key(begin_s, **clock))
    assert np.array_equal(key(after_s, late_s=late_s, **clock), key(after_s, **clock))
    end_s = half_amplitude_s(start_s + 0.15, start_s + 0.449, late_s=late_s, **clock)
    assert abs(end_s - (start_s + 0.3 + late_s)) < LENGTH_TOLERANCE_S


@pytest.mark.parametrize(
    "turns", [0.0, 0.25, -0.5, 1 / 3, 1234.5678, -9.87e5 + 0.123, 3.3e8 + 0.4321, -(2.0**40) - 0.75]
)
def test_carrier_is_the_cosine_of_a_huge_phase(turns):
    """Whole turns cost no precision: the cosine of the float64 phase holds to float32, 60 digits being the judge."""
    with mpmath.workdps(60):
        expected = float(mpmath.cos(2 * mpmath.pi * mpmath.mpf(turns)))

    assert abs(float(carrier(np.array([turns]))[0]) - expected) < CARRIER_TOLERANCE


@settings(max_examples=50, deadline=None)
@given(turns=st.floats(-1e12, 1e12))
def test_carrier_holds_for_any_phase(turns):
    """The same for any phase up to a million million turns."""
    with mpmath.workdps(60):
        expected = float(mpmath.cos(2 * mpmath.pi * mpmath.mpf(turns)))

    assert abs(float(carrier(np.array([turns]))[0]) - expected) < CARRIER_TOLERANCE
