"""Reasons why regular sounds are not a satellite's beeps. To report false beeps is worse than to report none."""

import numpy as np

from beep.measuring.beeps import Beeps

LEAST_WHOLE_PULSES = 4
LEAST_MEDIAN_ENERGY = 16.0  # C T/N0
LENGTH_TOLERANCE = 0.2  # of the usual length
PERIOD_TOLERANCE = 0.17  # of the period: the well-known clip of 1957 varies by 10 %
SHORTEST_S = 0.07
LEAST_DECAY = 0.45  # last third of a pulse against its first, in amplitude; a receiver's AGC falls to about 0.6
MOST_GROWTH = 1.6  # of the same; no AGC makes a tone grow, a syllable may
MOST_WANDER, MOST_WANDER_HZ = 0.01, 4.0  # of the tone about a smooth curve; a tape's wow is 0.004
MOST_ARCH = 1.12  # middle of a pulse against its ends; half a period of a sine has 1.2
MOST_EXCEPTIONS, MOST_MISSING = 0.3, 0.15  # of the slots: the tapes of 1957 have dashes, Morse code has gaps too
FADING_DB, MOST_LOST = 3.0, 0.4  # scatter of the level that tells fading, which takes whole beeps from a steady clock


def doubt(beeps: Beeps) -> str:
    """Return the reason why these are not beeps of a satellite, or nothing."""
    single = beeps.whole & (beeps.slots == 1)
    if single.sum() < LEAST_WHOLE_PULSES:
        return "a keyed tone with too few pulses for a clock"
    if np.median(beeps.tones.energy) < LEAST_MEDIAN_ENERGY:
        return "only noise"
    length_s = (beeps.stop_s - beeps.start_s)[single]
    usual_s = float(np.median(length_s))
    tolerance_s = LENGTH_TOLERANCE * usual_s + 4 * np.hypot(beeps.start_sd_s, beeps.stop_sd_s)[single]
    alike = float(np.mean(np.abs(length_s - usual_s) < tolerance_s))
    slots = int(beeps.slot[-1] + beeps.slots[-1])
    if _has_gaps(beeps, slots) or _is_uneven(beeps) or (alike < 0.85 and not beeps.clock.steady):
        return "a keyed tone without a steady clock, like Morse code"
    if alike < 0.8:
        return "a tone with pulses of different lengths"
    if len(beeps.slot) < 0.4 * slots:
        return "a tone that returns at irregular times"
    if beeps.tone.scatter > max(MOST_WANDER * beeps.tone.mean[0], MOST_WANDER_HZ):
        return "sounds of unsteady pitch"
    if usual_s < SHORTEST_S:
        return "clicks or knocks, too short for beeps"
    if beeps.fall < LEAST_DECAY:
        return "struck or plucked sounds that die away"
    if beeps.fall > MOST_GROWTH:
        return "sounds that swell, like syllables"
    if beeps.arch > MOST_ARCH or beeps.rise_s > 0.34 * min(usual_s, beeps.clock.period_s - usual_s):
        return "a tone that swells and fades without being keyed"
    if beeps.floor > 0.55:
        return "a tone that is never off"
    return ""


def _has_gaps(beeps: Beeps, slots: int) -> bool:
    """Whether too many slots have no pulse between strong neighbours, or no key-up before the next."""
    energy = beeps.tones.energy
    absent = np.diff(beeps.slot) - beeps.slots[:-1]
    missing = int(np.sum(absent[np.minimum(energy[1:], energy[:-1]) > 60]))
    joined = int(np.sum(beeps.slots - 1))
    level_db = 20 * np.log10(beeps.tones.amplitude + 1e-12)
    fading = beeps.clock.steady and float(np.std(level_db)) > FADING_DB
    most_missing = MOST_LOST if fading else MOST_MISSING
    return missing > most_missing * slots or missing + joined > max(most_missing, MOST_EXCEPTIONS) * slots


def _is_uneven(beeps: Beeps) -> bool:
    """Whether pulses without a steady clock are not even about equally far apart."""
    if beeps.clock.steady:
        return False
    step = np.maximum(np.diff(beeps.slot), 1)
    off = np.abs(np.diff(beeps.start_s) / step / beeps.clock.period_s - 1)
    return bool(np.mean((off < PERIOD_TOLERANCE) & (step <= 2)) < 0.85)
