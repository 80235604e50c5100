"""Checks on whole passes, from sound to fit, that the fit's standard errors are right. Run by hand: some minutes.

    python tests/whole_sound_pulls.py [PASSES]

Each pass is rendered with noise, measured and fitted. Printed are the pulls (error over standard error) of every pass,
and their rms, which should be near 1.
"""

import sys

import numpy as np

from beep import Scenario
from beep.fitting.curves import closest_approach
from beep.fitting.fit import QUANTITIES, fit
from beep.measuring.measure import measure
from beep.stream.resolve import receive
from beep.stream.tiles import render

MIXES = ("stereo", "mono", "20", "40")


def pulls(number: int) -> list[float]:
    """Pulls of f0, closest approach, distance and speed in the pass of that number."""
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
    )
    carriers = scenario.heard
    measurements = measure(render(scenario), sample_rate_hz=8000)
    fitted = fit(measurements, carriers_hz=[carrier.frequency_mhz * 1e6 for carrier in carriers])
    reception = receive(scenario)
    f0_hz = scenario.tone_without_doppler_hz(carriers[0])
    truth = [f0_hz, *closest_approach(reception.look, guess_s=reception.tca_s)]
    estimates = [getattr(fitted, name) for name in QUANTITIES]
    return [(estimate.value - value) / estimate.sd for estimate, value in zip(estimates, truth, strict=True)]


def main() -> None:
    """Print a line for each pass, then the rms."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    print(*(f"{name:>12}" for name in ("mix", *QUANTITIES)))
    rows = []
    for number in range(count):
        rows.append(pulls(number))
        print(f"{MIXES[number % 4]:>12}", *(f"{pull:12.2f}" for pull in rows[-1]), flush=True)
    print(f"{'rms':>12}", *(f"{width:12.2f}" for width in np.sqrt(np.mean(np.square(rows), axis=0))))


if __name__ == "__main__":
    main()
