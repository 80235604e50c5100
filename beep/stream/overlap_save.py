"""The filters of a tile, by overlap-save: products of spectra, block by block; then the step up, a matrix product.

A block is FFT samples at scale 1, and begins HOP samples after the one before. The first 2 REACH samples of its
circular convolution are dropped. Transforms forward have norm="forward": NumPy computes single precision only so.
"""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from numpy.typing import NDArray

from beep.base.arrays import Samples, product
from beep.stream.plan import FFT, HOP, HOPS, OVERLAP, REACH, STEP_ROW, Plan


def envelope(plan: Plan, baseband: NDArray[np.complex64]) -> Samples:
    """Envelope (carriers, samples of a tile) behind the filter before the detector, of what has the overlap."""
    levels: Samples = np.abs(_filtered(plan, _overlapping(plan, baseband), plan.if_spectrum, margin=0))
    return levels.reshape(len(baseband), -1)


def band_filtered(plan: Plan, samples: Samples) -> Samples:
    """Audio filter and step up to the rate of the audio stage: (channels, frames) of what has the overlap.

    Two real signals are filtered as one complex signal: two channels, or both halves of one.
    """
    first, second = _overlapping(plan, samples).reshape(2, -1, FFT * plan.scale)
    pair = np.empty(first.shape, np.complex64)
    pair.real, pair.imag = first, second
    length = len(plan.step_up)
    filtered = _filtered(plan, pair, plan.spectrum, margin=(length - STEP_ROW) // 2)
    both = np.stack([filtered.real, filtered.imag])
    if plan.up > 1:
        rows = sliding_window_view(both, length, axis=2)[..., ::STEP_ROW, :]
        both = product(np.ascontiguousarray(rows), plan.step_up)
    return both.reshape(len(samples), -1)


def _filtered(plan: Plan, blocks: NDArray[Any], spectrum: NDArray[np.complex64], *, margin: int) -> NDArray[Any]:
    """Filtered samples (..., HOP + 2 margin) of each block (..., FFT), with a margin on both sides."""
    spectra = np.fft.fft(blocks, norm="forward")
    spectra *= spectrum
    first = (REACH + OVERLAP) * plan.scale
    return np.fft.ifft(spectra)[..., first - margin : first + HOP * plan.scale + margin]


def _overlapping(plan: Plan, samples: NDArray[np.generic]) -> NDArray[np.generic]:
    """Overlapping blocks (rows, HOPS, FFT) of samples (rows, N), N at scale 1; not to be written to."""
    row, sample = samples.strides
    shape, strides = (len(samples), HOPS, FFT * plan.scale), (row, HOP * plan.scale * sample, sample)
    return as_strided(samples, shape, strides, writeable=False)
