"""Power of a recording over time and frequency, in constant memory: the numbers of a waterfall plot.

A window of about a sixth of a second fits into a pulse of 0.2 to 0.3 s and resolves the pause after it. The first
windows overlap. Whenever there are too many rows, every second one is dropped and the step doubled; once windows no
longer overlap, two rows become their mean instead. A recording of any length gives some hundreds of rows in one run.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array, Samples
from beep.base.errors import RecordingError
from beep.measuring.framing import Framer

WINDOW_S = 1 / 6  # rounded to a power of two samples
FIRST_STEPS = 8  # per window, in a short recording
LEAST_ROWS = 800  # of a long recording; the most are twice as many
BATCH = 16  # windows transformed at once: they fit into the cache
HEARD_HZ = 12_000.0  # highest frequency that is kept by default: that of a receiver's loudspeaker
USUAL_TOP_HZ = 4_000.0
STANDS_OUT_DB = 10.0  # above the median
LEAST_SPAN_DB, MOST_SPAN_DB = 15.0, 60.0
LEAST_DB = -160.0  # digital silence


@dataclass(frozen=True, kw_only=True, eq=False)
class Spectrogram:
    """Mean power of a recording. A sine of full scale in the middle of a bin has power 1 there."""

    t_s: Array  # (rows,) middles, after the first sample
    frequency_hz: Array  # (bins,) from 0
    power: NDArray[np.float32]  # (channels, rows, bins)
    row_s: float  # from row to row
    windows: int  # averaged in a row
    window_s: float
    duration_s: float

    @property
    def bin_hz(self) -> float:
        """Distance of bins."""
        return float(self.frequency_hz[1])

    @property
    def how(self) -> str:
        """Description of window, bins and rows, for a caption."""
        row = f"each row is the mean of {self.windows} spectra, {self.row_s:.3g} s"
        row = row if self.windows > 1 else f"a row every {self.row_s:.2g} s"
        return f"Hann windows of {self.window_s:.2g} s, bins of {self.bin_hz:.1f} Hz, {row}"

    def band(self, low_hz: float, high_hz: float) -> slice:
        """The bins from `low_hz` to `high_hz`, at least two."""
        first = max(0, min(int(low_hz / self.bin_hz), len(self.frequency_hz) - 2))
        return slice(first, max(first + 2, min(int(high_hz / self.bin_hz) + 1, len(self.frequency_hz))))

    def level_db(self) -> NDArray[np.float32]:
        """Return power in dB against a sine of full scale, (channels, rows, bins), at least -160."""
        return np.float32(10) * np.log10(np.maximum(self.power, np.float32(10 ** (LEAST_DB / 10))))

    def range_db(self, bins: slice) -> tuple[float, float]:
        """Levels that the colours should span, dB: from the noise floor (the median) to the loudest thousandth."""
        levels = self.level_db()[:, :, bins]
        top_db = float(np.percentile(levels, 99.9))
        floor_db = max(float(np.median(levels)), top_db - MOST_SPAN_DB)
        return floor_db, max(top_db, floor_db + LEAST_SPAN_DB)

    def top_hz(self) -> float:
        """Highest frequency to show: 4 kHz, or that of a signal above it."""
        mean = self.power.mean(axis=(0, 1))
        loud = np.flatnonzero(mean > 10 ** (STANDS_OUT_DB / 10) * np.median(mean))
        highest_hz = 1.1 * self.frequency_hz[loud[-1]] if loud.size else 0.0
        return float(min(max(USUAL_TOP_HZ, highest_hz), self.frequency_hz[-1]))


def window_frames(sample_rate_hz: float) -> int:
    """Samples of a window."""
    return int(2 ** round(np.log2(max(2.0, WINDOW_S * sample_rate_hz))))


def spectrogram(blocks: Iterable[Samples], *, sample_rate_hz: float, high_hz: float = HEARD_HZ) -> Spectrogram:
    """Compute the spectrogram of blocks (N, channels), up to `high_hz`, with Hann windows.

    An incomplete window at the end is left out. Raises RecordingError where the recording is shorter than a window.
    """
    size = window_frames(sample_rate_hz)
    rows = _Rows(size=size, bins=min(size // 2 + 1, int(high_hz * size / sample_rate_hz) + 2))
    frames = 0
    for block in blocks:
        frames += len(block)
        rows.take(block)
    if not rows.windows:
        raise RecordingError(
            f"a recording must last {size / sample_rate_hz:.2g} s for a waterfall (one window), "
            f"got {frames / sample_rate_hz:.3g} s; give a longer one"
        )
    power, counts = rows.means()
    first = np.arange(len(counts)) * rows.merged
    return Spectrogram(
        t_s=(size / 2 + (first + (counts - 1) / 2) * rows.step) / sample_rate_hz,
        frequency_hz=np.arange(power.shape[2]) * sample_rate_hz / size,
        power=power,
        row_s=rows.step * rows.merged / sample_rate_hz,
        windows=rows.merged,
        window_s=size / sample_rate_hz,
        duration_s=frames / sample_rate_hz,
    )


class _Rows:
    """Sums of power, row by row, at most twice LEAST_ROWS."""

    def __init__(self, *, size: int, bins: int) -> None:
        self.bins = bins
        self._framer = Framer(size=size, step=max(1, size // FIRST_STEPS), most=BATCH)
        self.merged = 1  # windows per row
        self.windows = 0  # of all rows
        hann = np.hanning(size + 1)[:-1]
        self._hann = (hann * 2 * size / hann.sum()).astype(np.float32)
        self._sums: Samples = np.empty((0, 0, 0), np.float32)

    @property
    def step(self) -> int:
        """Samples from window to window."""
        return self._framer.step

    def take(self, block: Samples) -> None:
        """Add a block (N, channels)."""
        if not self._sums.size:
            self._sums = np.zeros((block.shape[1], 2 * LEAST_ROWS, self.bins), np.float32)
        for frames in self._framer.frames(block.astype(np.float32, copy=False)):
            # NumPy's FFT is in single precision only with this norm.
            spectrum = np.fft.rfft(frames * self._hann, norm="forward")[..., : self.bins]
            power = spectrum.real**2 + spectrum.imag**2
            for number in range(power.shape[1]):
                self._sums[:, (self.windows + number) // self.merged] += power[:, number]
            self.windows += power.shape[1]
            if not self._free():
                self._fold()
            self._framer.most = min(BATCH, self._free())

    def _free(self) -> int:
        """Windows that still fit."""
        return 2 * LEAST_ROWS * self.merged - self.windows

    def _fold(self) -> None:
        """Halve the rows."""
        if self.step < self._framer.size:
            self._sums[:, :LEAST_ROWS] = self._sums[:, ::2]
            self._framer.step *= 2
            self.windows = LEAST_ROWS
        else:
            self._sums[:, :LEAST_ROWS] = self._sums[:, ::2] + self._sums[:, 1::2]
            self.merged *= 2
        self._sums[:, LEAST_ROWS:] = 0

    def means(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return mean power (channels, rows, bins), and the number of windows in each row."""
        counts = np.full(-(-self.windows // self.merged), self.merged)
        counts[-1] -= -self.windows % self.merged
        means: NDArray[np.float32] = self._sums[:, : len(counts)]
        means /= counts[:, None].astype(np.float32)
        return means, counts
