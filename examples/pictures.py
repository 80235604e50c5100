"""The pictures in docs/pictures: pass sheet, Doppler curve, waterfall, keying, and a pass fitted to its Doppler curve.

    python examples/pictures.py [FOLDER]

Needs the extra `plot`. The comment above each shows the command that draws the same.
"""

import dataclasses
import sys
from pathlib import Path

from PIL import Image

import beep
from beep import plot

COLOURS = 128


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    folder.mkdir(parents=True, exist_ok=True)
    paper = plot.Paper(size_in=(10.0, 7.5), dpi=80)
    flat = plot.Paper(size_in=(10.0, 4.5), dpi=80)

    over_dallas = beep.Scenario(station="dallas", start="1957-10-07T05:00Z")
    figures = {
        # beep plot pass pass.png --station dallas --start 1957-10-07T05:00Z
        "pass": plot.pass_sheet(over_dallas, paper=paper),
        # beep plot doppler doppler.png --station laurel --start 1957-10-08T03:20Z --dark
        "doppler": plot.doppler_curve(
            beep.Scenario(station="laurel", start="1957-10-08T03:20Z"), paper=dataclasses.replace(flat, dark=True)
        ),
    }
    seconds = folder / "tape.wav"
    beep.export(dataclasses.replace(beep.preset("dallas"), duration_s=20.0, tca_s=5.0), seconds, force=True)
    with beep.open_recording(seconds) as tape:
        # beep export tape.wav --preset dallas --duration-s 20 --tca-s 5; beep plot waterfall waterfall.png tape.wav
        figures["waterfall"] = plot.waterfall(tape, paper=dataclasses.replace(paper, size_in=(7.5, 6.0)))
        # beep plot keying keying.png tape.wav
        figures["keying"] = plot.keying_sheet(tape, beep.measure(tape), paper=flat)
    seconds.unlink()

    # beep export pass.wav --mix 20 --noise residential --sample-rate-hz 8000 --altitude-km 230 --duration-s 300
    # beep plot fit fit.png pass.wav
    scenario = beep.Scenario(mix="20", noise="residential", sample_rate_hz=8000, altitude_km=230, duration_s=300)
    fitted = beep.fit(beep.measure(beep.render(scenario), sample_rate_hz=8000))
    figures["fit"] = plot.fit_sheet(fitted, name="a simple pass", paper=paper)

    for name, figure in figures.items():
        path = folder / f"{name}.png"
        plot.save(figure, path, kind="png")
        with Image.open(path) as image:  # noise in all its colours would take a megabyte
            image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
        print(f"{path}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
