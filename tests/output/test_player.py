"""The player on a card that is not there: what it hands over, frame by frame."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from fake_card import FakeCard
from hypothesis import given, settings
from hypothesis import strategies as st

from beep.base.errors import ScenarioError
from beep.cli.keys import press
from beep.output.player import Player
from beep.scenario.scenario import Scenario
from beep.scenario.toml import load
from beep.stream.playback import CHANGE_S, FADE_S
from beep.stream.tiles import render

RATE_HZ = 48_000
FADE = round(FADE_S * RATE_HZ)
CHANGE = round(CHANGE_S * RATE_HZ)
SHORT = Scenario(duration_s=3.0)


def player(scenario=SHORT, **settings):
    return Player(scenario, card=FakeCard, **settings)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 30_000), min_size=1, max_size=12))
def test_what_is_played_is_what_is_exported(sizes):
    """Whatever blocks the card asks for, they are the export's samples, but for the fades at both ends."""
    whole = render(SHORT)

    handed = player().card.take(*sizes)

    inner = slice(FADE, min(len(handed), len(whole) - FADE))
    assert np.array_equal(handed[inner], whole[inner])
    assert not handed[len(whole) :].any()
    assert np.all(np.abs(handed[:FADE]) <= np.abs(whole[: len(handed)][:FADE]))


def test_the_end_is_played_out():
    """It has ended when the last frame has left the card, not when it was handed over."""
    playing = player()
    playing.card.take(len(render(SHORT)))
    assert not playing.ended
    playing.card.take(FakeCard.LATENCY, 4801)
    assert playing.ended
    assert playing.position_s == SHORT.duration_s


def test_from_the_middle():
    """`from_s` begins there, softly; outside of the recording it is refused."""
    handed = player(from_s=1.5).card.take(10_000)
    assert np.array_equal(handed[FADE:], render(SHORT, start=72_000 + FADE, stop=82_000))
    for outside in (-0.1, 3.0, float("nan")):
        with pytest.raises(ScenarioError, match="from_s must lie within"):
            player(from_s=outside)


def test_mono_goes_to_both_sides():
    """One channel is heard left and right."""
    scenario = replace(SHORT, mix="mono")
    handed = player(scenario).card.take(20_000)
    assert np.array_equal(handed[FADE:], np.repeat(render(scenario, stop=20_000), 2, axis=1)[FADE:])


def test_a_loop_begins_again():
    """After the last frame comes the first, again and again, with the same samples and soft joints."""
    whole = render(SHORT)
    playing = player(loop=True)

    rounds = playing.card.take(*[48_000] * 9).reshape(3, -1, 2)

    for one in rounds:
        assert np.array_equal(one[FADE:-FADE], whole[FADE:-FADE])
        assert abs(one[0]).max() < 1e-3
        assert abs(one[-1]).max() < 1e-3
    assert not playing.ended
    assert 0 <= playing.position_s < 3


def test_a_loop_with_a_gap():
    """Between two rounds is silence of the length asked for, at the end of the recording; the rounds are whole."""
    whole, gap = render(SHORT), 24_000
    playing = player(loop=True, gap_s=0.5)

    for sizes in ([48_000] * 3 + [gap], [50_000, 94_000, 1, gap - 1], [len(whole) + gap]):
        handed = playing.card.take(*sizes)
        assert np.array_equal(handed[FADE : len(whole) - FADE], whole[FADE:-FADE])
        assert not handed[len(whole) :].any()
        assert playing.position_s == pytest.approx(3.0)
    playing.card.take(FakeCard.LATENCY + 480)
    assert playing.position_s == pytest.approx(0.01)


@pytest.mark.parametrize("gap_s", [-1.0, float("nan"), 1e9])
def test_a_gap_has_a_length(gap_s):
    """A gap is 0 s to a day."""
    with pytest.raises(ScenarioError, match="gap_s must be 0 to 86400 s"):
        player(loop=True, gap_s=gap_s)


