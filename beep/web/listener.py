"""One listener of the page: its requests in, blocks of sound out.

Four tasks serve a listener: one reads messages, one makes plans, one describes them, one sends blocks. Nothing is sent
that was not pulled, requests that come faster than plans are merged, and nobody gets more sound than real time needs.
"""

import asyncio
import json
import struct
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Protocol, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from beep.base.errors import BeepError
from beep.base.text import quoted
from beep.scenario.scenario import Scenario
from beep.stream.plan import Plan
from beep.stream.playback import CHANGE_S, FADE_S, Playback
from beep.stream.reception import clear_from_s
from beep.stream.tiles import Reader
from beep.web.documents import pass_document
from beep.web.recipes import MOST_FIELDS, PAGE_RATE_HZ, page_plan, refusal, requested_scenario, with_changes

MOST_LISTENERS = 32
IDLE_S = 20.0  # after which a listener gives its place to another
MOST_MESSAGE_BYTES = 65_536
SOUND_BLOCK = PAGE_RATE_HZ // 10
MOST_PULLED = PAGE_RATE_HZ  # frames that a listener may be ahead: a second
MOST_PACE = 1.1  # times real time, in the long run: a sound card's clock is exact to 1e-4
CHANGE_EVERY_S = 0.1
MESSAGES_PER_S, MESSAGES_AT_ONCE = 100.0, 200.0


Result = TypeVar("Result")


class MessageError(BeepError):
    """A message that the page never sends."""


class Connection(Protocol):
    """What a listener needs of a WebSocket."""

    def texts(self) -> AsyncIterator[str]:
        """Return the texts that come, until the other side has gone. Raises MessageError for anything else."""

    async def send(self, message: str | bytes) -> None:
        """Send a text or bytes, and wait while the other side is slow."""


@dataclass(kw_only=True)
class Threads:
    """Threads that compute. Sound has several; of what may take long, one of each kind cannot delay it much."""

    sound: Executor = field(default_factory=lambda: ThreadPoolExecutor(4, "sound"))
    plans: Executor = field(default_factory=lambda: ThreadPoolExecutor(1, "plans"))
    words: Executor = field(default_factory=lambda: ThreadPoolExecutor(1, "words"))
    files: Executor = field(default_factory=lambda: ThreadPoolExecutor(1, "files"))

    def close(self) -> None:
        """Drop what has not requested_scenario."""
        for threads in (self.sound, self.plans, self.words, self.files):
            threads.shutdown(wait=False, cancel_futures=True)


@dataclass(kw_only=True)
class PendingRequest:
    """What a page has asked for since the last plan; it is done in the order of the fields."""

    begin: dict[str, Any] | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    to_s: float | None = None
    playing: bool | None = None

    def add(self, message: dict[str, Any]) -> None:
        """Merge a message into the pending. Raises MessageError where it is none."""
        kind = message.get("type")
        if kind == "begin":
            self.begin, self.changes = message, {}
            self.to_s = None if message.get("at_s") is None else _seconds(message["at_s"])
            self.playing = message.get("playing") is not False
        elif kind == "turn" and isinstance(message.get("changes"), dict):
            self.changes |= message["changes"]
            if len(self.changes) > MOST_FIELDS:
                raise MessageError(f"changes must be of {MOST_FIELDS} fields at most, got {len(self.changes)}")
        elif kind == "seek":
            self.to_s = _seconds(message.get("to_s"))
        elif kind in ("play", "pause"):
            self.playing = kind == "play"
        else:
            raise MessageError(f"a message must be begin, turn, seek, play, pause or pull, got {quoted(message)}")


