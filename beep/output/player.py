"""Real-time playback: the current position, and click-free changes by crossfade.

The card's frames are counted from zero. A source maps them to samples of a stream, or to silence. A change is a
crossfade between two sources, which can both be computed because each sample is a function of its index.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from beep.base.arrays import Array, Samples
from beep.base.errors import ScenarioError
from beep.output.card import CHANNELS, MARGIN_S, Card, Pull
from beep.scenario.scenario import Scenario
from beep.stream.plan import Plan, make_plan
from beep.stream.tiles import Reader

FADE_S = 0.005  # at both ends of the recording, and around a pause
CHANGE_S = 0.02  # crossfade between two scenarios or positions
WAIT_S = 0.1  # long: a thread that wakes may hold the interpreter when the card asks for samples
POLL_S = 0.005
LONGEST_GAP_S = 86_400.0
KEPT_S = 6.0  # of samples, which the card may still hold
REMEMBERED = 512  # sources of these seconds


@dataclass(frozen=True, kw_only=True, eq=False)
class _Source:
    """Samples for the card: its frame n is frame n + shift of the stream, or silence where there is no reader."""

    reader: Reader | None
    shift: int
    gap: int | None  # frames of silence before the stream repeats; None: it does not

    def frame(self, at: int) -> int:
        """Return the frame of the stream that the card plays at its frame `at`; beyond its end is silence."""
        assert self.reader is not None
        frame = at + self.shift
        return frame if self.gap is None else frame % (self.reader.plan.frames + self.gap)

    def samples(self, at: int, frames: int) -> Samples:
        """Return samples (frames, 2) from the card's frame `at` on."""
        if self.reader is None:
            return np.zeros((frames, CHANNELS), np.float32)
        plan = self.reader.plan
        first = self.frame(at)
        fade = round(FADE_S * plan.scenario.sample_rate_hz)
        if plan.scenario.channels == CHANNELS and fade <= first <= plan.frames - fade - frames:
            return self.reader.read(first, frames)
        out = np.zeros((frames, CHANNELS), np.float32)
        done = 0
        while done < frames and (first < plan.frames or self.gap is not None):
            count = min(frames - done, max(plan.frames - first, 0))
            index = first + np.arange(count)
            ramp = _ramp(np.minimum(index, plan.frames - 1 - index) / fade)[:, None]
            if count:
                out[done : done + count] = self.reader.read(first, count) * ramp  # mono goes to both channels
            done += count if count else plan.frames + (self.gap or 0) - first
            first = self.frame(at + done)
        return out


def _ramp(share: Array) -> Samples:
    """Return a raised cosine (N,) from 0 to 1, as `share` (N,) goes from 0 to 1."""
    ramp: Samples = (0.5 - 0.5 * np.cos(np.pi * np.clip(share, 0.0, 1.0))).astype(np.float32)
    return ramp


@dataclass(frozen=True, kw_only=True, eq=False)
class _Request:
    """What to play next: a stream from a frame on (None: from the current one), or silence without a reader."""

    reader: Reader | None
    position: int | None = None
    fade_s: float = CHANGE_S