def test_a_change_is_a_crossfade_at_the_same_place():
    """After 20 ms it is the new scenario's stream at the same index; between, it lies between the two."""
    playing = player()
    playing.card.take(20_000)
    new = replace(SHORT, tone_hz=900.0, mix="mono", pulse_s=0.2)

    playing.scenario = new
    handed = playing.card.take(700, 300, 9000)

    before, after = render(SHORT, start=20_000, stop=30_000), render(new, start=20_000, stop=30_000)
    low, high = np.minimum(before, after), np.maximum(before, after)
    assert playing.scenario == new
    assert np.array_equal(handed[CHANGE:], np.repeat(after, 2, axis=1)[CHANGE:])
    assert np.all((handed >= low - 1e-6) & (handed <= high + 1e-6))


def test_changes_in_a_row_all_arrive():
    """Keys pressed faster than a crossfade: each follows the one before, the last one stays."""
    playing = player()
    for step in range(5):
        playing.scenario = replace(SHORT, tone_hz=1000.0 + 100 * step)
    handed = playing.card.take(*[1000] * 20)
    assert np.array_equal(handed[10_000:], render(replace(SHORT, tone_hz=1400.0), start=10_000, stop=20_000))


def test_a_pause_loses_nothing():
    """Silence between, soft at both ends, and the stream goes on where it stopped."""
    playing = player()
    playing.card.take(20_000)
    playing.pause()
    quiet = playing.card.take(20_000)
    playing.card.take(FakeCard.LATENCY)
    where = playing.position_s
    assert not quiet[FADE:].any()
    playing.resume()
    handed = playing.card.take(20_000)
    start = 20_000 + FADE
    assert where == pytest.approx(start / RATE_HZ)
    assert np.array_equal(handed[FADE:], render(SHORT, start=start + FADE, stop=start + 20_000))


def test_a_change_in_a_pause_is_heard_after_it():
    """The knobs turn in silence."""
    playing = player()
    playing.card.take(20_000)
    playing.pause()
    playing.card.take(1000)
    new = replace(SHORT, noise="off")
    playing.scenario = new
    assert not playing.card.take(1000).any()
    playing.resume()
    start = 20_000 + FADE
    assert np.array_equal(playing.card.take(9000)[FADE:], render(new, start=start + FADE, stop=start + 9000))


@pytest.mark.parametrize(("to_s", "frame"), [(2.0, 96_000), (-5.0, 0), (99.0, 143_999)])
def test_a_jump_lands_on_its_frame(to_s, frame):
    """Or on the nearest end."""
    playing = player()
    playing.card.take(20_000)
    playing.jump(to_s)
    handed = playing.card.take(2000)
    expected = render(SHORT, start=frame, stop=frame + 2000)
    expected[144_000 - frame :] = 0
    assert np.array_equal(handed[CHANGE:], expected[CHANGE:])


def test_jumps_in_a_row_add_up():
    """Arrows pressed faster than the card answers: each goes on from where the one before leads."""
    playing = player()
    playing.card.latency_s = 0.5
    playing.card.take(20_000)
    for _ in range(3):
        playing.jump_by(0.5)
    playing.card.take(2000, FakeCard.LATENCY)
    start_s = (20_000 - FakeCard.LATENCY) / RATE_HZ
    assert playing.position_s == pytest.approx(start_s + 1.5 + 2000 / RATE_HZ, abs=0.01)


def test_a_jump_in_a_pause_stays_paused():
    """The needle moves in silence; the sound goes on from there."""
    playing = player()
    playing.card.take(20_000)
    playing.pause()
    playing.card.take(1000)
    playing.jump(2.0)
    assert not playing.card.take(6000).any()
    assert playing.paused
    assert playing.position_s == 2.0
    playing.resume()
    assert np.array_equal(playing.card.take(2000)[FADE:], render(SHORT, start=96_000 + FADE, stop=98_000))


