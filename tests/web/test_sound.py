"""What is heard in a real Chromium: its samples, and how soon and how smoothly it changes."""

import base64
import signal
import subprocess
from dataclasses import replace
from urllib.parse import urlsplit

import numpy as np
import pytest
from browser import until
from page import serving

from beep.scenario.scenario import Scenario
from beep.stream.playback import CHANGE_S, FADE_S
from beep.stream.tiles import render
from beep.web.recipes import PAGE_RATE_HZ

FADE, CHANGE = (round(seconds * PAGE_RATE_HZ) for seconds in (FADE_S, CHANGE_S))
HEARD_WITHIN_S = 0.4
PASS = Scenario(duration_s=60.0)
RECORDER = """
registerProcessor("recorder", class extends AudioWorkletProcessor {
  part = new Float32Array(8192);
  used = 0;
  process([[left, right]]) {
    for (let n = 0; left && n < left.length; n++) {
      this.part[this.used++] = left[n];
      this.part[this.used++] = right[n];
    }
    if (this.used === this.part.length) {
      this.port.postMessage(this.part);
      this.used = 0;
    }
    return true;
  }
})"""
RECORD = """async (code) => {  // from here on, all that leaves the page's node
  const { sound } = sputnik;
  globalThis.recorded = [];
  await sound.context.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  const node = new AudioWorkletNode(sound.context, "recorder");
  node.port.onmessage = ({ data }) => recorded.push(data);
  sound.gain.connect(node);
}"""
FETCH = """() => {
  const bytes = (part) => String.fromCharCode(...new Uint8Array(part.buffer));
  return btoa(recorded.map(bytes).join(""));
}"""
FRAMES = "4096 * recorded.length"


def recording(visit, url):
    """A page without pictures, of which every sample that is heard from now on is recorded."""
    page = visit(url, script="globalThis.requestAnimationFrame = () => 0", bypass_csp=True)
    page.evaluate(RECORD, RECORDER)
    return page


def address(run):
    """Where a server that has been started says its page is."""
    return run.stderr.readline().split(";")[0].split()[-1]


def recorded(page):
    """Samples (N, 2) that were heard since the page was opened."""
    return np.frombuffer(base64.b64decode(page.evaluate(FETCH)), "<f4").reshape(-1, 2)


def heard(page):
    """What is heard now, the number of its pass, and the samples (4800, 2) before it."""
    now = page.evaluate(
        """() => {
        const { pass, ...heard } = sputnik.sound.heard();
        const recent = sputnik.sound.recent(4800, heard.frame).map((side) => Array.from(side));
        return { ...heard, number: pass?.number, recent };
    }"""
    )
    return now | {"recent": np.array(now["recent"], np.float32).T}


def is_rendered(now, scenario=PASS):
    """Whether the samples before the moment that is heard are those of the recording before that time."""
    stop = round(now["time_s"] * PAGE_RATE_HZ)
    return np.array_equal(now["recent"], render(scenario, start=stop - 4800, stop=stop))


@pytest.mark.slow
def test_samples_are_those_of_the_export(visit):
    """Twenty seconds in the browser's audio thread are the samples of `render` to the bit.

    Gaps, which a busy machine may leave, are exact zeros; the noise is not.
    """
    with serving(PASS) as server:
        page = recording(visit, server.url)
        page.wait_for_timeout(20_000)
        until(page, f"{FRAMES} > 20.5 * 48000 + sputnik.sound.report.missing")
        sound = recorded(page)
    sound, whole = (samples[(samples != 0).any(axis=1)] for samples in (sound, render(PASS)))
    begin = np.flatnonzero((whole[:, 0] == sound[PAGE_RATE_HZ, 0]) & (whole[:, 1] == sound[PAGE_RATE_HZ, 1]))
    start = int(begin[0]) - PAGE_RATE_HZ
    first = max(0, FADE - start)  # the fade at the beginning
    assert len(sound) - first > 20 * PAGE_RATE_HZ
    assert np.array_equal(sound[first:], whole[start + first : start + len(sound)])


@pytest.mark.usefixtures("waiting")
def test_a_knob_is_heard_soon_and_without_a_click(visit, beep):
    """A new tone is in the audio thread within 0.4 s, and no step of a sample is larger than a tone's own."""
    carriers = ("--carrier-mhz", "20.005:1:always", "--carrier-mhz", "40.002:1:always")
    command = ("web", "--no-browser", "--port", 0, "--duration-s", 60, "--noise", "off", *carriers)
    with beep.start(*command, stderr=subprocess.PIPE, text=True) as run:
        page = recording(visit, address(run))
        until(page, f"{FRAMES} > 24000")
        times_s = []
        for tone_hz in (700, 1300, 900):
            at = page.evaluate(f"sputnik.sound.turn({{ tone_hz: {tone_hz} }}), {FRAMES}")
            until(page, f"{FRAMES} > {at + PAGE_RATE_HZ * 3 // 4}")
            left = recorded(page)[at:, 0]
            frames = np.arange(len(left) - 2400)[::240]
            tones = np.array([rate_of_tone(left[frame : frame + 2400]) for frame in frames])
            times_s.append((frames[np.flatnonzero(abs(tones - tones[-1]) < 30)[0]]) / PAGE_RATE_HZ)
        sound = recorded(page)[FADE:]
        run.kill()
    assert max(times_s) < HEARD_WITHIN_S, times_s
    steepest = 0.5 * 2 * np.pi * np.array([1500.0, 2 * 1500.0]) / PAGE_RATE_HZ
    steps = np.abs(np.diff(sound, axis=0))[(sound[1:] * sound[:-1] != 0).all(axis=1)]  # not those of a gap
    assert (steps.max(axis=0) < 1.05 * steepest).all()


