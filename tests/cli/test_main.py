"""The command line: help, usage, every wrong input answered in one line, and what is said of the right ones."""

import os
import re
import signal
import subprocess
import sys

import pytest

from beep import __version__
from beep.cli.main import COMMANDS

NOTHING_HEAVY = {"numpy", "scipy", "soundfile", "sounddevice", "matplotlib", "rich", "sgp4"}
SHORT = ("--duration-s", 1)
START = ("--start", "1957-10-07T05:00Z")
BAR_AT_ONCE = "import beep.cli.progress; beep.cli.progress.BAR_AFTER_S = 0"


def one_line(ran, *words):
    """Nothing on stdout, one line on stderr, which has the words."""
    assert ran.stdout == b""
    assert ran.stderr.count("\n") == 1
    assert ran.stderr.endswith("\n")
    assert [word for word in words if word not in ran.stderr] == []
    return True


# --- help -------------------------------------------------------------------------------------------------------


def test_version(beep):
    """--version and version print the name and the version."""
    assert beep("--version").stdout.decode() == beep("version").stdout.decode() == f"beep {__version__}\n"


def test_help_of_a_command(beep):
    """`help COMMAND` is `COMMAND --help`."""
    assert beep("help", "export").stdout == beep("export", "--help").stdout != b""


@pytest.mark.parametrize("arguments", [(), ("--help",), ("-h",), ("help",)])
def test_help_lists_the_commands(beep, arguments):
    """Help, which is also shown without a command, has a line for every command, on one screen of 80 columns."""
    ran = beep(*arguments)
    text = ran.stdout.decode()

    assert (ran.status, ran.stderr) == (0, "")
    assert len(COMMANDS) >= 3
    for name, line in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(line)}$", text, flags=re.M)
    assert 20 <= len(text.splitlines()) <= 24


# --- wrong usage ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["exprot", "a.wav"], ["'exprot'", "did you mean 'export'?", "beep --help"]),
        (["sing"], ["'sing'", "export, web, rtl-tcp", "beep --help"]),
        (["help", "sing"], ["'sing'", "export, web, rtl-tcp", "beep --help"]),
        (["--duration-s", 1], ["--duration-s", "beep --help"]),
        (["export"], ["FILE", "beep export --help"]),
        (["export", "a.wav", "b.wav"], ["b.wav"]),
        (["export", "a.wav", "--pitch-hz", 700], ["--pitch-hz"]),
        (["export", "a.wav", "--statoin=dallas"], ["--statoin=dallas", "did you mean '--station'?"]),
        (["export", "a.wav", "--altitude-km", "high"], ["--altitude-km", "number", "'high'"]),
        (["export", "a.wav", "--altitude-km"], ["--altitude-km"]),
        (["export", "a.wav", "--seed", 1.5], ["--seed", "whole number", "'1.5'"]),
        (["export", "a.wav", "--noise", "ruall"], ["--noise", "ruall", "quiet-rural", "did you mean 'rural'?"]),
        (["fit", "a.wav", "--carrier-mhz", "20,005"], ["--carrier-mhz", "did you mean 20.005?"]),
        (["export", "a.wav", "--subtype", "pcm8"], ["--subtype", "pcm8", "pcm16"]),
        (["export", "a.wav", "--pulse-s", "none"], ["--pulse-s", "number", "'none'"]),
        (["track", "--format", "xml"], ["--format", "xml", "csv", "json"]),
        (["track", "--step-s", "often"], ["--step-s", "often"]),
        (["show", "--preset", "tass", "--scenario", "a.toml"], ["--preset", "--scenario"]),
    ],
    ids=lambda part: " ".join(map(str, part)),
)
def test_wrong_usage(tmp_path, beep, arguments, said):
    """Wrong usage is status 2 and one line that names what is wrong and where help is."""
    ran = beep(*arguments)

    assert ran.status == 2
    assert one_line(ran, *said, "--help")
    assert list(tmp_path.iterdir()) == []


