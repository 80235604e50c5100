"""Frames of a recording that comes in blocks, against slices of the whole."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from beep.measuring.framing import Framer, silence


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 60), max_size=12), st.integers(1, 40), st.integers(1, 40), st.integers(1, 5))
def test_frames_are_slices_of_the_whole(lengths, size, step, most):
    """Blocks of any length give the same frames, all of them, at most so many at once."""
    step = min(step, size)
    whole = np.arange(2 * sum(lengths), dtype=np.float32).reshape(-1, 2)
    framer = Framer(size=size, step=step, most=most)
    found = []
    for block in np.split(whole, np.cumsum(lengths)[:-1]) if lengths else []:
        for frames in framer.frames(block):
            assert 1 <= frames.shape[1] <= most
            found += list(np.moveaxis(frames, 1, 0))
    wanted = [whole[at : at + size].T for at in range(0, len(whole) - size + 1, step)]

    assert len(found) == len(wanted)
    assert all(np.array_equal(frame, part) for frame, part in zip(found, wanted, strict=True))


def test_the_step_may_change_between_frames():
    """The next frame begins one old step later, and those after it a new one."""
    framer = Framer(size=4, step=2, most=1)
    starts = []
    for frames in framer.frames(np.arange(20, dtype=np.float32)[:, None]):
        starts.append(int(frames[0, 0, 0]))
        framer.step = 4

    assert starts == [0, 2, 6, 10, 14]


def test_silence():
    """Zeros in the shape of a block."""
    assert silence(3, 2).shape == (3, 2)
    assert not silence(3, 2).any()
