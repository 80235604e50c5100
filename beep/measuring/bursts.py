"""Looking for keyed tones: bursts in a spectrogram, and those of them that lie on one smooth line of frequency."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from beep.base.arrays import Array, Samples, joined, picked
from beep.measuring.band import smooth_ratio

WINDOW_S = 0.0427  # Hann; resolves tones of 50 Hz apart and keying of 0.08 s
HIGHEST_HZ = 7000.0
LOWEST_HZ = 90.0
SEGMENT, CONTEXT = 480, 96  # frames looked at together, and more on either side
FLOOR_QUANTILE = 0.3
LEAST_FLOOR, HIGH_FLOOR = 0.02, 0.9  # of a floor that is high for the band; the highest may be hum
ABOVE_FLOOR = 6.0  # in power, of what three frames have on average
BELOW_PEAK = 0.2  # in power, against the loudest within
NEAR_S = 0.35
NEAR_BINS = 3  # to either side


@dataclass(frozen=True, kw_only=True)
class Bursts:
    """Patches of a spectrogram that stand out, arrays (N,) in order of time."""

    start_s: Array
    stop_s: Array
    tone_hz: Array
    energy: Array  # power over the floor, summed over frames

    def __len__(self) -> int:
        return len(self.start_s)

    def tone_at(self, t_s: Array) -> Array:
        """The tone at any times (N,), between the bursts'."""
        from scipy.ndimage import median_filter

        middle = (self.start_s + self.stop_s) / 2
        hz: Array = np.interp(t_s, middle, median_filter(self.tone_hz, size=5, mode="nearest"))
        return hz


def find_bursts(blocks: Iterable[Samples], *, sample_rate_hz: int, channels: int) -> list[Bursts]:
    """Bursts in each channel of blocks (N, channels)."""
    size = 2 * smooth_ratio(WINDOW_S * sample_rate_hz / 2)
    hop_s, bin_hz = size / 2 / sample_rate_hz, sample_rate_hz / size
    bins = min(size // 2 + 1, int(HIGHEST_HZ / bin_hz) + 1)
    found: list[list[Bursts]] = [[] for _ in range(channels)]
    for first, low, high, power in _segments(_spectrogram(blocks, size, bins, channels)):
        for channel in range(channels):
            bursts = _bursts(power[channel], hop_s=hop_s, bin_hz=bin_hz)
            middle = (bursts.start_s + bursts.stop_s) / 2 / hop_s
            mine = picked(bursts, (middle >= low) & (middle < high))
            found[channel].append(
                replace(mine, start_s=mine.start_s + first * hop_s, stop_s=mine.stop_s + first * hop_s)
            )
    together = [joined(parts) for parts in found]
    return [picked(bursts, np.argsort(bursts.start_s, kind="stable")) for bursts in together]


def _spectrogram(blocks: Iterable[Samples], size: int, bins: int, channels: int) -> Iterator[Samples]:
    """Powers (channels, frames, bins) of frames half a window apart, the first centred on the first sample."""
    import scipy.fft

    hop = size // 2
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    waiting = np.zeros((channels, hop), np.float32)
    for block in _and_silence(blocks, size, channels):
        waiting = np.concatenate([waiting, block.T], axis=1)
        frames = waiting.shape[1] // hop - 1
        if frames < 1:
            continue
        views = np.lib.stride_tricks.sliding_window_view(waiting, size, axis=1)[:, : frames * hop : hop]
        for at in range(0, frames, 256):
            spectrum = scipy.fft.rfft(views[:, at : at + 256] * window, axis=2, workers=2)[:, :, :bins]
            yield spectrum.real**2 + spectrum.imag**2
        waiting = waiting[:, frames * hop :].copy()


def _and_silence(blocks: Iterable[Samples], size: int, channels: int) -> Iterator[Samples]:
    yield from blocks
    yield np.zeros((size, channels), np.float32)


def _segments(powers: Iterable[Samples]) -> Iterator[tuple[int, int, int, Samples]]:
    """Runs of frames: the first one's number, which of them are not only context (from, up to), powers."""
    waiting: list[Samples] = []
    held = first = low = 0
    for power in powers:
        waiting.append(power)
        held += power.shape[1]
        while held >= low + SEGMENT + CONTEXT:
            whole = np.concatenate(waiting, axis=1)
            high = low + SEGMENT
            yield first, low, high, whole[:, : high + CONTEXT]
            drop = high - CONTEXT
            first, low = first + drop, CONTEXT
            waiting, held = [whole[:, drop:]], held - drop
    if held > low:
        yield first, low, held + 1, np.concatenate(waiting, axis=1)


def _bursts(power: Samples, *, hop_s: float, bin_hz: float) -> Bursts:
    """Bursts of one channel's powers (frames, bins), in seconds after the first frame's centre."""
    from scipy import ndimage

    bins = power.shape[1]
    floor = np.quantile(power[::4], FLOOR_QUANTILE, axis=0).astype(np.float32)
    floor = ndimage.median_filter(floor, size=min(41, bins), mode="nearest")
    floor /= np.float32(-np.log1p(-FLOOR_QUANTILE))  # the power of noise is distributed exponentially
    smooth = ndimage.uniform_filter1d(power, 3, axis=0, mode="nearest")
    marked = smooth > ABOVE_FLOOR * floor + 1e-14
    marked[:, : int(LOWEST_HZ / bin_hz) + 1] = False
    # Most columns have nothing; a margin keeps those that have something from seeing across what was left out.
    some = ndimage.binary_dilation(marked.any(axis=0), iterations=NEAR_BINS + 1)
    near = (2 * round(NEAR_S / hop_s) + 1, 2 * NEAR_BINS + 1)
    loudest = ndimage.maximum_filter(smooth[:, some], size=near, mode="nearest")
    marked[:, some] &= power[:, some] > BELOW_PEAK * loudest
    labels, count = ndimage.label(marked, structure=np.ones((3, 3)))
    if not count:
        return Bursts(start_s=np.zeros(0), stop_s=np.zeros(0), tone_hz=np.zeros(0), energy=np.zeros(0))
    places = np.flatnonzero(labels)
    number = labels.ravel()[places] - 1
    frame, column = np.divmod(places, bins)
    weight = power.ravel()[places].astype(np.float64)
    total = np.bincount(number, weight, count)
    centre = np.bincount(number, weight * column, count) / total
    start, stop = np.full(count, len(power)), np.full(count, -1)
    # Key clicks are broad: only the part near the burst's own tone has a beginning and an end.
    near_tone = np.abs(column - centre[number]) <= 1.5
    np.minimum.at(start, number[near_tone], frame[near_tone])
    np.maximum.at(stop, number[near_tone], frame[near_tone])
    # Beyond a receiver's filter there is no floor, and the faintest harmonic would stand out most.
    least = LEAST_FLOOR * float(np.quantile(floor, HIGH_FLOOR)) + 1e-30
    over = np.bincount(number, weight / np.maximum(floor[column], least), count).astype(np.float64)
    good = np.flatnonzero((stop - start >= 2) & (over > 30))
    return Bursts(
        start_s=start[good] * hop_s, stop_s=stop[good] * hop_s, tone_hz=centre[good] * bin_hz, energy=over[good]
    )
