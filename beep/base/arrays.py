"""Types of array."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]  # of times, or of values at these times, mostly (N,)
Vectors = NDArray[np.float64]  # positions and velocities, (3, N)
Samples = NDArray[np.float32]  # sound, full scale 1.0, mostly (N, channels)
