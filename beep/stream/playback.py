"""Playback for one listener: its frames become samples of a stream, and a change is a crossfade.

The frames of the listener are counted from zero. A source maps them to samples of a stream, or to silence. Two sources
can be crossfaded because each sample is a function of its index. A sound card and the web page hear the pass so.
"""

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np

from beep.base.arrays import Array, Samples
from beep.stream.tiles import Reader

EARS = 2  # channels of a listener, left and right
FADE_S = 0.005  # at both ends of the recording, and around a pause
CHANGE_S = 0.02  # crossfade between two scenarios or positions
REMEMBERED = 512  # sources that the listener may not have heard yet


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """Samples from some frame of the listener on: its frame n is frame n + shift of the stream, or silence."""

    reader: Reader | None  # None: silence
    shift: int
    gap: int | None  # frames of silence before the stream repeats; None: it does not
    held: int  # where the stream goes on after a silence

    def position(self, at: int) -> int:
        """Return the frame of the stream that is heard at the listener's frame `at`, at most its length."""
        return self.held if self.reader is None else min(self._frame(at), self.reader.plan.frames)

    def _frame(self, at: int) -> int:
        """Return the same without that limit; beyond the end is silence."""
        assert self.reader is not None
        frame = at + self.shift
        return frame if self.gap is None else frame % (self.reader.plan.frames + self.gap)

    def samples(self, at: int, frames: int) -> Samples:
        """Return samples (frames, 2) from the listener's frame `at` on."""
        if self.reader is None:
            return np.zeros((frames, EARS), np.float32)
        plan = self.reader.plan
        first = self._frame(at)
        fade = round(FADE_S * plan.scenario.sample_rate_hz)
        if plan.scenario.channels == EARS and fade <= first <= plan.frames - fade - frames:
            return self.reader.read(first, frames)
        out = np.zeros((frames, EARS), np.float32)
        done = 0
        while done < frames and (first < plan.frames or self.gap is not None):
            count = min(frames - done, max(plan.frames - first, 0))
            index = first + np.arange(count)
            ramp = _ramp(np.minimum(index, plan.frames - 1 - index) / fade)[:, None]
            if count:
                out[done : done + count] = self.reader.read(first, count) * ramp  # mono goes to both channels
            done += count if count else plan.frames + (self.gap or 0) - first
            first = self._frame(at + done)
        return out


def _ramp(share: Array) -> Samples:
    """Return a raised cosine (N,) from 0 to 1, as `share` (N,) goes from 0 to 1."""
    ramp: Samples = (0.5 - 0.5 * np.cos(np.pi * np.clip(share, 0.0, 1.0))).astype(np.float32)
    return ramp


@dataclass(frozen=True, kw_only=True, eq=False)
class _Request:
    """What to play next: a stream from a frame on (None: from the current one), or silence without a reader."""

    reader: Reader | None
    position: int | None
    fade_s: float


class Playback:
    """What one listener hears. One thread pulls; any thread may call `play`, which is heard from the next pull on."""

    def __init__(self, reader: Reader, *, start: int = 0, gap: int | None = None) -> None:
        """Begin softly at frame `start`; with `gap`, repeat the stream after so many frames of silence."""
        self.at = 0  # the listener's next frame
        self.clipped = 0  # samples beyond full scale, which the listener gets unchanged
        self.rate_hz = reader.plan.scenario.sample_rate_hz
        self._gap = gap
        self._lock = threading.Lock()
        self._request: _Request | None = _Request(reader=reader, position=start, fade_s=FADE_S)
        self._source = Source(reader=None, shift=0, gap=gap, held=start)
        self._next: Source | None = None
        self._fade = (0, 1)  # first frame and length
        self.sources: deque[tuple[int, Source]] = deque([(0, self._source)], maxlen=REMEMBERED)  # by first frame

    def play(self, reader: Reader | None, *, position: int | None = None, fade_s: float = CHANGE_S) -> None:
        """Crossfade to a stream from frame `position` on (None: from the current one), or to silence.

        A call replaces an earlier one that was not heard yet, and keeps that one's position where it has none.
        """
        with self._lock:
            if self._request is not None and position is None:
                position = self._request.position
            self._request = _Request(reader=reader, position=position, fade_s=fade_s)

    def pull(self, frames: int) -> Samples:
        """Return the listener's next samples (frames, 2)."""
        if self._next is None and self._request is not None:
            with self._lock:
                request, self._request = self._request, None
            self._begin(request)
        out = self._source.samples(self.at, frames)
        if self._next is not None:
            first, length = self._fade
            new = self._next.samples(self.at, frames).copy()
            left = first + length - self.at  # after the fade it is the new source to the bit
            ramp = _ramp(1 - np.arange(left - 1, left - 1 - min(left, frames), -1) / length)[:, None]
            new[: len(ramp)] = out[: len(ramp)] + ramp * (new[: len(ramp)] - out[: len(ramp)])
            out = new
            if left <= frames:
                self._source, self._next = self._next, None
        if max(out.max(), -out.min()) > 1:
            self.clipped += int(np.count_nonzero(np.abs(out) > 1))
        self.at += frames
        return out

    def _begin(self, request: _Request) -> None:
        length = max(1, round(request.fade_s * self.rate_hz))
        position = self._source.position(self.at) if request.position is None else request.position
        faded = position + length if request.reader is None and request.position is None else position
        self._next = Source(reader=request.reader, shift=position - self.at, gap=self._gap, held=faded)
        self._fade = (self.at, length)
        self.sources.append((self.at, self._next))

    def position(self, at: int) -> int:
        """Return the frame of the stream that is heard at the listener's frame `at`."""
        source = next((source for first, source in reversed(self.sources.copy()) if first <= at), self._source)
        return source.position(at)

    @property
    def end(self) -> int | None:
        """The listener's frame at which the stream ends; None in a change, a silence or a loop."""
        source = self._source
        if self._request is not None or self._next is not None or source.reader is None or self._gap is not None:
            return None
        return source.reader.plan.frames - source.shift

    @property
    def silent_from(self) -> int | None:
        """The listener's frame at which a fade to silence has ended; None where there is no silence."""
        faded = self._source.reader is None and self._next is None and self._request is None
        return sum(self._fade) if faded else None