def rate_of_tone(samples):
    """Frequency of the strongest tone, Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    return np.argmax(spectrum) * PAGE_RATE_HZ / (8 * len(samples))


def test_seek_pause_and_play(visit):
    """What `heard` says is what is heard: after a seek, in a pause, after it, and after the end."""
    with serving(PASS) as server:
        page = visit(server.url)
        until(page, "sputnik.sound.heard().time_s > 0.2")
        assert is_rendered(heard(page))
        page.evaluate("sputnik.sound.seek(30)")
        until(page, "sputnik.sound.heard().time_s > 30.2")
        assert is_rendered(now := heard(page))
        assert now["time_s"] < 40
        page.evaluate("sputnik.sound.pause()")
        until(page, "!sputnik.sound.heard().playing && sputnik.sound.recent(4800)[0].every((sample) => sample === 0)")
        paused_s = heard(page)["time_s"]
        page.wait_for_timeout(200)
        assert heard(page)["time_s"] == paused_s
        page.evaluate("sputnik.sound.turn({ tone_hz: 700 })")
        until(page, "sputnik.sound.last.number === 2")
        page.evaluate("sputnik.sound.play()")
        until(page, f"sputnik.sound.heard().time_s > {paused_s + 0.2}")
        assert is_rendered(heard(page), replace(PASS, tone_hz=700.0))
        page.evaluate("sputnik.sound.seek(59.9)")
        until(page, "sputnik.sound.heard().ended")
        assert heard(page)["time_s"] == 60
        page.evaluate("sputnik.sound.play()")
        until(page, "sputnik.sound.heard().playing && sputnik.sound.heard().time_s > 0.2")
        assert is_rendered(now := heard(page), replace(PASS, tone_hz=700.0))
        assert now["time_s"] < 20


def test_the_page_connects_again(visit, beep):
    """After the server was killed and started again, the same pass goes on, with what was changed meanwhile."""
    arguments = ["web", "--no-browser", "--duration-s", 60, "--port"]
    with beep.start(*arguments, 0, stderr=subprocess.PIPE, text=True) as run:
        url = address(run)
        page = visit(url)
        page.evaluate("sputnik.sound.turn({ tone_hz: 700 })")
        until(page, "sputnik.sound.heard().pass?.scenario.tone_hz === 700 && sputnik.sound.heard().time_s > 1")
        run.kill()
    until(page, "!sputnik.sound.heard().connected")
    page.evaluate("sputnik.sound.turn({ seed: 5 })")  # while there is no server
    page.evaluate("sputnik.sound.seek(20)")
    page.wait_for_timeout(700)  # some attempts in vain
    with beep.start(*arguments, urlsplit(url).port, stderr=subprocess.PIPE, text=True) as run:
        until(page, "sputnik.sound.heard().connected && sputnik.sound.heard().time_s > 20.3")
        until(page, "sputnik.sound.heard().pass?.scenario.seed === 5")
        page.wait_for_timeout(200)
        assert is_rendered(now := heard(page), replace(PASS, tone_hz=700.0, seed=5))
        assert now["time_s"] < 40
        run.send_signal(signal.SIGTERM)


def test_dragging_leaves_no_gap(visit):
    """A thousand seeks and turns in two seconds are merged: the server is not asked more than it answers."""
    drag = """async () => {
        const { sound } = sputnik;
        for (let n = 0; n < 1000; n++) {
            sound.seek(10 + n / 100);
            sound.turn({ tone_hz: 600 + n % 100 });
            if (n % 20 === 19) await new Promise((done) => setTimeout(done, 40));
        }
    }"""
    with serving(PASS) as server:
        page = visit(server.url)
        sent = page.evaluate(
            "globalThis.sent = 0, sputnik.sound.link.send = ((send) => function (message) {"
            "sent++; return send.call(this, message) })(sputnik.sound.link.send), 0"
        )
        page.evaluate(drag)
        sent = page.evaluate("sent")
        until(page, "sputnik.sound.heard().pass.scenario.tone_hz === 699 && sputnik.sound.heard().time_s > 20.3")
        page.wait_for_timeout(200)
        assert is_rendered(heard(page), replace(PASS, tone_hz=699.0))
    assert sent < 300


def test_without_an_audio_thread(visit):
    """A browser has no AudioWorklet for another machine's http: the page fills the card's blocks itself."""
    script = "Object.defineProperty(BaseAudioContext.prototype, 'audioWorklet', { value: undefined })"
    with serving(PASS) as server:
        page = visit(server.url, script=script)
        until(page, "sputnik.sound.heard().time_s > 0.5 && sputnik.sound.heard().playing")
        assert is_rendered(heard(page))


def test_the_lead_is_what_was_chosen(visit):
    """So much waits to be played: 0.25 s at first, then what the slider says."""
    with serving(PASS) as server:
        page = visit(server.url)
        until(page, "sputnik.sound.heard().time_s > 0.2")
        assert page.evaluate("sputnik.sound.pulled - sputnik.sound.report.frame") <= 0.25 * PAGE_RATE_HZ
        page.evaluate("sputnik.sound.lead_s = 1")
        until(page, "sputnik.sound.heard().buffered_s > 0.8")
        assert page.evaluate("sputnik.sound.pulled - sputnik.sound.report.frame") <= PAGE_RATE_HZ
