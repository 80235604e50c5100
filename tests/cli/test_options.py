"""The options, made from the scenario's fields: their help, and how they change a recipe."""

import re
from dataclasses import replace

import pytest

from beep.base.checks import choices
from beep.cli.main import COMMANDS
from beep.scenario.presets import character, preset, presets
from beep.scenario.scenario import Scenario, fields
from beep.scenario.toml import to_toml

UNITS = {
    "_hz_s": "Hz/s",
    "_percent": "percent",
    "_s": "s",
    "_km": "km",
    "_deg": "degrees",
    "_hz": "Hz",
    "_dbfs": "dBFS",
    "_db": "dB",
    "_rpm": "rpm",
}
WITH_SCENARIO = ("play", "export", "web", "rtl-tcp", "track", "plot", "show")
SPELT = {"carriers": "--carrier-mhz"}
START = ("--start", "1957-10-07T05:00Z")


def option_texts(beep, command):
    """What the help of a command says of each option, by the option's long name."""
    text = beep(command, "--help-all", COLUMNS="10000").stdout.decode()  # nothing is folded
    found = re.findall(r"^  (?:-\w, |-\w \w+, )?(--[\w-]+)(.*(?:\n {10,}.*)*)", text, flags=re.M)
    return dict(found)


@pytest.mark.parametrize("command", WITH_SCENARIO)
def test_every_field_has_an_option(beep, command):
    """Each field of a scenario is an option, whose help gives its default, unit and choices."""
    texts = option_texts(beep, command)
    for field in fields():
        text = texts[SPELT.get(field.name, "--" + field.name.replace("_", "-"))]
        unit = next((unit for ending, unit in UNITS.items() if field.name.endswith(ending)), "")
        unset = field.metadata["unset"]
        default = {"None": unset, "()": unset, "False": "no", "True": "yes"}.get(
            str(field.default), f"{field.default} {unit}"
        )

        assert field.metadata["help"] in text or field.name == "tle"  # of the option it is a file that is read
        assert unit.upper() in text.split("  ")[0]
        assert all(choice in text for choice in choices(field))
        assert field.name == "carriers" or f"(default: {default.strip()})" in text
    assert "(default: 20.005:1:pulse,40.002:1:pause)" in texts["--carrier-mhz"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_names_its_default(beep, command):
    """An option that takes a value says what holds without it."""
    texts = option_texts(beep, command)
    valued = {name: text for name, text in texts.items() if text.split("  ")[0].strip()}  # the others are switches
    unset = {
        "fit": {"--station", "--start"},
        "dataset": {"--scheduler", "--show"},
        "export": {"--truth"},
        "correct": {"--station", "--start", "--sample-rate-hz"},
        "measure": {"--csv"},
    }
    for name in {"--scenario", *unset.get(command, ())}:
        valued.pop(name, None)  # without it there is none

    assert len(valued) > (len(fields()) if command in WITH_SCENARIO else -1)
    assert [name for name, text in valued.items() if "(default" not in text] == []
    assert all(name in texts.get("--preset", "") for name in presets()) or command not in WITH_SCENARIO


@pytest.mark.parametrize("written", [("--station", "-31.1,136.8"), ("--station=-31.1,136.8",)])
def test_station_with_a_minus_sign(beep, written):
    """A latitude south of the equator may be typed as it is."""
    ran = beep("show", *written, *START)

    assert ran.stdout.decode() == to_toml(Scenario(station="-31.1,136.8", start=START[1]))


def test_values_as_people_type_them(beep):
    """Units, clock times and prefixes are the numbers of the recipe; a date without a place is told what it does."""
    ran = beep("show", "--duration-s", "1:30", "--sample-rate-hz", "44.1k", "--start", "1957-10-07 05:00")

    assert ran.stdout.decode() == to_toml(Scenario(duration_s=90, sample_rate_hz=44_100, start=START[1]))
    assert ran.stderr.splitlines() == [
        "beep: no time zone given: 1957-10-07 05:00 is taken as UTC",
        "beep: a start without --station only dates the simple pass; a real pass needs --station PLACE",
    ]


def test_none_takes_a_field_back(beep):
    """`none` gives an optional field of a preset its default again."""
    ran = beep("show", "--preset", "dallas", "--station", "none", "--start", "none", "--mix", "40")

    assert ran.stdout.decode() == to_toml(replace(preset("dallas"), station=None, start=None, mix="40"))


@pytest.mark.parametrize("name", ["tass", "dallas", "folklore", "tatsfield"])
def test_shown_recipe_gives_the_same_bytes(tmp_path, beep, name):
    """What `show` prints, given back, makes the file that the preset makes; options change both alike."""
    (tmp_path / "mine.toml").write_bytes(beep("show", "--preset", name).stdout)
    beep("export", "preset.wav", "--preset", name, "--duration-s", 2, "--seed", 5)
    beep("export", "mine.wav", "--scenario", "mine.toml", "--duration-s", 2, "--seed", 5)

    assert (tmp_path / "mine.wav").read_bytes() == (tmp_path / "preset.wav").read_bytes()


def test_character_lies_between_the_preset_and_what_is_typed(beep):
    """Preset, then character, then options; `show` prints plain fields, and nothing of the character's name."""
    shown = beep("show", "--preset", "dallas", "--character", "tape", "--hum-hz", 50).stdout.decode()
    expected = to_toml(replace(character("tape", preset("dallas")), hum_hz=50.0))

    assert shown == expected
    assert beep("show", "--character", "tub").status == 1


def test_regimes_may_be_typed(beep):
    """The text of a list of regimes is the same recipe as its table."""
    typed = beep("show", "--keying", "200:0.2:0.4,300:silent").stdout.decode()
    table = [{"from_s": 200.0, "pulse_s": 0.2, "pause_s": 0.4}, {"from_s": 300.0, "key": "silent"}]

    assert typed == to_toml(Scenario(keying=table))
    assert beep("show", "--keying", "none").stdout.decode() == to_toml(Scenario())


def test_what_does_nothing_is_said(beep):
    """An option whose effect is switched off is warned of; what a character sets beside its own switch is not."""
    ran = beep("show", "--agc-release-s", 1, "--no-faraday", "--hum-hz", 50, "--hum-dbfs", -30)

    assert ran.status == 0
    assert ran.stderr.splitlines() == [
        "beep: warning: --faraday does nothing without --ionosphere",
        "beep: warning: --agc-release-s does nothing without --agc",
    ]
    assert beep("show", "--character", "ham", "--no-agc").stderr == ""


def test_parts_are_not_of_one_frequency(beep):
    """--parts and --frequency-mhz are refused together."""
    ran = beep("track", "--duration-s", 1, "--parts", "--frequency-mhz", 145.8)

    assert ran.status == 1
    assert "--parts are values of the carriers, got it with one frequency, 145.8 MHz; drop one" in ran.stderr
