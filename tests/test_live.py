"""A real PortAudio stream into a virtual card: what was recorded is what was exported.

These tests need PulseAudio and PortAudio; without them they are skipped, or with CI=true fail, and say what to install.
"""

import os
import re
import signal
import subprocess
import sys
import termios
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from listening import FADE, WAITS_ALOUD, assert_whole, ended, is_whole, play
from program import TIMEOUT_S
from virtual_card import HEADER_BYTES, RATE_HZ, find, missing, virtual_card
from waiting import LONGEST_WAIT_S

from beep.scenario.presets import preset
from beep.scenario.scenario import Scenario
from beep.scenario.toml import load
from beep.stream.tiles import render

SAFE = ("--latency-ms", 500)  # where the latency does not matter: a busy machine may halt the program for a while
PLAYS = 3  # at most, until one is not disturbed
NOISY = Scenario()  # the noise makes every stretch of it unmistakable


@pytest.fixture(autouse=True, scope="module")
def _needs():
    lacking = missing()
    if lacking:
        pytest.fail(lacking) if os.environ.get("CI") == "true" else pytest.skip(lacking)


@pytest.mark.slow
@pytest.mark.parametrize("duration_s", [10, pytest.param(60, marks=pytest.mark.quiet)])
def test_no_gap_on_a_busy_machine(tmp_path, duration_s):
    """10 s (in the quiet group a minute) while a process computes on every core: the sound has no gap.

    A gap fails the test where the player and the virtual card had a processor when they wanted one, so that the gap is
    the player's own. Where they waited for longer than LONGEST_WAIT_S, others use the machine: it is played again.
    """
    expected = render(replace(NOISY, duration_s=float(duration_s)))
    cores = (os.cpu_count() or 1) - ("PYTEST_XDIST_WORKER" in os.environ)  # another worker uses one
    waits_s = []
    while len(waits_s) < PLAYS:
        folder = tmp_path / str(len(waits_s))
        folder.mkdir()
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
        try:
            with virtual_card(folder) as card:
                card.waiting.ignored |= {process.pid for process in busy}
                status, said = ended(play(card, "--duration-s", duration_s, stderr=subprocess.PIPE))
                recording = card.recorded()
        finally:
            for process in busy:
                process.kill()
                process.wait()
        if (status, said) == (0, "") and is_whole(recording, expected):
            return
        waits_s.append(card.waiting.longest_s)
        assert waits_s[-1] > LONGEST_WAIT_S, f"a gap, and no wait longer than {waits_s[-1]:.3f} s: {said}"
    pytest.skip(f"others use the machine: within 0.1 s the player waited {waits_s} s for a processor")


@pytest.mark.parametrize("mix", ["stereo", "mono"])
def test_recording_is_the_export(card, mix):
    """Every frame once and in order, bit for bit, to the last beep."""
    assert ended(play(card, "--duration-s", 2, "--mix", mix, *SAFE, stderr=subprocess.PIPE)) == (0, "")

    expected = render(replace(NOISY, duration_s=2.0, mix=mix))
    assert_whole(card.recorded(), np.broadcast_to(expected, (len(expected), 2)))


def test_a_gap_is_found(card):
    """The tests of gaps can fail: a callback that is late once leaves a gap, which the recording shows."""
    late = """
import sounddevice, time
class Late(sounddevice.OutputStream):
    def __init__(self, *, callback, **settings):
        self.calls = 0
        def call(*arguments):
            self.calls += 1
            time.sleep(0.4 if self.calls == 20 else 0)
            callback(*arguments)
        super().__init__(callback=call, **settings)
sounddevice.OutputStream = Late
"""
    process = play(card, "--duration-s", 2, first=late, stderr=subprocess.PIPE)
    assert re.search(r"underflow", ended(process)[1])
    assert not is_whole(card.recorded(), render(replace(NOISY, duration_s=2.0)))


def test_another_rate_is_played(card):
    """44.1 kHz on a card of 48: the sound server converts it, the length stays."""
    assert ended(
        play(card, "--duration-s", 2, "--sample-rate", 44100, "--latency-ms", 150, stderr=subprocess.PIPE)
    ) == (
        0,
        "",
    )
    loud = np.flatnonzero(np.abs(card.recorded()[:, 0]) > 0.01)
    assert (loud[-1] - loud[0]) / RATE_HZ == pytest.approx(2.0, abs=0.02)


