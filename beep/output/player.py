"""A scenario that sounds: where the needle stands, and how it changes without a click.

The card's frames are counted from zero. A View says what a frame sounds like: a reader of a stream, shifted; or
silence. A change is a crossfade from the view that sounds to the one that is wanted; both can be computed, for the
stream is a function of the index.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from beep.base.arrays import Array, Samples
from beep.base.errors import ScenarioError
from beep.output.card import CHANNELS, MARGIN_S, Card, Pull
from beep.scenario.scenario import Scenario
from beep.stream.plan import Plan, make_plan
from beep.stream.tiles import Reader

FADE_S = 0.005  # at both ends of the recording, and around a pause
CHANGE_S = 0.02  # from one scenario or place to another
WAIT_S = 0.1  # seldom: a thread that wakes while the machine is busy may hold the interpreter just when the card asks
POLL_S = 0.005
REMEMBERED = 512  # views and levels of the last seconds, for what is still on its way to the ear


class OpenCard(Protocol):
    """What a player needs of a sound card; `output.live.Card` is one."""

    underflows: int
    frames: int
    latency_s: float

    def heard(self) -> float: ...
    def check(self) -> None: ...
    def awake(self) -> None: ...
    def close(self) -> None: ...


CardMaker = Callable[[Pull], OpenCard]


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """What the card's frames sound like: frame n is the stream's n + shift. Without a reader it is silence."""

    reader: Reader | None
    shift: int
    loop: bool

    def samples(self, at: int, frames: int) -> Samples:
        """Samples (frames, 2) from the card's frame `at` on."""
        if self.reader is None:
            return np.zeros((frames, CHANNELS), np.float32)
        plan = self.reader.plan
        first = at + self.shift
        first = first % plan.frames if self.loop else first
        fade = _fade_frames(plan)
        if plan.scenario.channels == CHANNELS and fade <= first <= plan.frames - fade - frames:
            return self.reader.read(first, frames)
        out = np.zeros((frames, CHANNELS), np.float32)
        done = 0
        while done < frames and first < plan.frames:
            count = min(frames - done, plan.frames - first)
            out[done : done + count] = self.reader.read(first, count)  # mono goes to both sides
            _fade_ends(out[done : done + count], first, plan)
            done += count
            first = 0 if self.loop else plan.frames
        return out


def _fade_ends(samples: Samples, first: int, plan: Plan) -> None:
    """Soften, in place, what of the samples lies at the very beginning or end of the recording."""
    fade = _fade_frames(plan)
    if first < fade or first + len(samples) > plan.frames - fade:
        index = np.arange(first, first + len(samples))
        samples *= _ramp(np.minimum(index, plan.frames - 1 - index) / fade)[:, None]


def _fade_frames(plan: Plan) -> int:
    return round(FADE_S * plan.scenario.sample_rate_hz)


def _ramp(way: Array) -> Samples:
    """Raised cosine (N,) from 0 to 1 as `way` (N,) goes from 0 to 1."""
    ramp: Samples = (0.5 - 0.5 * np.cos(np.pi * np.clip(way, 0.0, 1.0))).astype(np.float32)
    return ramp


@dataclass(frozen=True, kw_only=True, eq=False)
class _Wish:
    """What is to sound next: a stream from a frame on (None: from where it is), or silence."""

    reader: Reader | None
    position: int | None = None
    fade_s: float = CHANGE_S


