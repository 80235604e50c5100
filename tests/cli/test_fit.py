"""`beep fit`: what it prints, what it takes from a file of ours, and how it complains."""

import csv
import json
import re

import pytest

from beep.fitting.fit import QUANTITIES

TOO_FAR = 4.0  # standard errors


def test_the_command(beep):
    """It prints the pass with errors and biases, in words and as JSON, beside what the file's own recipe says."""
    options = ["--sample-rate-hz", 8000, "--altitude-km", 230, "--duration-s", 140, "-q"]
    assert beep("export", "pass.wav", *options).status == 0
    ran = beep("fit", "pass.wav", "--blind")
    table = json.loads(beep("fit", "pass.wav", "--json").stdout)
    assert beep("fit", "pass.wav", "--csv", "-o", "fit.csv").status == 0
    rows = list(csv.DictReader((beep.folder / "fit.csv").read_text().splitlines()))

    text = ran.stdout.decode()
    assert ran.status == 0
    assert "assumed: 20.005 and 40.002 MHz" in ran.stderr
    for words in ("distance, km", "side of the station", "removed to first order"):
        assert words in text
    assert "recipe" not in text
    assert [row["quantity"] for row in rows] == list(QUANTITIES)
    for row in rows:
        assert float(row["value"]) == table[row["quantity"]]["value"]
        assert float(row["model_bias_sd"]) == table["model_bias"][row["quantity"]]["sd"]
        assert float(row["recipe"]) == table["recipe"][row["quantity"]]
    for name in QUANTITIES:
        assert set(table[name]) == {"value", "sd"} == set(table["model_bias"][name])
        assert abs(table[name]["value"] - table["recipe"][name]) < TOO_FAR * table[name]["sd"]
        assert abs(table["correlation"][name][name] - 1) < 1e-12
    assert table["model"] == "circular orbit"
    assert table["residual_rms_hz"] > 0
    assert set(table["ionosphere_bias"]) == set(QUANTITIES)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["none.wav"], 1, "no such file: none.wav; check its name"),
        (["none.wav", "--orbit", "sputnik1", "--start", "1957-10-07"], 1, "needs a station and a start"),
        (
            ["none.wav", "--orbit", "sputnik1", "--station", "dalas", "--start", "1957-10-07"],
            1,
            "did you mean 'dallas'",
        ),
        (["none.wav", "--orbit", "ellipse"], 2, "invalid choice"),
        (["none.wav", *(3 * ["--carrier-mhz", "20"])], 1, "one or two carriers"),
        (["none.wav", "--carrier-mhz", "-20"], 2, "must be 0.001 to 30000"),
        (["none.wav", "--altitude-km", "high"], 2, "must be a number"),
        (["short.wav"], 1, "arc must tell the distance"),
    ],
)
def test_the_command_complains_in_one_line(beep, arguments, status, words):
    """Wrong options before anything is measured; what cannot be fitted, with the reason."""
    if arguments[0] == "short.wav":
        options = ["--sample-rate-hz", 8000, "--duration-s", 10, "--altitude-km", 1500, "--mix", 20, "-q"]
        assert beep("export", "short.wav", *options).status == 0
    ran = beep("fit", *arguments)

    assert ran.status == status
    assert words in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert ran.stdout == b""


DALLAS = ("--station", "dallas", "--start", "1957-10-07T05:00Z")


@pytest.fixture
def dallas(beep):
    """A quarter of the Dallas pass about its closest approach, one carrier at 8 kHz."""
    options = (*DALLAS, "--mix", 20, "--sample-rate-hz", 8000, "--duration-s", 120, "-q")
    assert beep("export", "dallas.wav", *options).status == 0


@pytest.mark.usefixtures("dallas")
def test_a_known_orbit_has_the_date_of_the_file(beep):
    """Without --station and --start both are those of the file's recipe, which is said; blind, they must be given."""
    ran = beep("fit", "dallas.wav", "--orbit", "sputnik1")
    blind = beep("fit", "dallas.wav", "--orbit", "sputnik1", "--blind")

    assert ran.status == 0
    assert "--station dallas --start 1957-10-07T04:39Z, from the file's own recipe" in ran.stderr
    assert "not determined" not in ran.stdout.decode()
    assert "assumed" not in ran.stderr
    assert re.search(r"first sample: 1957-10-07 05:08:2[67]\.\d{6} UTC", ran.stdout.decode())
    assert (blind.status, blind.stdout) == (1, b"")
    assert "needs a station and a start" in blind.stderr


def test_another_carrier_than_the_recipes_is_told(beep):
    """The recipe is for comparison only: the fit takes what it is told, and says what the recipe has."""
    options = ("--carrier-mhz", 30, "--sample-rate-hz", 8000, "--altitude-km", 230, "--duration-s", 140, "-q")
    assert beep("export", "thirty.wav", *options).status == 0
    assumed, told = beep("fit", "thirty.wav"), beep("fit", "thirty.wav", "--carrier-mhz", 30)

    assert "but the file's own recipe says 30: --carrier-mhz 30" in assumed.stderr
    assert (told.status, told.stderr) == (0, "")


@pytest.mark.parametrize(("ionosphere", "warned", "least", "most"), [("off", 0, 0, 1.5), ("noon", 1, 10, 1e9)])
def test_what_the_model_leaves_is_told(beep, ionosphere, warned, least, most):
    """A circle through a bent ionosphere leaves more than the tones' errors, and says so; through none it does not."""
    orbit = ("--altitude-km", 900, "--max-elevation-deg", 50, "--ionosphere", ionosphere)
    sound = ("--mix", 40, "--sample-rate-hz", 8000, "--noise", "galactic", "-q")
    assert beep("export", "pass.wav", *orbit, *sound).status == 0
    ran = beep("fit", "pass.wav", "--carrier-mhz", 40.002, "--json")

    assert ("the true errors may be larger than those printed" in ran.stderr) == bool(warned)
    assert ("warning" in ran.stderr) == bool(warned)
    assert least < max(carrier["misfit"] for carrier in json.loads(ran.stdout)["carriers"]) < most


@pytest.mark.usefixtures("dallas")
def test_the_pass_is_found_among_all(beep):
    """With a station alone the passes are ranked; ten seconds of the recording do not tell which one it is."""
    options = ("--orbit", "sputnik1", "--station", "dallas", "--blind")
    whole, piece = beep("fit", "dallas.wav", *options), beep("fit", "dallas.wav", *options, "--to-s", 10)

    assert whole.stdout.decode().splitlines()[1].split()[:3] == ["1", "1957-10-07", "05:09:27"]
    assert "the first pass fits best by far: --start 1957-10-07T05:08Z" in whole.stdout.decode()
    assert "cannot tell which pass this is" in piece.stdout.decode()


@pytest.mark.usefixtures("dallas")
def test_a_wrong_pass_is_doubted(beep):
    """A fit to the pass of another day needs another node than the orbit has; the right one does not."""
    options = ("--orbit", "sputnik1", "--station", "dallas", "--carrier-mhz", 20.005, "--blind")
    wrong = beep("fit", "dallas.wav", *options, "--start", "1957-10-10T05:00Z")
    right = beep("fit", "dallas.wav", *options, "--start", "1957-10-07T05:05Z")

    assert "warning: the node of the orbit had to be shifted by 12.9 degrees" in wrong.stderr
    assert "warning" not in right.stderr