# --- bad input --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--pulse-s", 0], ["--pulse-s", "above 0", "got 0"]),
        (["--pulse-s", -0.3], ["--pulse-s", "above 0", "got -0.3"]),
        (["--pulse-s", "nan"], ["--pulse-s", "finite", "nan"]),
        (["--tone-hz", "-inf"], ["--tone-hz", "finite", "-inf"]),
        (["--seed", "9" * 400], ["seed"]),
        (["--rise-s", 0.5], ["--rise-s is 0.5", "fit into the pulse", "lower"]),
        (["--carrier-mhz", "20,005"], ["carriers", "'20,005'", "did you mean 20.005?"]),
        (["--altitude-km", 99], ["--altitude-km", "100", "got 99"]),
        (["--max-elevation-deg", 91], ["--max-elevation-deg", "90", "got 91"]),
        (["--max-elevation-deg", -1], ["--max-elevation-deg", "0", "got -1"]),
        (["--max-elevation-deg", 0], ["horizon", "--max-elevation-deg 0", "--duration-s"]),
        (["--sample-rate-hz", 0], ["--sample-rate-hz", "8000", "got 0"]),
        (["--sample-rate-hz", 10**9], ["--sample-rate-hz", "3.2e+06", "1e+09"]),
        (["--tone-hz", 23_990, "--high-hz", 24_000], ["half the sample rate", "24000", "lower --tone-hz"]),
        (["--station", "dalas", *START], ["'dalas'", "dallas"]),
        (["--station", "dallas"], ["start", "1957-10-07T05:00Z"]),
        (["--station", "dallas", "--start", "7 Oct"], ["ISO 8601", "'7 Oct'"]),
        (["--station", "dallas", "--start", "1957-10-27T00:00Z"], ["1957-10-26", "1957-10-27", "choose"]),
        (["--station", "dallas", "--start", "1957-10-04T12:00Z"], ["1957-10-04T19:", "1957-10-04T12:00"]),
        (["--station", "89,0", *START], ["does not rise within a day", "latitude 89", "choose"]),
        (["--preset", "dalas"], ["'dalas'", "did you mean 'dallas'"]),
        (["--scenario", "none.toml"], ["none.toml", "No such file"]),
    ],
    ids=lambda part: " ".join(map(str, part))[:60],
)
@pytest.mark.parametrize("command", [("export", "a.wav"), ("track",)], ids=lambda command: command[0])
def test_bad_input(tmp_path, beep, command, options, said):
    """What cannot be flown or heard is status 1 and one line with the rule, what came and the remedy; no file."""
    ran = beep(*command, *options)

    assert ran.status == 1
    assert one_line(ran, "beep: error: ", *said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["export", "nowhere/a.wav"], ["folder must exist", "nowhere", "mkdir -p nowhere"]),
        (["export", "a.mp3"], [".wav or .flac", "a.mp3"]),
        (["export", "old.wav"], ["old.wav already exists", "--force"]),
        (["export", "a.flac", "--subtype", "float"], ["FLAC", "float", "pcm16"]),
        (["export", "a.wav", "--scenario", "wrong.toml"], ["wrong.toml", "'puls_s'", "'pulse_s'"]),
        (["track", "-o", "nowhere/a.csv"], ["folder must exist", "nowhere"]),
        (["track", "-o", "old.wav"], ["old.wav already exists", "--force"]),
        (["track", "--step-s", 0], ["--step-s", "got 0"]),
        (["track", "--step-s", 1e-320], ["--step-s"]),
    ],
    ids=lambda part: " ".join(map(str, part)),
)
def test_nothing_is_written_and_nothing_lost(tmp_path, beep, command, said):
    """Where the output or the recipe cannot be, the folder stays as it was."""
    (tmp_path / "wrong.toml").write_text("puls_s = 0.3")
    (tmp_path / "old.wav").write_bytes(b"old")
    ran = beep(*command, *SHORT)

    assert ran.status == 1
    assert one_line(ran, "beep: error: ", *said)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old.wav", "wrong.toml"]
    assert (tmp_path / "old.wav").read_bytes() == b"old"


