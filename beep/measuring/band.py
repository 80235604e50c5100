"""Narrow band around a tone of a recording, mixed to baseband and decimated.

Overlap-save: one real FFT per frame; the bins around the tone are transformed back at the lower rate.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array, Samples
from beep.base.threads import in_threads
from beep.measuring.framing import Framer, silence
from beep.measuring.recording import Recording

Spectrum = NDArray[np.complex64]
Rows = NDArray[np.int64]  # numbers of frames

BAND_RATE_HZ = 1000.0  # least rate of the baseband; the flat pass-band is 0.7 of it
FLAT, STOP = 0.35, 0.48  # of the lower rate: begin and end of the filter's slope
SMALL = 1024  # samples of a frame at the lower rate
SIDE = SMALL // 16  # of them on either side that are discarded
KEPT = SMALL - 2 * SIDE
FRAMES_AT_ONCE = 4


def smooth_ratio(most: float) -> int:
    """Return the largest whole number up to `most`, at least 1, without a prime factor above 5, for fast FFTs."""
    twos, threes, fives = ([prime**power for power in range(20)] for prime in (2, 3, 5))
    return max(
        (two * three * five for two in twos for three in threes for five in fives if two * three * five <= most),
        default=1,
    )


@dataclass(frozen=True, kw_only=True)
class Band:
    """Narrow band around a tone over a part of a recording, at baseband."""

    sample_rate_hz: int
    ratio: int  # decimation
    frames: int  # of the recording, at its own rate
    first: int  # number of the first overlap-save frame
    samples: Spectrum  # (frames, KEPT)
    centres: Rows  # (frames,) bin by which each was mixed down; 0 for one that was left out

    @property
    def rate_hz(self) -> float:
        """The lower rate."""
        return self.sample_rate_hz / self.ratio

    @property
    def bin_hz(self) -> float:
        """Spacing of the spectrum."""
        return self.rate_hz / SMALL

    @property
    def duration_s(self) -> float:
        """Length of the recording."""
        return self.frames / self.sample_rate_hz

    def windows(
        self, start_s: Array, count: int, tone_hz: Array, slope_hz_s: Array, at_s: Array
    ) -> tuple[Array, NDArray[np.complex128]]:
        """Return times (N, count) from each `start_s` (N,) on, and the samples there mixed down by a tone, (N, count).

        The tone is `tone_hz` at `at_s`, where its phase is zero, and changes by `slope_hz_s`, all (N,).
        """
        index = np.ceil(start_s * self.rate_hz - 1e-9).astype(np.int64)[:, None] + np.arange(count)
        t_s = index / self.rate_hz
        valid = (index >= 0) & (t_s < self.duration_s)
        index -= self.first * KEPT
        valid &= (index >= 0) & (index < self.samples.size)
        index[~valid] = 0
        centre_hz = self.centres[index // KEPT] * self.bin_hz
        since_s = t_s - at_s[:, None]
        # The phase of the baseband is zero at time zero.
        turns = centre_hz * t_s - (tone_hz[:, None] + slope_hz_s[:, None] / 2 * since_s) * since_s
        mixed = unit_at(turns)
        mixed *= self.samples.ravel()[index]
        return t_s, np.where(valid & (centre_hz > 0), mixed, 0).astype(np.complex128)


def unit_at(turns: Array) -> Spectrum:
    """Return exp(2 pi i turns) in single precision, less whole turns: a tenth of the time."""
    angle = (2 * np.pi * (turns - np.rint(turns))).astype(np.float32)
    unit = np.empty(angle.shape, np.complex64)
    unit.real, unit.imag = np.cos(angle), np.sin(angle)
    return unit


def extract(
    recording: Recording, *, tones: list[tuple[int, Callable[[Array], Array]]], from_s: float, to_s: float
) -> list[Band]:
    """Return the bands between two times around `tones`: a channel, and a function from times (N,) to Hz.

    Where none of the functions has a finite value, nothing is read.
    """
    rate_hz = recording.sample_rate_hz
    ratio = smooth_ratio(rate_hz / BAND_RATE_HZ)
    frame_s = KEPT * ratio / rate_hz
    number = np.arange(max(int(from_s / frame_s), 0), int(np.ceil(min(to_s, recording.duration_s) / frame_s)))
    bands = []
    for _, tone in tones:
        hz = tone(np.asarray((number + 0.5) * frame_s, np.float64))
        bands.append(
            Band(
                sample_rate_hz=rate_hz,
                ratio=ratio,
                frames=recording.frames,
                first=int(number[0]),
                samples=np.zeros((len(number), KEPT), np.complex64),
                centres=np.rint(np.nan_to_num(hz) / (rate_hz / ratio / SMALL)).astype(np.int64),
            )
        )
    needed = number[np.any([band.centres for band in bands], axis=0)]

    def basebands(numbered: tuple[Rows, Samples]) -> tuple[Rows, list[Spectrum]]:
        rows, frames = numbered
        spectra: dict[int, Any] = {
            channel: np.fft.rfft(frames[channel], norm="forward") for channel in {channel for channel, _ in tones}
        }
        return rows, [
            _baseband(spectra[channel], rows, band.centres[rows - band.first], ratio)
            for (channel, _), band in zip(tones, bands, strict=True)
        ]

    for run in np.split(needed, 1 + np.flatnonzero(np.diff(needed) > 1)):
        for rows, parts in in_threads(basebands, _frames(recording, ratio, run)):
            for band, part in zip(bands, parts, strict=True):
                band.samples[rows - band.first] = part
    return bands


def _frames(recording: Recording, ratio: int, number: Rows) -> Iterator[tuple[Rows, Samples]]:
    """Rows (N,) and samples (channels, N, SMALL ratio) of frames of consecutive numbers, some at once.

    Frame j begins at sample (j KEPT - SIDE) ratio, with silence before the first sample and after the last.
    """
    start, stop = ((at * KEPT - SIDE) * ratio for at in (int(number[0]), int(number[-1]) + 1))
    stop += 2 * SIDE * ratio
    lead = silence(max(-start, 0), recording.channels)
    tail = silence(SMALL * ratio, recording.channels)
    framer = Framer(size=SMALL * ratio, step=KEPT * ratio, most=FRAMES_AT_ONCE)
    done = 0
    for block in chain([lead], recording.blocks(start=max(start, 0), stop=stop), [tail]):
        for frames in framer.frames(block):
            rows = number[done : done + frames.shape[1]]
            if len(rows):
                yield rows, frames[:, : len(rows)]
            done += len(rows)


def _baseband(spectrum: Spectrum, number: Rows, centre: Rows, ratio: int) -> Spectrum:
    """Return the used samples (N, KEPT) of frames of one channel, at the lower rate.

    They are mixed down by `centre` bins (N,), with phase zero at the recording's first sample. A tone of amplitude A
    has magnitude A.
    """
    offset = np.fft.fftfreq(SMALL, 1 / SMALL).astype(np.int64)
    wanted = centre[:, None] + offset
    inside = (wanted > 0) & (wanted < spectrum.shape[1]) & (centre > 0)[:, None]
    band = np.take_along_axis(spectrum, np.where(inside, wanted, 0), axis=1)
    band *= inside * _taper(np.abs(offset) / SMALL)
    turns = centre * ((number * KEPT - SIDE) * ratio) % (SMALL * ratio) / (SMALL * ratio)
    mixed: Any = np.fft.ifft(band, axis=1)  # in single precision, as the spectrum is
    mixed *= (2 * SMALL * np.exp(-2j * np.pi * turns)).astype(np.complex64)[:, None]
    kept: Spectrum = mixed[:, SIDE : SIDE + KEPT]
    return kept


def _taper(part: NDArray[Any]) -> Samples:
    """Gain of the filter at frequencies given as a part of the lower rate: 1, a raised cosine, 0."""
    place = np.clip((part - FLAT) / (STOP - FLAT), 0, 1)
    gain: Samples = (0.5 + 0.5 * np.cos(np.pi * place)).astype(np.float32)
    return gain
