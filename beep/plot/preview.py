"""For pictures and notebooks: a scenario's sound at the lowest usual sample rate that holds it; titles of a fit."""

import dataclasses
from contextlib import suppress

from beep.base.errors import ScenarioError
from beep.measuring.spectrogram import Spectrogram, spectrogram
from beep.scenario.scenario import Scenario
from beep.stream.reception import Reception
from beep.stream.resolve import receive
from beep.stream.tiles import blocks

FIT_VALUES = {  # of a fit: field, title and unit
    "tca_s": ("TCA (closest approach)", "s"),
    "distance_km": ("distance", "km"),
    "speed_km_s": ("speed", "km/s"),
    "f0_hz": ("tone without Doppler", "Hz"),
}
LOW_RATES_HZ = (12_000, 16_000, 24_000)
BEYOND_BAND_HZ = 100.0  # shown beyond the filter's band, so that its edge is visible


def at_low_rate(scenario: Scenario) -> Scenario:
    """Return the scenario with fewer samples a second if its tones still fit. Its noise has other random numbers."""
    for rate_hz in LOW_RATES_HZ:
        if rate_hz < scenario.sample_rate_hz:
            with suppress(ScenarioError):
                lighter = dataclasses.replace(scenario, sample_rate_hz=rate_hz)
                receive(lighter)  # raises if its tones do not fit
                return lighter
    return scenario


def scenario_spectrogram(scenario: Scenario) -> Spectrogram:
    """Return the spectrogram of the scenario's sound. Raises ScenarioError where there is nothing to receive."""
    light = at_low_rate(scenario)
    return spectrogram(blocks(light), sample_rate_hz=light.sample_rate_hz, high_hz=scenario.high_hz + BEYOND_BAND_HZ)


def loud_part_s(reception: Reception, length_s: float) -> tuple[float, float]:
    """Start and end of the part of a recording, `length_s` long, around the closest moment above the horizon."""
    from_s = max(0.0, min(reception.loudest_s - length_s / 2, reception.duration_s - length_s))
    return from_s, min(from_s + length_s, reception.duration_s)