@pytest.mark.parametrize("command", [("export", "a.wav"), ("track",)], ids=lambda command: command[0])
def test_last_moment_of_the_calendar(beep, command):
    """A date that the calendar does not outlast is flown or refused, without a traceback."""
    assert beep(*command, "--start", "9999-12-31T23:59:59").status in (0, 1)


def test_tone_beside_the_filter_is_a_warning(tmp_path, beep):
    """A tone that leaves the filter is done as asked; one warning names both carriers, and its advice holds both."""
    ran = beep("export", "a.wav", *SHORT, "--tone-hz", 4000)
    low = beep("export", "b.wav", *SHORT, "--tone-hz", 4000, "--low-hz", 4500, "--high-hz", 7000)

    for warned in (ran, low):
        assert warned.status == 0
        assert re.search(r"beep: warning: the filter .* the tone of 20\.005 MHz .* of 40\.002 MHz ", warned.stderr)
        (advice,) = re.findall("; (--.*) keeps both inside", warned.stderr)
        words = [
            "--tone-hz",
            4000,
            *(["--low-hz", 4500] if warned is low else []),
            *advice.replace("with ", "").split(),
        ]
        assert "warning" not in beep("export", "c.wav", "--force", *SHORT, *words).stderr
    assert (tmp_path / "a.wav").exists()
    assert "warning" not in beep("export", "d.wav", *SHORT).stderr


# --- what is said -----------------------------------------------------------------------------------------------


def test_summary(beep):
    """An export says what was written, where the pass is, and the peak SNR with its bandwidth."""
    said = beep("export", "a.wav", "--duration-s", 3, "--subtype", "pcm24").stderr

    assert re.search(r"^a\.wav: .*3\.0 s, 48000 Hz, stereo, pcm24, 0\.9 MB", said)
    assert "range 571 km, elevation 60 deg" in said
    assert re.search(r"peak SNR in 2\.7 kHz: [\d.]+ dB at 20\.005 MHz, [\d.]+ dB at 40\.002 MHz", said)


def test_quiet(beep):
    """-q says nothing, not even a warning, but still an error."""
    assert beep("export", "a.wav", "-q", *SHORT, "--tone-hz", 4000).stderr == ""
    assert beep.on_terminal("stderr", "export", "b.wav", "-q", *SHORT, first=BAR_AT_ONCE).stderr == ""
    assert one_line(beep("export", "a.wav", "-q"), "exists")


def test_progress_bar_is_for_a_terminal(beep):
    """A bar with a percentage is drawn on a terminal, is gone at the end, and never gets into a pipe or a file."""
    on_terminal = beep.on_terminal("stderr", "export", "a.wav", "--duration-s", 60, first=BAR_AT_ONCE)
    piped = beep.process("export", "b.wav", "--duration-s", 60, first=BAR_AT_ONCE)

    assert on_terminal.status == piped.status == 0
    assert "%" in on_terminal.stderr
    assert "%" not in on_terminal.stderr.rpartition("\x1b[2K")[2]  # what is on the line after it was last wiped
    assert "\x1b" not in piped.stderr
    assert "%" not in piped.stderr


def test_short_work_draws_no_bar(beep):
    """What is done in a moment is done without a bar."""
    assert "\x1b" not in beep.on_terminal("stderr", "export", "a.wav", *SHORT).stderr


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["export", "--help"], ["show"]])
def test_help_waits_for_no_library(arguments):
    """Help, version and a recipe come without any library being imported."""
    command = [sys.executable, "-X", "importtime", "-m", "beep", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}

    assert "beep" in imported
    assert imported & NOTHING_HEAVY == set()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["--version"]])