@pytest.mark.parametrize("base", ["tass", "dallas"])
def test_a_key_changes_what_is_heard(card, terminal, base):
    """A key on the terminal: within 200 ms the recording goes on as the other scenario, at the same place."""
    old, new = (
        replace(preset(base), mix="stereo"),
        replace(preset(base), mix="stereo", tone_hz=preset(base).tone_hz + 50),
    )
    listener = terminal("--preset", base, "--mix", "stereo", "--from-s", "100")
    listener.await_text("MHz")
    listener.look(1.0)
    pressed_at = (card.recording.stat().st_size - HEADER_BYTES) // 8
    listener.press("T")
    listener.await_text(f"tone_hz = {new.tone_hz}")
    listener.look(0.7)
    listener.press("q")
    assert listener.ended() == 0

    recording = card.recorded()
    begin = 100 * RATE_HZ
    before, after = (render(scenario, start=begin, stop=begin + 4 * RATE_HZ) for scenario in (old, new))
    start = find(before[FADE:], recording) - FADE
    heard = recording[start : start + len(before)]
    changed = FADE + int(np.argmin(np.all(heard[FADE:] == before[: len(heard)][FADE:], axis=1)))
    settled = changed + round(0.02 * RATE_HZ)
    assert np.array_equal(heard[settled : settled + 9600], after[settled : settled + 9600])
    assert (start + settled - pressed_at) / RATE_HZ < 0.2


def test_the_line_tells_what_is_heard(card, terminal):
    """Time, look angles, both tones, the level, what is left; help and pause; `s` saves a recipe that can be played."""
    listener = terminal("--preset", "dallas", "--from-s", "200")
    listener.await_text(r"05:08:4\d UTC +el +\d+\.\d° +az +\d+\.\d° +\d+ km +\[#+\.*\] +-\d+ dBFS +4:\d\d left")
    listener.await_text(r"● 20 MHz Doppler +[+-]\d+ Hz tone +\d+ Hz")
    assert "40 MHz" not in listener.shown  # what is not heard is not shown
    listener.press("?")
    listener.await_text("pulse")
    listener.press(" ")
    listener.await_text("paused")
    listener.press("P")
    listener.press("s")
    listener.await_text("beep-1.toml")
    listener.press("q")
    assert listener.ended() == 0
    assert load(card.folder / "beep-1.toml").pulse_s == 0.203


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_fades_and_restores(card, terminal, number, status):
    """Ctrl-C or SIGTERM: no click, the terminal as it was, the status that a shell expects."""
    listener = terminal("--noise", "off", "--mix", "mono", "--from-s", "300", *SAFE)
    listener.await_text("MHz")
    listener.look(0.5)
    os.kill(listener.process.pid, number)
    assert listener.ended() == status
    assert "Traceback" not in listener.shown
    recording = card.recorded()
    # Both carriers together never pause; 2.4 kHz at -6 dB moves by 0.16 from frame to frame, a cut by up to 0.5.
    assert np.abs(recording[:, 0]).max() > 0.4
    assert np.abs(np.diff(recording[:, 0])).max() < 0.17
    last = np.flatnonzero(recording[:, 0])[-1]
    assert np.abs(recording[last - 24 : last, 0]).max() < 0.05


def test_stop_and_go_on(card, terminal):
    """Ctrl-Z gives the terminal back and stops; `fg` plays on."""
    listener = terminal("--duration-s", "30")
    listener.await_text("MHz")
    os.kill(listener.process.pid, signal.SIGTSTP)
    status = Path(f"/proc/{listener.process.pid}/stat")
    until_s = time.monotonic() + TIMEOUT_S
    while status.read_text().split()[2] != "T":
        assert listener.process.poll() is None, listener.shown[-2000:]
        assert time.monotonic() < until_s
        listener.look(0.05)
    assert termios.tcgetattr(listener.theirs) == listener.before
    time.sleep(3.3)  # longer than the player waits for a card
    listener.shown = ""
    os.kill(listener.process.pid, signal.SIGCONT)
    listener.await_text("MHz")
    listener.look(1.0)
    listener.press("q")
    assert listener.ended() == 0
    recording = np.abs(card.recorded()[:, 0]) > 0.01
    assert recording[-round(1.2 * RATE_HZ) :].any()


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        ("remove", "the sound card has gone while playing; "),
        ("freeze", "the sound card has not taken any sound for 3 s"),
    ],
)
def test_card_that_is_lost(card, happens, said):
    """Removed, it is told at once in one line; frozen, after some seconds instead of hanging."""
    process = play(card, "--duration-s", 20, stderr=subprocess.PIPE)
    card.await_sound()
    time.sleep(0.5)
    getattr(card, happens)()
    status, stderr = ended(process)
    assert status == 1
    assert re.fullmatch(rf"beep: error: {said}[^\n]*\n", stderr)


