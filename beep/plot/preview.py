"""A scenario's sound at the lowest usual rate that holds it, for pictures and players: a fraction of work and size."""

import dataclasses
from contextlib import suppress
from math import radians

from beep.base.errors import ScenarioError
from beep.measuring.spectrogram import Spectrogram, spectrogram
from beep.scenario.scenario import Scenario
from beep.stream.resolve import receive
from beep.stream.tiles import blocks

LOW_RATES_HZ = (12_000, 16_000, 24_000)
HEARD_FROM_RAD = radians(1.0)  # above the horizon's fade
BEYOND_BAND_HZ = 100.0  # shown, so that the filter's edge is seen


def at_low_rate(scenario: Scenario) -> Scenario:
    """The same reception with fewer samples a second, if that breaks no rule; its noise is another draw."""
    for rate_hz in LOW_RATES_HZ:
        if rate_hz < scenario.sample_rate_hz:
            with suppress(ScenarioError):
                lighter = dataclasses.replace(scenario, sample_rate_hz=rate_hz)
                receive(lighter)  # its tones must fit, too
                return lighter
    return scenario


def scenario_spectrogram(scenario: Scenario) -> Spectrogram:
    """What a waterfall of the scenario's sound shows. Raises ScenarioError where there is nothing to receive."""
    light = at_low_rate(scenario)
    return spectrogram(blocks(light), sample_rate_hz=light.sample_rate_hz, high_hz=scenario.high_hz + BEYOND_BAND_HZ)


def heard_from_s(scenario: Scenario) -> float:
    """The first moment of the recording at which the satellite stands above the horizon's fade, or 0."""
    reception = receive(scenario)
    up = reception.looks.elevation_rad > HEARD_FROM_RAD
    return float(reception.times_s[up.argmax()]) if up.any() else 0.0
