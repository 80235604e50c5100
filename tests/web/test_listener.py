"""A listener without a network: wishes in, blocks out."""

import asyncio
import json
import struct
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from beep.scenario.presets import preset
from beep.scenario.scenario import Scenario
from beep.stream.playback import CHANGE_S, FADE_S
from beep.stream.tiles import render
from beep.web.listener import SOUND_BLOCK, Bucket, Listener, MessageError, Threads
from beep.web.recipes import PAGE_RATE_HZ

SHORT = Scenario(duration_s=2.0)
FADE, CHANGE = (round(seconds * PAGE_RATE_HZ) for seconds in (FADE_S, CHANGE_S))
PATIENCE_S = 60


class Page:
    """The other side of a listener's connection."""

    def __init__(self):
        self.sent, self.messages, self.blocks = asyncio.Queue(), [], []
        self.news = asyncio.Event()

    async def texts(self):
        while (text := await self.sent.get()) is not None:
            yield text

    async def send(self, message):
        if isinstance(message, str):
            self.messages.append(json.loads(message))
        else:
            self.blocks.append((struct.unpack("<d", message[:8])[0], np.frombuffer(message[8:], "<f4").reshape(-1, 2)))
        self.news.set()

    def say(self, **message):
        self.sent.put_nowait(json.dumps(message))

    async def wait_for(self, ready):
        async with asyncio.timeout(PATIENCE_S):
            while not (answer := ready()):
                self.news.clear()
                await self.news.wait()
        return answer

    async def message(self, kind, count=1):
        """The message of a kind that comes as the `count`-th."""
        await self.wait_for(lambda: len(self.of(kind)) >= count)
        return self.of(kind)[count - 1]

    def of(self, kind):
        return [message for message in self.messages if message["type"] == kind]

    async def pull(self, blocks):
        """All samples that were sent, after so many blocks more."""
        for _ in range(blocks):
            wanted = len(self.blocks) + 1
            self.say(type="pull", frames=SOUND_BLOCK)
            await self.wait_for(lambda wanted=wanted: len(self.blocks) >= wanted)
        frames = [at for at, _ in self.blocks]
        assert frames == list(range(0, len(frames) * SOUND_BLOCK, SOUND_BLOCK))
        return np.concatenate([samples for _, samples in self.blocks])


@asynccontextmanager
async def page_of(scenario=SHORT, **beginning):
    """A page that has asked for its beginning."""
    page, threads = Page(), Threads()
    serving = asyncio.create_task(Listener(scenario, page, threads).serve())
    page.say(type="begin", at_s=0.0, **beginning)
    try:
        yield page
    finally:
        page.sent.put_nowait(None)
        async with asyncio.timeout(PATIENCE_S):
            with suppress(MessageError):
                await serving
        threads.close()


def test_the_samples_are_those_of_the_export():
    """Block after block they are `render`'s to the bit, but for the fade at the beginning; then silence."""

    async def scene():
        async with page_of() as page:
            return await page.pull(22)

    samples, whole = asyncio.run(scene()), render(SHORT)
    assert np.array_equal(samples[FADE : len(whole) - FADE], whole[FADE:-FADE])
    assert not samples[len(whole) :].any()


def test_a_change_is_a_crossfade_at_the_same_place():
    """The segment says from where a change is heard; from there it is the new stream at the same index."""
    changed = replace(SHORT, tone_hz=700.0, mix="mono")

    async def scene():
        async with page_of() as page:
            before = len(await page.pull(4))
            page.say(type="turn", changes={"tone_hz": 700.0, "mix": "mono"})
            document = await page.message("pass", 2)
            samples = await page.pull(6)
            return before, samples, document, page.of("segment")[-1]

    before, samples, document, segment = asyncio.run(scene())
    assert segment == {"type": "segment", "frame": before, "at": before, "pass": 2, "playing": True}
    assert (document["number"], document["scenario"]["tone_hz"]) == (2, 700.0)
    expected = render(changed, start=before + CHANGE, stop=len(samples))
    assert np.array_equal(samples[before + CHANGE :], np.repeat(expected, 2, axis=1))
    assert (
        np.abs(np.diff(samples[before - 10 : before + CHANGE + 10], axis=0)).max()
        < 1.5 * np.abs(np.diff(render(SHORT, stop=before), axis=0)).max()
    )


