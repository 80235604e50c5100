"""Narrow band around a tone of a long recording, mixed to baseband and decimated.

Overlap-save: one real FFT per frame; the bins around the tone are transformed back at the lower rate.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array, Samples
from beep.measuring.framing import Framer, silence

Spectrum = NDArray[np.complex64]

BAND_RATE_HZ = 1000.0  # least rate of the baseband; the flat pass-band is 0.7 of it
FLAT, STOP = 0.35, 0.48  # of the lower rate: begin and end of the filter's slope


@dataclass(frozen=True, kw_only=True)
class Framing:
    """Layout of overlap-save frames: `size` samples become `small`, of which the middle `kept` are used."""

    sample_rate_hz: int
    ratio: int  # decimation
    small: int = 1024  # samples of a frame at the lower rate

    @property
    def size(self) -> int:
        return self.small * self.ratio

    @property
    def side(self) -> int:
        """Samples on either side of a frame, at the lower rate, that are discarded."""
        return self.small // 16

    @property
    def kept(self) -> int:
        """Samples of a frame that are used, at the lower rate."""
        return self.small - 2 * self.side

    @property
    def rate_hz(self) -> float:
        """The lower rate."""
        return self.sample_rate_hz / self.ratio

    @property
    def bin_hz(self) -> float:
        """Spacing of the spectrum."""
        return self.sample_rate_hz / self.size


def smooth_ratio(most: float) -> int:
    """Return the largest whole number up to `most`, at least 1, without a prime factor above 5, for fast FFTs."""
    best = 1
    for two in range(20):
        for three in range(13):
            for five in range(9):
                value = 2**two * 3**three * 5**five
                if best < value <= most:
                    best = value
    return best


def spectra(blocks: Iterable[Samples], framing: Framing, channels: int) -> Iterator[tuple[int, Spectrum]]:
    """Number and spectrum (channels, size / 2 + 1) of each frame of blocks (N, channels).

    Frame j begins at sample (j kept - side) ratio, with silence before the first sample and after the last.
    """
    import scipy.fft

    lead, hop = framing.side * framing.ratio, framing.kept * framing.ratio
    framer = Framer(size=framing.size, step=hop, most=1)
    number = 0
    for block in chain([silence(lead, channels)], blocks, [silence(framing.size - lead - 1, channels)]):
        for frames in framer.frames(block):
            yield number, scipy.fft.rfft(frames[:, 0], axis=1, workers=2)
            number += 1


def baseband(spectrum: Spectrum, number: int, centre: int, framing: Framing) -> Spectrum:
    """Return the used samples of frame `number` of one channel, (kept,) complex at the lower rate.

    They are mixed down by `centre` bins, with phase zero at the recording's first sample. A tone of amplitude A has
    magnitude A.
    """
    import scipy.fft

    half = framing.small // 2
    wanted = np.arange(centre - half, centre + half)
    inside = (wanted > 0) & (wanted < len(spectrum))
    band = np.zeros(framing.small, np.complex64)
    band[inside] = spectrum[wanted[inside]]
    band *= _taper(np.abs(np.arange(-half, half)) / framing.small)
    first = (number * framing.kept - framing.side) * framing.ratio
    turns = (centre * first % framing.size) / framing.size
    phase = np.complex64(2 / framing.ratio * np.exp(-2j * np.pi * turns))
    mixed: Spectrum = scipy.fft.ifft(np.fft.ifftshift(band)) * phase
    return mixed[framing.side : framing.side + framing.kept]


def _taper(part: NDArray[Any]) -> Samples:
    """Gain of the filter at frequencies given as a part of the lower rate: 1, a raised cosine, 0."""
    place = np.clip((part - FLAT) / (STOP - FLAT), 0, 1)
    gain: Samples = (0.5 + 0.5 * np.cos(np.pi * place)).astype(np.float32)
    return gain


@dataclass(frozen=True, kw_only=True)
class Band:
    """Narrow band around a tone over a whole recording, at baseband."""

    framing: Framing
    frames: int  # of the recording, at its own rate
    samples: Spectrum  # (frames x kept,)
    centres: NDArray[np.int64]  # bin by which each frame was mixed down; 0 for a frame that was left out

    @property
    def rate_hz(self) -> float:
        return self.framing.rate_hz

    @property
    def duration_s(self) -> float:
        return self.frames / self.framing.sample_rate_hz

    def windows(
        self, start_s: Array, count: int, tone_hz: Array, slope_hz_s: Array, at_s: Array
    ) -> tuple[Array, NDArray[np.complex128]]:
        """Return times (N, count) from each `start_s` (N,) on, and the samples there mixed down by a tone, (N, count).

        The tone is `tone_hz` at `at_s`, where its phase is zero, and changes by `slope_hz_s`, all (N,).
        """
        rate = self.framing.rate_hz
        first = np.ceil(start_s * rate - 1e-9).astype(np.int64)
        index = first[:, None] + np.arange(count)
        valid = (index >= 0) & (index < len(self.samples)) & (index < self.duration_s * rate)
        safe = np.where(valid, index, 0)
        t_s = index / rate
        centre_hz = self.centres[safe // self.framing.kept] * self.framing.bin_hz
        since_s = t_s - at_s[:, None]
        # Whole turns are taken out for precision; the phase of the baseband is zero at time zero.
        turns = np.remainder(centre_hz * t_s, 1.0) - (tone_hz[:, None] + slope_hz_s[:, None] / 2 * since_s) * since_s
        mixed = self.samples[safe] * np.exp(2j * np.pi * turns)
        return t_s, np.where(valid & (centre_hz > 0), mixed, 0)


def extract(
    blocks: Iterable[Samples],
    framing: Framing,
    *,
    frames: int,
    channels: int,
    tones: list[tuple[int, Callable[[Array], Array]]],
) -> list[Band]:
    """Return the band around each of `tones`: a channel, and a function from times (N,) to Hz, nan where not needed."""
    if not tones:
        return []
    count = -(-frames // (framing.kept * framing.ratio))
    middle_s: Array = (np.arange(count, dtype=np.float64) + 0.5) * framing.kept / framing.rate_hz
    centres = []
    for _, tone in tones:
        hz = np.asarray(tone(middle_s), np.float64)
        centres.append(np.where(np.isfinite(hz), np.rint(np.nan_to_num(hz) / framing.bin_hz), 0).astype(np.int64))
    kept = [np.zeros(count * framing.kept, np.complex64) for _ in tones]
    for number, spectrum in spectra(blocks, framing, channels):
        for (channel, _), centre, samples in zip(tones, centres, kept, strict=True):
            if number < count and centre[number]:
                at = number * framing.kept
                samples[at : at + framing.kept] = baseband(spectrum[channel], number, int(centre[number]), framing)
    return [
        Band(framing=framing, frames=frames, samples=samples, centres=centre)
        for samples, centre in zip(kept, centres, strict=True)
    ]
