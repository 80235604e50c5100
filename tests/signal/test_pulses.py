"""What the satellite sends: the keying against its closed form, the carrier against 60-digit arithmetic."""

import re

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beep.base.errors import ScenarioError
from beep.base.random import white_noise
from beep.signal.keying import Regime, parse_keying, resolve
from beep.signal.pulses import JITTER_MOST, JITTER_STREAM, carrier, key_in_pieces, pulses
from beep.signal.pulses import key as key_and_power

CLOCKS = [
    {"pulse_s": 0.3, "pause_s": 0.3, "rise_s": 0.005},  # TASS, 1957
    {"pulse_s": 0.193, "pause_s": 0.2538, "rise_s": 0.003},  # the Dallas tape
    {"pulse_s": 0.02, "pause_s": 0.5, "rise_s": 0.02},  # a pulse that is all edge
    {"pulse_s": 3600.0, "pause_s": 3600.0, "rise_s": 0.5},
]
KEY_TOLERANCE = 2e-7  # of the full key: the angle of an edge, up to pi/2, is rounded to float32 (6e-8)
LENGTH_TOLERANCE_S = 1e-8  # half amplitude found by bisection: float32 key of an edge of 5 ms, 5e-3 / pi * 6e-8 x 100
JITTERED_TOLERANCE_S = 5e-8  # with jitter the lateness, up to 0.12 s, is rounded to float32 (4e-9), and its sum
CARRIER_TOLERANCE = 5e-7  # of full scale: the angle, up to pi, is rounded to float32 (1.2e-7), the cosine too


def key(u_s, **clock):
    """Keying at emission times, of one rhythm throughout."""
    down, power = key_and_power(np.asarray(u_s, float), resolve((), **clock))
    assert power == 1.0
    return down


def half_amplitude_s(low_s, high_s, **clock):
    """Time between `low_s` and `high_s` at which the key passes one half."""
    rising = key([high_s], **clock)[0] > 0.5
    for _ in range(60):
        middle_s = (low_s + high_s) / 2
        if (key([middle_s], **clock)[0] > 0.5) == rising:
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
@given(seed=st.integers(0, 2**63 - 1), number=st.integers(-1000, 1000))
def test_jitter_moves_only_the_end_of_a_pulse(seed, number):
    """A pulse begins when it should and ends as late as was drawn for its number; the next one begins on time."""
    clock = CLOCKS[0]
    jittered = clock | {"jitter_s": 0.04, "seed": seed}
    drawn = white_noise(seed, JITTER_STREAM, number, 1)[0]
    late_s = 0.04 * min(max(float(drawn), -JITTER_MOST), JITTER_MOST)
    start_s = number * 0.6
    begin_s = start_s + np.linspace(-0.01, 0.1, 301)
    after_s = start_s + 0.6 + np.linspace(-0.01, 0.1, 301)

    assert np.array_equal(key(begin_s, **jittered), key(begin_s, **clock))
    assert np.array_equal(key(after_s, **jittered), key(after_s, **clock))
    end_s = half_amplitude_s(start_s + 0.15, start_s + 0.449, **jittered)
    assert abs(end_s - (start_s + 0.3 + late_s)) < JITTERED_TOLERANCE_S


# --- regimes ------------------------------------------------------------------------------------------------------

MANY_S = np.arange(-3, 12, 0.00731)
EDGE_S = 0.005
RHYTHM = {"pulse_s": 0.3, "pause_s": 0.3, "rise_s": EDGE_S}


def by_hand(regimes, u_s):
    """Key and power without edges, one moment at a time, by the words of `Regime`."""
    origin_s, pulse_s, pause_s, state = 0.0, 0.3, 0.3, "keyed"
    for regime in regimes:
        if regime.from_s > u_s:
            break
        state = regime.key
        if regime.pulse_s is not None:
            origin_s, pulse_s, pause_s = regime.from_s, regime.pulse_s, regime.pause_s
    since_s = (u_s - origin_s) % (pulse_s + pause_s)
    return {"keyed": float(since_s < pulse_s), "continuous": 1.0, "silent": 0.0}[state], float(state != "silent")


@st.composite
def regimes(draw):
    """Up to five regimes in ten seconds."""
    found = []
    for from_s in sorted(draw(st.sets(st.integers(-20, 100), max_size=5))):
        lengths = st.tuples(st.floats(0.05, 1.0), st.floats(0.05, 1.0))
        kind = draw(st.sampled_from(["keyed", "continuous", "silent"]) | lengths)
        if isinstance(kind, str):
            found.append(Regime(from_s=from_s / 10, key=kind))
        else:
            found.append(Regime(from_s=from_s / 10, pulse_s=kind[0], pause_s=kind[1]))
    return tuple(found)


@settings(max_examples=60, deadline=None)
@given(regimes=regimes())
def test_regimes_are_what_their_words_say(regimes):
    """Away from the edges key and power are those worked out by hand, and nowhere do they leave 0 to 1."""
    down, power = key_and_power(MANY_S, resolve(regimes, **RHYTHM))
    power = np.broadcast_to(power, MANY_S.shape)
    shifts_s = np.linspace(-0.6, 0.6, 7) * EDGE_S  # the middle one is 0
    around = np.array([[by_hand(regimes, u_s + shift_s) for u_s in MANY_S] for shift_s in shifts_s])
    expected = around[3]
    settled = np.all(around == expected, axis=(0, 2))

    assert settled.mean() > 0.5
    assert np.abs(down - expected[:, 0])[settled].max() < KEY_TOLERANCE
    assert np.abs(power - expected[:, 1])[settled].max() < KEY_TOLERANCE
    assert down.min() >= 0
    assert power.max() <= 1 + KEY_TOLERANCE
    assert (power - down).min() > -KEY_TOLERANCE


