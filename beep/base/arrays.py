"""The kinds of array that go through the package."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]  # of time or of what depends on it, mostly (N,)
Vectors = NDArray[np.float64]  # positions and velocities, (3, N)
Samples = NDArray[np.float32]  # sound with full scale 1, (N, channels) where stages meet
