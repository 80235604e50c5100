"""Radio signal of Sputnik 1, as a receiver on the ground heard it.

    import beep

    beep.export(beep.Scenario(station="dallas", start="1957-10-07T05:00Z"), "dallas.wav")
    samples = beep.render(beep.Scenario(duration_s=20))        # (N, channels) float32, full scale 1
    for block in beep.blocks(beep.preset("dallas")): ...       # the same, a second at a time
    measurements = beep.measure("dallas.wav")                  # beeps, clock, tone, SNR, each with its standard error
    beep.fit(measurements)                                     # time, distance and speed of closest approach
    beep.plot.pass_sheet(beep.preset("dallas"))                # a figure; a notebook shows it

Conventions
    units      are in the name: _s _m _km _m_s _hz _rad _deg _db
    time       t_s is receive time, u_s emission time, float64 seconds after the first sample; dates are aware UTC
    shapes     sound is (N, channels), vectors (3, N), everything else (N,)
    signs      range rate > 0 receding, Doppler > 0 approaching, azimuth from north through east
    levels     linear inside, full scale 1.0; dB at the edges
    order      arrays first, then keywords
    errors     one tree, `BeepError`; the message says the rule, what came, the remedy
"""

import sys

from beep.base.constants import VERSION
from beep.base.lazy import names_of

__version__ = VERSION
__getattr__, __dir__, __all__ = names_of(__name__, __file__)

if "IPython" in sys.modules and (_shell := sys.modules["IPython"].get_ipython()):
    from beep.plot.display import register

    register(_shell)
