"""From a tape of beeps to a satellite's distance and speed, as William Guier and George Weiffenbach did it.

    python examples/guier_weiffenbach.py [OUT.png]

In October 1957 two young physicists at Johns Hopkins had a receiver, a tape recorder and the time signal of WWV. The
pitch of Sputnik's beeps fell as it flew past, like the whistle of a train, and they asked what that fall can tell.

Think of a straight flight at the speed v that comes as close as d. The distance is r = sqrt(d^2 + v^2 t^2), and a
carrier of frequency f is heard shifted by -f/c dr/dt. Three things can be read off that S-shaped curve:

  * its two ends lie 2 f v/c apart: the SPEED;
  * its middle, where it falls fastest, is the moment of CLOSEST APPROACH;
  * the slope there is -f v^2/(c d): the faster the fall, the nearer the flight. With the speed known, the DISTANCE.

Reading off three points is one evening's work. A computer can use every beep: it bends the whole curve until the
squares of what is left over are smallest, and what is left over tells how sure the answer is, and where the model is
wrong.

The script makes its own tape, the pass over their laboratory on 8 October 1957 at 03:36 UTC, and takes it through all
of this. With a file name it draws the picture (needs the extra `plot`). Questions for a class are at the end.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import beep
from beep.measuring.measure import measure

SPEED_OF_LIGHT_KM_S = 299_792.458
START = "1957-10-08T03:20Z"


def main() -> None:
    scenario = beep.Scenario(station="laurel", start=START, sample_rate_hz=12_000, noise="residential")
    with tempfile.TemporaryDirectory() as folder:
        tape = Path(folder) / "laurel.wav"
        beep.export(scenario, tape)
        with beep.open_recording(tape) as recording:
            measured = measure(recording)
    tones = beep.tones_of(measured, carriers_hz=[20.005e6, 40.002e6])
    print("1. The tape. One number for each beep: when, and how high.")
    for one in tones:
        print(
            f"   {one.frequency_hz / 1e6:g} MHz: {one.t_s.size} beeps, from {one.tone_hz[0]:.1f} down to "
            f"{one.tone_hz[-1]:.1f} Hz, each known to {np.median(one.sd_hz):.3f} Hz"
        )

    speed_km_s, slope_hz_s, distance_km = by_hand(tones[0])
    print("\n2. By hand, from the ends and the steepest slope of the 20 MHz curve.")
    print(f"   ends: {speed_km_s:.2f} km/s; slope {slope_hz_s:.1f} Hz/s: {distance_km:.0f} km")

    print(
        "\n3. By least squares, all beeps together. The error is what the noise leaves open; the bias is what the model"
    )
    print("   itself is wrong by, found by fitting it to the curves of elliptic orbits over a turning Earth.")
    line = beep.fit_pass(tones[:1], orbit="line")
    tell("straight line, 20 MHz", line)
    circle = beep.fit_pass(tones, orbit="circular")
    tell("circular orbit, both", circle)
    # Where its orbit is known, the tape tells when the satellite came, and how far its node was from the forecast.
    known = beep.fit_pass(tones, orbit="sputnik1", station="laurel", start=START)
    tell("Sputnik's own, both", known)

    truth = beep.track(scenario, np.arange(0.0, 460.0, 0.1))
    print(f"\n   truth: {np.min(np.asarray(truth['range_km'])):.1f} km")
    print(
        "\n4. What no single pass can tell: left or right of the station, and the whole orbit. That took many passes."
    )
    print("\nAsk: why is the straight line left with more than the circle? Why does its residual bend as it does?")
    print("     Why do two frequencies help against the ionosphere? What would one minute of this tape be worth?")
    if len(sys.argv) > 1:
        draw(sys.argv[1], tones, {"straight line": line, "circular orbit": circle, "Sputnik's own orbit": known})
        print(f"\n{sys.argv[1]}: the S-curve, and what is left of it")


def by_hand(tones: beep.Tones) -> tuple[float, float, float]:
    """Speed, km/s, steepest slope, Hz/s, and distance, km, with ruler and pencil: over ten beeps at each place."""
    drop_hz = float(np.median(tones.tone_hz[:10]) - np.median(tones.tone_hz[-10:]))
    speed_km_s = SPEED_OF_LIGHT_KM_S * drop_hz / 2 / tones.frequency_hz
    slopes_hz_s = (tones.tone_hz[10:] - tones.tone_hz[:-10]) / (tones.t_s[10:] - tones.t_s[:-10])
    slope_hz_s = float(slopes_hz_s.min())
    return speed_km_s, slope_hz_s, tones.frequency_hz * speed_km_s**2 / (SPEED_OF_LIGHT_KM_S * -slope_hz_s)


def tell(name: str, fit: beep.PassFit) -> None:
    """One line of a fit."""
    distance, speed, bias = fit.distance_km, fit.speed_km_s, fit.model_bias["distance_km"]
    print(
        f"   {name:22} {distance.value:7.2f} +- {distance.sd:.1g} km (bias {bias.value:+.2f} +- {bias.sd:.2f})  "
        f"{speed.value:.4f} +- {speed.sd:.1g} km/s  leaves {fit.residual_rms_hz:.3f} Hz"
    )


def draw(path: str, tones: list[beep.Tones], fits: dict[str, beep.PassFit]) -> None:
    """The tones, and the residuals of each model at the first carrier, below each other."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1 + len(fits), sharex=True, figsize=(8, 9), height_ratios=[3] + [1] * len(fits))
    for one in tones:
        axes[0].plot(one.t_s, one.tone_hz, ".", markersize=2, label=f"{one.frequency_hz / 1e6:g} MHz")
    closest = next(reversed(fits.values()))
    axes[0].axvline(closest.tca_s.value, color="grey", linewidth=0.8)
    axes[0].annotate(
        "closest approach", (closest.tca_s.value, closest.f0_hz.value), (8, 60), textcoords="offset points"
    )
    axes[0].set(ylabel="tone / Hz", title="Sputnik 1 over Laurel, Maryland, 8 October 1957")
    axes[0].legend()
    for ax, (name, fit) in zip(axes[1:], fits.items(), strict=True):
        first = fit.carriers[0]
        ax.plot(first.t_s[first.used], first.residual_hz[first.used], ".", markersize=2)
        ax.axhline(0, color="grey", linewidth=0.8)
        most_hz = 1.5 * float(np.percentile(np.abs(first.residual_hz), 98))  # the weak ends may lie beyond
        ax.set(ylim=(-most_hz, most_hz), ylabel="left / Hz")
        ax.set(title=f"{name}: {fit.distance_km.value:.1f} +- {fit.distance_km.sd:.1g} km")
        ax.title.set_fontsize(10)
    axes[-1].set(xlabel="t / s")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
