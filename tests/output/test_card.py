"""What a sound card may answer when it is opened, said in one line with the remedy; PortAudio's part is played here."""

import gc
import os
import sys
import types
from pathlib import Path

import fake_sounddevice
import numpy as np
import pytest

import beep
from beep.base.errors import PlaybackError
from beep.output.card import Card, devices

TAKEN_HZ = (44_100, 48_000)  # by the cards below


class PortAudioError(Exception):
    pass


class CallbackAbort(Exception):  # noqa: N818 - sounddevice's own name
    pass


class Stream:
    """A stream that calls back when a test wants it to."""

    latency, active, time = 0.1, True, 0.0

    def __init__(self, **settings):
        self.settings = settings

    def start(self):
        pass

    def abort(self, ignore_errors=True):
        pass

    close = abort


@pytest.fixture
def library(monkeypatch):
    """A sounddevice with two cards, whose next opening fails with `library.answer` where that is set."""
    module = types.ModuleType("sounddevice")
    module.PortAudioError, module.CallbackAbort, module.answer = PortAudioError, CallbackAbort, None
    module.default = types.SimpleNamespace(device=[-1, 1])
    module.query_devices = lambda: [
        {"name": "Microphone", "max_output_channels": 0, "default_samplerate": 48_000.0},
        {"name": "USB Audio: left", "max_output_channels": 2, "default_samplerate": 48_000.0},
        {"name": "USB Audio: right", "max_output_channels": 2, "default_samplerate": 44_100.0},
    ]

    def check(_device, _channels, _dtype, samplerate):
        if samplerate not in TAKEN_HZ:
            raise PortAudioError("Invalid sample rate", -9997)

    def opened(**settings):
        if module.answer:
            raise PortAudioError(module.answer, -1)
        module.stream = Stream(**settings)
        return module.stream

    module.check_output_settings, module.OutputStream = check, opened
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module


def silence(frames):
    return np.zeros((frames, 2), np.float32)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            "Error opening OutputStream: Invalid sample rate",
            "does not take 12345 Hz; choose another sample_rate_hz: 44100, 48000$",
        ),
        ("Error opening OutputStream: Device unavailable", "is busy: another program holds it; .*device=NAME.* aplay"),
        ("Error opening OutputStream: Invalid number of channels", "does not take 2 channels; .*device=NAME"),
        ("Error querying device -1", "cannot be opened .*start the sound server"),
    ],
)
def test_refusals(library, answer, said):
    """A rate, a busy card, a mono card, anything else: what it means and what to do."""
    library.answer = answer
    with pytest.raises(PlaybackError, match=said):
        Card(silence, sample_rate_hz=12_345)


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (
            "usb",
            "part of more than one output device's name: 1 'USB Audio: left', 2 'USB Audio: right'; give the number",
        ),
        ("USB Audoi: left", "output device must be one of .*did you mean 'USB Audio: left'"),
        ("zither", "output device must be one of USB Audio: left, USB Audio: right, got 'zither'"),
        ("0", "no output device has the number 0"),
    ],
)
@pytest.mark.usefixtures("library")
def test_unclear_devices(wanted, said):
    """An unknown device names the near ones, an unclear one the candidates; an input is no output."""
    with pytest.raises(PlaybackError, match=said):
        Card(silence, sample_rate_hz=48_000, device=wanted)


@pytest.mark.parametrize(("wanted", "number"), [("left", 1), ("usb audio: RIGHT", 2), ("2", 2), (None, None)])
def test_chosen_device(library, wanted, number):
    """A part of one name, a whole name in any letters, a number, or the system's own."""
    Card(silence, sample_rate_hz=48_000, device=wanted, latency_s=0.15)
    assert library.stream.settings["device"] == number
    assert library.stream.settings["latency"] == 0.15


def test_devices_are_listed(library):
    """Outputs only, the default marked."""
    assert devices() == [(1, "USB Audio: left", 2, 48_000, True), (2, "USB Audio: right", 2, 44_100, False)]
    library.query_devices = list
    with pytest.raises(PlaybackError, match=r"no sound card.*aplay"):
        devices()


def test_underflows_are_counted_and_a_failure_is_told(library):
    """The flag counts; what goes wrong while sound is made ends in silence and in an error for whoever waits."""
    pulled = [silence, lambda _: 1 / 0]
    card = Card(lambda frames: pulled.pop(0)(frames), sample_rate_hz=48_000)
    callback = library.stream.settings["callback"]
    times = types.SimpleNamespace(outputBufferDacTime=0.0, currentTime=0.0)
    out = np.ones((64, 2), np.float32)

    callback(out, 64, times, types.SimpleNamespace(output_underflow=True))
    card.check()
    assert card.underflows == 1
    assert card.frames == 64
    out[:] = 1
    with pytest.raises(CallbackAbort):
        callback(out, 64, times, types.SimpleNamespace(output_underflow=False))
    assert not out.any()
    with pytest.raises(PlaybackError, match="could not be computed: division by zero"):
        card.check()
    card.close()


# --- what a card leaves alone -----------------------------------------------------------------------------------


def test_a_library_user_keeps_stderr_and_garbage_collector(monkeypatch, capfd):
    """While `beep.playing` plays, descriptor 2, sys.stderr and the garbage collector are those of the user."""
    monkeypatch.setitem(sys.modules, "sounddevice", fake_sounddevice)
    before = (os.fstat(2).st_ino, sys.stderr, gc.isenabled(), gc.get_freeze_count())

    with beep.playing(beep.Scenario(duration_s=0.3)) as player:
        while player.card.frames < 4800:
            assert (os.fstat(2).st_ino, sys.stderr, gc.isenabled(), gc.get_freeze_count()) == before
        capfd.readouterr()
        os.write(2, b"the user's own words\n")
        player.wait()

    assert (os.fstat(2).st_ino, sys.stderr, gc.isenabled(), gc.get_freeze_count()) == before
    assert "the user's own words\n" in capfd.readouterr().err


def test_the_command_silences_alsa_and_freezes_the_collector(beep):
    """`beep play` keeps ALSA's messages off the terminal while it plays, and the collector from delaying the card."""
    tests = str(Path(fake_sounddevice.__file__).parent)
    first = f"""
import atexit, gc, sys
sys.path.insert(0, {tests!r})
import fake_sounddevice
sys.modules["sounddevice"] = fake_sounddevice
atexit.register(lambda: print(fake_sounddevice.frozen, gc.get_freeze_count()))
"""
    ran = beep.process("play", "--duration-s", 0.3, first=first)

    assert (ran.status, ran.stderr) == (0, "")
    assert ran.stdout == b"{True} 0\n"
