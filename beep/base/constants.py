"""The program's name and version; physical constants: value, unit in the name, source on the line."""

PROGRAM = "sputnik-beep"
VERSION = "0.1.0"  # pyproject.toml reads it here

SPEED_OF_LIGHT_M_S = 299_792_458.0  # exact, SI
BOLTZMANN_J_K = 1.380_649e-23  # exact, SI
REFERENCE_TEMPERATURE_K = 290.0  # T0 of noise figures, ITU-R P.372
GM_EARTH_M3_S2 = 398_600.4418e9  # EGM96 / WGS-84
MEAN_EARTH_RADIUS_M = 6_371_000.0  # IUGG mean radius, rounded: the round Earth of the simple pass
WGS84_EQUATORIAL_RADIUS_M = 6_378_137.0  # NIMA TR8350.2
WGS84_FLATTENING = 1 / 298.257223563  # NIMA TR8350.2
EARTH_ROTATION_RAD_S = 7.292115e-5  # WGS-84, nominal mean angular velocity
SECONDS_PER_DAY = 86_400.0