class Player:
    """A scenario playing on a card. Set `scenario` to change the sound; call `close` when done, or use `playing`."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        card: Callable[[Pull], Card],
        from_s: float = 0.0,
        loop: bool = False,
        gap_s: float = 0.0,
    ) -> None:
        """Start to play `from_s` seconds into the recording; with `loop`, repeat it after `gap_s` seconds of silence.

        Raises ScenarioError where there is nothing to receive, `from_s` is outside the recording or `gap_s` is not 0 s
        to a day, and PlaybackError where the card cannot be opened.
        """
        planned = make_plan(scenario)
        duration_s = planned.reception.duration_s
        if not 0 <= from_s < duration_s:
            raise ScenarioError(f"from_s must lie within the recording, 0 to {duration_s:g} s, got {from_s:g}")
        if not 0 <= gap_s <= LONGEST_GAP_S:
            raise ScenarioError(f"gap_s must be 0 to {LONGEST_GAP_S:g} s, got {gap_s:g}; a few seconds are usual")
        self._gap = round(gap_s * scenario.sample_rate_hz) if loop else None
        self.paused = False
        self.rate_hz = scenario.sample_rate_hz
        self._reader = Reader(planned)
        start = round(from_s * self.rate_hz)
        self._reader.read(start, 1)  # so that the first tile is computed before the card asks
        self._lock = threading.Lock()
        self._request: _Request | None = _Request(reader=self._reader, position=start, fade_s=FADE_S)
        self._source = _Source(reader=None, shift=0, gap=self._gap)
        self._next: _Source | None = None
        self._fade = (0, 1)  # first frame and length
        self._held = start  # where the stream goes on after a silence
        self._at = 0
        self._goal = (0.0, 0.0)  # target of the last jump, s, and the time until which it may not be heard yet
        self._sources: deque[tuple[int, _Source]] = deque([(0, self._source)], maxlen=REMEMBERED)
        self._blocks: deque[tuple[int, Samples]] = deque()
        self.clipped = 0  # samples beyond full scale, which the card gets unchanged
        self.card = card(self._pull)

    # --- in the card's thread -----------------------------------------------------------------------------------

    def _pull(self, frames: int) -> Samples:
        """Return the next samples (frames, 2) for the card."""
        if self._next is None and self._request is not None:
            with self._lock:
                request, self._request = self._request, None
            self._begin(request)
        out = self._source.samples(self._at, frames)
        if self._next is not None:
            first, length = self._fade
            new = self._next.samples(self._at, frames).copy()
            left = first + length - self._at  # after the fade it is the new source to the bit
            ramp = _ramp(1 - np.arange(left - 1, left - 1 - min(left, frames), -1) / length)[:, None]
            new[: len(ramp)] = out[: len(ramp)] + ramp * (new[: len(ramp)] - out[: len(ramp)])
            out = new
            if left <= frames:
                self._source, self._next = self._next, None
        self._blocks.append((self._at, out))
        while self._blocks[0][0] < self._at - KEPT_S * self.rate_hz:
            self._blocks.popleft()
        if max(out.max(), -out.min()) > 1:
            self.clipped += int(np.count_nonzero(np.abs(out) > 1))
        self._at += frames
        return out

    def _begin(self, request: _Request) -> None:
        here = self._held
        if self._source.reader is not None:
            here = min(self._source.frame(self._at), self._source.reader.plan.frames)
        length = max(1, round(request.fade_s * self.rate_hz))
        position = here if request.position is None else request.position
        if request.reader is None:
            self._held = here + length if request.position is None else request.position
        self._next = _Source(reader=request.reader, shift=position - self._at, gap=self._gap)
        self._fade = (self._at, length)
        self._sources.append((self._at, self._next))

    def _send(self, request: _Request) -> None:
        """Leave a request for the card's thread. It replaces an earlier one, whose position it keeps."""
        with self._lock:
            if self._request is not None and request.position is None:
                request = replace(request, position=self._request.position)
            self._request = request

    # --- for the user -------------------------------------------------------------------------------------------

    @property
    def scenario(self) -> Scenario:
        """The scenario that plays, or was set last."""
        return self._reader.plan.scenario

    @scenario.setter
    def scenario(self, wanted: Scenario) -> None:
        if wanted.sample_rate_hz != self.rate_hz:
            raise ScenarioError(
                f"sample_rate_hz cannot change while playing, got {wanted.sample_rate_hz} for {self.rate_hz}; "
                f"start another player"
            )
        self._reader = Reader(make_plan(wanted))
        self._reader.read(max(0, min(self._position(), self._reader.plan.frames - 1)), 1)
        if not self.paused:
            self._send(_Request(reader=self._reader))

    @property
    def plan(self) -> Plan:
        """The plan of `scenario`."""
        return self._reader.plan

    @property
    def position_s(self) -> float:
        """Position in the recording of the sample that leaves the card now, in seconds."""
        return self._position() / self.rate_hz

    def _position(self) -> int:
        heard = self.card.heard()
        source = next((source for at, source in reversed(self._sources.copy()) if at <= heard), self._source)
        if source.reader is None:
            return self._held
        return min(source.frame(int(heard)), source.reader.plan.frames)

    def recent(self, frames: int) -> Samples:
        """Return the last samples (frames, 2) that have left the card, silence before the first one."""
        until = int(self.card.heard())
        recent = np.zeros((frames, CHANNELS), np.float32)
        for at, block in reversed(self._blocks.copy()):
            first, last = max(at, until - frames), min(at + len(block), until)
            if first < last:
                recent[first - until + frames : last - until + frames] = block[first - at : last - at]
            if at < until - frames:
                break
        return recent

    @property
    def ended(self) -> bool:
        """Whether the last sample has left the card."""
        source = self._source
        if self._request is not None or self._next is not None or source.reader is None or self._gap is not None:
            return False
        return self.card.heard() >= source.reader.plan.frames - source.shift + MARGIN_S * self.rate_hz

    def pause(self) -> None:
        """Fade out and keep the position."""
        if not self.paused:
            self.paused = True
            self._send(_Request(reader=None, fade_s=FADE_S))

    def resume(self) -> None:
        """Fade in and go on from the position of the pause."""
        if self.paused:
            self.paused = False
            self._send(_Request(reader=self._reader, fade_s=FADE_S))

    def jump(self, to_s: float) -> None:
        """Go to a time in the recording; outside of it, to its nearer end. A paused player stays paused."""
        last = self._reader.plan.frames - 1
        position = max(0, min(round(to_s * self.rate_hz), last))
        self._reader = Reader(self.plan)  # a new one, whose first tile this thread can compute
        self._reader.read(position, 1)
        self._send(_Request(reader=None if self.paused else self._reader, position=position))
        self._goal = (position / self.rate_hz, time.monotonic() + self.card.latency_s + 0.1)

    def jump_by(self, seconds: float) -> None:
        """Move by some seconds from the current position, or from the last jump's target until that is heard."""
        goal_s, until_s = self._goal
        self.jump((goal_s if time.monotonic() < until_s else self.position_s) + seconds)

    def wait(self) -> None:
        """Block until the last sample is heard. Raises PlaybackError where the card is removed or freezes."""
        while not self.ended:
            self.card.check()
            time.sleep(WAIT_S)

    def close(self) -> None:
        """Fade out, wait until that is heard (half a second at most), and close the card."""
        try:
            if not self.ended:
                self._send(_Request(reader=None, fade_s=FADE_S))
            until = time.monotonic() + 2 * self.card.latency_s + 0.3
            while not (self.ended or self._silent()) and time.monotonic() < until:
                time.sleep(POLL_S)
        finally:
            self.card.close()

    def _silent(self) -> bool:
        """Whether the end of a fade to silence has left the card."""
        faded = self._source.reader is None and self._next is None and self._request is None
        return faded and self.card.heard() >= sum(self._fade)


@contextmanager
def playing(
    scenario: Scenario,
    *,
    from_s: float = 0.0,
    loop: bool = False,
    gap_s: float = 0.0,
    device: str | None = None,
    latency_s: float = 0.1,
) -> Iterator[Player]:
    """Return a player that plays within the `with` block; set its `scenario` to change the sound.

    With `loop` the recording is repeated for ever, each time after `gap_s` seconds of silence. Python's garbage
    collector can stop the sound for 0.1 s in a program with millions of objects: call `gc.freeze()` before. Raises
    ScenarioError and PlaybackError as `Player` does.
    """
    card = partial(Card, sample_rate_hz=scenario.sample_rate_hz, device=device, latency_s=latency_s)
    with closing(Player(scenario, card=card, from_s=from_s, loop=loop, gap_s=gap_s)) as player:
        yield player


def play(scenario: Scenario, **settings: Any) -> None:
    """Play a scenario to its end; with `loop`, until interrupted. Takes and raises what `playing` does."""
    with playing(scenario, **settings) as player:
        player.wait()
