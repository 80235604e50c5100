"""The tone of beeps by their phase: a straight line, or one that a tape's flutter bends.

The phase of a beep is a straight line plus a smooth random course, whose size all beeps of a recording tell together:
zero for an exact tone, some radians for a tape. It is estimated by maximum posterior likelihood, which is the maximum
likelihood of a plain tone where there is no flutter. Functions of many beeps at once, arrays (N,).

References: Rife and Boorstyn, Single-tone parameter estimation from discrete-time observations (1974).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beep.base.arrays import Array
from beep.measuring.band import Band, unit_at
from beep.measuring.smooth import SmoothCurve

Complexes = NDArray[np.complex128]

BEEPS_AT_ONCE = 256  # beeps worked on at once
CORNER_HZ = 30.0  # of the flutter that is followed
UNHEARD = 0.05  # of the beep's power: a tone beyond its ends that is not followed
FIRST_LOW_PASSES_HZ, LOW_PASS_HZ = (90.0, 160.0), 50.0  # of a Gaussian, in which the phase is unwrapped
EVEN_GLIDE_HZ_S = 15.0  # prior standard error of an exact tone's glide
NOISE_FROM_HZ, NOISE_TO_HZ = 12.0, 200.0  # beside the tone
FLUTTER_NOISE_FROM_HZ = 60.0
QUIET_PART = 0.8  # of the noise's bins: a hum line beside the tone is not among them
NEIGHBOURS = 15  # beeps over which the noise is averaged
NEWTON_STEPS = 5
MOST_AT_ONCE = 40  # coefficients
LOST = 3.0  # in power, of the noise in the low pass
ENVELOPE_HZ = 150.0  # of a Gaussian, in which a bent tone's envelope is taken
INCOHERENT = 9.0  # in log likelihood a beep: what the flutter's course must explain, beyond its own noise


@dataclass(frozen=True, kw_only=True)
class PulsePhases:
    """The phase of N beeps as a course, and what follows from it."""

    time_s: Array  # middle of what was used
    length_s: Array  # of what was used
    tone_hz: Array  # mean frequency from end to end
    tone_sd_hz: Array  # from the noise
    amplitude: Array
    density: Array  # of the noise at baseband, so that C/N0 = amplitude**2 / density
    freedom: Array  # of the course, beyond a line and its bend: as many numbers as the data tell
    flutter_hz: Array  # rms of the frequency within the beep about its mean, noise taken out
    ends_hz: Array  # (N, 2) by how much the frequency at the ends differs from that mean
    base_hz: Array  # what the phase is counted against: base_hz and base_slope at time_s
    base_slope_hz_s: Array
    course: Array  # (N, K) coefficients of the phase, rad
    centre_s: Array  # middle of the interval on which the course is defined
    half_s: Array  # and half of its length

    @property
    def energy(self) -> Array:
        """Energy over noise density, C T/N0."""
        return np.maximum(self.amplitude**2 * self.length_s / self.density, 1e-9)

    @property
    def bent(self) -> bool:
        """Whether the phase bends as a tape's does, so that nobody knows it beyond a beep's ends."""
        return bool(self.course.shape[1] > 3)

    def levels(self, band: Band, start_s: Array, count: int) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Times (N, count) from `start_s` on, levels there, and which are recorded.

        The level of an exact tone is what is in phase with the beep. Where the phase bends, it is the envelope in a
        band about the beep's tone, less what noise adds to a magnitude.
        """
        if not self.bent:
            t_s, z = band.windows(start_s, count, self.base_hz, self.base_slope_hz_s, self.time_s)
            x = (t_s - self.centre_s[:, None]) / self.half_s[:, None]
            phase = (basis_at(x, self.course.shape[1]) @ self.course[:, :, None])[:, :, 0]
            return t_s, (z * unit_at(-phase / (2 * np.pi))).real, z != 0
        side = 4  # samples, that the filter's ends do not matter
        at_s, nothing = start_s - side / band.rate_hz, np.zeros_like(start_s)
        t_s, z = band.windows(at_s, count + 2 * side, self.tone_hz, nothing, self.time_s)
        power = np.abs(_low_passed(z, band.rate_hz, ENVELOPE_HZ)) ** 2
        power -= (np.pi**0.5 / 2 * ENVELOPE_HZ * self.density)[:, None]
        inner = slice(side, side + count)
        return t_s[:, inner], np.sqrt(np.maximum(power, 0.0))[:, inner], (z != 0)[:, inner]


