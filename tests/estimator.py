"""Measuring instruments for rendered sound, in NumPy alone: they know nothing of how it was made.

`tone_hz` reads the frequency of one pulse, `crossings_s` the moments of half amplitude. Both take real samples.
"""

import numpy as np

ROUNDS = 3  # of the fit: each shrinks what the previous one left
ORDER = 3  # of the polynomials in which amplitude and phase may still move


def tone_hz(samples, rate_hz):
    """Frequency, Hz, in the middle of the samples of a tone that may glide and swell.

    The peak of a windowed spectrum gives the start. Then the samples are fitted by least squares as
    P(t) cos(phase) - Q(t) sin(phase), P and Q polynomials: P + iQ is what amplitude and phase do beyond the assumed
    phase, its slope in the middle corrects the frequency, its bend the glide, and the fit runs again. Being a fit of
    the real samples, it has no image at minus the frequency to suppress.
    """
    count = len(samples)
    t_s = (np.arange(count) - (count - 1) / 2) / rate_hz
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(count), 4 * count))
    frequency_hz, glide_hz_s = float(spectrum.argmax()) * rate_hz / (4 * count), 0.0

    x = t_s / t_s[-1]
    powers = np.ascontiguousarray(np.vander(x, ORDER + 1, increasing=True).T)
    for _ in range(ROUNDS):
        phase = 2 * np.pi * (frequency_hz + glide_hz_s / 2 * t_s) * t_s
        basis = np.concatenate([powers * np.cos(phase), -powers * np.sin(phase)])
        p, q = np.linalg.solve(basis @ basis.T, basis @ samples).reshape(2, ORDER + 1)
        beyond = p + 1j * q
        slope = beyond[1] / beyond[0]  # of log(P + iQ), per x
        bend = 2 * beyond[2] / beyond[0] - slope**2
        frequency_hz += slope.imag / (2 * np.pi * t_s[-1])
        glide_hz_s += bend.imag / (2 * np.pi * t_s[-1] ** 2)
    return frequency_hz


def envelope(samples):
    """Amplitude of a tone: the magnitude of the analytic signal, which lacks the negative frequencies."""
    count = len(samples)
    spectrum = np.fft.fft(samples)
    spectrum[count // 2 + 1 :] = 0
    spectrum[1 : count // 2] *= 2
    return np.abs(np.fft.ifft(spectrum))


def crossings_s(samples, rate_hz, *, flat):
    """Seconds after the first sample at which the envelope rises and falls through half its level.

    `flat` (a slice) is where the key is down: a line through it is the level, also at the edges.
    """
    amplitude = envelope(samples)
    index = np.arange(len(samples))
    relative = amplitude / np.polyval(np.polyfit(index[flat], amplitude[flat], 1), index) - 0.5
    middle = (flat.start + flat.stop) // 2
    before = np.flatnonzero(relative[:middle] < 0)[-1]
    after = middle + np.flatnonzero(relative[middle:] < 0)[0] - 1
    return tuple((at + relative[at] / (relative[at] - relative[at + 1])) / rate_hz for at in (before, after))
