"""What the satellite sends: pulses keyed by its own clock, and carriers whose phase is the delay.

Functions of arrays of any shape; they know emission times and delays, not orbits.
"""

import numpy as np

from beep.arrays import Array, Samples


def pulse_number(u_s: Array, *, pulse_s: float, pause_s: float, rise_s: float) -> Array:
    """Number of the pulse that has begun last at each emission time; pulse n begins at n (pulse_s + pause_s).

    It begins with the foot of its edge, half a `rise_s` before its keying instant.
    """
    return np.floor((u_s + rise_s / 2) / (pulse_s + pause_s))


def pulse_key(
    u_s: Array,
    number: Array,
    *,
    pulse_s: float,
    pause_s: float,
    rise_s: float,
    late_s: Array | Samples | float = 0.0,
) -> Samples:
    """Keying of the pulse at emission times `u_s`: 1 in the pulse, 0 in the pause, raised-cosine edges between.

    An edge takes `rise_s` and has its half amplitude at the keying instant, so lengths are at half amplitude and
    the keying of the pause is one minus this. `number` is `pulse_number(u_s)`; that pulse ends `late_s` later
    than its length says, while the clock runs on.
    """
    since_start_s = u_s - number * (pulse_s + pause_s)
    inside_s = np.minimum(since_start_s, pulse_s + late_s - since_start_s)  # to the nearest edge
    angle: Samples = np.clip(inside_s * (np.pi / rise_s), -np.pi / 2, np.pi / 2).astype(np.float32)
    half = np.float32(0.5)
    return half + half * np.sin(angle)


def carrier(turns: Array) -> Samples:
    """Cosine of a phase in turns; whole turns go before the precision does."""
    fraction = turns - np.rint(turns)
    angle: Samples = (2 * np.pi * fraction).astype(np.float32)
    return np.cos(angle)