def test_seek_pause_and_play():
    """A pause keeps its place, a seek in it moves that place, and play goes on from there."""

    async def scene():
        async with page_of() as page:
            await page.pull(2)
            page.say(type="pause")
            await page.message("pass")
            quiet = await pulled_until(page, lambda samples: not samples[-SOUND_BLOCK:].any())
            page.say(type="seek", to_s=1.0)
            page.say(type="play")
            await pulled_until(page, lambda samples: samples[-SOUND_BLOCK:].any())
            return quiet, await page.pull(3), page.of("segment")

    async def pulled_until(page, ready):
        while not ready(samples := await page.pull(1)):
            await asyncio.sleep(0.01)
        return len(samples)

    _, samples, segments = asyncio.run(scene())
    silence, last = segments[-2] if not segments[-2]["playing"] else segments[-3], segments[-1]
    assert silence["at"] == pytest.approx(silence["frame"] + FADE)
    assert (last["at"], last["playing"], last["pass"]) == (PAGE_RATE_HZ, True, 1)
    start = last["frame"] + CHANGE
    expected = render(SHORT, start=PAGE_RATE_HZ + CHANGE, stop=PAGE_RATE_HZ + len(samples) - last["frame"])
    assert np.array_equal(samples[start:], expected)


def test_a_shorter_recording_begins_where_it_is_clear():
    """Where the new recording is over by now, it is played from its first clear second."""

    async def scene():
        async with page_of() as page:
            await page.pull(12)
            page.say(type="turn", changes={"duration_s": 1.0})
            await page.message("pass", 2)
            await page.pull(2)
            return page.of("segment")[-1], page.of("pass")[-1]

    segment, document = asyncio.run(scene())
    assert (segment["pass"], segment["playing"]) == (2, True)
    assert segment["at"] == round(document["clear_s"] * PAGE_RATE_HZ) < PAGE_RATE_HZ


def test_what_breaks_a_rule_is_said_beside_its_field():
    """Of several changes the possible ones are made; the others come back with the rule and the field's name."""

    async def scene():
        async with page_of() as page:
            page.say(type="turn", changes={"rise_s": 2.0, "tone_hz": 800, "noise": "loud", "volume": 3})
            for number in range(3):
                await page.message("refused", number + 1)
            await page.wait_for(lambda: page.of("pass") and page.of("pass")[-1]["scenario"]["tone_hz"] == 800)
            return page.of("refused")

    refused = asyncio.run(scene())
    assert [message["field"] for message in refused] == ["rise_s", "noise", "volume"]
    assert "an edge must fit" in refused[0]["message"]
    assert refused[0]["changes"] == {"rise_s": 2.0}


def test_a_beginning_by_name_by_link_and_by_mistake():
    """A preset, then a link; one that is wrong leaves what plays."""

    async def scene():
        async with page_of(preset="dallas") as page:
            first = await page.message("pass")
            page.say(type="begin", recipe="duration_s=5&noise=off")
            second = await page.message("pass", 2)
            await page.pull(2)
            segments = len(page.of("segment"))
            page.say(type="begin", preset="dalas")
            refused = await page.message("refused")
            await page.pull(2)
            assert segments == len(page.of("segment"))
            return first, second, refused

    first, second, refused = asyncio.run(scene())
    assert first["scenario"]["station"] == preset("dallas").station
    assert (second["link"], second["duration_s"]) == ("noise=off&duration_s=5.0", 5.0)
    assert "did you mean 'dallas'" in refused["message"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 60_000,
        "null",
        '{"type": "sing"}',
        '{"type": "turn"}',
        '{"type": "seek", "to_s": 1e999}',
        '{"type": "seek", "to_s": "a"}',
        '{"type": "pull", "frames": true}',
        '{"type": "pull", "frames": -1}',
        json.dumps({"type": "turn", "changes": {str(n): 1 for n in range(200)}}),
    ],
)
def test_what_a_page_never_sends_ends_it(text):
    """Any other message is an error in words."""

    async def scene():
        page, threads = Page(), Threads()
        page.sent.put_nowait(text)
        with pytest.raises(MessageError, match="must be"):
            await Listener(SHORT, page, threads).serve()
        threads.close()

    asyncio.run(scene())


def test_nobody_gets_more_than_the_clock_allows(monkeypatch):
    """Things taken as fast as possible: so many at once, then at the pace of the clock."""
    clock = SimpleNamespace(now_s=100.0)

    async def sleep(seconds):
        clock.now_s += seconds

    monkeypatch.setattr("beep.web.listener.time", SimpleNamespace(monotonic=lambda: clock.now_s))
    monkeypatch.setattr("beep.web.listener.asyncio", SimpleNamespace(sleep=sleep))

    async def scene():
        bucket = Bucket(per_s=50.0, most=200.0)
        for _ in range(1200):
            await bucket.take(1)

    asyncio.run(scene())
    assert clock.now_s == pytest.approx(100 + (1200 - 200) / 50)
