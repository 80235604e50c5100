"""Pulls of a fit whose tones have flutter: python tests/fitting/flutter_pulls.py [FITS]. Some minutes; run by hand."""

import sys
from unittest.mock import patch

import numpy as np

from beep.fitting.curves import closest_approach
from beep.fitting.fit import QUANTITIES, fit
from beep.fitting.solve import Tones
from beep.geometry.look import simple_pass

SHARE = 0.006  # rms of the flutter over the tone
CARRIERS_HZ = (20.005e6, 40.002e6)
TCA_S, F0_HZ, SD_HZ = 300.0, 1000.0, 0.3
FROM_S, TO_S, TONES = 120.0, 480.0, 150  # of each carrier
CASES = [(1, 0.0), (2, 0.0), (1, 0.1), (1, 1.0), (1, 2.0), (1, 3.0), (2, 0.1), (2, 2.0)]  # carriers, correlation time
LOOK = simple_pass(altitude_m=500e3, max_elevation_rad=1.0, tca_s=TCA_S)


def tones_with_flutter(carriers, time_s, rng):
    """Tones of carriers at the same times, on one tape with flutter of this correlation time; 0 for no flutter."""
    t_s = np.linspace(FROM_S, TO_S, TONES)
    share = np.zeros(t_s.size)
    if time_s:
        correlation = np.exp(-np.abs(t_s[:, None] - t_s) / time_s)
        share = SHARE * np.linalg.cholesky(correlation) @ rng.standard_normal(t_s.size)
    tones = []
    for carrier_hz in CARRIERS_HZ[:carriers]:
        noise_hz = SD_HZ * rng.standard_normal(t_s.size)
        tone_hz = (F0_HZ - carrier_hz * LOOK(t_s).delay_rate) * (1 + share) + noise_hz
        tones.append(Tones(frequency_hz=carrier_hz, t_s=t_s, tone_hz=tone_hz, sd_hz=np.full(t_s.size, SD_HZ)))
    return tones


def pulls(fitted):
    """Error of each quantity over its standard error (4,)."""
    true = [F0_HZ, *closest_approach(LOOK, guess_s=TCA_S)]
    estimates = [getattr(fitted, name) for name in QUANTITIES]
    return [(estimate.value - value) / estimate.sd for estimate, value in zip(estimates, true, strict=True)]


def main(fits):
    print("carriers  time  pulls of f0, tca, distance, speed; found: median time, rms, share with flutter, slow")
    for carriers, time_s in CASES:
        rng = np.random.default_rng(1957)
        fitted = [fit(tones_with_flutter(carriers, time_s, rng)) for _ in range(fits)]
        rms = np.sqrt(np.mean(np.square([pulls(one) for one in fitted]), axis=0))
        found = [one.flutter for one in fitted if one.flutter is not None]
        times, sizes = ([getattr(one, name) for one in found] or [0.0] for name in ("time_s", "rms_hz"))
        print(
            f"{carriers:8} {time_s:5.1f}  {' '.join(f'{pull:.2f}' for pull in rms)}   {np.median(times):5.2f} s "
            f"{np.median(sizes):5.2f} Hz  {len(found) / fits:.2f}  {np.mean([time > 15 for time in times]):.2f}",
            flush=True,
        )


if __name__ == "__main__":
    with patch("beep.fitting.fit._alternatives", lambda *_: ()):  # without biases, which take most of the time
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
