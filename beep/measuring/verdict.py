"""Whether what was found is beeps: false ones are worse than none."""

import numpy as np

from beep.measuring.beeps import Beeps

LEAST_WHOLE_PULSES = 4  # whole pulses
LEAST_MEDIAN_ENERGY = 16.0
ALIKE = 0.2  # of the usual length
UNEVEN = 0.17  # of the period: the clip that is handed round since 1957 wanders by 10 %
SHORTEST_S = 0.07
LEAST_FALL = 0.45  # of the amplitude within a pulse; a receiver's gain control falls to about 0.6
MOST_GROWTH = 1.6  # and does not make it grow; a syllable may
MOST_WANDER, MOST_WANDER_HZ = 0.01, 4.0  # of the tone about a smooth course; a tape's wow is 0.004
MOST_ARCH = 1.12  # a sine's half wave has 1.2
MOST_EXCEPTIONS, MOST_MISSING = 0.3, 0.15  # of the slots: the tapes of 1957 have dashes, Morse code has gaps too
FADING_DB, MOST_LOST = 3.0, 0.4  # Faraday's nulls come every other second and take whole beeps; a key is even


def doubt(beeps: Beeps) -> str:
    """Why these are not the beeps of a satellite's keying, in words, or nothing."""
    count = len(beeps.slot)
    single = beeps.whole & (beeps.slots == 1)
    if single.sum() < LEAST_WHOLE_PULSES:
        return "a keyed tone with too few pulses for a clock"
    energy = beeps.tones.energy
    if np.median(energy) < LEAST_MEDIAN_ENERGY:
        return "only noise"
    length = (beeps.stop_s - beeps.start_s)[single]
    usual = float(np.median(length))
    period = beeps.clock.period_s
    rough = ALIKE * usual + 4 * np.hypot(beeps.start_sd_s, beeps.stop_sd_s)[single]
    alike = float(np.mean(np.abs(length - usual) < rough))
    missing, joined = _exceptions(beeps)
    slots = int(beeps.slot[-1] + beeps.slots[-1])
    fading = beeps.clock.steady and float(np.std(20 * np.log10(beeps.tones.amplitude + 1e-12))) > FADING_DB
    lost = MOST_LOST if fading else MOST_MISSING
    gaps = missing > lost * slots or missing + joined > max(lost, MOST_EXCEPTIONS) * slots
    step = np.maximum(np.diff(beeps.slot), 1)
    off = np.abs(np.diff(beeps.start_s) / step / period - 1)
    uneven = not beeps.clock.steady and np.mean((off < UNEVEN) & (step <= 2)) < 0.85
    if gaps or uneven or (alike < 0.85 and not beeps.clock.steady):
        return "a keyed tone without a steady clock, like Morse code"
    if alike < 0.8:
        return "a tone whose pulses are of unlike length"
    if count < 0.4 * slots:
        return "a tone that comes back now and then, on no steady clock"
    if beeps.tone.scatter > max(MOST_WANDER * beeps.tone.mean[0], MOST_WANDER_HZ):
        return "sounds without one steady tone"
    if usual < SHORTEST_S:
        return "clicks or knocks, too short for beeps"
    if beeps.fall < LEAST_FALL:
        return "struck or plucked sounds that die away"
    if beeps.fall > MOST_GROWTH:
        return "sounds that swell, like syllables"
    if beeps.arch > MOST_ARCH or beeps.rise_s > 0.34 * min(usual, period - usual):
        return "a tone that swells and fades without being keyed"
    if beeps.floor > 0.55:
        return "a tone that is never off"
    return ""


def _exceptions(beeps: Beeps) -> tuple[int, int]:
    """Slots in which a pulse is missing though its neighbours are strong, and slots without a key-up before."""
    energy = beeps.tones.energy
    gone = np.diff(beeps.slot) - beeps.slots[:-1]
    strong = np.minimum(energy[1:], energy[:-1]) > 60
    return int(np.sum(gone[strong])), int(np.sum(beeps.slots - 1))
