"""An overload lengthens beeps: the third harmonic tells by how much."""

import re

import numpy as np
import pytest

from beep.measuring.measure import measure

RATE_HZ, PULSE_S, RISE_S, TONE_HZ = 16_000, 0.25, 0.02, 800.0
LIMITERS = {
    "root": lambda x: x / np.sqrt(1 + x**2),
    "tanh": np.tanh,
    "arctan": np.arctan,
}


def keyed_tone(*, noise=0.003, seconds=10.0):
    """Beeps of amplitude 1 with raised-cosine edges, every half second."""
    t_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    since_s = np.abs((t_s - 0.25 + 0.25) % 0.5 - 0.25)  # from the middle of a beep
    place = np.clip((PULSE_S / 2 + RISE_S / 2 - since_s) / RISE_S, 0, 1)
    tone = (0.5 - 0.5 * np.cos(np.pi * place)) * np.sin(2 * np.pi * TONE_HZ * t_s)
    return tone + noise * np.random.default_rng(5).standard_normal(t_s.size)


@pytest.mark.parametrize(("name", "drive"), [("root", 0.4), ("root", 0.8), ("tanh", 0.8), ("arctan", 0.5)])
def test_the_note_says_by_how_much_an_overload_lengthens_beeps(name, drive):
    """Within 20 % of what the measured lengths are too long, and 0.05 ms of rounding, for limiters of any shape."""
    (found,) = measure(0.3 * LIMITERS[name](drive * keyed_tone()), sample_rate_hz=RATE_HZ)
    said_ms = float(
        re.search(r"overload: a third harmonic at -\d+ dB, by which beeps look at least ([\d.]+) ms", found.note)[1]
    )
    longer_ms = 1e3 * (found.pulse_s - PULSE_S)
    assert longer_ms > 0.25
    assert said_ms == pytest.approx(longer_ms, abs=0.2 * longer_ms + 0.05)


@pytest.mark.parametrize("noise", [1e-4, 0.1])
def test_a_clean_tone_has_no_note(noise):
    """In little noise, and in so much that its share at the third harmonic is that of an overload."""
    (found,) = measure(0.3 * keyed_tone(noise=noise), sample_rate_hz=RATE_HZ)
    assert found.beeps == 20
    assert found.note == ""


def test_below_three_times_the_tone_nothing_is_said():
    """At a low sample rate the third harmonic has folded."""
    (found,) = measure(0.3 * np.tanh(0.8 * keyed_tone())[::4], sample_rate_hz=RATE_HZ // 4)
    assert found.beeps
    assert found.note == ""