def _seconds(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9 and isfinite(value):
        return float(value)
    raise MessageError(f"a time must be a number of seconds, got {quoted(value)}")


class Bucket:
    """Allows `per_s` things a second, and `most` at once."""

    def __init__(self, *, per_s: float, most: float) -> None:
        self._per_s, self._most = per_s, most
        self._left, self._then_s = most, time.monotonic()

    async def take(self, count: float) -> None:
        """Wait until so many are allowed."""
        now_s = time.monotonic()
        self._left = min(self._most, self._left + (now_s - self._then_s) * self._per_s) - count
        self._then_s = now_s
        if self._left < 0:
            await asyncio.sleep(-self._left / self._per_s)


class Listener:
    """A listener, whose page begins with `base`; `serve` it."""

    def __init__(self, base: Scenario, connection: Connection, threads: Threads) -> None:
        self._base = base
        self._connection, self._threads = connection, threads
        self._pending, self._requested = PendingRequest(), asyncio.Event()
        self._pulled, self._pulled_s, self._may_send = 0, time.monotonic(), asyncio.Event()
        self._ended = asyncio.Event()
        self._playback: Playback | None = None
        self._reader: Reader | None = None
        self._playing = True
        self._planned, self._described, self._count = asyncio.Event(), 0, 0
        self._numbers: WeakKeyDictionary[Plan, int] = WeakKeyDictionary()  # of the plans that may still be heard

    @property
    def idle_s(self) -> float:
        """Time since the page has last pulled sound, seconds."""
        return time.monotonic() - self._pulled_s

    def end(self) -> None:
        """End `serve`, whose place another listener needs. The page connects again when there is room."""
        self._ended.set()

    async def serve(self) -> None:
        """Serve until the other side has gone. Raises MessageError where it sends what a page never sends."""
        tasks = [
            asyncio.create_task(work())
            for work in (self._ended.wait, self._read, self._change, self._describe, self._send_sound)
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for error in results:
            if isinstance(error, Exception):
                raise error

    async def _in(self, threads: Executor, work: Callable[..., Result], *arguments: Any) -> Result:
        return await asyncio.get_running_loop().run_in_executor(threads, work, *arguments)

    # --- what comes ---------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        messages = Bucket(per_s=MESSAGES_PER_S, most=MESSAGES_AT_ONCE)
        async for text in self._connection.texts():
            await messages.take(1)
            message = _parsed(text)
            if message.get("type") == "pull":
                frames = message.get("frames")
                if not isinstance(frames, int) or isinstance(frames, bool) or frames < 1:
                    raise MessageError(f"frames must be a whole number above 0, got {quoted(frames)}")
                self._pulled = min(self._pulled + frames, MOST_PULLED)
                self._pulled_s = time.monotonic()
                self._may_send.set()
            else:
                self._pending.add(message)
                self._requested.set()

    # --- changes ------------------------------------------------------------------------------------------------

    async def _change(self) -> None:
        while await self._requested.wait():
            self._requested.clear()
            pending, self._pending = self._pending, PendingRequest()
            for message in await self._in(self._threads.plans, self._apply, pending):
                await self._connection.send(json.dumps(message))
            self._may_send.set()
            self._planned.set()
            await asyncio.sleep(CHANGE_EVERY_S)

    def _apply(self, pending: PendingRequest) -> list[dict[str, Any]]:
        """Do what a page asks for, in a thread; returns what is refused, as messages."""
        refused: list[dict[str, Any]] = []
        to_s, plan = pending.to_s, None if self._reader is None else self._reader.plan
        if pending.begin is not None:
            try:
                plan = page_plan(
                    requested_scenario(self._base, pending.begin.get("preset"), pending.begin.get("recipe"))
                )
            except BeepError as error:
                refused.append(refusal(error, {}))
                if plan is not None:
                    return refused
                plan = page_plan(self._base)
            to_s = clear_from_s(plan.reception) if to_s is None else to_s
        if plan is None:
            raise MessageError("the first message but pull must be begin")
        if pending.changes:
            plan = _changed_plan(plan, pending.changes, refused)
        self._play(plan, to_s, self._playing if pending.playing is None else pending.playing)
        return refused

    def _play(self, plan: Plan, to_s: float | None, playing: bool) -> None:
        same = self._reader is not None and plan is self._reader.plan
        here = 0 if self._playback is None else self._playback.position(self._playback.at)
        if not same and to_s is None and here >= plan.frames:
            to_s = clear_from_s(plan.reception)  # the new recording has ended by now
        position = None if to_s is None else max(0, min(round(to_s * PAGE_RATE_HZ), plan.frames - 1))
        if same and position is None and playing == self._playing:
            return
        if plan not in self._numbers:
            self._count += 1
            self._numbers[plan] = self._count
        if not same or position is not None:
            self._reader = Reader(plan)
            self._reader.read(here if position is None else position, 1)  # computes its tile
        reader = self._reader if playing else None
        if self._playback is None:
            assert self._reader is not None
            self._playback = Playback(self._reader, start=position or 0)
            if not playing:
                self._playback.play(None)
        else:
            self._playback.play(reader, position=position, fade_s=FADE_S if same and position is None else CHANGE_S)
        self._playing = playing

    async def _describe(self) -> None:
        """Send what is known of the newest plan, after its sound has requested_scenario."""
        while await self._planned.wait():
            self._planned.clear()
            plan = None if self._reader is None else self._reader.plan
            if plan is not None and self._numbers[plan] != self._described:
                self._described = self._numbers[plan]
                await self._connection.send(await self._in(self._threads.words, _document_text, plan, self._described))

    # --- sound --------------------------------------------------------------------------------------------------

    async def _send_sound(self) -> None:
        pace = Bucket(per_s=MOST_PACE * PAGE_RATE_HZ, most=2 * MOST_PULLED)
        while await self._may_send.wait():
            playback, frames = self._playback, min(self._pulled, SOUND_BLOCK)
            if playback is None or frames == 0:
                self._may_send.clear()
                continue
            await pace.take(frames)
            at = playback.at
            samples = await self._in(self._threads.sound, playback.pull, frames)
            self._pulled -= frames
            for first, source in list(playback.sources):
                if first >= at:
                    number = None if source.reader is None else self._numbers.get(source.reader.plan, 0)
                    segment = {"frame": first, "at": source.position(first), "playing": source.reader is not None}
                    await self._connection.send(json.dumps({"type": "segment", **segment, "pass": number}))
            await self._connection.send(struct.pack("<d", at) + np.ascontiguousarray(samples, "<f4").tobytes())


def _changed_plan(plan: Plan, changes: dict[str, Any], refused: list[dict[str, Any]]) -> Plan:
    """Return the plan with all changes, or with those that are possible one after the other; appends what is not."""
    scenario = plan.scenario
    try:
        scenario = with_changes(scenario, changes)
    except BeepError:
        for name, value in changes.items():
            try:
                scenario = with_changes(scenario, {name: value})
            except BeepError as error:
                refused.append(refusal(error, {name: value}))
    try:
        return plan if scenario == plan.scenario else page_plan(scenario)
    except BeepError as error:
        refused.append(refusal(error, changes))
        return plan


def _parsed(text: str) -> dict[str, Any]:
    """Return the object that a text holds as JSON. Raises MessageError where it is none."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise MessageError(f"a message must be a JSON object, got {quoted(text)}")
    return message


def _document_text(plan: Plan, number: int) -> str:
    return json.dumps(pass_document(plan, number), allow_nan=False)
