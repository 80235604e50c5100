"""The picture of a large terminal: what is where in it."""

import re
from dataclasses import replace

import numpy as np
import pytest
from fake_card import FakeCard

from beep.cli.live import Status
from beep.cli.picture import HERE, PREDICTION, SHADES, LivePicture, pass_bar, spectrum_db, waterfall_row
from beep.output.player import Player
from beep.scenario.presets import preset
from beep.scenario.scenario import Scenario

PASS = Scenario(noise="off", mix="mono")
COLUMNS, ROWS = 120, 33


def playing(scenario, at_s):
    """A player of which the card has played a tenth of a second, after `at_s`."""
    player = Player(scenario, card=FakeCard, from_s=at_s)
    player.card.take(4800, FakeCard.LATENCY)
    return player


def drawn(scenario, at_s):
    player, status = playing(scenario, at_s), Status()
    return status.lines(player), LivePicture(COLUMNS, ROWS).lines(player, status.tones_hz), status.tones_hz


@pytest.mark.parametrize("scenario", [Scenario(), preset("dallas"), Scenario(noise="off", still=True)])
def test_the_picture_fits(scenario):
    """It has no more rows and columns than it may have, and all that it shows has a label."""
    status, picture, _ = drawn(scenario, 100.0)

    assert len(picture) == ROWS
    assert max(map(len, [*status, *picture])) < COLUMNS
    assert max(map(len, status)) < 80
    text = "\n".join(picture)
    for label in (
        "sound / Hz",
        "Doppler of 20 MHz / Hz",
        "pulse",
        "noise",
        f"{scenario.low_hz:.0f}",
        f"{scenario.high_hz:.0f}",
    ):
        assert label in text


def test_the_tone_is_where_the_axis_says():
    """A tone of 1234 Hz is in the column of 1234 Hz, and the predicted tone beside the sound where it is silent."""
    t_s = np.arange(4096) / 48_000
    samples = np.sin(2 * np.pi * 1234 * t_s)[:, None] + 1e-4 * np.random.default_rng(1).normal(size=(4096, 2))
    level_db = spectrum_db(samples.astype(np.float32), 48_000, 300.0, 3000.0, 60)
    column = int((1234 - 300) / 2700 * 60)

    assert np.argmax(level_db) == column
    row = waterfall_row(level_db, [column, 50])
    assert (row[column], row[50]) == (SHADES[-1], PREDICTION)


@pytest.mark.parametrize("at_s", [20.0, 344.5, 660.0])
def test_the_dot_moves_down_the_curve(at_s):
    """The dot is on the curve at the time of the sound, where the Doppler shift is that of the status line."""
    status, picture, _ = drawn(PASS, at_s)
    rows = [line for line in picture if HERE in line]
    curve, bar = rows
    shift_hz = int(status[1].split("Doppler")[1].split()[0])
    labels = ((row, re.search(r" ([+-]\d+) ", line[65:])) for row, line in enumerate(picture))
    axis = {int(label[1]): row for row, label in labels if label}

    low, high = min(axis), max(axis)
    share = (high - shift_hz) / (high - low)
    assert picture.index(curve) - axis[high] == pytest.approx(share * (axis[low] - axis[high]), abs=1)
    line = bar.split()[1]
    assert line.index(HERE) / len(line) == pytest.approx(at_s / 689.0, abs=0.01)


def test_the_bar_is_heavy_above_the_horizon():
    """Below the horizon the bar is thin; the closest approach is marked in its middle."""
    reception = playing(replace(PASS, duration_s=1400.0), 0.0).plan.reception
    bar = pass_bar(reception, 0.0, 120).split()[1]

    assert {bar[3], bar[-3]} == {"\N{BOX DRAWINGS LIGHT HORIZONTAL}"}
    assert bar[len(bar) // 3] == bar[-len(bar) // 3] == "\N{BOX DRAWINGS HEAVY HORIZONTAL}"
    assert bar.index("\N{BOX DRAWINGS HEAVY VERTICAL AND HORIZONTAL}") == pytest.approx(len(bar) / 2, abs=2)


def test_the_lamp_follows_the_beeps():
    """The lamp of a carrier is lit in its pulses, and only there; the other carrier sends in the pauses."""
    lit = []
    for at_s in 300 + np.arange(0, 1.2, 0.05):
        line = Status().lines(playing(PASS, at_s))[1]
        lit.append([part.strip().startswith(HERE) for part in (line[:39], line[39:])])
    first, second = np.array(lit).T

    assert np.array_equal(first, ~second)
    assert np.count_nonzero(np.diff(first)) in (3, 4)
    assert first.mean() == pytest.approx(0.5, abs=0.1)