@settings(max_examples=60, deadline=None)
@given(regimes=regimes(), sends=st.sampled_from(["pulse", "pause", "always"]))
def test_pulses_are_where_the_key_says(regimes, sends):
    """What is listed as sent is where the amplitude is above one half, and nowhere else; it is ascending and apart."""
    keying = resolve(regimes, **RHYTHM)
    down, power = key_and_power(MANY_S, keying)
    amplitude = np.broadcast_to({"pulse": down, "pause": power - down, "always": power}[sends], MANY_S.shape)
    starts, ends = pulses(keying, start_s=0.0, stop_s=9.0, sends=sends)
    inside, near = np.zeros(MANY_S.shape, bool), np.zeros(MANY_S.shape, bool)
    for start_s, end_s in zip(starts, ends, strict=True):
        inside |= (start_s < MANY_S) & (end_s > MANY_S)
    for edge_s in [*starts, *ends, *(regime.from_s for regime in regimes)]:
        near |= np.abs(MANY_S - edge_s) < EDGE_S
    window = (MANY_S > 0) & (MANY_S < 9) & ~near

    assert window.mean() > 0.3
    assert np.array_equal(inside[window], (amplitude > 0.5)[window])
    assert np.all(ends > starts)
    assert np.all(starts[1:] > ends[:-1])
    assert np.all((ends > 0) & (starts < 9))


@settings(max_examples=30, deadline=None)
@given(regimes=regimes(), sends=st.sampled_from(["pulse", "pause", "always"]), jitter_s=st.sampled_from([0.0, 0.01]))
def test_key_in_pieces_is_the_key_everywhere(regimes, sends, jitter_s):
    """Where pieces are computed the key is that of all samples; the others that send are 1, the rest 0."""
    keying = resolve(regimes, **RHYTHM, jitter_s=jitter_s)
    sent_s = np.stack([-3 + 0.005 * np.arange(3000), np.full(3000, 0.005), np.full(3000, 1e-9)], axis=1)
    step = np.arange(16) / 16
    powers = np.stack([np.ones(16), step, step**2])
    on, edges, key_there = key_in_pieces(sent_s, powers, keying, sends=sends)
    pieces = np.zeros((3000, 16))
    pieces[on] = 1.0
    pieces[on[edges]] = key_there
    down, power = key_and_power(sent_s @ powers, keying)
    tolerance = KEY_TOLERANCE if jitter_s == 0 else JITTERED_TOLERANCE_S * np.pi / 2 / EDGE_S

    assert np.abs(pieces - {"pulse": down, "pause": power - down, "always": power}[sends]).max() < tolerance
    assert edges.size < 1500  # of 3000; a pulse of 0.05 s has an edge in every third piece


def test_a_dash_is_two_missing_key_ups():
    """The Dallas tape's dash: the key stays down over two pauses, the clock runs on, and the next pulse is in phase."""
    dash = parse_keying("0.44:continuous,1.4:keyed")
    starts, ends = pulses(resolve(dash, pulse_s=0.197, pause_s=0.243, rise_s=0.003), start_s=0.3, stop_s=2.5)

    assert np.allclose(starts, [0.44, 1.76, 2.2], rtol=0, atol=1e-12)
    assert np.allclose(ends - starts, [1.077, 0.197, 0.197], rtol=0, atol=1e-12)


def test_jitter_of_a_new_clock_is_its_own():
    """Pulses of the same number, before and after new lengths, end independently; the list has the same ends."""
    keying = resolve(parse_keying("60:0.3:0.3"), **RHYTHM, jitter_s=0.02, seed=3)
    starts, ends = pulses(keying, start_s=0.01, stop_s=119.9)
    lengths_s = ends - starts

    assert len(starts) == 200
    assert abs(np.std(lengths_s) / 0.02 - 1) < 0.2  # 4 standard deviations
    assert abs(np.corrcoef(lengths_s[:100], lengths_s[100:])[0, 1]) < 0.4
    down, _ = key_and_power(ends, keying)
    assert np.abs(down - 0.5).max() < 1e-4


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("200:0.2", "keying is written FROM_S:PULSE_S:PAUSE_S or FROM_S:WORD"),
        ("200:stop", "got '200:stop'"),
        ("x:silent", "got 'x:silent'"),
        ("5:silent,3:keyed", "in order of time, got from_s 3 after 5"),
        ("5:0:1", "pulse_s must be above 0 and at most 60, got 0"),
        ("nan:silent", "from_s must be finite"),
        ([{"from_s": 1, "pulse_s": 0.3}], "both lengths or none"),
        ([{"from_s": 1, "pulse_s": 0.3, "pause_s": 0.3, "key": "silent"}], "has lengths or a word"),
        ([{"from_s": 1, "key": "broken"}], "keying.key must be one of keyed, continuous, silent"),
        ([{"from": 1}], "did you mean 'from_s'"),
        (7, "keying must be a list of regimes, got 7"),
    ],
)
def test_wrong_regimes_are_refused(written, complaint):
    """Each with the rule and what came."""
    with pytest.raises(ScenarioError, match=re.escape(complaint)):
        parse_keying(written)


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
