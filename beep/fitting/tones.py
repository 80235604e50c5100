"""The tones that a fit takes: those of measurements or given ones, which of them are usable, and their sideband."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from beep.base.errors import FitError
from beep.fitting.solve import Tones, robust_sd
from beep.measuring.measure import Measurement
from beep.scenario.carriers import SPUTNIK_1

LEAST_TONES = 8  # twice the unknowns of a circular orbit: four remain for the scatter, whose error is then a third
LEAST_TREND = 5.0  # standard errors by which the tone must have moved


@dataclass(frozen=True, kw_only=True)
class UsableTones(Tones):
    """Finite tones in order of time; where their errors are not known, these are 1 Hz."""

    sd_given: bool


def usable_tones(
    tones: Sequence[Tones] | Sequence[Measurement] | Tones | Measurement,
    *,
    carriers_hz: Sequence[float] | None = None,
    from_s: float | None = None,
    to_s: float | None = None,
) -> list[UsableTones]:
    """Return the usable tones of one or two carriers, between two times. Raises FitError for others, and too few."""
    low_s, high_s = -inf if from_s is None else from_s, inf if to_s is None else to_s
    if not low_s < high_s:
        raise FitError(f"from_s must be below to_s, got {low_s:g} and {high_s:g}; exchange them")
    carriers = [_usable(given, low_s, high_s) for given in _given_tones(tones, carriers_hz)]
    if not 1 <= len(carriers) <= 2:
        raise FitError(f"a fit needs the tones of one or two carriers, got {len(carriers)}")
    return carriers


def _given_tones(
    given: Sequence[Tones] | Sequence[Measurement] | Tones | Measurement, carriers_hz: Sequence[float] | None
) -> list[Tones]:
    """Return Tones as they were given, or those of measurements."""
    items = [given] if isinstance(given, Tones | Measurement) else list(given)
    tones = [item for item in items if isinstance(item, Tones)]
    measurements = [item for item in items if isinstance(item, Measurement)]
    if len(tones) + len(measurements) < len(items) or (tones and measurements):
        raise FitError(f"a fit needs Measurements or Tones, got {given!r:.60}; give it what beep.measure returns")
    if measurements:
        return tones_of(measurements, carriers_hz=carriers_hz or [carrier.frequency_mhz * 1e6 for carrier in SPUTNIK_1])
    if carriers_hz is not None:
        raise FitError("carriers_hz is for measurements, got it with Tones, which have their frequency_hz; drop it")
    return tones


def tones_of(measurements: Sequence[Measurement], *, carriers_hz: Sequence[float]) -> list[Tones]:
    """Return the tones of one or two measured carriers, the first carrier first.

    The first of `carriers_hz` belongs to the left channel or to mono, the second to the right. Where both are in one
    channel, the higher carrier is the one whose tone moves more. Of several tones in a channel those with most beeps
    are taken. Raises FitError where there are no beeps.
    """
    channels: dict[int, list[Measurement]] = {}
    for measurement in sorted(measurements, key=lambda measurement: -measurement.beeps):
        if measurement.beeps:
            channels.setdefault(measurement.channel, []).append(measurement)
    if not channels:
        notes = "; ".join(dict.fromkeys(measurement.note for measurement in measurements if measurement.note))
        raise FitError(f"a fit needs the tones of beeps, got {notes or 'no beeps'}; give it the recording of a pass")
    first, *others = next(iter(channels.values()))
    if len(channels) == 1 and others and len(carriers_hz) > 1:
        pair = sorted((first, others[0]), key=lambda measurement: float(np.ptp(measurement.pulses.tone_hz)))
        chosen = list(zip(sorted(carriers_hz), pair, strict=True))
    else:
        last = len(carriers_hz) - 1
        chosen = [(carriers_hz[min(channel, last)], channels[channel][0]) for channel in sorted(channels)][: last + 1]
    return [
        Tones(frequency_hz=carrier_hz, t_s=pulses.time_s, tone_hz=pulses.tone_hz, sd_hz=pulses.tone_sd_hz)
        for carrier_hz, pulses in ((carrier_hz, measurement.pulses) for carrier_hz, measurement in chosen)
    ]


def _usable(tones: Tones, low_s: float, high_s: float) -> UsableTones:
    t_s, tone_hz, sd_hz = (np.asarray(a, np.float64).reshape(-1) for a in (tones.t_s, tones.tone_hz, tones.sd_hz))
    if not t_s.size == tone_hz.size == sd_hz.size:
        raise FitError(f"times, tones and errors must be as many, got {t_s.size}, {tone_hz.size} and {sd_hz.size}")
    sd_given = not (sd_hz.size and np.isnan(sd_hz).all())
    if not sd_given:
        sd_hz = np.ones_like(tone_hz)
    usable = np.isfinite(t_s) & np.isfinite(tone_hz) & np.isfinite(sd_hz) & (sd_hz > 0)
    inside = usable & (t_s >= low_s) & (t_s <= high_s)
    if inside.sum() < LEAST_TONES:
        within = f", of them {inside.sum()} from {low_s:g} s to {high_s:g} s" if inside.sum() < usable.sum() else ""
        raise FitError(
            f"a fit needs {LEAST_TONES} tones of a carrier or more, with finite values and errors above 0, got "
            f"{usable.sum()} at {tones.frequency_hz / 1e6:g} MHz{within}; "
            f"{'take a longer range' if within else 'record more of the pass'}"
        )
    rows = np.flatnonzero(inside)[np.argsort(t_s[inside], kind="stable")]
    return UsableTones(
        frequency_hz=tones.frequency_hz,
        t_s=t_s[rows],
        tone_hz=tone_hz[rows],
        sd_hz=sd_hz[rows],
        epoch=tones.epoch,
        sd_given=sd_given,
    )


def tone_sign(tones: Tones) -> int:
    """+1 where the tone falls like the Doppler shift, -1 where it rises: the oscillator is above the carrier."""
    third = len(tones.t_s) // 3
    change_hz = float(np.median(tones.tone_hz[-third:]) - np.median(tones.tone_hz[:third]))
    noise_hz = robust_sd(np.diff(tones.tone_hz, 2)) / 6**0.5
    if abs(change_hz) < LEAST_TREND * noise_hz * (2 * 1.57 / third) ** 0.5:  # pi/2: variance of a median
        raise FitError(
            f"the tones must fall or rise through the pass, but those at {tones.frequency_hz / 1e6:g} MHz stay within "
            f"{abs(change_hz):.2g} Hz from {tones.t_s[0]:.0f} s to {tones.t_s[-1]:.0f} s: no Doppler is seen; "
            f"record a whole pass"
        )
    return 1 if change_hz < 0 else -1
