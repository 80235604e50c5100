"""What GNU Radio makes of our I/Q files and of our virtual dongle. By hand, with the Python that has GNU Radio:

    /usr/bin/python3 tests/output/gnuradio_iq.py --beep "python -m beep" files dongle minute

(Debian: apt install gnuradio gr-osmosdr.) Nothing is imported from beep. Each check prints what it measured, and the
exit status is 1 where one misses its mark. Figures with GNU Radio 3.10.5.1 and gr-osmosdr 0.2.4, on two busy cores:
docs/decisions.md.
"""

import argparse
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from gnuradio import blocks, fft, gr

PASS = ["--station", "dallas", "--start", "1957-10-07T05:00Z"]
STILL = ["--still", "--duration-s", "3600", "--carrier-mhz", "20.005:1:always", "--carrier-mhz", "40.002:1:always"]
CARRIERS_HZ = {20_000_000: 20_005_000, 19_900_000: 20_005_000, 40_100_000: 40_002_000}  # by tuning
RATES_HZ = (250_000, 1_024_000, 2_048_000, 2_400_000)
FFT_SIZE = 1 << 18
missed = []


def check(what, holds):
    print(f"{'ok    ' if holds else 'MISSED'} {what}", flush=True)
    if not holds:
        missed.append(what)


# --- files ------------------------------------------------------------------------------------------------------


def read_file(path):
    """Samples of an I/Q file, read and converted by GNU Radio."""
    graph, sink, suffix = gr.top_block(), blocks.vector_sink_c(), path.suffix
    if suffix in (".cf32", ".sigmf-data"):
        graph.connect(blocks.file_source(gr.sizeof_gr_complex, str(path)), sink)
    elif suffix == ".cs16":
        source = blocks.file_source(gr.sizeof_short, str(path))
        graph.connect(source, blocks.interleaved_short_to_complex(False, False, 2.0**15), sink)
    else:
        pair = blocks.float_to_complex()
        if suffix == ".cu8":
            source, parts = blocks.file_source(gr.sizeof_char, str(path)), blocks.deinterleave(gr.sizeof_float)
            scale = blocks.multiply_const_ff(1 / 127.5)
            graph.connect(source, blocks.uchar_to_float(), blocks.add_const_ff(-127.5), scale, parts)
        else:
            parts = blocks.wavfile_source(str(path), False)
        graph.connect((parts, 0), (pair, 0))
        graph.connect((parts, 1), (pair, 1))
        graph.connect(pair, sink)
    graph.run()
    return np.array(sink.data(), np.complex64)


def spectrum(samples):
    """Power (FFT_SIZE,) by GNU Radio's FFT of some samples with a Blackman window, filled with zeros."""
    padded = np.zeros(FFT_SIZE, np.complex64)
    padded[: samples.size] = samples * np.blackman(samples.size)
    graph, sink = gr.top_block(), blocks.vector_sink_c(FFT_SIZE)
    transform = fft.fft_vcc(FFT_SIZE, True, [], False)
    graph.connect(blocks.vector_source_c(padded.tolist(), False, FFT_SIZE), transform, sink)
    graph.run()
    return np.abs(np.array(sink.data())) ** 2


