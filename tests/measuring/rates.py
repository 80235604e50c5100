"""How right is measuring, at every dose of a real tape's faults? Run it by hand: it takes some minutes.

    PYTHONPATH=tests python tests/measuring/rates.py [KIND] [FROM] [TO]

KIND is tapes, folklore, fading, noise, ionosphere (of 14 exports), negatives or all. Printed are a line for each
recording that misses a mark, then rates: counts, lengths, periods, and pulls, which are errors in standard errors, rms
of each quantity at each dose.
"""

import sys
from collections import defaultdict

import numpy as np
from measuring.real_tapes import beepless_tape, fading_tape, folklore_tape, plain_tape, random_dose, real_tape
from numpy.polynomial import legendre

import beep
from beep.measuring.measure import measure

LENGTH_WITHIN_S, PERIOD_WITHIN_S, TONE_WITHIN_SD, BEYOND_SD = 0.005, 0.003, 3.0, 4.0
KEYS = ("pulse_s", "period_s", "tone_hz", "drift_hz_per_s")


def judged(tape):
    """What is wrong with the measurement of a tape, in words, and its pulls by name."""
    found = max(measure(tape.samples, sample_rate_hz=tape.rate_hz), key=lambda each: each.beeps)
    if not found.beeps:
        return [found.note], {}, found
    pulses, whole = found.pulses, found.pulses.whole
    true = np.abs(pulses.start_s[:, None] - tape.start_s).argmin(axis=1)
    length_off_s = (pulses.length_s - (tape.stop_s - tape.start_s)[true])[whole]
    middle_s = tape.samples.size / tape.rate_hz / 2
    truth = {
        "pulse_s": tape.pulse_s,
        "period_s": tape.period_s,
        "tone_hz": tape.tone_hz + tape.drift_hz_per_s * (found.tone_time_s - middle_s),
        "drift_hz_per_s": tape.drift_hz_per_s,
    }
    pulls = {key: (getattr(found, key) - truth[key]) / getattr(found, f"{key}_sd") for key in KEYS}
    pulls["lengths"] = length_off_s / pulses.length_sd_s[whole]
    pulls["tones"] = ((pulses.tone_hz - tape.beep_tone_hz[true]) / pulses.tone_sd_hz)[whole]
    wrong = []
    if found.beeps != len(tape.start_s):
        wrong.append(f"{found.beeps} beeps of {len(tape.start_s)}")
    if np.abs(length_off_s).max(initial=0.0) > LENGTH_WITHIN_S:
        wrong.append(f"a length off by {1e3 * np.abs(length_off_s).max():.1f} ms")
    if abs(found.period_s - tape.period_s) > PERIOD_WITHIN_S:
        wrong.append(f"period off by {1e3 * (found.period_s - tape.period_s):.1f} ms")
    if abs(pulls["tone_hz"]) > TONE_WITHIN_SD:
        wrong.append(f"tone off by {pulls['tone_hz']:.1f} sd")
    wrong += [f"{key} off by {pulls[key]:.1f} sd" for key in KEYS if abs(pulls[key]) > BEYOND_SD]
    return wrong, pulls, found


def report(name, tapes):
    """Print what is wrong with each of the tapes (label, dose, tape), then the rates."""
    by_dose, count, misses = defaultdict(lambda: defaultdict(list)), 0, defaultdict(int)
    for label, dose, tape in tapes:
        count += 1
        wrong, pulls, _ = judged(tape)
        if wrong:
            print(name, label, "; ".join(wrong), flush=True)
        for reason in wrong:
            misses[reason.split(" off")[0].split(" beeps of")[0] if "off" in reason else "count"] += 1
        for key, values in pulls.items():
            by_dose[dose][key].append(np.atleast_1d(values))
    print(f"{name}: {count} recordings, misses {dict(misses)}")
    for dose in sorted(by_dose):
        columns = {key: np.concatenate(values) for key, values in by_dose[dose].items()}
        texts = [
            f"{key} {np.sqrt(np.mean(pulls**2)):.2f} (most {np.abs(pulls).max():.1f})" for key, pulls in columns.items()
        ]
        print(f"  dose {dose}: " + ", ".join(texts), flush=True)


