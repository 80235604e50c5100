"""The filters of a tile, by overlap-save: products of spectra, block by block; then interpolation, a matrix product.

A block is FILTER_BLOCK samples at scale 1, and begins HOP samples after the one before. Of its circular convolution
the first 2 REACH samples are not valid. Forward transforms have norm="forward": with another, NumPy computes in double
precision.
"""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from beep.base.arrays import Samples, product
from beep.stream.plan import FILTER_BLOCK, HOP, INTERPOLATION_ROW, OVERLAP, REACH, Plan


def envelope(plan: Plan, baseband: NDArray[np.complex64]) -> Samples:
    """Envelope (carriers, samples) of a tile behind the filter before the detector, of baseband with the overlap."""
    levels: Samples = np.abs(_convolved(plan, _in_blocks(plan, baseband), plan.if_spectrum, margin=0))
    return levels.reshape(len(baseband), -1)


def band_filtered(plan: Plan, samples: Samples) -> Samples:
    """Samples (channels, frames) of a tile behind the audio filter, interpolated to the rate of the audio stage.

    `samples` (channels, N) have the overlap. Two real signals are filtered as one complex signal, because the taps are
    real: two channels, or both halves of one.
    """
    first, second = _in_blocks(plan, samples).reshape(2, -1, FILTER_BLOCK * plan.scale)
    pair = np.empty(first.shape, np.complex64)
    pair.real, pair.imag = first, second
    length = len(plan.interpolation)  # of a row: INTERPOLATION_ROW samples, and some on each side
    filtered = _convolved(plan, pair, plan.spectrum, margin=(length - INTERPOLATION_ROW) // 2)
    parts = np.stack([filtered.real, filtered.imag])
    if plan.up > 1:
        rows = sliding_window_view(parts, length, axis=2)[..., ::INTERPOLATION_ROW, :]
        parts = product(np.ascontiguousarray(rows), plan.interpolation)
    return parts.reshape(len(samples), -1)


def _convolved(plan: Plan, blocks: NDArray[Any], spectrum: NDArray[np.complex64], *, margin: int) -> NDArray[Any]:
    """Filtered samples (..., HOP scale + 2 margin) of blocks (..., FILTER_BLOCK scale).

    The margin on both sides is at most INTERPOLATION_REACH scale.
    """
    spectra = np.fft.fft(blocks, norm="forward")
    spectra *= spectrum
    first = (REACH + OVERLAP) * plan.scale  # after the filter's delay
    return np.fft.ifft(spectra)[..., first - margin : first + HOP * plan.scale + margin]


def _in_blocks(plan: Plan, samples: NDArray[Any]) -> NDArray[Any]:
    """Overlapping blocks (rows, BLOCKS, FILTER_BLOCK scale) of samples (rows, N), a view."""
    return sliding_window_view(samples, FILTER_BLOCK * plan.scale, axis=1)[:, :: HOP * plan.scale]