def basis_at(x: Array, size: int) -> Array:
    """Functions (..., size) of x from -1 to 1: constant, line, and a parabola (size 3) or cosines; linear beyond."""
    inside = np.clip(x, -1, 1)
    if size == 3:
        return np.stack([np.ones_like(x), x, x**2 - 1 / 3], axis=-1)
    order = np.arange(1, size - 1)
    return np.concatenate(
        [np.ones_like(x)[..., None], x[..., None], np.cos(np.pi / 2 * (inside[..., None] + 1) * order)], axis=-1
    )


def phases(
    band: Band,
    start_s: Array,
    stop_s: Array,
    curve: SmoothCurve,
    *,
    search_hz: float,
    flutter: float = 0.0,
    beyond_s: float = 0.0,
) -> PulsePhases:
    """Estimate the phase of beeps (N,) between `start_s` and `stop_s`, near a curve of tones.

    `flutter` is the size of the phase deviations, from `flutter_size`; 0 for an exact tone. The phase is followed
    `beyond_s` beyond both ends.
    """
    order = np.argsort(stop_s - start_s, kind="stable")
    parts: list[dict[str, Array]] = []
    for at in range(0, len(order), BEEPS_AT_ONCE):
        rows = order[at : at + BEEPS_AT_ONCE]
        parts.append(_phases(band, start_s[rows], stop_s[rows], curve, search_hz, flutter, beyond_s))
    size = max((part["course"].shape[1] for part in parts), default=3)
    back = np.argsort(order, kind="stable")
    columns: dict[str, Any] = {}
    for name in PulsePhases.__dataclass_fields__:
        values = [part[name] for part in parts]
        if name == "course":
            values = [np.pad(value, ((0, 0), (0, size - value.shape[1]))) for value in values]
        empty = np.zeros({"course": (0, 3), "ends_hz": (0, 2)}.get(name, 0))
        columns[name] = np.concatenate(values)[back] if values else empty
    columns["density"] = _among_neighbours(columns["density"])
    return PulsePhases(**columns)


def _phases(
    band: Band, start_s: Array, stop_s: Array, curve: SmoothCurve, search_hz: float, flutter: float, beyond_s: float
) -> dict[str, Array]:
    rate = band.rate_hz
    half = float((stop_s - start_s).max()) / 2 + beyond_s
    count = int(np.ceil(2 * half * rate)) + 2
    middle = (start_s + stop_s) / 2
    tone_hz, slope_hz_s = np.asarray(curve(middle)), np.asarray(curve.slope_at(middle))
    t_s, z = band.windows(start_s - beyond_s, count, tone_hz, slope_hz_s, middle)
    z = z * ((t_s >= start_s[:, None] - beyond_s) & (t_s <= stop_s[:, None] + beyond_s))
    inside = ((t_s >= start_s[:, None]) & (t_s <= stop_s[:, None]) & (z != 0)).astype(np.float64)
    total = np.maximum(inside.sum(axis=1), 3.0)
    centre = t_s[:, 0] + half
    size = max(4, 2 + int(np.ceil(4 * CORNER_HZ * half))) if flutter else 3
    basis = basis_at(np.arange(count) / rate / half - 1, size)  # (count, size)
    heard = inside
    if flutter:
        heard = _heard(z, inside, rate)
        course = _best_unwrapped(z, heard, basis, rate)
    else:
        course = np.zeros((len(z), size))
        course[:, 1] = 2 * np.pi * half * _strongest(z, rate, search_hz)
    moments = _moments(heard, basis)
    prior = _prior(size, half, flutter)
    for step in range(NEWTON_STEPS):
        turned = z * unit_at(course @ basis.T / (-2 * np.pi))
        mean = (turned * inside).sum(axis=1) / total
        if step in (0, NEWTON_STEPS - 1):
            density = _density(turned * inside, inside, rate, FLUTTER_NOISE_FROM_HZ if flutter else NOISE_FROM_HZ)
        size_of = np.maximum(np.abs(mean), 1e-300)
        weight = 2 * size_of**2 / np.maximum(density * rate, 1e-300)
        error = (turned * (mean.conj() / size_of)[:, None]).imag / size_of[:, None]
        if flutter:  # an outlier in phase is not followed as if it were a small one
            error = np.clip(error / np.sqrt(np.maximum(heard, 1e-12)), -1.0, 1.0)
        course[:, 0] += np.angle(mean)
        normal = moments * weight[:, None, None] + np.diag(prior) + 1e-9 * (1 + weight[:, None, None]) * np.eye(size)
        push = (error * heard) @ basis * weight[:, None] - prior * course
        course = course + np.linalg.solve(normal, push[:, :, None])[:, :, 0]
    turned = z * unit_at(course @ basis.T / (-2 * np.pi))
    mean = (turned * inside).sum(axis=1) / total
    course[:, 0] += np.angle(mean)
    covariance = np.linalg.inv(normal)
    ends = basis_at((stop_s - centre) / half, size) - basis_at((start_s - centre) / half, size)
    ends /= 2 * np.pi * (stop_s - start_s)[:, None]
    length = total / rate
    energy = np.abs(mean) ** 2 * length / np.maximum(density, 1e-300)
    bent_hz = np.gradient(course[:, 1:] @ basis[:, 1:].T, 1 / rate, axis=1) / (2 * np.pi)
    bent_hz -= ((bent_hz * inside).sum(axis=1) / total)[:, None]
    first = inside.argmax(axis=1)
    last = np.minimum(first + total.astype(np.int64), count) - 1
    tone_sd = np.sqrt(np.einsum("nj,njk,nk->n", ends, covariance, ends))
    if flutter:  # where the tone is lost for a moment, a turn may be
        power = np.abs(_low_passed(turned, rate, LOW_PASS_HZ)) ** 2 + 1e30 * (inside == 0)
        lost = power.min(axis=1) < LOST * 2 * np.pi**0.5 * LOW_PASS_HZ * density
        tone_sd = np.where(lost, np.hypot(tone_sd, 1 / length), tone_sd)
    return {
        "time_s": middle,
        "length_s": length,
        "tone_hz": tone_hz + (ends * course).sum(axis=1),
        "tone_sd_hz": tone_sd,
        # Noise adds to a magnitude.
        "amplitude": np.abs(mean) * np.sqrt(np.maximum(1 - 1 / np.maximum(energy, 1.0), 0.0)),
        "density": density,
        "freedom": (1 - prior * np.einsum("nkk->nk", covariance))[:, 2:].sum(axis=1),
        "flutter_hz": np.sqrt(((bent_hz * inside) ** 2).sum(axis=1) / total) if flutter else np.zeros(len(z)),
        "ends_hz": np.stack([bent_hz[np.arange(len(z)), at] for at in (first, last)], axis=1),
        "base_hz": tone_hz,
        "base_slope_hz_s": slope_hz_s,
        "course": course,
        "centre_s": centre,
        "half_s": np.full(len(z), half),
    }


