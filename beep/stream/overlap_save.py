"""The filters of a tile, by overlap-save: products of spectra, block by block.

A block is FFT samples at scale 1, and begins HOP samples after the one before. The first 2 OVERLAP samples of its
circular convolution are dropped. Transforms forward have norm="forward": NumPy computes single precision only so.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from beep.base.arrays import Samples
from beep.stream.plan import FFT, HOP, HOPS, OVERLAP, Plan


def envelope(plan: Plan, baseband: NDArray[np.complex64]) -> Samples:
    """Envelope (carriers, samples of a tile) behind the filter before the detector, of what has the overlap."""
    spectrum = np.fft.fft(_overlapping(plan, baseband), norm="forward")
    spectrum *= plan.if_spectrum
    return np.abs(np.fft.ifft(spectrum)[..., 2 * OVERLAP * plan.scale :]).reshape(len(baseband), -1)


def band_filtered(plan: Plan, samples: Samples) -> Samples:
    """Audio filter and step up to the rate of the audio stage: (channels, frames) of what has the overlap.

    Two real signals are filtered as one complex signal: two channels, or both halves of one. Of the `up` samples for
    each sample before, each has its own spectrum of the filter, with the delay of its position.
    """
    first, second = _overlapping(plan, samples).reshape(2, -1, FFT * plan.scale)
    pair = np.empty(first.shape, np.complex64)
    pair.real, pair.imag = first, second
    spectrum = np.fft.fft(pair, norm="forward")
    audio = np.empty((len(pair), HOP * plan.scale, plan.up), np.complex64)
    for position, response in enumerate(plan.spectra):
        audio[..., position] = np.fft.ifft(spectrum * response)[:, 2 * OVERLAP * plan.scale :]
    interleaved = audio.reshape(-1, 1).view(np.float32)  # as a file wants two channels
    if plan.plain and len(samples) == 2:
        return interleaved.T
    return np.ascontiguousarray(interleaved.T).reshape(len(samples), -1)


def _overlapping(plan: Plan, samples: NDArray[np.generic]) -> NDArray[np.generic]:
    """Overlapping blocks (rows, HOPS, FFT) of samples (rows, N), N at scale 1; not to be written to."""
    row, sample = samples.strides
    shape, strides = (len(samples), HOPS, FFT * plan.scale), (row, HOP * plan.scale * sample, sample)
    return as_strided(samples, shape, strides, writeable=False)