class Player:
    """A scenario playing on a card. Set `scenario` to change what sounds; `close` when done, or use `playing`."""

    def __init__(self, scenario: Scenario, *, card: CardMaker, from_s: float = 0.0, loop: bool = False) -> None:
        """Start to play `from_s` seconds into the recording, again and again with `loop`.

        Raises ScenarioError where there is nothing to receive or `from_s` is outside of it, and PlaybackError where the
        card cannot be opened.
        """
        made = make_plan(scenario)
        if not 0 <= from_s < made.reception.duration_s:
            raise ScenarioError(
                f"from_s must lie within the recording, 0 to {made.reception.duration_s:g} s, got {from_s:g}"
            )
        self._loop = loop
        self.paused = False
        self.rate_hz = scenario.sample_rate_hz
        self._reader = Reader(made)
        start = round(from_s * self.rate_hz)
        self._reader.read(start, 1)  # the first tile is ready before the card asks
        self._lock = threading.Lock()
        self._wish: _Wish | None = _Wish(reader=self._reader, position=start, fade_s=FADE_S)
        self._now = View(reader=None, shift=0, loop=loop)
        self._then: View | None = None
        self._fade = (0, 1)  # first frame and length
        self._held = start  # where the stream goes on after a silence
        self._at = 0
        self._goal = (0.0, 0.0)  # of the last jump, s, and until when it may not have been heard
        self._views: deque[tuple[int, View]] = deque([(0, self._now)], maxlen=REMEMBERED)
        self._levels: deque[tuple[int, float]] = deque(maxlen=REMEMBERED)
        self.clipped = 0  # samples beyond full scale, handed to the card as they are
        self.card = card(self._pull)

    # --- in the card's thread -----------------------------------------------------------------------------------

    def _pull(self, frames: int) -> Samples:
        """The next frames (frames, 2) for the card."""
        if self._then is None and self._wish is not None:
            with self._lock:
                wish, self._wish = self._wish, None
            self._begin(wish)
        out = self._now.samples(self._at, frames)
        if self._then is not None:
            first, length = self._fade
            then = self._then.samples(self._at, frames).copy()
            left = first + length - self._at  # beyond the fade it is the new view to the bit
            ramp = _ramp(1 - np.arange(left - 1, left - 1 - min(left, frames), -1) / length)[:, None]
            then[: len(ramp)] = out[: len(ramp)] + ramp * (then[: len(ramp)] - out[: len(ramp)])
            out = then
            if left <= frames:
                self._now, self._then = self._then, None
        peak = float(max(out.max(), -out.min()))
        self._levels.append((self._at, peak))
        if peak > 1:
            self.clipped += int(np.count_nonzero(np.abs(out) > 1))
        self._at += frames
        return out

    def _begin(self, wish: _Wish) -> None:
        here = self._held
        if self._now.reader is not None:
            frames = self._now.reader.plan.frames
            here = self._at + self._now.shift
            here = here % frames if self._loop else min(here, frames)
        length = max(1, round(wish.fade_s * self.rate_hz))
        position = here if wish.position is None else wish.position
        if wish.reader is None:
            self._held = here + length if wish.position is None else wish.position
        self._then = View(reader=wish.reader, shift=position - self._at, loop=self._loop)
        self._fade = (self._at, length)
        self._views.append((self._at, self._then))

    def _ask(self, wish: _Wish) -> None:
        """Leave a wish for the card's thread; one that it has not taken yet gives way, but its place is kept."""
        with self._lock:
            if self._wish is not None and wish.position is None:
                wish = replace(wish, position=self._wish.position)
            self._wish = wish

    # --- for the user -------------------------------------------------------------------------------------------

    @property
    def scenario(self) -> Scenario:
        """What is played, or what has been asked for last."""
        return self._reader.plan.scenario

    @scenario.setter
    def scenario(self, wanted: Scenario) -> None:
        if wanted.sample_rate_hz != self.rate_hz:
            raise ScenarioError(
                f"sample_rate_hz cannot change while playing, got {wanted.sample_rate_hz} for {self.rate_hz}; play anew"
            )
        self._reader = Reader(make_plan(wanted))
        self._reader.read(max(0, min(self._place(), self._reader.plan.frames - 1)), 1)
        if not self.paused:
            self._ask(_Wish(reader=self._reader))

    @property
    def plan(self) -> Plan:
        """The plan of `scenario`."""
        return self._reader.plan

    @property
    def position_s(self) -> float:
        """Where in the recording is what one hears now."""
        return self._place() / self.rate_hz

    def _place(self) -> int:
        heard = self.card.heard()
        view = next((view for at, view in reversed(self._views.copy()) if at <= heard), self._now)
        if view.reader is None:
            return self._held
        place = int(heard) + view.shift
        return place % view.reader.plan.frames if self._loop else min(place, view.reader.plan.frames)

    @property
    def level(self) -> float:
        """Peak of what is heard now, full scale 1."""
        heard = self.card.heard()
        return next((level for at, level in reversed(self._levels.copy()) if at <= heard), 0.0)

    @property
    def ended(self) -> bool:
        """Whether the last sample has been heard."""
        view = self._now
        if self._wish is not None or self._then is not None or view.reader is None or self._loop:
            return False
        return self.card.heard() >= view.reader.plan.frames - view.shift + MARGIN_S * self.rate_hz

    def pause(self) -> None:
        """Fade out and keep the place."""
        if not self.paused:
            self.paused = True
            self._ask(_Wish(reader=None, fade_s=FADE_S))

    def resume(self) -> None:
        """Go on from there."""
        if self.paused:
            self.paused = False
            self._ask(_Wish(reader=self._reader, fade_s=FADE_S))

    def jump(self, to_s: float) -> None:
        """Go to a time in the recording; outside of it, to its nearest end. A pause stays a pause."""
        last = self._reader.plan.frames - 1
        position = max(0, min(round(to_s * self.rate_hz), last))
        self._reader = Reader(self.plan)  # one of its own, so that its first tile can be made ready here
        self._reader.read(position, 1)
        self._ask(_Wish(reader=None if self.paused else self._reader, position=position))
        self._goal = (position / self.rate_hz, time.monotonic() + self.card.latency_s + 0.1)

    def jump_by(self, seconds: float) -> None:
        """Go on or back from where one is; from where the last jump leads, where that has not been heard yet."""
        goal_s, until_s = self._goal
        self.jump((goal_s if time.monotonic() < until_s else self.position_s) + seconds)

    def wait(self) -> None:
        """Block until the last sample has been heard. Raises PlaybackError where the card goes or freezes."""
        while not self.ended:
            self.card.check()
            time.sleep(WAIT_S)

    def close(self) -> None:
        """Fade out, let that be heard, and give the card back; one that plays no more is waited for half a second."""
        try:
            if not self.ended:
                self._ask(_Wish(reader=None, fade_s=FADE_S))
            patience_s = time.monotonic() + 2 * self.card.latency_s + 0.3
            while not (self.ended or self._silent()) and time.monotonic() < patience_s:
                time.sleep(POLL_S)
        finally:
            self.card.close()

    def _silent(self) -> bool:
        """Whether a fade to silence has been heard to its end."""
        faded = self._now.reader is None and self._then is None and self._wish is None
        return faded and self.card.heard() >= sum(self._fade)


@contextmanager
def playing(
    scenario: Scenario,
    *,
    from_s: float = 0.0,
    loop: bool = False,
    device: str | None = None,
    latency_s: float = 0.1,
) -> Iterator[Player]:
    """A player that sounds within the `with` block; set its `scenario` to change what one hears.

    Raises ScenarioError and PlaybackError as `Player` does.
    """
    rate_hz = scenario.sample_rate_hz
    player = Player(
        scenario,
        from_s=from_s,
        loop=loop,
        card=lambda pull: Card(pull, sample_rate_hz=rate_hz, device=device, latency_s=latency_s),
    )
    try:
        yield player
    finally:
        player.close()


def play(
    scenario: Scenario,
    *,
    from_s: float = 0.0,
    loop: bool = False,
    device: str | None = None,
    latency_s: float = 0.1,
) -> None:
    """Play a scenario to its end (with `loop`, until interrupted). Raises as `playing` does."""
    with playing(scenario, from_s=from_s, loop=loop, device=device, latency_s=latency_s) as player:
        player.wait()