def _prior(size: int, half_s: float, flutter: float) -> Array:
    """Inverse variances (size,) of the coefficients: none of a constant and a line."""
    if size == 3:
        return np.array([0.0, 0.0, (np.pi * half_s**2 * EVEN_GLIDE_HZ_S) ** -2])
    order = np.arange(1, size - 1)
    return np.concatenate([[0.0, 0.0], order**2 / (flutter**2 * half_s)])


def flutter_size(found: PulsePhases) -> float:
    """Size of the flutter's course, by which the phase of beeps is estimated: rad per root second.

    The squares of the coefficients against as many numbers as the data tell (MacKay, Bayesian interpolation, 1992).
    """
    order = np.arange(1, found.course.shape[1] - 1)
    squares = ((order * found.course[:, 2:]) ** 2).sum(axis=1) / found.half_s
    return float(np.sqrt(np.median(squares / np.maximum(found.freedom, 1.0))))


def _strongest(z: Complexes, rate: float, search_hz: float) -> Array:
    """Frequency (N,) of the highest peak of the spectra of samples (N, count) within `search_hz` of 0."""
    size = 1 << int(np.ceil(np.log2(2.5 * z.shape[1])))
    step = rate / size
    steps = min(int(np.ceil(search_hz / step)), size // 2 - 1)
    places = np.arange(-steps, steps + 1)
    power = np.abs(np.fft.fft(z, size, axis=1)[:, places]) ** 2
    return np.asarray(places[power.argmax(axis=1)] * step)


def _moments(weight: Array, basis: Array) -> Array:
    """Weighted products (N, K, K) of functions (count, K), summed with each of the weights (N, count)."""
    count, size = basis.shape
    if size <= MOST_AT_ONCE:
        products = (basis[:, :, None] * basis[:, None, :]).reshape(count, -1)
        return (weight @ products).reshape(-1, size, size)
    # The products of so many cosines of `basis_at` are too many: cos a cos b = (cos(a - b) + cos(a + b)) / 2.
    line, order = basis[:, 1], np.arange(1, size - 1)
    angle = np.pi / 2 * (np.clip(line, -1, 1) + 1)
    sums = weight @ np.cos(angle[:, None] * np.arange(2 * size - 3))
    moments = np.empty((len(weight), size, size))
    moments[:, 2:, 2:] = (sums[:, np.abs(order[:, None] - order)] + sums[:, order[:, None] + order]) / 2
    moments[:, :2] = np.stack([weight, weight * line], axis=1) @ basis
    moments[:, 2:, :2] = moments[:, :2, 2:].transpose(0, 2, 1)
    return moments


def _heard(z: Complexes, inside: Array, rate: float) -> Array:
    """Power (N, count) against that of the beep, 1 inside: how much of a tone there is beyond its ends."""
    power = np.abs(_low_passed(z, rate, FIRST_LOW_PASSES_HZ[0])) ** 2
    usual = (power * inside).sum(axis=1) / np.maximum(inside.sum(axis=1), 1)
    beyond = np.clip(power / np.maximum(usual, 1e-300)[:, None] - UNHEARD, 0.0, 1.0)
    return np.where(inside > 0, 1.0, beyond * (z != 0))


def _low_passed(z: Complexes, rate: float, width_hz: float) -> Complexes:
    """Samples (N, count) through a Gaussian low pass."""
    size = 2 * z.shape[1]
    hz = np.fft.fftfreq(size, 1 / rate)
    return np.fft.ifft(np.fft.fft(z, size, axis=1) * np.exp(-((hz / width_hz) ** 2) / 2), axis=1)[:, : z.shape[1]]


def _best_unwrapped(z: Complexes, heard: Array, basis: Array, rate: float) -> Array:
    """First courses (N, K) of the phase, each from that of the low passes which leaves most in phase."""
    courses = [_unwrapped(z, heard, basis, rate, width_hz) for width_hz in FIRST_LOW_PASSES_HZ]
    in_phase = [np.abs((z * heard * unit_at(course @ basis.T / (-2 * np.pi))).sum(axis=1)) for course in courses]
    return np.where((in_phase[0] >= in_phase[1])[:, None], courses[0], courses[1])


def _unwrapped(z: Complexes, heard: Array, basis: Array, rate: float, first_hz: float) -> Array:
    """Courses (N, K) of the phase, unwrapped in a low pass and again in a narrower one."""
    course = np.zeros((len(z), basis.shape[1]))
    some = 1e-3 * np.concatenate([[1e-6, 1e-6], np.arange(1, basis.shape[1] - 1) ** 2])
    total = heard.sum(axis=1)[:, None] + 1.0
    for width_hz in (first_hz, LOW_PASS_HZ):
        turned = z * unit_at(course @ basis.T / (-2 * np.pi))
        smooth = _low_passed(turned, rate, width_hz)
        weight = np.minimum(np.abs(smooth) ** 2 * heard, 1e300)
        weight /= np.maximum(weight.mean(axis=1), 1e-300)[:, None]
        # From the middle on, lest what is weak at the beginning adds turns.
        centre = z.shape[1] // 2
        angle = np.angle(smooth)
        phase = np.concatenate(
            [np.unwrap(angle[:, centre::-1], axis=1)[:, :0:-1], np.unwrap(angle[:, centre:], axis=1)], axis=1
        )
        normal = _moments(weight, basis) + np.diag(some) * total[:, :, None]
        push = (weight * phase) @ basis - some * total * course
        course = course + np.linalg.solve(normal, push[:, :, None])[:, :, 0]
    return course


def _density(turned: Complexes, inside: Array, rate: float, from_hz: float) -> Array:
    """Noise density (N,) beside the tone, when what is smooth has been taken out."""
    count = turned.shape[1]
    x = np.linspace(-1, 1, count)
    smooth = np.stack([np.ones(count), x, x**2], axis=1)
    normal = _moments(inside, smooth) + 1e-9 * np.eye(3)
    part = np.linalg.solve(normal, (turned @ smooth)[:, :, None])[:, :, 0]
    rest = turned - part @ smooth.T * inside
    beside = np.abs(np.fft.fftfreq(count, 1 / rate))
    power = np.abs(np.fft.fft(rest, axis=1)[:, (beside > from_hz) & (beside < NOISE_TO_HZ)]) ** 2
    bins = power.shape[1]
    kept = max(int(QUIET_PART * bins), 1)
    low = np.partition(power, kept - 1, axis=1)[:, :kept]
    # Exponentially distributed powers, of which only the lowest are known: maximum likelihood.
    quiet = (low.sum(axis=1) + (bins - kept) * low[:, -1]) / kept
    return np.asarray(quiet / (np.maximum(inside.sum(axis=1), 3.0) * rate) + 1e-30)


def _among_neighbours(density: Array) -> Array:
    """The noise of each beep averaged with its neighbours', leaving out what is far above them."""
    if not len(density):
        return density
    half = NEIGHBOURS // 2
    padded = np.pad(density, half, mode="reflect" if len(density) > half else "edge")
    views = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
    middle = np.median(views, axis=1)
    usual = (views < 3 * middle[:, None]) & (views > middle[:, None] / 3)
    return np.asarray(np.maximum((views * usual).sum(axis=1) / np.maximum(usual.sum(axis=1), 1), 1e-20))
