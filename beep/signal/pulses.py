"""The transmitted signal: the keying at a given emission time, and carriers as the cosine of their phase.

Functions of arrays of any shape.
"""

from functools import lru_cache
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array, Samples
from beep.base.choices import Sends
from beep.base.random import white_noise
from beep.signal.keying import Keying, Span

JITTER_STREAM = 0xBEE9  # random stream of clock 0; every further clock has its own
CLOCK_JITTER_STREAM = 0xC10C  # the same for the shift of the key-downs
JITTER_MOST = 3.0  # standard deviations
_STREAM_STEP = 1 << 16  # between the random streams of two clocks
CLICK_S = 0.0008  # duration of a key click, whose spectrum is 6 dB down at 1.25 kHz from the carrier (assumed)
_BLOCK_S = 16.0  # in which key-downs are computed
_TOUCHING_S = 1e-9  # intervals closer than this are joined: a pulse that continues in the next regime


def _pulse_number(clock_s: Array, span: Span, *, rise_s: float) -> Array:
    """Number of the last pulse that has begun at each time after the clock's origin, like `clock_s`.

    Pulse n begins n periods after the origin. Its rising edge begins half a `rise_s` earlier.
    """
    return np.floor((clock_s + rise_s / 2) / (span.pulse_s + span.pause_s))


def _jitter_s(
    number: Array, span: Span, keying: Keying, *, rms_s: float, stream: int = JITTER_STREAM
) -> Samples | float:
    """Random delay of each pulse or of its end, seconds: normal, limited to three sigmas, a function of its number."""
    if rms_s == 0 or not number.size:
        return 0.0
    first, last = int(number.min()), int(number.max())
    stream += _STREAM_STEP * span.clock
    noise = white_noise(keying.seed, stream, first, last - first + 1)
    limited = np.clip(noise, -JITTER_MOST, JITTER_MOST)[(number - first).astype(int)]
    jitter_s: Samples = np.float32(rms_s) * limited
    return jitter_s


def key(u_s: Array, keying: Keying) -> tuple[Samples, Samples | float]:
    """Key and power at ascending emission times `u_s`, each 0 to 1 and of the shape of `u_s` (power may be a number).

    The key is 1 in a pulse and 0 in the pause; the power is 0 where nothing is sent at all. The amplitude of a carrier
    that sends in the pulse is `key`, in the pause `power - key`, always `power`. An edge is a raised cosine of duration
    `rise_s` with half amplitude at the keying instant, so lengths are measured at half amplitude.
    """
    spans, rise_s = keying.spans, keying.rise_s
    if len(spans) > 1 or keying.clock_jitter_s:
        window = {"start_s": u_s.min() - rise_s, "stop_s": u_s.max() + rise_s}
        spans = tuple(s for s in spans if s.from_s <= window["stop_s"] and s.until_s >= window["start_s"])
        if len(spans) == 1 and spans[0].key == "keyed" and keying.clock_jitter_s:
            return _edge(_inside_s(u_s, *pulses(keying, **window)), rise_s), 1.0
        if len(spans) > 1:
            return (
                _edge(_inside_s(u_s, *pulses(keying, **window)), rise_s),
                _edge(_inside_s(u_s, *pulses(keying, sends="always", **window)), rise_s),
            )
    span = spans[0]
    if span.key != "keyed":
        return np.full(u_s.shape, span.key == "continuous", np.float32), float(span.key != "silent")
    clock_s = u_s - span.origin_s if span.origin_s else u_s
    number = _pulse_number(clock_s, span, rise_s=rise_s)
    since_start_s = clock_s - number * (span.pulse_s + span.pause_s)
    until_end_s = span.pulse_s + _jitter_s(number, span, keying, rms_s=keying.jitter_s) - since_start_s
    return _edge(np.minimum(since_start_s, until_end_s), rise_s), 1.0


