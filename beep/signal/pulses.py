"""What the satellite sends: pulses keyed by its own clock, and carriers whose phase is the delay.

Functions of arrays of any shape; they know emission times and delays, not orbits.
"""

import numpy as np

from beep.base.arrays import Array, Samples
from beep.base.choices import Sends
from beep.base.random import normal_quantiles, white_noise
from beep.signal.keying import Keying, Span

JITTER_STREAM = 0xBEE9  # of clock 0; each further clock has a stream of its own
JITTER_STREAM_STEP = 1 << 16
JITTER_MOST = 3.0  # sigmas
TOUCHING_S = 1e-9  # intervals nearer than that are one: a pulse that goes on in the next regime


def pulse_number(clock_s: Array, span: Span, *, rise_s: float) -> Array:
    """Number of the pulse that has begun last at each time of the span's clock, counted from its origin.

    Pulse n starts n (pulse_s + pause_s) after it; its number changes at the foot of its edge, half a `rise_s` before.
    """
    return np.floor((clock_s + rise_s / 2) / (span.pulse_s + span.pause_s))


def late_s(number: Array, span: Span, keying: Keying) -> Samples | float:
    """How much later than its length says each pulse ends, seconds: normal, cut at three sigmas, drawn by number."""
    if keying.jitter_s == 0 or not number.size:
        return 0.0
    first, last = int(number.min()), int(number.max())
    stream = JITTER_STREAM + JITTER_STREAM_STEP * span.clock
    drawn = white_noise(keying.seed, stream, first, last - first + 1, quantiles=normal_quantiles())
    cut = np.clip(drawn, -JITTER_MOST, JITTER_MOST)[(number - first).astype(int)]
    late: Samples = np.float32(keying.jitter_s) * cut
    return late


def key(u_s: Array, keying: Keying) -> tuple[Samples, Samples | float]:
    """Key and power at emission times `u_s`, each from 0 to 1 and of their shape (power may be one number).

    The key is 1 in a pulse and 0 in the pause; power is 0 where nothing at all is sent. What sends in the pulse has the
    amplitude `key`, what sends in the pause `power - key`, what never pauses `power`. An edge is a raised cosine that
    takes `rise_s` and has its half amplitude at the keying instant, so lengths are at half amplitude.
    """
    spans, rise_s = keying.spans, keying.rise_s
    if len(spans) > 1:
        window = {"start_s": u_s.min() - rise_s, "stop_s": u_s.max() + rise_s}
        spans = tuple(s for s in spans if s.from_s <= window["stop_s"] and s.until_s >= window["start_s"])
        if len(spans) > 1:
            return (
                _edge(_inside_s(u_s, *pulses(keying, **window)), rise_s),
                _edge(_inside_s(u_s, *pulses(keying, sends="always", **window)), rise_s),
            )
    span = spans[0]
    if span.key != "keyed":
        return np.full(u_s.shape, span.key == "continuous", np.float32), float(span.key != "silent")
    clock_s = u_s - span.origin_s if span.origin_s else u_s
    number = pulse_number(clock_s, span, rise_s=rise_s)
    since_start_s = clock_s - number * (span.pulse_s + span.pause_s)
    until_end_s = span.pulse_s + late_s(number, span, keying) - since_start_s
    return _edge(np.minimum(since_start_s, until_end_s), rise_s), 1.0  # by the nearest edge


def _inside_s(u_s: Array, starts: Array, ends: Array) -> Array:
    """How far inside one of the intervals, ascending and apart, each time is; negative outside of all."""
    if not starts.size:
        return np.full(u_s.shape, -np.inf)
    after = np.searchsorted(starts, u_s)  # the interval that starts next; before it the one that has started last
    last, following = np.maximum(after - 1, 0), np.minimum(after, starts.size - 1)
    inside_s: Array = np.maximum(
        np.minimum(u_s - starts[last], ends[last] - u_s), np.minimum(u_s - starts[following], ends[following] - u_s)
    )
    return inside_s