def test_short_answers_load_next_to_nothing(arguments):
    """What needs no argument parser loads none, nor another module that takes as long as the whole answer."""
    slow = {"argparse", "collections", "enum", "gettext", "importlib", "pathlib", "re", "shutil", "signal", "typing"}
    code = f"""
import sys
sys.argv = ["beep", *{arguments}]
for name in {slow}:
    sys.modules.pop(name, None)  # the interpreter may have some, for installed packages
try:
    from beep.__main__ import program
    program()
finally:
    print(sorted({slow} & set(sys.modules)), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert done.stdout.startswith("beep" if arguments == ["--version"] else "usage: beep")
    assert done.stderr == "[]\n"


# --- streams ----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
@pytest.mark.parametrize("arguments", [("--help",), ("export", "--help-all")])
def test_help_on_a_full_disk(beep, arguments):
    """Help that cannot be written is an error in one line, as data are."""
    with open("/dev/full", "wb") as full, beep.start(*arguments, stdout=full, stderr=subprocess.PIPE) as running:
        said = running.stderr.read().decode()

    assert (running.returncode, said) == (1, "beep: error: cannot write: No space left on device\n")


def test_a_console_in_ascii(beep):
    """Where the console has no plus-minus sign, its results have +-, and other letters their code."""
    beep("export", "a.wav", "--duration-s", 60)
    ran = beep.process("measure", "a.wav", PYTHONIOENCODING="ascii")

    assert ran.status == 0
    assert re.search(rb"\d \+- \d", ran.stdout)
    assert beep.process("sing\N{LATIN SMALL LETTER E WITH ACUTE}", PYTHONIOENCODING="ascii").status == 2


@pytest.mark.parametrize("arguments", [("measure", "-"), ("passes", "--tle", "-", "--station", "dallas", *START)])
def test_no_stdin(beep, arguments):
    """A program whose stdin has been closed says so in one line."""
    closed = ["sh", "-c", '"$@" <&-', "sh", *beep.command(*arguments)]
    done = subprocess.run(closed, capture_output=True, text=True)

    assert done.returncode == 1
    assert re.fullmatch(r"beep: error: stdin must be open [^\n]*\n", done.stderr)


def test_closed_streams_do_not_get_into_a_file(tmp_path, beep):
    """What a library prints on descriptor 2 does not get into the file that would have its number."""
    first = "import soundfile; write = soundfile.SoundFile.write\nimport os\n"
    first += "soundfile.SoundFile.write = lambda self, data: (os.write(2, b'noise'), write(self, data))"
    closed = ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", *beep.command("export", "a.flac", *SHORT, first=first)]

    assert subprocess.run(closed, cwd=tmp_path).returncode == 0
    beep("export", "b.flac", *SHORT)
    assert (tmp_path / "a.flac").read_bytes() == (tmp_path / "b.flac").read_bytes()


def test_an_unknown_backend_of_matplotlib_does_no_harm(beep):
    """A picture needs no window, so MPLBACKEND does not matter."""
    assert beep.process("plot", "doppler", "a.svg", MPLBACKEND="nonsense").status == 0


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer that sends a signal")
def test_a_signal_in_a_callback_of_the_import_system():
    """What is raised there is lost, and would be printed: SIGTERM ends the program just after it."""
    code = """
import os, signal, time, weakref
from beep.cli.main import exit_on
exit_on("SIGTERM")
class Lock: pass
lock = Lock()
def cb(_):
    os.kill(os.getpid(), signal.SIGTERM)
reference = weakref.ref(lock, cb)
del lock
time.sleep(60)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (143, "")


def test_control_c_during_an_import():
    """Ctrl-C before the arguments are read ends the program with one status, and no traceback."""
    code = """
import runpy, sys
class Interrupted:
    def find_spec(name, *_):
        if name.startswith("beep.cli"):
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted)
runpy.run_module("beep", None, "__main__")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