def key_in_pieces(
    sent_s: Array, powers: Array, keying: Keying, *, sends: Sends
) -> tuple[NDArray[np.intp], NDArray[np.intp], Samples]:
    """Key of a carrier in pieces of time, computed only where it changes.

    `sent_s` (P, 3) @ `powers` (3, N) are ascending emission times: P quadratics, each over one piece. Returns the
    numbers (M,) of the pieces in which something is sent, which of these M (E,) have an edge or the click after it,
    and the key (E, N) there, 0 to 1. In the others it is 1.
    """
    reach_s = max(keying.rise_s, 2 * CLICK_S - keying.rise_s) / 2  # from an edge's middle
    from_s, until_s = sent_s[:, 0] - reach_s, sent_s @ np.ones(3) + reach_s
    starts, ends = pulses(keying, start_s=from_s[0], stop_s=until_s[-1], sends=sends)
    edges_s = np.stack([starts, ends], axis=-1).ravel()
    past, begun = edges_s.searchsorted(from_s), edges_s.searchsorted(until_s)
    changing = begun > past
    on = np.flatnonzero(changing | (past % 2 == 1))
    edges = np.flatnonzero(changing[on])
    return on, edges, _edge(_inside_s(sent_s[on[edges]] @ powers, starts, ends), keying.rise_s)


def _inside_s(u_s: Array, starts: Array, ends: Array) -> Array:
    """Distance of each time to the nearest end of an interval: positive inside, negative outside of all intervals.

    The intervals are ascending and do not touch.
    """
    if not starts.size:
        return np.full(u_s.shape, -np.inf)
    nearest = ((ends[:-1] + starts[1:]) / 2).searchsorted(u_s)
    inside_s = u_s - starts[nearest]
    return np.minimum(inside_s, ends[nearest] - u_s, out=inside_s)


def _edge(since_s: Array, rise_s: float) -> Samples:
    """Raised cosine from 0 to 1 of duration `rise_s`, at times since its middle."""
    scaled = since_s * (np.pi / rise_s)
    edge: Samples = np.clip(scaled, -np.pi / 2, np.pi / 2, out=scaled).astype(np.float32)
    np.sin(edge, out=edge)
    edge *= np.float32(0.5)
    edge += np.float32(0.5)
    return edge


def pulses(keying: Keying, *, start_s: float, stop_s: float, sends: Sends = "pulse") -> tuple[Array, Array]:
    """Starts (N,) and ends (N,) of the transmissions of a carrier that overlap a window; emission times, ascending.

    `sends` says when the carrier sends. Starts and ends are at half amplitude and are not cut at the window; they are
    infinite for a transmission without start or end.
    """
    longest_s = max(span.pulse_s + span.pause_s for span in keying.spans)
    low, high = start_s - 2 * longest_s, stop_s + 2 * longest_s  # wide enough to end each pause
    starts, ends = _sent(keying, _BLOCK_S * floor(low / _BLOCK_S), _BLOCK_S * ceil(high / _BLOCK_S), sends)
    overlaps = (ends > start_s) & (starts < stop_s) & (ends > starts)
    return starts[overlaps], ends[overlaps]


@lru_cache(maxsize=8)
def _sent(keying: Keying, start_s: float, stop_s: float, sends: Sends) -> tuple[Array, Array]:
    """Starts and ends of the transmissions of a carrier that touch the window, some of them empty."""
    starts, ends = _key_down(keying, start_s, stop_s)
    if sends == "pulse":
        return starts, ends
    on = [span for span in keying.spans if span.key != "silent"]
    on_starts, on_ends = _joined(np.array([s.from_s for s in on]), np.array([s.until_s for s in on]))
    if sends == "always":
        return on_starts, on_ends
    offs, ons = np.append(-np.inf, ends), np.append(starts, np.inf)  # the pauses, cut to where there is power
    starts = np.concatenate([offs[:0], *(np.maximum(offs, lower) for lower in on_starts)])
    ends = np.concatenate([ons[:0], *(np.minimum(ons, upper) for upper in on_ends)])
    return starts, ends


