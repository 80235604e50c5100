"""A small detector of beeps, trained on a labelled data set, against an energy detector.

    python examples/train.py [CLIPS] [OUT.png]

It makes CLIPS clips of four seconds (default 2000). Half of them have beeps, the others have noise alone, or a
carrier that is not keyed. It trains a logistic regression, in NumPy alone, on three quarters of them, and tries both
detectors on the others. Each threshold is set for a false alarm in 2 % of the clips without beeps. With a file name
it draws how many clips with beeps are found at each SNR (needs the extra `plot`).

Both detectors look at channels of 16 Hz. The energy detector takes the strongest channel against the median of all. The
trained one also sees how much the power of each channel changes at the rates at which beacons are keyed.
"""

import csv
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

import beep

RATE_HZ = 8000
CLIP_S = 4.0
WINDOW = 512  # samples: channels of 15.6 Hz
HOP = 256
BEST = 6  # channels that the detector looks at
FALSE_ALARMS = 0.02
Array = NDArray[np.float64]


def plan(count: int) -> dict[str, object]:
    """The plan: gain, tone, keying and SNR are unknown to the detector."""
    return {
        "dataset": {"name": "detector", "count": count, "seed": 4, "clip_s": CLIP_S},
        "base": {"sample_rate_hz": RATE_HZ, "mix": "20"},
        "draw": {
            "keying": {"choice": ["none", "-1e6:silent", "-1e6:continuous"], "weights": [2, 1, 1]},
            "snr_db": {"uniform": [-15, 5]},
            "level_dbfs": {"uniform": [-30, -10]},
            "tone_hz": {"uniform": [900, 1900]},
            "pulse_s": {"uniform": [0.15, 0.4]},
            "pause_s": {"uniform": [0.2, 0.5]},
            "altitude_km": {"log-uniform": [220, 1200]},
            "clip_from": {"uniform": [0.1, 0.9]},
        },
        "labels": {"columns": ["beeps_20", "snr_20_db"]},
    }


def features(samples: Array) -> Array:
    """Mean power of the strongest channels and strength of their keying, in dB against the median channel."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames)[:, 20:180]) ** 2  # 312 to 2797 Hz
    mean = power.mean(axis=0)
    rates_hz = np.fft.rfftfreq(len(power), HOP / RATE_HZ)
    keyed = (rates_hz > 1.0) & (rates_hz < 3.0)
    keying = (np.abs(np.fft.rfft(power - mean, axis=0)[keyed]) ** 2).max(axis=0)
    values = [10 * np.log10(kind / np.median(kind)) for kind in (mean, keying)]
    both = values[0] + values[1] / 2
    return np.concatenate([np.sort(value)[::-1][:BEST] for value in (*values, both)])


def trained(inputs: Array, wanted: Array) -> Array:
    """Weights of a logistic regression, the last one constant, by Newton's method with a small penalty."""
    columns = np.column_stack([inputs, np.ones(len(inputs))])
    weights = np.zeros(columns.shape[1])
    for _ in range(25):
        chance = 1 / (1 + np.exp(-columns @ weights))
        slope = columns.T @ (chance - wanted) + weights
        curve = (columns * (chance * (1 - chance))[:, None]).T @ columns + np.eye(weights.size)
        weights -= np.linalg.solve(curve, slope)
    return weights


def found(score: Array, beeps: NDArray[np.bool_], quiet: Array) -> NDArray[np.bool_]:
    """Which clips with beeps are above the threshold that the scores without beeps, `quiet`, set."""
    return score[beeps] > np.quantile(quiet, 1 - FALSE_ALARMS)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as folder:
        beep.dataset(plan(count), folder)
        with open(Path(folder) / "index.csv") as file:
            rows = list(csv.DictReader(file))
        inputs = np.array([features(soundfile.read(Path(folder) / row["file"])[0]) for row in rows])
    beeps = np.array([int(row["beeps_20"]) > 0 for row in rows])
    snr_db = np.array([float(row["snr_20_db"]) for row in rows])
    train = np.arange(count) % 4 != 3
    scaled = (inputs - inputs[train].mean(axis=0)) / inputs[train].std(axis=0)
    weights = trained(scaled[train], beeps[train].astype(np.float64))
    scores = {"energy": inputs[:, 0], "trained": scaled @ weights[:-1] + weights[-1]}

    print(f"{count} clips, {train.sum()} of them for training; {FALSE_ALARMS:.0%} false alarms")
    edges_db = np.arange(-17.5, 5.0, 5.0)
    shares: dict[str, list[float]] = {}
    for name, score in scores.items():
        quiet = score[~beeps & train]  # the threshold does not see the clips it is tried on
        hits = found(score[~train], beeps[~train], quiet)
        level_db = snr_db[~train][beeps[~train]]
        inside = [(level_db >= low) & (level_db < low + 5) for low in edges_db]
        shares[name] = [float(hits[part].mean()) if part.any() else float("nan") for part in inside]
        alarms = float((score[~train & ~beeps] > np.quantile(quiet, 1 - FALSE_ALARMS)).mean())
        words = ", ".join(f"{share:.0%} at {low + 2.5:g} dB" for share, low in zip(shares[name], edges_db, strict=True))
        print(f"{name:8} finds {words}; false alarms {alarms:.1%}")
    if len(sys.argv) > 2:
        draw(sys.argv[2], edges_db + 2.5, shares)


def draw(path: str, snr_db: Array, shares: dict[str, list[float]]) -> None:
    """Draw the share of clips with beeps that each detector finds."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.5))
    for name, share in shares.items():
        axes.plot(snr_db, np.multiply(share, 100), "o-", label=f"{name} detector")
    axes.set(xlabel="SNR in 500 Hz, key down / dB", ylabel="clips found / %", ylim=(0, 102))
    axes.set_title(f"Beeps found in clips of {CLIP_S:g} s, with {FALSE_ALARMS:.0%} false alarms")
    axes.grid()
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
