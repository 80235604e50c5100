"""Closest distance of Sputnik from the steepest slope of its Doppler curve, as two physicists found it in 1957.

    python examples/doppler_curve.py [OUT.png]

Prints the slope at closest approach, and the distance that it gives for a straight flight at constant speed. With a
file name it draws the curve (needs the extra `plot`).
"""

import sys

import numpy as np

import beep

SPEED_OF_LIGHT_KM_S = 299_792.458


def main() -> None:
    scenario = beep.Scenario(station="laurel", start="1957-10-08T03:20Z")  # where Guier and Weiffenbach received it
    t_s = np.arange(0.0, 460.0, 0.1)
    truth = beep.track(scenario, t_s)
    doppler_hz = np.asarray(truth["doppler_20_hz"], np.float64)
    slope_hz_s = np.gradient(doppler_hz, t_s)
    closest = int(np.argmin(slope_hz_s))
    speed_km_s = SPEED_OF_LIGHT_KM_S * (doppler_hz.max() - doppler_hz.min()) / 2 / 20.005e6
    distance_km = 20.005e6 * speed_km_s**2 / (SPEED_OF_LIGHT_KM_S * -slope_hz_s[closest])
    print(f"steepest: {slope_hz_s[closest]:.2f} Hz/s at {truth['utc'][closest]} UTC")
    print(f"speed from the two ends: {speed_km_s:.2f} km/s; distance from slope and speed: {distance_km:.0f} km")
    print(f"the truth: {np.min(np.asarray(truth['range_km'])):.0f} km")
    if len(sys.argv) > 1:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots()
        axes.plot(t_s, doppler_hz)
        axes.set(xlabel="t / s", ylabel="Doppler at 20.005 MHz / Hz", title="Laurel, 8 October 1957")
        figure.savefig(sys.argv[1])


if __name__ == "__main__":
    main()