def _key_down(keying: Keying, start_s: float, stop_s: float) -> tuple[Array, Array]:
    """Starts and ends of the intervals with the key down that touch the window; intervals that touch are joined."""
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
            for low_s, high_s in windows:  # a pulse at an end of the span may be part of a longer one
                low = np.floor((low_s - span.origin_s) / period_s) - 1
                number = np.arange(low, np.ceil((high_s - span.origin_s) / period_s) + 1)
                number = number[number >= 0] if span.clock else number
                begins_s = span.origin_s + number * period_s
                begins_s += _jitter_s(number, span, keying, rms_s=keying.clock_jitter_s, stream=CLOCK_JITTER_STREAM)
                starts.append(np.maximum(begins_s, span.from_s))
                ends_s = begins_s + span.pulse_s + _jitter_s(number, span, keying, rms_s=keying.jitter_s)
                ends.append(np.minimum(ends_s, span.until_s))
    all_starts, all_ends = np.concatenate(starts), np.concatenate(ends)
    return _joined(all_starts[all_ends > all_starts], all_ends[all_ends > all_starts])


def _joined(starts: Array, ends: Array) -> tuple[Array, Array]:
    """Union of intervals, ascending and separate."""
    if not starts.size:
        return starts, ends
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], np.maximum.accumulate(ends[order])
    separate = np.append(True, starts[1:] > ends[:-1] + _TOUCHING_S)
    return starts[separate], ends[np.append(separate[1:], True)]


def key_times_s(u_s: Array, keying: Keying, *, sends: Sends) -> tuple[Array, Array]:
    """Time since a carrier's last key-down, and until its next key-up, (N,) at ascending emission times (N,).

    A key-down counts from the foot of its edge, where the time is -`rise_s` / 2, to the next; the time until its key-up
    is then negative for a while. Where there is none, both are infinite. What was sent before the first of the times
    does not count once it has ended.
    """
    if not u_s.size:
        return u_s, u_s
    half_s = keying.rise_s / 2
    starts, ends = pulses(keying, start_s=u_s[0] - half_s, stop_s=u_s[-1] + half_s, sends=sends)
    counts = np.diff(np.searchsorted(u_s, starts - half_s), prepend=0, append=u_s.size)
    return u_s - np.repeat(np.append(-np.inf, starts), counts), np.repeat(np.append(np.inf, ends), counts) - u_s


def chirp_turns(since_s: Array, *, chirp_hz: float, chirp_s: float) -> Samples:
    """Phase in turns of a carrier that is `chirp_hz` too low at key-down and settles with the time constant `chirp_s`.

    It tends to 0, so the phase jumps at the foot of a key-down, where the amplitude is 0. Of the time until key-up, the
    carrier ends `chirp_hz` too high.
    """
    turns: Samples = (since_s / -chirp_s).astype(np.float32)
    np.exp(turns, out=turns)
    turns *= np.float32(chirp_hz * chirp_s)
    return turns


def mean_chirp_hz(length_s: Array, *, chirp_hz: float, chirp_s: float) -> Array:
    """Mean frequency offset of a chirp over a pulse of each length; 0 where the length is infinite."""
    return np.asarray(-chirp_hz * -np.expm1(-length_s / chirp_s) * (chirp_s / length_s))


def click(since_s: Array, *, rise_s: float) -> Samples:
    """Amplitude, 0 to 1, of a key click: one cycle of a raised cosine from the foot of each edge (assumed shape)."""
    shape = np.zeros(since_s.shape, np.float32)
    clicks = since_s < CLICK_S - rise_s / 2
    shape[clicks] = (1 - np.cos((since_s[clicks] + rise_s / 2) * (2 * np.pi / CLICK_S))) / 2
    return shape


def carrier(turns: Array) -> Samples:
    """Cosine of a phase in turns; whole turns are removed in double precision, so large phases stay exact."""
    angle = _angle_rad(turns)
    return np.cos(angle, out=angle)


def phasor(turns: Array) -> NDArray[np.complex64]:
    """exp(2 pi j turns), complex64, of a phase in turns; whole turns are removed as in `carrier`."""
    angle = _angle_rad(turns)
    wave = np.empty(turns.shape, np.complex64)
    np.cos(angle, out=wave.real)
    np.sin(angle, out=wave.imag)
    return wave


def _angle_rad(turns: Array) -> Samples:
    """Phase less its whole turns, -pi to pi."""
    angle: Samples = np.subtract(turns, np.rint(turns)).astype(np.float32)
    angle *= np.float32(2 * np.pi)
    return angle
