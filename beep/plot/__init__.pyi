from beep.plot.recordings import fit_sheet as fit_sheet
from beep.plot.recordings import keying_sheet as keying_sheet
from beep.plot.recordings import measurement_sheet as measurement_sheet
from beep.plot.recordings import waterfall as waterfall
from beep.plot.sheets import doppler_curve as doppler_curve
from beep.plot.sheets import pass_sheet as pass_sheet
from beep.plot.style import Paper as Paper
from beep.plot.style import kind_of as kind_of
from beep.plot.style import save as save

# Names of version 0.1.
doppler = doppler_curve
keying = keying_sheet
measured = measurement_sheet
