"""The ionosphere of a solar maximum: one Chapman layer, its presets, and what it does to a wave that passes it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Layer:
    """An alpha-Chapman layer."""

    fof2_hz: float  # critical frequency: below it a vertical wave is reflected
    hm_m: float  # height of the densest
    scale_m: float  # scale height


# October 1957, solar maximum, middle latitudes; a model, not a measurement
PRESETS = {
    "night": Layer(fof2_hz=6.0e6, hm_m=350e3, scale_m=50e3),
    "dawn": Layer(fof2_hz=5.5e6, hm_m=320e3, scale_m=45e3),
    "morning": Layer(fof2_hz=10.0e6, hm_m=290e3, scale_m=45e3),
    "noon": Layer(fof2_hz=13.5e6, hm_m=330e3, scale_m=55e3),
}
