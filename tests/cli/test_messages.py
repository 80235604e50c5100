"""Messages of the library, as the command line prints them: options in place of field names, and nothing else."""

import argparse

import pytest

from beep.cli.messages import for_user, with_options

OPTIONS = {
    name: "--" + name.replace("_", "-")
    for name in ("tone_hz", "high_hz", "level_dbfs", "power_w", "mix", "start", "station", "faraday", "force", "device")
} | {"carriers": "--carrier-mhz"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("tone_hz must be above 0, got -1", "--tone-hz must be above 0, got -1"),
        ("lower tone_hz or raise high_hz.", "lower --tone-hz or raise --high-hz."),
        ("tone_hz 900, high_hz: level_dbfs;", "--tone-hz 900, --high-hz: --level-dbfs;"),
        ("mix must be stereo, mono or one of 20, 40", "--mix must be stereo, mono or one of 20, 40"),
        ("carriers must be a list of one or two", "--carrier-mhz must be a list of one or two"),
        ("choose another name or use force=True", "choose another name or use --force"),
        ("drop one of the two (station=None)", "drop one of the two (--station none)"),
        ("switch it off: faraday=False", "switch it off: --no-faraday"),
        ('give a start: start="1957-10-07T05:00Z".', "give a start: --start 1957-10-07T05:00Z."),
        ("choose another with device=NAME, or", "choose another with --device NAME, or"),
    ],
)
def test_fields_become_options(text, shown):
    """A name with an underscore, a name before "must", and a name with a value are options."""
    assert with_options(text, OPTIONS) == shown


@pytest.mark.parametrize(
    "text",
    [
        "a station needs a start, and the carriers of this mix are told apart",
        "to start the mix you must force the device",
        "unknown key 'tone_hz' in a scenario; did you mean \"high_hz\"?",
        "the carriers' station isn't one: 'tone_hz'",
        "got 'mix must be', 'force=True' and 'a tone_hz b'",
        "a carrier's power_w must be above 0, got -1",
        "tone_hzz, my_tone_hz, tone_hz_s, --tone-hz",
        "cannot read tone_hz.wav, ./tone_hz, tone_hz/a.wav or a.tone_hz",
        "seed_s must be a number",
    ],
)
def test_other_words_stay(text):
    """Common words, words in quotes, parts of a word or of a path, and parts of something else stay as they are."""
    assert with_options(text, OPTIONS) == text
    assert with_options(text, {}) == text


def test_what_was_typed_stays():
    """The file of a scenario has names of fields, and a file may have such a name itself."""
    arguments = argparse.Namespace(options=OPTIONS, scenario="mine.toml", output="high_hz")

    assert for_user("mine.toml: tone_hz must be above 0", arguments) == "mine.toml: tone_hz must be above 0"
    assert for_user("high_hz already exists; see tone_hz", arguments) == "high_hz already exists; see --tone-hz"


def test_the_command_names_its_own_options(beep):
    """A wrong value is reported by the option, in an error and in a warning; in a file by the field."""
    (beep.folder / "mine.toml").write_text("tone_hz = -1")

    assert "beep: error: --tone-hz must be above 0" in beep("show", "--tone-hz", -1).stderr
    assert "mine.toml: tone_hz must be above 0" in beep("show", "--scenario", "mine.toml").stderr
    assert "; --tone-hz " in beep("export", "a.wav", "--duration-s", 1, "--tone-hz", 200).stderr
    assert "got carrier" not in beep("track", "--carrier-mhz", "-1").stderr
    assert "carriers.frequency_mhz must" in beep("track", "--carrier-mhz", "-1").stderr