def tapes(first, last):
    """Real tapes of random doses."""
    for number in range(first, last):
        dose = random_dose(number)
        yield number, float(dose.flutter), real_tape(number, dose)


def ionosphere(first, last):
    """Print the pulls of our own exports through an ionosphere: seven passes, by night and in the morning, channels."""
    columns = defaultdict(list)
    for number in range(first, min(last, 14)):
        random = np.random.default_rng([11, number // 2])
        scenario = beep.Scenario(
            altitude_km=random.uniform(230, 900),
            max_elevation_deg=random.uniform(15, 85),
            tca_s=random.uniform(-60, 180),
            ionosphere=("night", "morning")[number % 2],
            snr_db=random.uniform(12, 25),
            duration_s=120,
            sample_rate_hz=8000,
            seed=number,
        )
        for found, name in zip(measure(beep.render(scenario), sample_rate_hz=8000), ("20", "40"), strict=True):
            low_s, high_s = found.pulses.time_s[[0, -1]]
            grid = np.linspace(-1, 1, 2001)
            track = beep.track(scenario, low_s + (grid + 1) / 2 * (high_s - low_s))
            mean_hz, slope_hz = legendre.legfit(grid, track[f"tone_{name}_hz"], 20)[:2]
            stretch = 1 + legendre.legfit(grid, track["delay_s"], 20)[1] * 2 / (high_s - low_s)
            truth = {"pulse_s": 0.3 * stretch, "period_s": 0.6 * stretch, "tone_hz": mean_hz}
            truth["drift_hz_per_s"] = 2 * slope_hz / (high_s - low_s)
            pulls = {key: (getattr(found, key) - truth[key]) / getattr(found, f"{key}_sd") for key in KEYS}
            for key, pull in pulls.items():
                columns[key].append(pull)
            texts = ", ".join(f"{key} {pull:.1f}" for key, pull in pulls.items())
            print("ionosphere", number, scenario.ionosphere, name, found.beeps, texts, flush=True)
    for key, pulls in columns.items():
        print(f"  {key} {np.sqrt(np.mean(np.square(pulls))):.2f} (most {np.abs(pulls).max():.1f})")


def negatives(first, last):
    """Print the false alarms among recordings without beeps."""
    kinds, alarms = defaultdict(int), 0
    for number in range(first, last):
        kind, samples, rate_hz = beepless_tape(number)
        kinds[kind] += 1
        for found in measure(samples, sample_rate_hz=rate_hz):
            if found.beeps:
                alarms += 1
                print(
                    "false alarm", number, kind, found.beeps, f"{found.tone_hz:.0f} Hz, period {found.period_s:.3f} s"
                )
    print(f"negatives: {alarms} false alarms in {dict(kinds)}")


def main() -> None:
    """Print the rates of one kind of recordings, or of all."""
    which = sys.argv[1] if len(sys.argv) > 1 else "all"
    first, last = (int(text) for text in sys.argv[2:4]) if len(sys.argv) > 3 else (0, 24)
    span = range(first, last)
    if which in ("tapes", "all"):
        report("tapes", tapes(first, last))
    if which in ("folklore", "all"):
        report("folklore", ((number, 0.0, folklore_tape(number)) for number in span))
    if which in ("fading", "all"):
        report("fading", ((number, 0.0, fading_tape(number)) for number in span))
    if which in ("noise", "all"):
        doses = (2.0, 4.0, 6.0, 10.0, 20.0)
        report("noise", ((number, doses[number % 5], plain_tape(number, snr_db=doses[number % 5])) for number in span))
    if which in ("ionosphere", "all"):
        ionosphere(first, last)
    if which in ("negatives", "all"):
        negatives(first, last)


if __name__ == "__main__":
    main()
