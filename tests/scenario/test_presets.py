"""What comes with the package by name: presets, receivers and beacons."""

import dataclasses
from datetime import UTC, datetime

import pytest

from beep.base.errors import ScenarioError
from beep.scenario.presets import DATA, beacon, beacons, character, characters, preset, presets
from beep.scenario.scenario import Scenario, fields
from beep.scenario.toml import read_toml, to_toml

HALF_LAST_DIGIT_S = 5e-5  # the period of the Dallas tape is given as 0.4468 s

# --- presets ----------------------------------------------------------------------------------------------------


def test_presets_load():
    """The presets are the three documented ones and the receptions that have a pass."""
    assert {"dallas", "folklore", "tass", "tatsfield", "quartz-hill"} < set(presets())
    assert not {"riverhead", "washington"} & set(presets())
    assert all(isinstance(preset(name), Scenario) for name in presets())


# --- characters -------------------------------------------------------------------------------------------------

RECEIVER = [field.name for field in fields() if field.metadata["group"] == "receiver"]


def test_clean_is_the_default_receiver():
    """The character without faults is what a scenario has without being told."""
    assert characters() == ["clean", "ham", "lab", "tape"]
    assert character("clean", Scenario()) == Scenario()
    assert len({to_toml(character(name, Scenario())) for name in characters()}) == 4


@pytest.mark.parametrize("name", characters())
def test_character_sets_the_whole_receiver_and_nothing_else(name):
    """Whatever the receiver was, it becomes that of the character; what flies, sends and is tuned to stays."""
    before = preset("dallas")
    faulty = dataclasses.replace(
        before, agc=True, hum_hz=50.0, detector="am", wow_percent=2.0, saturation_dbfs=-20.0, low_hz=100.0
    )
    after = character(name, faulty)

    assert after == character(name, before)
    for field in fields():
        if field.name not in RECEIVER:
            assert getattr(after, field.name) == getattr(before, field.name)


def test_unknown_character_is_refused():
    """With the nearest known one."""
    with pytest.raises(
        ScenarioError, match="character must be one of clean, ham, lab, tape, got 'tap'; did you mean 'tape'"
    ):
        character("tap", Scenario())


def test_tass_is_the_default():
    """tass is what a scenario is without being told: TASS's two carriers of 1 W, 0.3 s each in turn."""
    scenario = preset("tass")

    assert scenario == Scenario()
    assert (scenario.pulse_s, scenario.pause_s) == (0.3, 0.3)
    assert [(c.frequency_mhz, c.power_w, c.sends) for c in scenario.carriers] == [
        (20.005, 1.0, "pulse"),
        (40.002, 1.0, "pause"),
    ]


def test_dallas_is_the_tape():
    """dallas has the keying measured on W5SLL's tape, whose tone rises, and its night."""
    scenario = preset("dallas")

    assert scenario.pulse_s == 0.193
    assert scenario.pulse_s + scenario.pause_s == pytest.approx(0.4468, abs=HALF_LAST_DIGIT_S)
    assert (scenario.rise_s, scenario.jitter_s) == (0.003, 0.001)
    assert (scenario.station, scenario.start) == ("dallas", datetime(1957, 10, 7, 5, tzinfo=UTC))
    assert (scenario.sideband, scenario.mix) == ("lower", "20")


def test_folklore_is_the_clip():
    """folklore has the clip's keying and tone, soft edges, and no Doppler."""
    scenario = preset("folklore")

    assert (scenario.pulse_s, scenario.pause_s, scenario.tone_hz) == (0.183, 0.55, 1061.0)
    assert 0.015 <= scenario.rise_s <= 0.02
    assert scenario.still


def test_unknown_preset_names_the_nearest():
    """A slip in a preset's name is answered with the name."""
    with pytest.raises(ScenarioError, match=r"'dalas'.*did you mean 'dallas'"):
        preset("dalas")


# --- beacons ----------------------------------------------------------------------------------------------------

CARRIERS = {  # MHz, W and what sends when, as on record
    "sputnik-1": [(20.005, 1, "pulse"), (40.002, 1, "pause")],
    "sputnik-2": [(20.005, 1, "pulse"), (40.002, 1, "always")],
    "sputnik-3": [(20.005, 1, "pulse")],
    "sputnik-4": [(19.996, 1, "pulse"), (39.992, 1, "pulse")],
    "explorer-1": [(108.00, 0.010, "always"), (108.03, 0.060, "always")],
    "vanguard-1": [(108.00, 0.010, "always"), (108.03, 0.005, "always")],
}


def test_beacons_are_those_on_record():
    """Six beacons, each with craft, source and grade, and its carriers."""
    assert beacons() == sorted(CARRIERS)
    for name, expected in CARRIERS.items():
        record = read_toml(DATA / "beacons" / f"{name}.toml")
        sent = Scenario(**beacon(name)).carriers
        assert all((record["craft"], record["source"], record["grade"], record["launched"]))
        assert [(one.frequency_mhz, one.power_w, one.sends) for one in sent] == expected


def test_sputnik_1_is_the_default():
    """The first beacon is what a scenario is without being told."""
    assert Scenario(**beacon("sputnik-1")) == Scenario()


def test_close_carriers_are_told_apart(beep):
    """Explorer's two carriers have the same whole MHz: columns and mix go by all of it."""
    assert Scenario(**beacon("explorer-1")).names == ("108", "108.03")

    ran = beep("track", "--beacon", "explorer-1", "--mix", "108.03", "--step-s", 1e4)

    assert ran.stdout.startswith(b"t_s,utc,")
    assert b"doppler_108_hz," in ran.stdout
    assert b"doppler_108.03_hz," in ran.stdout


def test_options_lie_over_a_beacon(beep):
    """What is typed lies over the beacon, which lies over the recipe."""
    ran = beep("show", "--preset", "folklore", "--beacon", "sputnik-3", "--mix", "20", "--pause-s", 0.5)
    made = beep("show", "--preset", "folklore", "--beacon", "sputnk-3")

    assert b"pulse_s = 0.225" in ran.stdout
    assert b"pause_s = 0.5" in ran.stdout
    assert b"tone_hz = 1061.0" in ran.stdout
    assert made.status == 1
    assert "did you mean 'sputnik-3'" in made.stderr