def check_files(beep, folder):
    """The peak of pulses at start, closest approach and end, in every format; the image in float."""
    subprocess.run([*beep, "export", "-q", "pass.sigmf-meta", *PASS], cwd=folder, check=True)
    notes = json.loads((folder / "pass.sigmf-meta").read_text())["annotations"]
    for name, options in {
        "pass.sigmf-data": None,
        "pass.cf32": [],
        "pass.cs16": [],
        "pass.cu8": [],
        "pass.wav": ["--iq"],
        "float.wav": ["--iq", "--subtype", "float"],
    }.items():
        if options is not None:
            subprocess.run([*beep, "export", "-q", name, *options, *PASS], cwd=folder, check=True)
        samples, errors_hz = read_file(folder / name), []
        for number in (20, len(notes) // 2, len(notes) - 21):  # a carrier fades in below one degree
            first, count = notes[number]["core:sample_start"], notes[number]["core:sample_count"]
            power = spectrum(samples[first + 300 : first + count - 300])
            peak_hz = np.fft.fftfreq(FFT_SIZE, 1 / 48_000)[np.argmax(power)]
            errors_hz.append(20e6 + peak_hz - notes[number]["beep:frequency_hz"])
        worst = ", ".join(f"{error_hz:+.2f}" for error_hz in errors_hz)
        check(f"{name}: {samples.size} samples, errors at start, TCA, end: {worst} Hz", np.abs(errors_hz).max() < 1)
    subprocess.run([*beep, "export", "-q", "quiet.cf32", "--noise", "off", *STILL, "--duration-s", "5"], cwd=folder)
    power = spectrum(read_file(folder / "quiet.cf32")[:200_000])
    peak = int(np.argmax(power))
    image_db = 10 * np.log10(power[peak] / power[-peak - 5 : -peak + 5].max())
    check(f"quiet.cf32: image {image_db:.0f} dB below the carrier", image_db > 60)


# --- dongle -----------------------------------------------------------------------------------------------------


@contextmanager
def dongle(beep, *options):
    """Run the dongle on a free port; gives the port, the process, and the C/N0 that it prints, by MHz."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [*beep, "rtl-tcp", "--port", str(port), *options]
    with tempfile.TemporaryFile("w+") as said, subprocess.Popen(command, stderr=said) as running:
        try:
            time.sleep(5)
            said.seek(0)
            text = said.read()
            yield port, running, {float(m): float(r) for r, m in re.findall(r"([\d.]+) dB-Hz at ([\d.]+) MHz", text)}
        finally:
            running.kill()


def tuned(port, center_hz, rate_hz, seconds, *, skip_s=1.0):
    """Samples through gr-osmosdr's rtl_tcp source, and how long they took."""
    import osmosdr

    graph, sink = gr.top_block(), blocks.vector_sink_c()
    source = osmosdr.source(f"rtl_tcp=127.0.0.1:{port}")
    source.set_sample_rate(rate_hz)
    source.set_center_freq(center_hz)
    graph.connect(
        source,
        blocks.skiphead(gr.sizeof_gr_complex, round(skip_s * rate_hz)),
        blocks.head(gr.sizeof_gr_complex, round(seconds * rate_hz)),
        sink,
    )
    graph.run()
    return np.array(sink.data(), np.complex64)


def check_dongle(beep, _folder):
    """Place and C/N0 of the carrier at every rate and tuning."""
    with dongle(beep, *STILL) as (port, _, c_n0_db_hz):
        for center_hz, carrier_hz in CARRIERS_HZ.items():
            for rate_hz in RATES_HZ:
                samples = tuned(port, center_hz, rate_hz, 1.0)
                power = np.abs(np.fft.fft(samples * np.hanning(rate_hz))) ** 2
                power[:20] = power[-20:] = np.median(power)  # GNU Radio's own offset
                peak = int(np.argmax(power))
                error_hz = (peak - (carrier_hz - center_hz) + rate_hz // 2) % rate_hz - rate_hz // 2
                noise = np.mean(np.delete(power, range(peak - 50, peak + 50)))
                ratio_db = 10 * np.log10(power[peak - 2 : peak + 3].sum() / noise)
                expected_db = c_n0_db_hz[carrier_hz / 1e6]
                check(
                    f"{center_hz / 1e6:g} MHz at {rate_hz / 1e6:g} MS/s: {error_hz:+d} Hz, C/N0 {ratio_db:.2f} dB-Hz, "
                    f"printed {expected_db}",
                    abs(error_hz) <= 5 and abs(ratio_db - expected_db) < 0.5,
                )


def check_minute(beep, _folder):
    """A minute at the highest rate: the carrier's phase stands still, so no sample is missing; processor time."""
    import osmosdr

    center_hz, rate_hz, step = 20_000_000, 2_400_000, 2_400
    with dongle(beep, *STILL) as (port, running, _):
        graph, sink = gr.top_block(), blocks.vector_sink_c()
        source = osmosdr.source(f"rtl_tcp=127.0.0.1:{port}")
        source.set_sample_rate(rate_hz)
        source.set_center_freq(center_hz)
        turn = blocks.rotator_cc(-2 * np.pi * 5_000 / rate_hz)
        mean = blocks.integrate_cc(step)
        skip, head = blocks.skiphead(gr.sizeof_gr_complex, rate_hz), blocks.head(gr.sizeof_gr_complex, 60 * rate_hz)
        graph.connect(source, skip, head, turn, mean, sink)
        began_s, used = time.monotonic(), processor_s(running.pid)
        graph.run()
        took_s, used = time.monotonic() - began_s, processor_s(running.pid) - used
    turns = np.unwrap(np.angle(np.array(sink.data()))) / (2 * np.pi)
    per_sample = 5_000 / rate_hz  # turns by which the phase steps for each missing sample
    seconds = turns.reshape(60, -1).mean(axis=1)
    residual = seconds - np.polyval(np.polyfit(np.arange(60), seconds, 1), np.arange(60))  # the rotator rounds its step
    check(
        f"60 s at 2.4 MS/s: {turns.size * step} samples in {took_s:.1f} s, phase within {np.abs(residual).max():.5f} "
        f"turn (a missing sample: {per_sample:.5f})",
        turns.size == 60_000 and np.abs(residual).max() < per_sample / 4,
    )
    check(f"processor of the dongle: {100 * used / took_s:.0f} % of a core", used / took_s < 0.3)


def processor_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--beep", default="beep", help="command that runs the program")
    parser.add_argument("checks", nargs="+", choices=["files", "dongle", "minute"])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        for name in given.checks:
            globals()[f"check_{name}"](shlex.split(given.beep), Path(made))
    sys.exit(bool(missed))