def test_until_stopped_waits_for_the_card(card):
    """An exhibit: the card goes, comes back, and it plays again."""
    process = play(card, "--duration-s", 20, "--until-stopped", stderr=subprocess.PIPE)
    card.await_sound()
    time.sleep(0.5)
    card.remove()
    time.sleep(1)
    card.plug_in()
    until_s = time.monotonic() + TIMEOUT_S
    while "beep" not in card.control("list", "sink-inputs").lower() and "python" not in card.control(
        "list", "sink-inputs"
    ):
        assert time.monotonic() < until_s
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    status, stderr = ended(process)
    assert status == 130
    assert stderr.count("waiting for the card") == stderr.count("the sound card is there") == 1


@pytest.mark.parametrize(("playing", "number"), [(False, signal.SIGINT), (True, signal.SIGTERM)])
def test_a_stopped_sound_server_does_not_hold_the_program(card, playing, number):
    """Ctrl-C and SIGTERM end the program while the sound server is stopped, before the first sound and later."""
    server = card.processes[0]
    if not playing:
        server.send_signal(signal.SIGSTOP)
    process = play(card, "--duration-s", 20, first=WAITS_ALOUD, stderr=subprocess.PIPE)
    if playing:
        card.await_sound()
        server.send_signal(signal.SIGSTOP)
    else:
        assert process.stderr.readline() == b"waiting\n"
    process.send_signal(number)
    status, stderr = ended(process)
    server.send_signal(signal.SIGCONT)
    assert status == 128 + number
    assert "Traceback" not in stderr  # the library may print that it was interrupted
    assert ("beep: interrupted\n" in stderr) == (number == signal.SIGINT)


def test_a_stopped_sound_server_is_told(card):
    """A sound server that does not answer is one line."""
    card.processes[0].send_signal(signal.SIGSTOP)
    process = play(card, first="import beep.output.card as card; card.ANSWER_S = 1.0", stderr=subprocess.PIPE)
    status, stderr = ended(process)
    card.processes[0].send_signal(signal.SIGCONT)
    assert status == 1
    assert re.fullmatch(r"beep: error: the sound server does not answer[^\n]*\n", stderr)


def test_until_stopped_waits_for_the_first_card(card):
    """An exhibit that starts before its card: it says so, and plays when the card is there."""
    card.remove()
    short = "import beep.cli.commands.play as play; play.RETRY_S = 0.3"
    process = play(card, "--until-stopped", "--no-keys", first=short, stderr=subprocess.PIPE)
    assert b"waiting for the card" in process.stderr.readline()
    card.plug_in()
    assert process.stderr.readline() == b"beep: the sound card is there: playing\n"
    process.send_signal(signal.SIGTERM)
    assert ended(process) == (143, "")


def test_until_stopped_outlives_a_stopped_server(card):
    """An exhibit goes on when the sound server does, also after calls into PortAudio were given up."""
    short = "import beep.output.card as card, beep.cli.commands.play as play\n"
    short += "card.ANSWER_S, card.CLOSED_S, card.FROZEN_AFTER_S, play.RETRY_S = 0.5, 0.5, 1.0, 0.3"
    process = play(card, "--until-stopped", *SAFE, first=short, stderr=subprocess.PIPE)
    card.await_sound()
    card.processes[0].send_signal(signal.SIGSTOP)
    assert b"waiting for the card" in process.stderr.readline()
    time.sleep(2)
    card.processes[0].send_signal(signal.SIGCONT)
    assert process.stderr.readline() == b"beep: the sound card is there: playing\n"
    process.send_signal(signal.SIGTERM)
    assert ended(process) == (143, "")


