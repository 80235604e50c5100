"""From sound to distance, again and again: are the fit's errors as wide as it says? Run it: it takes some minutes.

    python tests/whole_sound_pulls.py [PASSES]

Each pass is rendered with noise, measured and fitted; printed are errors over reported errors, of each and together.
"""

import sys

import numpy as np

from beep import Scenario
from beep.fitting.curves import closest
from beep.fitting.fit import QUANTITIES, fit_pass, tones_of
from beep.measuring.measure import measure
from beep.stream.resolve import receive
from beep.stream.tiles import render

MIXES = ("stereo", "mono", "20", "40")


def pulls(number: int) -> list[float]:
    """Of f0, closest approach, distance and speed, in the pass of that number."""
    random = np.random.default_rng([1957, number])
    mix = MIXES[number % 4]
    scenario = Scenario(
        altitude_km=random.uniform(200, 1500),
        max_elevation_deg=random.uniform(15, 90),
        duration_s=240,
        sample_rate_hz=8000,
        sideband=str(random.choice(["upper", "lower"])),
        snr_db=random.uniform(5, 30),
        seed=number,
        mix=mix,
        tone_hz=1700,
    )
    carriers_hz = {"20": [20.005e6], "40": [40.002e6]}.get(mix, [20.005e6, 40.002e6])
    fit = fit_pass(tones_of(measure(render(scenario), sample_rate_hz=8000), carriers_hz=carriers_hz))
    reception = receive(scenario)
    true = [scenario.tone_hz, *closest(reception.look, near_s=reception.tca_s)]
    return [
        (getattr(fit, name).value - value) / getattr(fit, name).sd for name, value in zip(QUANTITIES, true, strict=True)
    ]


def main() -> None:
    """Print a line for each pass, then the widths."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    print(*(f"{name:>12}" for name in ("mix", *QUANTITIES)))
    found = []
    for number in range(count):
        found.append(pulls(number))
        print(f"{MIXES[number % 4]:>12}", *(f"{pull:12.2f}" for pull in found[-1]), flush=True)
    print(f"{'rms':>12}", *(f"{width:12.2f}" for width in np.sqrt(np.mean(np.square(found), axis=0))))


if __name__ == "__main__":
    main()
