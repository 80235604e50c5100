"""`beep plot`: what a user types, right and wrong."""

import struct

import numpy as np
import pytest
import soundfile
from program import Ran

from beep import Scenario, export, preset
from beep.cli.commands.plot import KINDS
from beep.cli.main import main

SHORT = ("--duration-s", 5)
DALLAS = ("--station", "dallas", "--start", "1957-10-07T05:00Z")
NO_MATPLOTLIB = "import sys; sys.modules['matplotlib'] = None"


@pytest.fixture
def plotted(tmp_path, monkeypatch, capfdbinary):
    """`beep plot` in this process, which spares the imports: status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        status = main(["plot", *map(str, arguments)])
        out, err = capfdbinary.readouterr()
        return Ran(status, out, err.decode())

    return run


def pixels(png):
    """Width and height of a PNG."""
    assert png.startswith(b"\x89PNG")
    return struct.unpack(">II", png[16:24])


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    """Twenty seconds with their recipe, around the closest approach over Dallas."""
    path = tmp_path_factory.mktemp("tape") / "tape.wav"
    export(Scenario(station="dallas", start="1957-10-07T05:00Z", mix="20", duration_s=20), path)
    return path


@pytest.mark.parametrize(("suffix", "begins"), [(".png", b"\x89PNG"), (".SVG", b"<?xml"), (".pdf", b"%PDF")])
def test_suffix_says_the_kind(tmp_path, plotted, suffix, begins):
    """PNG, SVG or PDF by the suffix, in capitals too; a line says what was drawn."""
    ran = plotted("doppler", f"a{suffix}", *DALLAS)

    assert (ran.status, ran.stdout) == (0, b"")
    assert ran.stderr.startswith(f"a{suffix}: doppler, ")
    assert (tmp_path / f"a{suffix}").read_bytes().startswith(begins)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "fit"])
def test_every_kind_of_a_file_of_ours(tmp_path, plotted, tape, kind):
    """Every kind draws a recording that has its recipe with it."""
    ran = plotted(kind, "a.png", tape, "-q")

    assert (ran.status, ran.stdout, ran.stderr) == (0, b"", "")
    assert min(pixels((tmp_path / "a.png").read_bytes())) > 300


def test_fit_of_a_file(tmp_path, plotted):
    """A pass is found from its Doppler and drawn."""
    export(Scenario(mix="20", sample_rate_hz=12_000, altitude_km=230, duration_s=150), tmp_path / "pass.wav")
    ran = plotted("fit", "fit.png", "pass.wav", "-q")

    assert (ran.status, ran.stderr) == (0, "")
    assert pixels((tmp_path / "fit.png").read_bytes()) == (1000, 750)


def test_fit_to_a_known_orbit(tmp_path, plotted):
    """`plot fit --orbit sputnik1` takes place and date from the file; without them it says what it needs."""
    name = tmp_path / "dallas.wav"
    export(Scenario(station="dallas", start="1957-10-07T05:00Z", mix="20", sample_rate_hz=8000, duration_s=100.0), name)
    ran = plotted("fit", "fit.svg", name, "--orbit", "sputnik1")
    export(Scenario(mix="20", sample_rate_hz=8000, duration_s=20.0), tmp_path / "nowhere.wav")
    refused = plotted("fit", "no.svg", tmp_path / "nowhere.wav", "--orbit", "sputnik1")

    assert ran.status == 0, ran.stderr
    assert "--station dallas" in ran.stderr
    assert "<svg" in (tmp_path / "fit.svg").read_text()
    assert refused.status == 1
    assert "--station" in refused.stderr


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ([], (1000, 600)),
        (["--dpi", 200], (2000, 1200)),
        (["--size", "800x600"], (800, 600)),
        (["--size", "800x600", "--dpi", 150], (800, 600)),
        (["--size", "8x6in", "--dpi", 150], (1200, 900)),
        (["--size", "25.4 x 12.7cm"], (1000, 500)),
        (["--size", "254X127mm", "--dpi", 50], (500, 250)),
    ],
)
def test_size_and_resolution(plotted, options, size):
    """Pixels are pixels; a length with a unit becomes as many as dpi says."""
    ran = plotted("doppler", "-", *options)

    assert ran.status == 0
    assert pixels(ran.stdout) == size


def test_stdout(beep, tape):
    """`-` is a PNG on stdout and nothing else, unless stdout is a terminal; a file may come from stdin."""
    import subprocess

    with tape.open("rb") as file:
        done = subprocess.run(beep.command("plot", "waterfall", "-", "-"), stdin=file, capture_output=True)

    assert (done.returncode, done.stderr) == (0, b"")
    assert pixels(done.stdout) == (1000, 900)
    shown = beep.on_terminal("stdout", "plot", "doppler", "-")
    assert shown.status == 1
    assert "terminal" in shown.stderr


def test_dark_and_curve_change_the_picture(plotted, tape):
    """--dark and --no-curve do something; the same command gives the same bytes."""
    plain, again, dark, bare = (
        plotted("waterfall", "-", tape, *more).stdout for more in ((), (), ("--dark",), ("--no-curve",))
    )
    assert plain == again
    assert len({plain, dark, bare}) == 3


def test_options_beside_a_file_say_what_is_predicted(plotted, tape, tmp_path):
    """A recording without a recipe takes the one that is typed; one with its own is drawn with that one instead."""
    samples, rate_hz = soundfile.read(tape)
    soundfile.write(tmp_path / "bare.wav", samples, rate_hz)
    bare = plotted("waterfall", "-", "bare.wav")
    typed = plotted("waterfall", "-", "bare.wav", "--preset", "dallas")

    assert bare.status == typed.status == 0
    assert bare.stdout != typed.stdout
    assert plotted("doppler", "-", "bare.wav", *DALLAS).stdout == plotted("doppler", "-", *DALLAS).stdout


def test_force(tmp_path, plotted):
    """An old file stays unless --force is given."""
    (tmp_path / "a.png").write_bytes(b"old")

    assert plotted("doppler", "a.png").status == 1
    assert (tmp_path / "a.png").read_bytes() == b"old"
    assert plotted("doppler", "a.png", "--force").status == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pass", "a.gif"], ["must end in .png, .svg or .pdf", "a.gif"]),
        (["pass", "a"], ["must end in .png, .svg or .pdf", "'a'"]),
        (["pass", "nowhere/a.png"], ["folder must exist", "mkdir -p nowhere"]),
        (["pass", "old.png"], ["old.png already exists", "--force"]),
        (["waterfall", "old.png", "bare.wav"], ["old.png already exists"]),
        (["pass", "a.png", "--size", "big"], ["WIDTHxHEIGHT", "'big'"]),
        (["pass", "a.png", "--size", "200x100"], ["8 x 6 inches", "200 x 100 pixels"]),
        (["pass", "a.png", "--size", "0x0"], ["inches"]),
        (["pass", "a.png", "--dpi", 1e9], ["dpi", "1200"]),
        (["pass", "a.png", "--dpi", "nan"], ["dpi"]),
        (["pass", "a.png", "--max-elevation-deg", 0], ["horizon"]),
        (["pass", "a.png", "--preset", "dalas"], ["did you mean 'dallas'"]),
        (["pass", "a.png", "bare.wav"], ["no scenario", "options"]),
        (["waterfall", "a.png", "none.wav"], ["none.wav"]),
        (["waterfall", "a.png", "text.wav"], ["text.wav"]),
        (["waterfall", "a.png", "short.wav"], ["short.wav", "0.1 s"]),
        (["waterfall", "a.png", *("--duration-s", 0.1)], ["0.17 s", "0.1 s"]),
        (["keying", "a.png"], ["needs a recording", "beep plot keying a.png tape.wav"]),
        (["fit", "a.png"], ["needs a recording"]),
        (["keying", "a.png", "bare.wav"], ["none were found", "bare.wav"]),
        (["fit", "a.png", "bare.wav"], ["no beeps found"]),
    ],
    ids=lambda part: " ".join(map(str, part)),
)
def test_one_line_and_nothing_written(tmp_path, plotted, arguments, said):
    """What cannot be drawn is status 1 and one line with the rule, what came and the remedy; no file."""
    noise = 0.1 * np.random.default_rng(0).standard_normal((24_000, 1))
    soundfile.write(tmp_path / "bare.wav", noise, 8000)
    soundfile.write(tmp_path / "short.wav", noise[:800], 8000)
    (tmp_path / "text.wav").write_text("not sound")
    (tmp_path / "old.png").write_bytes(b"old")
    before = sorted(tmp_path.iterdir())
    ran = plotted(*arguments)

    assert ran.status == 1
    assert ran.stdout == b""
    assert ran.stderr.count("\n") == 1
    assert [word for word in ("beep: error: ", *said) if word not in ran.stderr] == []
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "old.png").read_bytes() == b"old"


def test_unknown_kind(beep):
    """An unknown kind is wrong usage, in one line that lists the kinds."""
    ran = beep("plot", "sky", "a.png")

    assert ran.status == 2
    assert ran.stderr.count("\n") == 1
    assert [kind for kind in KINDS if f"'{kind}'" not in ran.stderr] == []


@pytest.mark.parametrize("kind", ["pass", "doppler"])
def test_without_matplotlib(tmp_path, beep, kind):
    """Without the extra one line says how to install it."""
    ran = beep.process("plot", kind, "a.png", first=NO_MATPLOTLIB)

    assert ran.status == 1
    assert ran.stderr == "beep: error: pictures need matplotlib, which is not here; pip install 'sputnik-beep[plot]'\n"
    assert list(tmp_path.iterdir()) == []


def test_recipe_beside_another_is_not_mixed(plotted, tape):
    """Options typed beside a file are laid over the default recipe or preset, not over the file's own."""
    with_preset = plotted("doppler", "-", tape, "--preset", "dallas")

    assert with_preset.stdout == plotted("doppler", "-", "--preset", "dallas").stdout
    assert preset("dallas").pulse_s != Scenario().pulse_s
