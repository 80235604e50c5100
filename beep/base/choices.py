"""Words that a user chooses between, defined once for the scenario, the command line and the computations."""

from typing import Literal

Sends = Literal["pulse", "pause", "always"]  # the part of the keying in which a carrier is on
Key = Literal["keyed", "continuous", "silent"]  # state of the keying: in pulses, always on, always off
Noise = Literal["off", "galactic", "quiet-rural", "rural", "residential", "city"]  # environments of ITU-R P.372
Ionosphere = Literal["off", "auto", "night", "dawn", "morning", "noon"]  # of October 1957; auto: by local time
Sideband = Literal["upper", "lower"]  # upper: BFO below the carrier; lower: BFO above it
Subtype = Literal["pcm16", "pcm24", "float"]  # sample format of a file
IqSubtype = Literal["cf32", "cs16", "cu8"]  # sample format of I/Q: float, 16-bit, unsigned 8-bit
IqName = Literal["satdump", "gqrx", "rtl_433"]  # programs that read frequency and rate from a file's name
Detector = Literal["cw", "am"]  # with a BFO, or an envelope detector
FilterShape = Literal["flat", "round"]  # with steep edges, or Gaussian
Orbit = Literal["circular", "line", "sputnik1"]  # orbit model of a fit
