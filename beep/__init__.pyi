from beep import plot as plot
from beep.base.errors import BeepError as BeepError
from beep.base.errors import ExtraError as ExtraError
from beep.base.errors import FitError as FitError
from beep.base.errors import OutputError as OutputError
from beep.base.errors import PlaybackError as PlaybackError
from beep.base.errors import RecordingError as RecordingError
from beep.base.errors import ScenarioError as ScenarioError
from beep.base.errors import TleError as TleError
from beep.datasets.dataset import DatasetReport as DatasetReport
from beep.datasets.dataset import dataset as dataset
from beep.fitting.fit import PassFit as PassFit
from beep.fitting.fit import fit as fit
from beep.fitting.rank import rank_passes as rank_passes
from beep.fitting.solve import Tones as Tones
from beep.fitting.table import read_tones as read_tones
from beep.fitting.tones import tones_of as tones_of
from beep.geometry.forecast import passes as passes
from beep.geometry.forecast import predict as predict
from beep.geometry.tle import read_tle as read_tle
from beep.measuring.measure import Measurement as Measurement
from beep.measuring.measure import Measurements as Measurements
from beep.measuring.measure import measure as measure
from beep.measuring.recording import Recording as Recording
from beep.measuring.recording import open_recording as open_recording
from beep.output.correct import correct as correct
from beep.output.export import export as export
from beep.output.iq import export_iq as export_iq
from beep.output.player import play as play
from beep.output.player import playing as playing
from beep.scenario.carriers import Carrier as Carrier
from beep.scenario.presets import beacon as beacon
from beep.scenario.presets import beacons as beacons
from beep.scenario.presets import character as character
from beep.scenario.presets import preset as preset
from beep.scenario.presets import presets as presets
from beep.scenario.receptions import receptions as receptions
from beep.scenario.scenario import Scenario as Scenario
from beep.scenario.toml import load as load
from beep.scenario.toml import to_toml as to_toml
from beep.stream.baseband import iq_blocks as iq_blocks
from beep.stream.baseband import tune as tune
from beep.stream.resolve import date_keying as date_keying
from beep.stream.tiles import blocks as blocks
from beep.stream.tiles import render as render
from beep.stream.track import track as track

__version__: str

# Names of version 0.1.
fit_pass = fit
