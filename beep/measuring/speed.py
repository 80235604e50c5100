"""Speed of a tape, from its hum and its keying."""

from dataclasses import dataclass

import numpy as np

from beep.measuring.clock import KEYINGS, KeyingName
from beep.measuring.hum import MAINS_HZ

HUM_SD_HZ = 0.1  # of a line, as it is rounded
MAINS_SD = 0.002  # of the mains' own frequency, in parts (assumed)
MOST_OFF = 0.1  # beyond it a tape was keyed otherwise


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Speed error of a tape, positive where it runs too fast, if its hum or keying is the assumed one."""

    percent: float
    percent_sd: float
    reference: str  # "hum of 60 Hz" or "keying like dallas"


def tape_speeds(
    hum_hz: tuple[float, ...], period_s: float, period_sd_s: float, keying: KeyingName
) -> tuple[Speed, ...]:
    """Return the speed error from hum and from a known keying, each where there is one."""
    speeds = []
    if hum_hz:
        numbers = [np.maximum(np.rint(np.array(hum_hz) / mains_hz), 1) for mains_hz in MAINS_HZ]
        off = [np.array(hum_hz) / number / mains_hz - 1 for number, mains_hz in zip(numbers, MAINS_HZ, strict=True)]
        best = int(np.argmin([np.median(np.abs(part)) for part in off]))
        weight = numbers[best] ** 2
        error = HUM_SD_HZ / MAINS_HZ[best] / np.sqrt(weight.sum())
        speeds.append(
            Speed(
                percent=100 * float(np.sum(weight * off[best]) / np.sum(weight)),
                percent_sd=100 * float(np.hypot(error, MAINS_SD)),
                reference=f"hum of {MAINS_HZ[best]:g} Hz",
            )
        )
    if keying != "none":
        ratio = sum(KEYINGS[keying]) / period_s
        if abs(ratio - 1) < MOST_OFF:
            error = 100 * ratio * period_sd_s / period_s
            speeds.append(Speed(percent=100 * (ratio - 1), percent_sd=error, reference=f"keying like {keying}"))
    return tuple(speeds)
