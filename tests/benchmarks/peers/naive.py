"""naive.py SECONDS OUT.wav: a pass as one would write it in an afternoon: whole arrays, double precision, SciPy."""

import sys

import numpy as np
from scipy.io import wavfile
from scipy.signal import butter, sosfilt

seconds, rate = float(sys.argv[1]), 48_000
t = np.arange(round(seconds * rate)) / rate
delay = np.hypot(7600 * (t % 600 - 300), 500e3) / 299_792_458
rng = np.random.default_rng(1957)
band = butter(4, [300, 3000], "bandpass", fs=rate, output="sos")
sound = np.empty((t.size, 2))
for channel, carrier in enumerate((20.005e6, 40.002e6)):
    key = ((t - delay) % 0.6 < 0.3) != bool(channel)
    tone = 0.5 * 500e3 / (delay * 299_792_458) * key * np.sin(2 * np.pi * (1500 * t - carrier * delay))
    sound[:, channel] = sosfilt(band, tone + 0.03 * rng.standard_normal(t.size))
wavfile.write(sys.argv[2], rate, (np.clip(sound, -1, 1) * 32767).astype(np.int16))
