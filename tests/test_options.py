"""The options, made from the scenario's fields: their help, and how they change a recipe."""

import re

import pytest

from beep.cli import COMMANDS
from beep.recipe import preset, presets, to_toml
from beep.rules import choices
from beep.scenario import Scenario, fields

UNITS = {"_s": "s", "_km": "km", "_deg": "degrees", "_hz": "Hz", "_dbfs": "dBFS"}
START = ("--start", "1957-10-07T05:00Z")


SCENARIO_COMMANDS = [name for name in COMMANDS if name not in ("measure", "compare", "fit")]  # which take a recording


def option_texts(beep, command):
    """What the help of a command says of each option, by the option's long name."""
    text = beep(command, "--help", COLUMNS="10000").stdout.decode()  # nothing is folded
    found = re.findall(r"^  (?:-\w, |-\w \w+, )?(--[\w-]+)(.*(?:\n {10,}.*)*)", text, flags=re.M)
    return dict(found)


@pytest.mark.parametrize("command", SCENARIO_COMMANDS)
def test_every_field_has_an_option(beep, command):
    """Each field of a scenario is an option, whose help gives its default, unit and choices."""
    texts = option_texts(beep, command)
    for field in fields():
        text = texts["--" + field.name.replace("_", "-")]
        unit = next((unit for ending, unit in UNITS.items() if field.name.endswith(ending)), "")
        default = {"None": field.metadata["unset"], "False": "no"}.get(str(field.default), f"{field.default} {unit}")

        assert field.metadata["help"] in text
        assert unit.upper() in text.split("  ")[0]
        assert all(choice in text for choice in choices(field))
        assert field.name == "carriers" or f"(default: {default.strip()})" in text
    assert "(default: 20.005:1:pulse,40.002:1:pause)" in texts["--carriers"]


@pytest.mark.parametrize("command", SCENARIO_COMMANDS)
def test_every_option_names_its_default(beep, command):
    """An option that takes a value says what holds without it."""
    texts = option_texts(beep, command)
    valued = {name: text for name, text in texts.items() if text.split("  ")[0].strip()}  # the others are switches
    del valued["--scenario"]  # a file, of which there is none without it

    assert len(valued) > len(fields())
    assert [name for name, text in valued.items() if "(default: " not in text] == []
    assert all(name in texts["--preset"] for name in presets())


@pytest.mark.parametrize("written", [("--station", "-31.1,136.8"), ("--station=-31.1,136.8",)])
def test_station_with_a_minus_sign(beep, written):
    """A latitude south of the equator may be typed as it is."""
    ran = beep("show", *written, *START)

    assert ran.stdout.decode() == to_toml(Scenario(station="-31.1,136.8", start=START[1]))


def test_none_takes_a_field_back(beep):
    """`none` gives an optional field of a preset its default again."""
    ran = beep("show", "--preset", "dallas", "--station", "none", "--start", "none", "--mix", "40")
    kept = {name: getattr(preset("dallas"), name) for name in ("pulse_s", "pause_s", "rise_s", "jitter_s")}
    also = {"sideband": "lower", "tone_hz": 1657, "noise": "residential", "mix": "40"}

    assert ran.stdout.decode() == to_toml(Scenario(**kept, **also))


@pytest.mark.parametrize("name", presets())
def test_shown_recipe_gives_the_same_bytes(tmp_path, beep, name):
    """What `show` prints, given back, makes the file that the preset makes; options change both alike."""
    (tmp_path / "mine.toml").write_bytes(beep("show", "--preset", name).stdout)
    beep("export", "preset.wav", "--preset", name, "--duration-s", 2, "--seed", 5)
    beep("export", "mine.wav", "--scenario", "mine.toml", "--duration-s", 2, "--seed", 5)

    assert (tmp_path / "mine.wav").read_bytes() == (tmp_path / "preset.wav").read_bytes()
