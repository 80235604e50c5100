"""What is in a recording: keyed tones, each with its clock, pulses, tone, drift and SNR, and how sure that is."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from beep.arrays import Array
from beep.recording import Recording

Keying = Literal["tass", "dallas", "folklore", "none"]

SNR_BANDWIDTH_HZ = 500.0


@dataclass(frozen=True, kw_only=True)
class Pulses:
    """The beeps one by one, arrays (N,) in order of time.

    A beep that the recording's beginning or end cuts off is among them, is counted, and is not `whole`; where it is
    cut its start or length is that of what is there.
    """

    slot: NDArray[np.int64]  # of the keying clock, 0 for the first beep; a dash has the slot in which it begins
    start_s: Array  # half amplitude of the rising edge, after the first sample
    start_sd_s: Array
    length_s: Array  # from half amplitude to half amplitude
    length_sd_s: Array
    time_s: Array  # the moment of tone_hz: the middle of the beep
    tone_hz: Array
    tone_sd_hz: Array
    level_db: Array  # amplitude against full scale
    whole: NDArray[np.bool_]  # neither cut off by the recording's ends
    slots: NDArray[np.int64]  # keying slots from this key-down to its key-up: 1, more in a dash


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One keyed tone of a recording, or that there is none (`beeps` 0, nan elsewhere, and `note` says what there is).

    Lengths, period and tone are those received: motion stretches them by up to 3e-5 against what was sent. Over a
    recording in which they move, `period_s`, `tone_hz` and `drift_hz_per_s` are value and slope of the straight line
    through a smooth curve from the first beep to the last. `_sd` is a standard error.
    """

    channel: int  # 0 for mono or left
    beeps: int
    pulse_s: float  # median length at half amplitude, of whole single pulses
    pulse_s_sd: float
    pause_s: float
    pause_s_sd: float
    period_s: float
    period_s_sd: float
    jitter_s: float  # rms scatter of the pulses' lengths beyond what noise explains
    jitter_s_sd: float
    clock_jitter_s: float  # rms scatter of key-down about the steady clock
    rise_s: float  # length of an edge, raised cosine
    rise_s_sd: float
    duty: float
    duty_sd: float
    tone_hz: float
    tone_hz_sd: float
    drift_hz_per_s: float
    drift_hz_per_s_sd: float
    snr_db: float  # of the tone while the key is down, median of the beeps, against noise in snr_bandwidth_hz
    snr_db_sd: float
    snr_bandwidth_hz: float
    keying: Keying
    hum_hz: tuple[float, ...]
    note: str
    pulses: Pulses

    def _repr_html_(self) -> str:
        """What a notebook shows: a table, tones and lengths drawn, and a player."""
        from beep.notebook import measurement_html  # upwards, when a notebook asks: see docs/decisions.md

        return measurement_html(self)


def measure(source: Recording | NDArray[Any], *, sample_rate_hz: int | None = None) -> tuple[Measurement, ...]:
    """Every keyed tone in a recording, or in samples (N,) or (N, channels) at `sample_rate_hz`.

    At least one for each channel: where there are no beeps, one that says so. Two for a channel that mixes two
    carriers keyed in turn, the one that sends first ahead. Raises RecordingError for what cannot be measured.
    """
    raise NotImplementedError


def to_json(measurements: tuple[Measurement, ...]) -> dict[str, Any]:
    """The measurements as JSON has them: the first one's keys, and with several all of them under `channels`."""
    raise NotImplementedError