def _edge(since_s: Array, rise_s: float) -> Samples:
    """Raised cosine from 0 to 1 that takes `rise_s`, by the time since its middle."""
    scaled = since_s * (np.pi / rise_s)
    edge: Samples = np.clip(scaled, -np.pi / 2, np.pi / 2, out=scaled).astype(np.float32)
    np.sin(edge, out=edge)
    edge *= np.float32(0.5)
    edge += np.float32(0.5)
    return edge


def pulses(keying: Keying, *, start_s: float, stop_s: float, sends: Sends = "pulse") -> tuple[Array, Array]:
    """Starts (N,) and ends (N,) of what is sent at some time between `start_s` and `stop_s`; emission times, ascending.

    At half amplitude, not cut at the window's ends, for a carrier that `sends` in the pulse, in the pause, or always;
    infinite where it has no start or end.
    """
    longest_s = max(span.pulse_s + span.pause_s for span in keying.spans)
    starts, ends = _down(keying, start_s - 2 * longest_s, stop_s + 2 * longest_s)  # far enough to end every pause
    if sends != "pulse":
        on = [span for span in keying.spans if span.key != "silent"]
        on_starts, on_ends = _joined(np.array([s.from_s for s in on]), np.array([s.until_s for s in on]))
        if sends == "always":
            starts, ends = on_starts, on_ends
        else:
            offs, ons = np.append(-np.inf, ends), np.append(starts, np.inf)  # the gaps, cut to where there is power
            starts = np.concatenate([offs[:0], *(np.maximum(offs, lower) for lower in on_starts)])
            ends = np.concatenate([ons[:0], *(np.minimum(ons, upper) for upper in on_ends)])
    seen = (ends > start_s) & (starts < stop_s) & (ends > starts)
    return starts[seen], ends[seen]


def _down(keying: Keying, start_s: float, stop_s: float) -> tuple[Array, Array]:
    """Starts and ends of what has the key down and touches the window; what touches each other is one."""
    starts, ends = [np.empty(0)], [np.empty(0)]
    for span in keying.spans:
        if span.key == "continuous":
            starts.append(np.array([span.from_s]))
            ends.append(np.array([span.until_s]))
        elif span.key == "keyed":
            period_s = span.pulse_s + span.pause_s
            first_s, last_s = max(start_s, span.from_s), min(stop_s, span.until_s)
            windows = [(first_s, last_s)] if first_s < last_s else []
            windows += [(edge_s, edge_s) for edge_s in (span.from_s, span.until_s) if np.isfinite(edge_s)]
            for low_s, high_s in windows:  # at the span's own ends too: a pulse there may be part of a longer one
                low = np.floor((low_s - span.origin_s) / period_s) - 1
                number = np.arange(low, np.ceil((high_s - span.origin_s) / period_s) + 1)
                number = number[number >= 0] if span.clock else number
                begins_s = span.origin_s + number * period_s
                starts.append(np.maximum(begins_s, span.from_s))
                ends.append(np.minimum(begins_s + span.pulse_s + late_s(number, span, keying), span.until_s))
    begun, ended = np.concatenate(starts), np.concatenate(ends)
    return _joined(begun[ended > begun], ended[ended > begun])


def _joined(starts: Array, ends: Array) -> tuple[Array, Array]:
    """The union of intervals, ascending and apart."""
    if not starts.size:
        return starts, ends
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], np.maximum.accumulate(ends[order])
    apart = np.append(True, starts[1:] > ends[:-1] + TOUCHING_S)
    return starts[apart], ends[np.append(apart[1:], True)]


def carrier(turns: Array) -> Samples:
    """Cosine of a phase in turns; whole turns go before the precision does."""
    fraction = np.rint(turns)
    np.subtract(turns, fraction, out=fraction)
    fraction *= 2 * np.pi
    angle: Samples = fraction.astype(np.float32)
    return np.cos(angle, out=angle)
