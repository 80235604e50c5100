"""The words between which a user chooses, once for the recipe, the command line and the kernels."""

from typing import Literal

Sends = Literal["pulse", "pause", "always"]  # the part of the keying in which a carrier is on
Key = Literal["keyed", "continuous", "silent"]  # what the keying does in a regime
Noise = Literal["off", "galactic", "quiet-rural", "rural", "residential", "city"]  # places of ITU-R P.372
Ionosphere = Literal["off", "auto", "night", "dawn", "morning", "noon"]  # layers of October 1957; auto: by the sun
Sideband = Literal["upper", "lower"]  # oscillator below or above the carrier
Subtype = Literal["pcm16", "pcm24", "float"]  # samples in a file
Detector = Literal["cw", "am"]  # with a beat oscillator, or the envelope alone
FilterShape = Literal["flat", "round"]  # steep edges, or the bell of a few tuned circuits
Orbit = Literal["circular", "line", "sputnik1"]  # what a Doppler curve is fitted with
