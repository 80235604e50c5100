"""Search for short tones: patches of a spectrogram that stand out of the noise floor."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np

from beep.base.arrays import Array, Samples, joined, picked
from beep.base.threads import in_threads
from beep.measuring.band import smooth_ratio
from beep.measuring.framing import Framer, silence
from beep.measuring.recording import Recording

BURST_WINDOW_S = 0.0427  # Hann; resolves tones 50 Hz apart and keying of 0.08 s
HIGHEST_HZ = 7000.0
LOWEST_HZ = 90.0
FRAMES_IN_CACHE = 32  # frames transformed at once: they fit into the cache
SEGMENT, CONTEXT = 480, 96  # frames searched at once, and more on either side
FLOOR_QUANTILE = 0.3
LEAST_FLOOR, HIGH_FLOOR = 0.02, 0.9  # share of a high quantile of the floor; its maximum may be hum
ABOVE_FLOOR = 6.0  # in power, of the mean of three frames
BELOW_PEAK = 0.2  # in power, against the strongest within PEAK_S and PEAK_BINS
PEAK_S = 0.35
PEAK_BINS = 3  # on either side


@dataclass(frozen=True, kw_only=True)
class Bursts:
    """Bursts of one channel, arrays (N,) in order of time."""

    start_s: Array
    stop_s: Array
    tone_hz: Array
    energy: Array  # power over the floor, summed over frames

    def __len__(self) -> int:
        return len(self.start_s)

    @property
    def middle_s(self) -> Array:
        """Middles (N,)."""
        return (self.start_s + self.stop_s) / 2

    def tone_at(self, t_s: Array) -> Array:
        """Tone at any times (M,), interpolated between bursts."""
        from scipy.ndimage import median_filter

        hz: Array = np.interp(t_s, self.middle_s, median_filter(self.tone_hz, size=5, mode="nearest"))
        return hz


def find_bursts(recording: Recording) -> tuple[list[Bursts], int]:
    """Return the bursts of each channel, and the number of frames that the recording really holds."""
    sample_rate_hz, channels, frames = recording.sample_rate_hz, recording.channels, 0

    def blocks() -> Iterator[Samples]:
        nonlocal frames
        for block in recording.blocks():
            frames += len(block)
            yield block

    size = 2 * smooth_ratio(BURST_WINDOW_S * sample_rate_hz / 2)
    hop_s, bin_hz = size / 2 / sample_rate_hz, sample_rate_hz / size
    bins = min(size // 2 + 1, int(HIGHEST_HZ / bin_hz) + 1)

    def bursts_in(segment: tuple[int, int, int, Samples]) -> list[Bursts]:
        first, low, high, powers = segment
        found = []
        for power in powers:
            bursts = _bursts(power, hop_s=hop_s, bin_hz=bin_hz)
            middle = bursts.middle_s / hop_s
            bursts = picked(bursts, (middle >= low) & (middle < high))
            first_s = first * hop_s
            found.append(replace(bursts, start_s=bursts.start_s + first_s, stop_s=bursts.stop_s + first_s))
        return found

    parts = zip(*in_threads(bursts_in, _segments(_spectrogram(blocks(), size, bins, channels))), strict=True)
    return [picked(bursts, np.argsort(bursts.start_s, kind="stable")) for bursts in map(joined, parts)], frames


def _spectrogram(blocks: Iterable[Samples], size: int, bins: int, channels: int) -> Iterator[Samples]:
    """Powers (channels, frames, bins) of frames half a window apart, the first centred on the first sample."""
    window = (size * np.hanning(size + 1)[:-1]).astype(np.float32)
    framer = Framer(size=size, step=size // 2)
    padded = chain([silence(size // 2, channels)], blocks, [silence(size, channels)])

    def powers(frames: Samples) -> Samples:
        parts = []
        for at in range(0, frames.shape[1], FRAMES_IN_CACHE):
            # NumPy's FFT is in single precision only with this norm.
            spectrum: Any = np.fft.rfft(frames[:, at : at + FRAMES_IN_CACHE] * window, norm="forward")[..., :bins]
            parts.append(spectrum.real**2 + spectrum.imag**2)
        return np.concatenate(parts, axis=1)

    return in_threads(powers, (frames for block in padded for frames in framer.frames(block)))


def _segments(powers: Iterable[Samples]) -> Iterator[tuple[int, int, int, Samples]]:
    """Overlapping segments: number of the first frame, the part (from, up to) that is not context, and powers."""
    waiting: list[Samples] = []
    held = first = low = 0
    for power in powers:
        waiting.append(power)
        held += power.shape[1]
        while held >= low + SEGMENT + CONTEXT:
            whole = np.concatenate(waiting, axis=1)
            high = low + SEGMENT
            yield first, low, high, whole[:, : high + CONTEXT]
            done = high - CONTEXT
            first, low = first + done, CONTEXT
            waiting, held = [whole[:, done:]], held - done
    if held > low:
        yield first, low, held + 1, np.concatenate(waiting, axis=1)


def _bursts(power: Samples, *, hop_s: float, bin_hz: float) -> Bursts:
    """Bursts of one channel's powers (frames, bins), in seconds after the first frame's centre."""
    from scipy import ndimage

    bins = power.shape[1]
    ordered = np.sort(power[::4].T, axis=1)  # seven times as fast as np.quantile
    place = FLOOR_QUANTILE * (ordered.shape[1] - 1)
    below, above = ordered[:, int(place)], ordered[:, min(int(place) + 1, ordered.shape[1] - 1)]
    floor = below + np.float32(place % 1) * (above - below)
    floor = ndimage.median_filter(floor, size=min(41, bins), mode="nearest")
    floor /= np.float32(-np.log1p(-FLOOR_QUANTILE))  # the power of noise is distributed exponentially
    smooth = power.copy()
    smooth[1:] += power[:-1]
    smooth[:-1] += power[1:]
    smooth[[0, -1]] += power[[0, -1]]
    smooth /= 3
    marked = smooth > ABOVE_FLOOR * floor + 1e-14
    marked[:, : int(LOWEST_HZ / bin_hz) + 1] = False
    # Columns without a mark are left out, for speed; the margin keeps neighbours apart that were not side by side.
    columns = ndimage.binary_dilation(marked.any(axis=0), iterations=PEAK_BINS + 1)
    around = (2 * round(PEAK_S / hop_s) + 1, 2 * PEAK_BINS + 1)
    strongest = ndimage.maximum_filter(smooth[:, columns], size=around, mode="nearest")
    marked[:, columns] &= power[:, columns] > BELOW_PEAK * strongest
    labels, count = ndimage.label(marked, structure=np.ones((3, 3)))
    if not count:
        return Bursts(start_s=np.zeros(0), stop_s=np.zeros(0), tone_hz=np.zeros(0), energy=np.zeros(0))
    places = np.flatnonzero(labels)
    number = labels.ravel()[places] - 1
    frame, column = np.divmod(places, bins)
    weight = power.ravel()[places].astype(np.float64)
    centre = np.bincount(number, weight * column, count) / np.bincount(number, weight, count)
    start, stop = np.full(count, len(power)), np.full(count, -1)
    # Key clicks are broad and longer than the burst: only bins near the tone tell its beginning and end.
    at_tone = np.abs(column - centre[number]) <= 1.5
    np.minimum.at(start, number[at_tone], frame[at_tone])
    np.maximum.at(stop, number[at_tone], frame[at_tone])
    # Outside the receiver's filter the floor is almost zero, and a faint harmonic would stand out most.
    least = LEAST_FLOOR * float(np.quantile(floor, HIGH_FLOOR)) + 1e-30
    energy = np.bincount(number, weight / np.maximum(floor[column], least), count).astype(np.float64)
    good = (stop - start >= 2) & (energy > 30)
    return Bursts(
        start_s=start[good] * hop_s, stop_s=stop[good] * hop_s, tone_hz=centre[good] * bin_hz, energy=energy[good]
    )
