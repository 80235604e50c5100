"""Real-time playback on a sound card: the current position, and changes without a click."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

import numpy as np

from beep.base.arrays import Samples
from beep.base.errors import ScenarioError
from beep.output.card import MARGIN_S, Card, Pull
from beep.scenario.scenario import Scenario
from beep.stream.plan import Plan, make_plan
from beep.stream.playback import EARS, FADE_S, Playback
from beep.stream.tiles import Reader

WAIT_S = 0.1  # long: a thread that wakes may hold the interpreter when the card asks for samples
POLL_S = 0.005
LONGEST_GAP_S = 86_400.0
KEPT_S = 6.0  # of samples, which the card may still hold


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
        self.paused = False
        self.rate_hz = scenario.sample_rate_hz
        self._reader = Reader(planned)
        start = round(from_s * self.rate_hz)
        self._reader.read(start, 1)  # so that the first tile is computed before the card asks
        gap = round(gap_s * self.rate_hz) if loop else None
        self._playback = Playback(self._reader, start=start, gap=gap)
        self._goal = (0.0, 0.0)  # target of the last jump, s, and the time until which it may not be heard yet
        self._blocks: deque[tuple[int, Samples]] = deque()
        self.card = card(self._pull)

    def _pull(self, frames: int) -> Samples:
        """Return the next samples (frames, 2) for the card, in its thread."""
        at = self._playback.at
        out = self._playback.pull(frames)
        self._blocks.append((at, out))
        while self._blocks[0][0] < at - KEPT_S * self.rate_hz:
            self._blocks.popleft()
        return out

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
            self._playback.play(self._reader)

    @property
    def plan(self) -> Plan:
        """The plan of `scenario`."""
        return self._reader.plan

    @property
    def position_s(self) -> float:
        """Position in the recording of the sample that leaves the card now, in seconds."""
        return self._position() / self.rate_hz

    def _position(self) -> int:
        return self._playback.position(int(self.card.heard()))

    @property
    def clipped(self) -> int:
        """Number of samples beyond full scale, which the card gets unchanged."""
        return self._playback.clipped

    def recent(self, frames: int) -> Samples:
        """Return the last samples (frames, 2) that have left the card, silence before the first one."""
        until = int(self.card.heard())
        recent = np.zeros((frames, EARS), np.float32)
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
        end = self._playback.end
        return end is not None and self.card.heard() >= end + MARGIN_S * self.rate_hz

    def pause(self) -> None:
        """Fade out and keep the position."""
        if not self.paused:
            self.paused = True
            self._playback.play(None, fade_s=FADE_S)

    def resume(self) -> None:
        """Fade in and go on from the position of the pause."""
        if self.paused:
            self.paused = False
            self._playback.play(self._reader, fade_s=FADE_S)

    def jump(self, to_s: float) -> None:
        """Go to a time in the recording; outside of it, to its nearer end. A paused player stays paused."""
        last = self._reader.plan.frames - 1
        position = max(0, min(round(to_s * self.rate_hz), last))
        self._reader = Reader(self.plan)  # a new one, whose first tile this thread can compute
        self._reader.read(position, 1)
        self._playback.play(None if self.paused else self._reader, position=position)
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
                self._playback.play(None, fade_s=FADE_S)
            until = time.monotonic() + 2 * self.card.latency_s + 0.3
            while not (self.ended or self._silent()) and time.monotonic() < until:
                time.sleep(POLL_S)
        finally:
            self.card.close()

    def _silent(self) -> bool:
        """Whether the end of a fade to silence has left the card."""
        silent_from = self._playback.silent_from
        return silent_from is not None and self.card.heard() >= silent_from


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
