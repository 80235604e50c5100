"""The same recording on other machines: child processes without SIMD levels of NumPy, with another kernel of BLAS."""

import os
import subprocess
import sys

import numpy as np
import pytest
from program import TIMEOUT_S
from stream.test_tiles import EVERYTHING

SHARE = 1e-3  # of 16-bit samples that differ, by one step: without AVX2 0.09 % by default
MONO_SHARE = 2e-3  # two carriers at -6 dBFS, and the noise of both; measured 0.16 %
TRUTH = 1e-9  # of a value, or of its unit below one; measured 5e-10
SHORT = {"duration_s": 10}
SCENARIOS = {
    "default": SHORT,
    "everything": EVERYTHING | SHORT,
    "envelope": EVERYTHING | SHORT | {"detector": "am", "low_hz": 100},
    "mono": SHORT | {"mix": "mono", "high_hz": 8000},
}
CHILD = """
import sys
import numpy as np
from beep.output.wav import quantized
from beep.scenario.scenario import Scenario
from beep.stream.resolve import receive
from beep.stream.tiles import render
from beep.stream.track import sent_pulses, track
arrays = {}
for name, fields in eval(sys.stdin.read()).items():
    reception = receive(Scenario(**fields))
    arrays[f"{name} sound"] = quantized(render(reception), subtype="pcm16")[0]
    for number, table in enumerate([track(reception), *sent_pulses(reception)]):
        arrays |= {f"{name} {column} {number}": table[column] for column in table if table[column].dtype.kind == "f"}
np.savez(sys.argv[1], **arrays)
"""


def features():
    """SIMD levels that NumPy can switch off on this machine."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    return [name for name in __cpu_dispatch__ if __cpu_features__[name]]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """Function of environment variables that returns sound and truth of the scenarios, from a process of its own."""

    def run(**environment):
        path = tmp_path_factory.mktemp("machine") / "arrays.npz"
        command = [sys.executable, "-W", "error::ImportWarning", "-c", CHILD, str(path)]
        subprocess.run(
            command, input=repr(SCENARIOS), text=True, env=os.environ | environment, check=True, timeout=TIMEOUT_S
        )
        return dict(np.load(path))

    return run


def differences(here, there):
    """Share of samples that differ, per scenario, and the largest relative difference of the truth."""
    shares, truth = {}, 0.0
    for name, expected in here.items():
        if name.endswith("sound"):
            steps = np.abs(there[name].astype(int) - expected)
            assert steps.max() <= 1, name
            shares[name.split()[0]] = np.mean(steps > 0)
        else:
            assert np.array_equal(np.isnan(expected), np.isnan(there[name])), name
            same = np.array_equal(expected, there[name], equal_nan=True)
            apart = 0.0 if same else np.nanmax(np.abs(there[name] - expected) / np.maximum(1, np.abs(expected)))
            truth = max(truth, apart)
    return shares, truth


def test_other_machines_give_nearly_the_same(rendered):
    """Without AVX-512, without AVX2, and with BLAS for a processor of 2008, few samples differ, by one step."""
    switches = {}
    if levels := features():
        switches["no SIMD"] = {"NPY_DISABLE_CPU_FEATURES": " ".join(levels)}
    if newest := [name for name in levels if "AVX512" in name or name == "X86_V4"]:
        switches["no AVX-512"] = {"NPY_DISABLE_CPU_FEATURES": " ".join(newest)}
    if "X86_V3" in levels or "AVX2" in levels:
        switches["old BLAS"] = {"OPENBLAS_CORETYPE": "Nehalem"}
    if not switches:
        pytest.skip("NumPy has one way only on this machine")
    here = rendered()
    for name, environment in switches.items():
        shares, truth = differences(here, rendered(**environment))

        assert max(shares.values()) > 0, f"{name} had no effect"
        assert shares.pop("mono") < MONO_SHARE, name
        assert max(shares.values()) < SHARE, (name, shares)
        assert truth < TRUTH, name