@pytest.mark.parametrize("configuration", [None, "pcm.x {", "pcm { }", "pcm 7"])
def test_a_broken_configuration_of_alsa(card, configuration):
    """Where ALSA's configuration is missing, empty or not readable, PortAudio does not abort the program."""
    path = card.folder / "broken.conf"
    if configuration is not None:
        path.write_text(configuration)
    environment = card.environment | {"ALSA_CONFIG_PATH": str(path)}
    command = [sys.executable, "-m", "beep", "play", "--from-s", "0"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert re.fullmatch(r"beep: error: [^\n]*(ALSA's configuration|sound server)[^\n]*\n", done.stderr)


def test_no_card(card):
    """Neither card nor server: one line with the way out."""
    environment = card.environment | {"PULSE_SERVER": f"unix:{card.folder}/nowhere"}
    done = subprocess.run(
        [sys.executable, "-m", "beep", "play", "--duration-s", "1"], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert re.fullmatch(r"beep: error: [^\n]*beep export - \| aplay[^\n]*\n", done.stderr)


def test_no_library(beep):
    """PortAudio is not installed: what to install, and the pipe as a way out."""
    ran = beep.process("play", "--from-s", 0, first="import ctypes.util; ctypes.util.find_library = lambda name: None")
    assert ran.status == 1
    assert re.fullmatch(r"beep: error: [^\n]*sudo apt install libportaudio2[^\n]*aplay\n", ran.stderr)


def test_devices(card):
    """The list marks the default; an unknown device names what there is, an unclear one the candidates."""

    def run(*arguments):
        command = [sys.executable, "-m", "beep", "play", *arguments]
        return subprocess.run(command, env=card.environment, capture_output=True, text=True)

    listed = run("--list-devices")
    assert listed.returncode == 0
    assert re.search(r"^\* +\d+ +default", listed.stdout, flags=re.M)
    for device, message in (
        ("defautl", "did you mean 'default'"),
        ("u", "more than one output device's name"),
        ("99", "number 99"),
    ):
        done = run("--device", device, "--duration-s", "1")
        assert done.returncode == 1
        assert message in done.stderr
        assert done.stderr.count("\n") == 1
    assert run("--device", "default", "--duration-s", "0.2").returncode == 0


def test_python(card):
    """`with beep.playing(...)` lets a program change the scenario while it sounds; `beep.play` blocks to the end."""
    code = """
import time, beep
from dataclasses import replace
scenario = beep.Scenario(duration_s=2.0)
with beep.playing(scenario, latency_s=0.5) as player:
    time.sleep(0.2)
    player.scenario = replace(scenario, tone_hz=900.0)
    player.wait()
before = time.monotonic()
beep.play(replace(scenario, duration_s=0.5), latency_s=0.5)
assert time.monotonic() - before > 0.5
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env=card.environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    recording = card.recorded()
    scenario = Scenario(duration_s=2.0)
    start = find(render(scenario)[FADE:], recording) - FADE
    changed = render(replace(scenario, tone_hz=900.0), start=RATE_HZ, stop=2 * RATE_HZ - FADE)
    assert np.array_equal(recording[start + RATE_HZ :][: len(changed)], changed)


def test_the_screen_follows_the_terminal(terminal):
    """A large terminal gets the picture, a small one the two lines; the terminal is given back at the end."""
    listener = terminal("--duration-s", "60")
    for columns, rows, shown in (
        (120, 40, "sound / Hz"),
        (80, 24, "closest"),
        (60, 20, "MHz"),
        (200, 60, "sound / Hz"),
    ):
        listener.resize(columns, rows)
        listener.shown = ""
        listener.press("?")
        listener.await_text(re.escape(shown))
        lines = re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", listener.shown.rpartition("\x1b[H")[2]).splitlines()
        assert max(map(len, lines)) <= columns
        assert len(lines) <= rows
        assert ("sound / Hz" in listener.shown) == (columns >= 100)
    listener.press("q")
    assert listener.ended() == 0
    assert listener.shown.rpartition("\x1b[?1049")[2][0] == "l"
