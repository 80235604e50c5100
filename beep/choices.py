"""The words between which a user chooses, once for the recipe, the command line and the kernels."""

from typing import Literal

Sends = Literal["pulse", "pause", "always"]  # the part of the keying in which a carrier is on
Noise = Literal["off", "galactic", "quiet-rural", "rural", "residential", "city"]  # places of ITU-R P.372
Sideband = Literal["upper", "lower"]  # oscillator below or above the carrier
Subtype = Literal["pcm16", "pcm24", "float"]  # samples in a file
Orbit = Literal["circular", "line", "sputnik1"]  # what a Doppler curve is fitted with
