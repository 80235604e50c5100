"""Whether what was found is beeps: false ones are worse than none. Beeps need not be even to be beeps."""

import numpy as np

from beep.measuring.beeps import Beeps

LEAST_IN_ALL, LEAST_WHOLE = 4, 3  # beeps, and whole single ones among them
LEAST_MEDIAN_ENERGY = 16.0
ALIKE, LEAST_ALIKE = 0.3, 0.8  # of the usual length; of the beeps. The clip that is handed round scatters by 12 %
UNEVEN, LEAST_EVEN = 0.25, 0.85  # of the period; of the intervals. The same clip scatters by 8 %
IRREGULAR = 0.035, 0.06  # of period and length: scatter that no keying of 1957 has
STRETCH_SLOTS, STRETCH_S = 8, 2.5  # without a beep, after which another stretch of beeps begins
SHORTEST_S = 0.07
LEAST_FALL = 0.45  # of the amplitude within a beep; a receiver's gain control falls to about 0.6
MOST_TAIL = 0.12  # a key is as sharp at its end as at its beginning
MOST_GROWTH = 1.6  # and does not make it grow; a syllable may
MOST_WANDER, MOST_WANDER_HZ = 0.02, 4.0  # of the tone about a smooth course; on tapes up to 0.013
MOST_ARCH = 1.12  # a sine's half wave has 1.2
MOST_EXCEPTIONS, MOST_MISSING = 0.3, 0.15  # of the slots: the tapes of 1957 have dashes, Morse code has gaps too
FADING_DB, MOST_LOST = 3.0, 0.4  # Faraday's nulls come every other second and take whole beeps; a key is even
MOST_RESIDUAL = 0.5


def doubt(beeps: Beeps) -> str:
    """Why these are not the beeps of a satellite's keying, in words, or nothing."""
    single = beeps.whole & (beeps.slots == 1)
    if single.sum() < LEAST_WHOLE or len(beeps.slot) < LEAST_IN_ALL:
        return "a keyed tone with too few pulses for a clock"
    energy = beeps.phases.energy
    if np.median(energy) < LEAST_MEDIAN_ENERGY:
        return "only noise"
    length = (beeps.stop_s - beeps.start_s)[single]
    usual = float(np.median(length))
    period = beeps.clock.period_s
    rough = ALIKE * usual + 4 * np.hypot(beeps.start_sd_s, beeps.stop_sd_s)[single]
    alike = float(np.mean(np.abs(length - usual) < rough))
    step = np.maximum(np.diff(beeps.slot), 1)
    gone = np.diff(beeps.slot) - beeps.slots[:-1]
    within = (gone < STRETCH_SLOTS) | (np.diff(beeps.start_s) < STRETCH_S)
    stretches = 1 + int(np.sum(~within))
    strong = np.minimum(energy[1:], energy[:-1]) > 60
    missing, joined = int(np.sum(gone[strong & within])), int(np.sum(beeps.slots - 1))
    slots = len(beeps.slot) + joined + int(np.sum(gone[within]))
    fading = beeps.clock.steady and float(np.std(20 * np.log10(beeps.phases.amplitude + 1e-12))) > FADING_DB
    lost = MOST_LOST if fading else MOST_MISSING
    gaps = missing > lost * slots or missing + joined > max(lost, MOST_EXCEPTIONS) * slots
    off = np.abs(np.diff(beeps.start_s) / step / period - 1)
    uneven = np.mean(((off < UNEVEN) & (step <= 2))[within]) < LEAST_EVEN
    if gaps or (uneven and not beeps.clock.steady):
        return "a keyed tone without a steady clock, like Morse code"
    if alike < LEAST_ALIKE:
        return "a tone whose pulses are of unlike length, like Morse code"
    if len(beeps.slot) < 0.4 * slots or len(beeps.slot) < 3 * stretches:
        return "a tone that comes back now and then, on no steady clock"
    if beeps.tone.scatter > max(MOST_WANDER * beeps.tone.mean[0], MOST_WANDER_HZ):
        return "sounds without one steady tone"
    if usual < SHORTEST_S:
        return "clicks or knocks, too short for beeps"
    if beeps.fall < LEAST_FALL or beeps.tail > MOST_TAIL:
        return "struck or plucked sounds that die away"
    if beeps.fall > MOST_GROWTH:
        return "sounds that swell, like syllables"
    if beeps.arch > MOST_ARCH or beeps.rise_s > 0.34 * min(usual, period - usual):
        return "a tone that swells and fades without being keyed"
    if len(beeps.residual) and np.median(beeps.residual) > MOST_RESIDUAL:
        return "a tone that is never off"
    return ""


def irregular(beeps: Beeps) -> bool:
    """Whether clock or lengths scatter more than those of any keying of 1957."""
    single = beeps.whole & (beeps.slots == 1)
    length = (beeps.stop_s - beeps.start_s)[single]
    noise = np.hypot(beeps.start_sd_s, beeps.stop_sd_s)[single]
    usual = float(np.median(length))
    spread = 1.4826 * float(np.median(np.abs(length - usual)))
    clock, lengths = IRREGULAR
    step = np.maximum(np.diff(beeps.slot), 1)
    interval = (np.diff(beeps.start_s) / step)[(step == beeps.slots[:-1]) & beeps.whole[:-1]]
    scatter_s = max(beeps.clock.scatter_s, float(np.std(interval)) if len(interval) > 1 else 0.0)
    uneven = scatter_s > clock * beeps.clock.period_s and beeps.clock.scatter_s > 0.3 * clock * beeps.clock.period_s
    return uneven or spread > lengths * usual + 2 * float(np.median(noise))
