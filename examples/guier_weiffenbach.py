"""Distance and speed of a satellite from a recording of its beeps, as William Guier and George Weiffenbach did it.

    python examples/guier_weiffenbach.py [OUT.png]

In October 1957 two young physicists at Johns Hopkins had a receiver, a tape recorder and the time signal of WWV. The
tone of Sputnik's beeps fell during each pass, like the whistle of a passing train. They asked what this fall tells.

Assume a straight flight at the speed v whose closest distance is d. The distance is r = sqrt(d^2 + v^2 t^2), and a
carrier of frequency f is received with the Doppler shift -f/c dr/dt. Three values can be read from this S-shaped curve:

  * the difference between its two ends is 2 f v/c: the SPEED;
  * the time where it falls fastest is the time of CLOSEST APPROACH;
  * its slope there is -f v^2/(c d). With the speed known, it gives the DISTANCE.

A computer can use every beep instead of three points: least squares finds the curve closest to all tones. The
residuals show how accurate the result is, and where the model is wrong.

The script makes its own recording, the pass over their laboratory on 8 October 1957 at 03:36 UTC, and carries out
all of these steps. With a file name it draws the picture (needs the extra `plot`). At the end it asks questions for a
class.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import beep

SPEED_OF_LIGHT_KM_S = 299_792.458
START = "1957-10-08T03:20Z"


def main() -> None:
    scenario = beep.Scenario(station="laurel", start=START, sample_rate_hz=12_000, noise="residential")
    with tempfile.TemporaryDirectory() as folder:
        tape = Path(folder) / "laurel.wav"
        beep.export(scenario, tape)
        measurements = beep.measure(tape)
    tones = beep.tones_of(measurements, carriers_hz=[20.005e6, 40.002e6])
    print("1. The recording: time and tone of every beep.")
    for carrier in tones:
        print(
            f"   {carrier.frequency_hz / 1e6:g} MHz: {carrier.t_s.size} beeps, from {carrier.tone_hz[0]:.1f} down to "
            f"{carrier.tone_hz[-1]:.1f} Hz, standard error {np.median(carrier.sd_hz):.3f} Hz"
        )

    speed_km_s, slope_hz_s, distance_km = by_hand(tones[0])
    print("\n2. By hand, from the ends and the steepest slope of the 20 MHz curve.")
    print(f"   ends: {speed_km_s:.2f} km/s; slope {slope_hz_s:.1f} Hz/s: {distance_km:.0f} km")

    print(
        "\n3. By least squares, from all beeps. The standard error comes from the noise. The bias is the error of the"
    )
    print("   model itself, found by fitting it to the curves of elliptic orbits over a rotating Earth.")
    line = beep.fit(tones[:1], orbit="line")
    show("straight line, 20 MHz", line)
    circle = beep.fit(tones, orbit="circular")
    show("circular orbit, both", circle)
    # With the orbit known, the recording gives the time of the pass, and the error of the predicted node.
    known = beep.fit(tones, orbit="sputnik1", station="laurel", start=START)
    show("Sputnik's own, both", known)

    truth = beep.track(scenario, np.arange(0.0, 460.0, 0.1))
    print(f"\n   truth: {np.min(np.asarray(truth['range_km'])):.1f} km")
    print(
        "\n4. One pass does not tell on which side of the station it was, nor the whole orbit. That took many passes."
    )
    print("\nQuestions: Why are the residuals of the straight line larger than those of the circle, and why curved?")
    print("   Why do two frequencies help against the ionosphere? What would one minute of this recording tell?")
    if len(sys.argv) > 1:
        draw(sys.argv[1], tones, {"straight line": line, "circular orbit": circle, "Sputnik's own orbit": known})
        print(f"\n{sys.argv[1]}: the Doppler curve and the residuals")


def by_hand(tones: beep.Tones) -> tuple[float, float, float]:
    """Speed, km/s, steepest slope, Hz/s, and distance, km, each from ten beeps, as with ruler and pencil."""
    drop_hz = float(np.median(tones.tone_hz[:10]) - np.median(tones.tone_hz[-10:]))
    speed_km_s = SPEED_OF_LIGHT_KM_S * drop_hz / 2 / tones.frequency_hz
    slopes_hz_s = (tones.tone_hz[10:] - tones.tone_hz[:-10]) / (tones.t_s[10:] - tones.t_s[:-10])
    slope_hz_s = float(slopes_hz_s.min())
    return speed_km_s, slope_hz_s, tones.frequency_hz * speed_km_s**2 / (SPEED_OF_LIGHT_KM_S * -slope_hz_s)


def show(name: str, fitted: beep.PassFit) -> None:
    """Print a fit in one line."""
    distance, speed, bias = fitted.distance_km, fitted.speed_km_s, fitted.model_bias["distance_km"]
    print(
        f"   {name:22} {distance.value:7.2f} +- {distance.sd:.1g} km (bias {bias.value:+.2f} +- {bias.sd:.2f})  "
        f"{speed.value:.4f} +- {speed.sd:.1g} km/s  residuals {fitted.residual_rms_hz:.3f} Hz"
    )


def draw(path: str, tones: list[beep.Tones], fits: dict[str, beep.PassFit]) -> None:
    """Draw the tones, and below them the residuals of each model at the first carrier."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1 + len(fits), sharex=True, figsize=(8, 9), height_ratios=[3] + [1] * len(fits))
    for carrier in tones:
        axes[0].plot(carrier.t_s, carrier.tone_hz, ".", markersize=2, label=f"{carrier.frequency_hz / 1e6:g} MHz")
    closest = next(reversed(fits.values()))
    axes[0].axvline(closest.tca_s.value, color="grey", linewidth=0.8)
    axes[0].annotate(
        "closest approach", (closest.tca_s.value, closest.f0_hz.value), (8, 60), textcoords="offset points"
    )
    axes[0].set(ylabel="tone / Hz", title="Sputnik 1 over Laurel, Maryland, 8 October 1957")
    axes[0].legend()
    for ax, (name, fitted) in zip(axes[1:], fits.items(), strict=True):
        first = fitted.carriers[0]
        ax.plot(first.t_s[first.used], first.residual_hz[first.used], ".", markersize=2)
        ax.axhline(0, color="grey", linewidth=0.8)
        most_hz = 1.5 * float(np.percentile(np.abs(first.residual_hz), 98))  # the weak ends may be larger
        ax.set(ylim=(-most_hz, most_hz), ylabel="residual / Hz")
        ax.set(title=f"{name}: {fitted.distance_km.value:.1f} +- {fitted.distance_km.sd:.1g} km")
        ax.title.set_fontsize(10)
    axes[-1].set(xlabel="t / s")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