def test_a_pause_in_a_later_round_of_a_loop():
    """The place is one in the recording, whatever round it is."""
    playing = player(loop=True)
    playing.card.take(*[48_000] * 7)
    playing.pause()
    playing.card.take(1000, FakeCard.LATENCY)
    assert playing.position_s == pytest.approx(1 + FADE_S)
    playing.resume()
    start = 48_000 + FADE
    assert np.array_equal(playing.card.take(2000)[FADE:], render(SHORT, start=start + FADE, stop=start + 2000))


def test_a_change_of_length_in_a_loop():
    """The place stays when the new recording has another length."""
    playing = player(loop=True)
    playing.card.take(*[48_000] * 7)
    playing.scenario = new = replace(SHORT, duration_s=4.0)
    handed = playing.card.take(4000)
    assert np.array_equal(handed[CHANGE:], render(new, start=48_000 + CHANGE, stop=52_000))


def test_a_longer_recording_after_the_end_goes_on_there():
    """Silence that was only waiting does not count."""
    playing = player()
    playing.card.take(*[48_000] * 10)
    playing.scenario = new = replace(SHORT, duration_s=6.0)
    handed = playing.card.take(4000)
    assert np.array_equal(handed[CHANGE:], render(new, start=144_000 + CHANGE, stop=148_000))


def test_what_is_beyond_full_scale_is_counted():
    """Two receivers in one ear, both full: it is said at the end."""
    playing = player(replace(SHORT, level_dbfs=0.0, mix="mono", noise="city"))
    playing.card.take(48_000)
    assert playing.clipped > 0


def test_keys(tmp_path, monkeypatch):
    """Each knob answers with its new value, a broken rule with the rule, a folder that has gone with that."""
    playing = player()
    playing.card.take(20_000)
    assert press(playing, "P") == "pulse_s = 0.31"
    assert press(playing, "n") == "noise = residential"
    assert press(playing, "b") == "sideband = lower"
    assert press(playing, "m") == "mix = mono"
    assert press(playing, "unknown") == "press ? for the keys"
    for _ in range(6):
        answer = press(playing, "L")
    assert answer == "level_dbfs = 0.0"
    assert "level_dbfs must be" in press(playing, "L")
    assert press(playing, "q") is None
    monkeypatch.chdir(tmp_path)
    assert press(playing, "s") == "saved as beep-1.toml: beep play --scenario beep-1.toml"
    assert press(playing, "s").startswith("saved as beep-2.toml")
    assert load("beep-2.toml") == playing.scenario
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert press(playing, "s").startswith("cannot save")


def test_another_rate_is_refused():
    """The card runs at one rate; the old scenario goes on."""
    playing = player()
    with pytest.raises(ScenarioError, match="sample_rate_hz cannot change"):
        playing.scenario = replace(SHORT, sample_rate_hz=44_100)
    assert playing.scenario == SHORT


def test_closing_fades():
    """The card is closed, and what it was handed last is silence."""
    playing = player()
    playing.card.take(20_000)
    playing.close()
    last = playing.card.take(2000)
    whole = render(SHORT, start=20_000, stop=20_000 + FADE)
    assert playing.card.closed
    assert abs(last[0] - whole[0]).max() < 1e-3  # no jump at the joint
    assert np.all(abs(last[:FADE]) <= abs(whole))
    assert not last[FADE:].any()


def test_many_rounds_without_drift_or_growth():
    """Twenty rounds of half a minute: the place agrees with the samples to the frame, memory stays."""
    playing = player(replace(SHORT, duration_s=30.0), loop=True)
    held_bytes = []
    tracemalloc.start()
    for minutes in (2, 8):
        for _ in range(60 * minutes):
            playing.card.take(RATE_HZ)
        held_bytes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()

    heard = playing.card.heard()
    assert playing.position_s == pytest.approx(heard % (30 * RATE_HZ) / RATE_HZ, abs=1 / RATE_HZ)
    assert held_bytes[1] - held_bytes[0] < 2**19  # measured 0.14 MB; eight minutes of sound have 180 MB
