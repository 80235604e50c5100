"""A worksheet for a class and its answer sheet, from one recipe: speed and distance of a satellite from its waterfall.

    python examples/worksheet.py [SCENARIO.toml]

It writes worksheet.pdf (a waterfall to read ten tones from, a table to fill in, questions) and answers.pdf (the same
waterfall with the predicted curve, the table filled in, the answers). Without a scenario it takes the pass over Laurel,
Maryland, on 8 October 1957. Files of these names are replaced. Needs the extra `plot`.
"""

import sys
from dataclasses import replace

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

import beep

LAUREL = beep.Scenario(station="laurel", start="1957-10-08T03:20Z", mix="20", noise="residential")
A4_IN = (8.27, 11.69)
SPEED_OF_LIGHT_KM_S = 299_792.458
STEPS_S = (-22.5, -7.5, 7.5, 22.5)  # of the middle readings, from closest approach
ENDS = (0.05, 0.15, 0.25, 0.75, 0.85, 0.95)  # of the other readings, as parts of the recording
READ_TO_HZ = 10.0  # as well as a ruler does it


def main() -> None:
    chosen = beep.load(sys.argv[1]) if len(sys.argv) > 1 else LAUREL
    scenario = replace(chosen, mix=chosen.names[0] if len(chosen.carriers) > 1 else chosen.mix, sample_rate_hz=8000)
    highest_hz = np.nanmax(beep.track(scenario)[f"tone_{scenario.names[0]}_hz"])
    scenario = replace(scenario, high_hz=min(highest_hz + 300, 3900))  # the picture ends there
    whole = beep.track(scenario, np.arange(0.0, beep.track(scenario)["t_s"][-1], 0.25))
    tone_column = f"tone_{scenario.names[0]}_hz"
    closest = int(np.argmin(whole["range_km"]))
    tca_s, until_s = whole["t_s"][closest], whole["t_s"][-1]
    t_s = np.sort(np.rint([part * until_s for part in ENDS] + [tca_s + step_s for step_s in STEPS_S]))
    tone_hz = np.interp(t_s, whole["t_s"], whole[tone_column])
    rows = [[f"{int(t // 60)}:{t % 60:02.0f}", f"{tone:.0f}"] for t, tone in zip(t_s, tone_hz, strict=True)]

    frequency_hz = scenario.heard[0].frequency_mhz * 1e6
    read_hz = READ_TO_HZ * np.rint(tone_hz / READ_TO_HZ)
    drop_hz = read_hz[0] - read_hz[-1]
    slope_hz_s = -np.min(np.diff(read_hz) / np.diff(t_s))
    speed_km_s = SPEED_OF_LIGHT_KM_S * drop_hz / (2 * frequency_hz)
    distance_km = frequency_hz * speed_km_s**2 / (SPEED_OF_LIGHT_KM_S * slope_hz_s)
    true_speed_km_s = scenario_speed_km_s(scenario)
    questions = [
        (f"1. How much does the tone drop in all? (carrier: {frequency_hz / 1e6:g} MHz)", f"{drop_hz:.0f} Hz"),
        (
            "2. Speed = speed of light x drop / (2 x carrier), with the carrier in Hz and 299 792 km/s",
            f"{speed_km_s:.2f} km/s (the fit says {true_speed_km_s:.2f})",
        ),
        (
            "3. What is the steepest slope, and when? That is the closest approach.",
            f"{slope_hz_s:.1f} Hz/s, {int(tca_s // 60)}:{tca_s % 60:02.0f}",
        ),
        ("4. Distance = carrier x speed x speed / (speed of light x slope)", f"{distance_km:.0f} km"),
        (
            f"5. The computed distance is {whole['range_km'][closest]:.0f} km. Where does your difference come from?",
            "from reading: 10 Hz of the slope's two readings; and the path is curved, not straight",
        ),
    ]
    for name, solved in (("worksheet.pdf", False), ("answers.pdf", True)):
        with PdfPages(name) as pages:
            pages.savefig(beep.plot.waterfall(scenario, curve=solved, paper=beep.plot.Paper(size_in=(8.27, 8.0))))
            pages.savefig(table_page(rows, questions, solved=solved))
        print(name)


def scenario_speed_km_s(scenario: beep.Scenario) -> float:
    """Speed at closest approach, fitted to all beeps."""
    measurements = beep.measure(beep.render(scenario), sample_rate_hz=scenario.sample_rate_hz)
    carriers_hz = [carrier.frequency_mhz * 1e6 for carrier in scenario.heard]
    return beep.fit(measurements, carriers_hz=carriers_hz).speed_km_s.value


def table_page(rows: list[list[str]], questions: list[tuple[str, str]], *, solved: bool) -> Figure:
    """The table of readings and the questions; filled in where `solved`."""
    figure = Figure(figsize=A4_IN)
    axes = figure.add_axes((0.12, 0.48, 0.76, 0.42))
    axes.set_axis_off()
    heads = ["time after the first sample / min:s", "tone / Hz"]
    table = axes.table(
        [row if solved else [row[0], ""] for row in rows], colLabels=heads, loc="center", cellLoc="center"
    )
    table.scale(1.0, 2.0)
    heading = "Answers" if solved else "Read the tone at these times off the waterfall.   Name:"
    figure.text(0.12, 0.92, heading, fontsize=14)
    for number, (question, answer) in enumerate(questions):
        height = 0.42 - 0.075 * number
        figure.text(0.12, height, question)
        figure.text(0.16, height - 0.03, answer if solved else "." * 60)
    return figure


if __name__ == "__main__":
    main()
