"""Plans of data sets: what is drawn depends on seed, index and name alone; what breaks a rule is refused."""

import hashlib

import numpy as np
import pytest

from beep.base.errors import BeepError
from beep.datasets.plan import check_draws, clip_scenario, load_plan, plan_of, settings_of

ABOUT = {"name": "set", "count": 1000, "seed": 3, "clip_s": 2.0}
DRAW = {
    "tone_hz": {"uniform": [600, 1500]},
    "altitude_km": {"log-uniform": [200, 2000]},
    "snr_db": {"normal": [5, 8], "clip": [-10, 20]},
    "sample_rate_hz": {"uniform": [8000, 8003]},
    "noise": {"choice": ["rural", "city"], "weights": [3, 1]},
}


def columns(table):
    """Drawn values of all clips, by name."""
    plan = plan_of(table)
    rows = [settings_of(plan, index) for index in range(plan.count)]
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_draws_have_their_distribution():
    """Of 1000 clips: means within four standard errors, limits kept, whole numbers whole, weights obeyed."""
    drawn = columns({"dataset": ABOUT, "draw": DRAW})
    tone, height, snr = (np.array(drawn[name]) for name in ("tone_hz", "altitude_km", "snr_db"))

    assert abs(tone.mean() - 1050) < 4 * 900 / np.sqrt(12 * 1000)
    assert 600 <= tone.min() < tone.max() < 1500
    assert abs(np.log(height).mean() - np.log(200 * 2000) / 2) < 4 * np.log(10) / np.sqrt(12 * 1000)
    assert abs(np.median(snr) - 5) < 4 * 1.2533 * 8 / np.sqrt(1000)
    assert (snr.min(), snr.max()) == (-10, 20)
    assert set(drawn["sample_rate_hz"]) == {8000, 8001, 8002, 8003}
    assert abs(drawn["noise"].count("rural") - 750) < 4 * np.sqrt(1000 * 3 / 16)


def test_a_value_depends_on_seed_index_and_name_alone():
    """Settings and clips that are added later, and their order, change nothing; another seed changes all."""
    few = columns({"dataset": ABOUT | {"count": 50}, "draw": {"tone_hz": DRAW["tone_hz"]}})["tone_hz"]
    many = columns({"dataset": ABOUT, "draw": dict(reversed(DRAW.items()))})["tone_hz"]
    other = columns({"dataset": ABOUT | {"seed": 4}, "draw": DRAW})["tone_hz"]

    assert many[:50] == few
    assert not set(many) & set(other)
    part = int(hashlib.sha256(b"3/0/tone_hz").hexdigest()[:16], 16) / 2**64
    assert few[0] == pytest.approx(600 + 900 * part)


def test_every_clip_has_its_own_noise():
    """Seeds differ between clips, unless the plan sets one."""
    plan = plan_of({"dataset": ABOUT})

    assert len({clip_scenario(plan, index).seed for index in range(50)}) == 50
    assert clip_scenario(plan_of({"dataset": ABOUT, "base": {"seed": 9}}), 5).seed == 9


def test_a_clip_begins_within_its_pass():
    """`clip_from` 0 begins at AOS, 1 ends at LOS."""
    plan = plan_of({"dataset": ABOUT | {"count": 2}, "draw": {"clip_from": {"choice": [0.0]}}})
    last = plan_of({"dataset": ABOUT | {"count": 2}, "draw": {"clip_from": {"choice": [1.0]}}})
    at_aos, at_los = clip_scenario(plan, 0), clip_scenario(last, 0)

    assert at_aos.tca_s == pytest.approx(344.35, abs=0.01)
    assert at_los.tca_s == pytest.approx(2.0 - 344.35, abs=0.01)


def test_places_dates_presets_and_satellites_are_drawn(tmp_path):
    """A station, a start, a preset, a receiver, and an element set of a file beside the plan."""
    sputnik = (
        "1 00002U 57001B   57288.00000000  .00297400  00000-0  12554-2 0  9996\n"
        "2 00002  65.1827 309.7641 0477260  47.4204 283.4765 15.02759285    09\n"
    )
    (tmp_path / "sets.tle").write_text("ONE\n" + sputnik + "TWO\n" + sputnik)
    (tmp_path / "plan.toml").write_text(
        """
        [dataset]
        name = "places"
        count = 40
        [base]
        preset = "dallas"
        [draw]
        station = { choice = ["dallas", "52.2,0.1"] }
        start = { uniform = ["1957-10-14T00:00Z", "1957-10-16T00:00Z"] }
        character = { choice = ["ham", "clean"] }
        tle = { file = "sets.tle" }
        """
    )
    scenarios = [clip_scenario(load_plan(tmp_path / "plan.toml"), index) for index in range(40)]

    assert {s.station for s in scenarios} == {"dallas", "52.2,0.1"}
    assert {s.tle.splitlines()[0] for s in scenarios} == {"ONE", "TWO"}
    assert {s.start.day for s in scenarios} == {14, 15}
    assert {s.agc for s in scenarios} == {True, False}
    assert {s.pulse_s for s in scenarios} == {0.193}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"dataset": {"count": 3}}, "needs name"),
        ({"dataset": ABOUT | {"count": 0}}, "count must be a whole number from 1"),
        ({"dataset": ABOUT | {"layout": "zip"}}, "layout must be one of wav, sigmf, tar"),
        ({"dataset": ABOUT | {"sead": 1}}, "did you mean 'seed'"),
        ({"dataset": ABOUT, "bass": {}}, "did you mean 'base'"),
        ({"dataset": ABOUT, "base": {"tone": 1}}, "did you mean 'tone_hz'"),
        ({"dataset": ABOUT, "base": {"duration_s": 1}}, "clip_s is the length"),
        ({"dataset": ABOUT, "draw": {"tone_hz": {"uniform": [2, 1]}}}, "from a smaller to a larger"),
        ({"dataset": ABOUT, "draw": {"tone_hz": {"unifrom": [1, 2]}}}, "one of uniform"),
        ({"dataset": ABOUT, "draw": {"tone_hz": 5}}, "one of uniform"),
        ({"dataset": ABOUT, "draw": {"mix": {"choice": ["20"], "weights": [1, 2]}}}, "must be 1 numbers"),
        ({"dataset": ABOUT, "draw": {"tle": {"file": "nowhere.tle"}}}, "nowhere.tle"),
        ({"dataset": ABOUT, "labels": {"columns": "tone"}}, "a list of names"),
    ],
)
def test_a_plan_that_breaks_a_rule(table, words):
    """One line that says the rule, and the nearest known name."""
    with pytest.raises(BeepError, match=words) as caught:
        plan_of(table)
    assert "\n" not in str(caught.value)


def test_a_draw_that_breaks_a_rule_is_named_with_its_index():
    """Before anything is made."""
    plan = plan_of({"dataset": ABOUT, "draw": {"high_hz": {"choice": [3000, 400], "weights": [20, 1]}}})
    with pytest.raises(BeepError, match=r"clip \d+: the filter must be at least 200 Hz wide"):
        check_draws(plan, range(1000))
