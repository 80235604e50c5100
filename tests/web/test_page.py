"""The page as a visitor sees it, in a real Chromium."""

import json
import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import until

import beep
from beep.base.checks import choices
from beep.scenario.presets import characters, preset
from beep.scenario.scenario import Scenario, fields

Serve = Callable[..., str]
Visit = Callable[..., Any]
PAGE = Path(beep.__file__).parent / "web" / "page"
LANGUAGES = ("en", "de", "ru", "fr", "es")
SIZES = ((390, 844), (1366, 768), (1920, 1080))  # 3840 x 2160 is the last one with letters twice as high
DALLAS = Scenario(station="dallas", start="1957-10-07T05:00Z")
AT_REST = """async (id) => {
  let box = null, frames = 0;
  while (frames < 20) {  // its size changes while the page fills
    await new Promise(requestAnimationFrame);
    const now = document.getElementById(id).getBoundingClientRect().toJSON();
    frames = JSON.stringify(now) === JSON.stringify(box) ? frames + 1 : 0;
    box = now;
  }
  return box;
}"""
ROW_FRAMES, WINDOW = 2400, 4096  # of waterfall.js and spectrum.js


def script(name: str) -> str:
    return (Path(__file__).parent / "scripts" / f"{name}.js").read_text("utf-8")


# --- words ------------------------------------------------------------------------------------------------------


def words() -> dict[str, dict[str, str]]:
    return json.loads((PAGE / "words.json").read_text("utf-8"))


def test_all_texts_are_in_five_languages() -> None:
    for name, texts in words().items():
        assert tuple(texts) == LANGUAGES, name
        assert all(texts.values()), name
        values = [{part[1] for part in string.Formatter().parse(text)} for text in texts.values()]
        assert all(names == values[0] for names in values), name


def test_every_text_that_the_page_names_exists() -> None:
    source = "".join(path.read_text("utf-8") for path in sorted(PAGE.iterdir()) if path.suffix in (".html", ".js"))
    named = set(re.findall(r'(?:data-word=|word\()"([\w.]+)"', source))
    named |= {f"label.{name}" for name in re.findall(r'data-label="(\w+)"', source)}
    assert len(named) > 40
    assert named <= set(words())


def test_every_knob_is_a_field_and_every_choice_has_a_text() -> None:
    groups = re.search(r"const GROUPS = \{(.*?)\};", (PAGE / "knobs.js").read_text("utf-8"), re.DOTALL)
    assert groups is not None
    names = set(re.findall(r'"(\w+)"', groups[1]))
    scenario = {field.name: field for field in fields()}
    assert names - set(scenario) == {"reception", "character", "lead_s"}
    texts = {f"knob.{name}" for name in names} | {f"character.{name}" for name in characters()}
    texts |= {f"{name}.{choice}" for name in names & set(scenario) for choice in choices(scenario[name])}
    assert len(texts) > 30
    assert texts <= set(words())


# --- what is seen ----------------------------------------------------------------------------------------------


def test_ridge_of_the_waterfall_is_at_the_predicted_tone(serve: Serve, visit: Visit) -> None:
    page = visit(serve(DALLAS))
    page.evaluate("sputnik.sound.seek(sputnik.sound.heard().pass.tca_s - 60)")
    until(page, "sputnik.sound.heard().time_s > sputnik.sound.heard().pass?.tca_s - 57")
    seen = page.evaluate(script("ridge"))
    rows = np.arange(2, 50)  # 2.5 s, the newest first
    frames = (seen["next"] - 1 - rows) * ROW_FRAMES - WINDOW / 2
    times_s = seen["time_s"] - (seen["frame"] - frames) / 48_000
    green = np.array(seen["green"]).reshape(50, seen["width"])  # of viridis, green rises with the level
    lines = green[np.round((rows + 0.5) * seen["row_px"]).astype(int)]
    ridge_px, bright = lines.argmax(axis=1) + 0.5, lines.max(axis=1) > 120
    truth = beep.track(DALLAS, times_s)
    off_px = [
        np.abs(ridge_px - (truth[f"tone_{name}_hz"] - DALLAS.low_hz) / (DALLAS.high_hz - DALLAS.low_hz) * seen["width"])
        for name in DALLAS.names
    ]
    nearest_px = np.min(off_px, axis=0)[bright]
    assert len(nearest_px) > 30
    assert nearest_px.max() <= 2
    assert all(np.sum(off[bright] <= 2) > 10 for off in off_px)  # both carriers


def test_the_sentence_says_the_number_of_this_moment(serve: Serve, visit: Visit) -> None:
    page = visit(serve(DALLAS))
    for to_s, words in (
        (200, "closer by 4 km every second"),
        (238, "at its closest, 464 km away"),
        (300, "away by 5 km"),
    ):
        page.evaluate(f"sputnik.sound.seek({to_s})")
        until(page, f"document.getElementById('sentence').textContent.includes('{words}')")


def test_lamps_light_with_the_sound(serve: Serve, visit: Visit) -> None:
    scenario = Scenario(noise="off", tca_s=20.0, duration_s=40.0)
    page = visit(serve(scenario))
    seen = page.evaluate(script("lamps"))
    times_s = np.array([row[0] for row in seen])
    assert times_s[-1] - times_s[0] > 2
    truth = beep.track(scenario, times_s)
    for side, sends_late in enumerate((False, True)):
        phase_s = (times_s - truth["delay_s"] - (scenario.pulse_s if sends_late else 0)) % 0.6
        down = phase_s < 0.3
        steady = (np.abs(phase_s - 0.3) > 0.05) & (phase_s > 0.05) & (phase_s < 0.55)
        lamp, loud = (np.array([row[1 + side + part] for row in seen]) for part in (0, 2))
        assert steady.sum() > 100
        assert np.mean(lamp[steady] == down[steady]) > 0.97  # a busy machine may stop the browser between two lines
        assert np.mean(lamp[steady] == loud[steady]) > 0.97


# --- what the user does ----------------------------------------------------------------------------------------


def test_broken_rule_is_said_beside_its_knob(serve: Serve, visit: Visit) -> None:
    page = visit(serve(DALLAS))
    page.fill("#knob-pulse_s", "0.003")
    page.keyboard.press("Tab")
    rule = page.locator(".knob:has(#knob-pulse_s) .rule")
    until(page, "document.querySelector('.knob:has(#knob-pulse_s) .rule').textContent")
    assert rule.inner_text().startswith("an edge must fit into the pulse and the pause")
    page.fill("#knob-pulse_s", "0.2")
    page.keyboard.press("Tab")
    until(page, "sputnik.sound.heard().pass?.scenario.pulse_s === 0.2")
    assert rule.inner_text() == ""
    page.fill("#knob-station", "nowhere")
    page.keyboard.press("Tab")
    until(page, "document.querySelector('.knob:has(#knob-station) .rule').textContent")
    until(page, "sputnik.sound.heard().pass?.scenario.min_elevation_deg === 10")  # the rest of a place is accepted
    assert page.locator(".knob:has(#knob-station) .rule").inner_text().startswith("station must be")
    assert page.input_value("#knob-station") == "nowhere"


def test_a_double_click_in_a_text_selects_and_on_a_slider_resets(serve: Serve, visit: Visit) -> None:
    page = visit(serve(DALLAS))
    page.dblclick("#knob-station")
    page.dblclick("#knob-tone_hz")
    page.dblclick("[data-word='knob.pulse_s']")
    until(page, "sputnik.sound.heard().pass?.scenario.pulse_s === 0.3")
    scenario = page.evaluate("sputnik.sound.heard().pass.scenario")
    assert (scenario["station"], scenario["tone_hz"]) == ("dallas", DALLAS.tone_hz)


def test_the_refusal_of_an_older_change_is_not_said(serve: Serve, visit: Visit) -> None:
    page = visit(serve(DALLAS))
    page.fill("#knob-station", "-90,0")  # there all passes are searched before it is refused
    page.keyboard.press("Tab")
    page.click("#map", position={"x": 180, "y": 60})
    until(
        page, "sputnik.sound.heard().pass?.scenario.station.startsWith(document.getElementById('knob-station').value)"
    )
    assert page.input_value("#knob-station") not in ("-90,0", "dallas")
    assert page.locator(".knob:has(#knob-station) .rule").inner_text() == ""


def test_what_is_wrong_with_a_link_stays_in_sight(serve: Serve, visit: Visit) -> None:
    page = visit(f"{serve(DALLAS)}#station=London")
    until(page, "document.getElementById('notice').textContent")
    page.wait_for_timeout(300)
    assert page.inner_text("#notice").endswith("got 'London'")


def test_click_on_the_map_chooses_a_place(serve: Serve, visit: Visit) -> None:
    page = visit(serve(DALLAS))
    box = page.evaluate(AT_REST, "map")
    size = min(box["width"], 2 * box["height"])
    x, y = box["width"] / 2 + 13.4 / 360 * size, box["height"] / 2 - 52.5 / 360 * size
    page.mouse.click(box["x"] + x, box["y"] + y)
    until(page, "(sputnik.sound.heard().pass?.scenario.station ?? 'dallas') !== 'dallas'")
    station = page.evaluate("sputnik.sound.heard().pass.station")
    assert abs(station["latitude_deg"] - 52.5) < 1
    assert abs(station["longitude_deg"] - 13.4) < 1
    until(page, "location.hash.startsWith('#station=')")


def test_keyboard_alone_seeks_and_pauses(serve: Serve, visit: Visit) -> None:
    page = visit(serve(DALLAS))
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "curve":
            break
    else:
        pytest.fail("the Tab key does not reach the curve")
    page.keyboard.press("Home")
    until(page, "sputnik.sound.heard().time_s < 5")
    page.keyboard.press("PageUp")
    until(page, "sputnik.sound.heard().time_s > 55")
    page.keyboard.press("Space")
    until(page, "!sputnik.sound.heard().playing")
    stands_s = page.evaluate("sputnik.sound.heard().time_s")
    page.keyboard.press("Space")
    until(page, f"sputnik.sound.heard().time_s > {stands_s}")


def test_all_is_inside_the_screen_in_every_language_and_size(serve: Serve, visit: Visit) -> None:
    for kiosk in (False, True):
        page = visit(serve(DALLAS, kiosk=kiosk))
        for width, height in (*SIZES, *([(1080, 1920)] if kiosk else [])):
            if kiosk and width < 1000:
                continue
            page.set_viewport_size({"width": width, "height": height})
            for language in LANGUAGES:
                page.evaluate(f"document.querySelector('#languages [lang={language}]').click()")
                assert page.evaluate("document.documentElement.lang") == language
                assert _beyond(page) == [], (kiosk, width, language)


def _beyond(page: Any) -> list[str]:
    """Names of elements that the window or their box cuts off."""
    return page.evaluate(script("beyond"))


def test_kiosk_returns_to_the_start_after_two_idle_minutes(serve: Serve, visit: Visit) -> None:
    sooner = "const timer = setTimeout; window.setTimeout = (call, ms) => timer(call, ms === 120000 ? 1500 : ms);"
    page = visit(serve(preset("dallas"), kiosk=True), script=sooner)
    page.click("#languages [lang=de]")
    page.evaluate("document.getElementById('volume').value = 0; sputnik.sound.volume = 0")
    page.click("[data-choice=own]")
    until(page, "sputnik.sound.heard().pass?.station === null")
    assert page.inner_text("[data-choice=own]") == "Ein eigener Überflug"
    assert page.is_visible("#knob-altitude_km")
    until(page, "document.documentElement.lang === 'en'")
    until(page, "sputnik.sound.volume > 0.99")
    until(page, "sputnik.sound.heard().pass?.station?.name === 'Dallas'")
    assert page.evaluate("sputnik.sound.heard().playing")
    assert not page.is_visible("#knobs")
    assert page.evaluate("[...document.querySelectorAll('a')].filter((link) => link.offsetParent).length") == 0


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_no_serious_fault_for_axe(serve: Serve, visit: Visit, scheme: str) -> None:
    folder = Path(pytest.importorskip("axe_playwright_python").__file__).parent
    source = next(folder.rglob("axe.min.js")).read_text("utf-8")
    page = visit(serve(DALLAS, kiosk=scheme == "dark"), color_scheme=scheme)
    page.evaluate(source)
    phone = [] if scheme == "dark" else [((390, 844), "[data-tab=knobs]")]
    for size, before in (((1366, 768), ""), *phone, ((1366, 768), "#about-open")):
        page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
        if before:
            page.click(before)
        faults = page.evaluate("axe.run().then(({ violations }) => violations)")
        assert [
            (fault["id"], fault["nodes"][0]["html"]) for fault in faults if fault["impact"] in ("serious", "critical")
        ] == []


@pytest.mark.parametrize(("kiosk", "seconds"), [(False, 2), (True, 1)])  # sixty by hand
def test_hundred_random_events_a_second(serve: Serve, visit: Visit, kiosk: bool, seconds: int) -> None:
    page = visit(serve(DALLAS, kiosk=kiosk))
    page.on("dialog", lambda dialog: dialog.dismiss())
    assert page.evaluate(script("random_events"), seconds) == 100 * seconds
    page.evaluate("sputnik.sound.begin({ preset: 'tatsfield' }); sputnik.sound.tap(); sputnik.sound.play()")
    until(page, "sputnik.sound.heard().pass?.scenario.station === 'tatsfield' && sputnik.sound.heard().playing")
    until(page, "document.getElementById('title').textContent.startsWith('Tatsfield')")
    heard = page.evaluate("sputnik.sound.heard()")
    until(page, f"sputnik.sound.heard().frame > {heard['frame'] + 24_000}")
    loud = page.evaluate("Math.max(...sputnik.sound.recent(24000)[0])")
    assert loud > 0.01
    until(
        page, "Number(document.getElementById('knob-pulse_s').value) === sputnik.sound.heard().pass?.scenario.pulse_s"
    )


def test_the_first_turn_begins_at_the_first_signal_and_runs_fast_below_the_horizon(serve: Serve, visit: Visit) -> None:
    page = visit(serve(preset("dallas"), kiosk=True))
    page.click("[data-choice=first]")
    until(page, "sputnik.sound.heard().pass?.station?.name === 'Tyuratam'")
    assert page.evaluate("sputnik.sound.heard().pass.epoch").startswith("1957-10-04T19:33:49")
    assert page.evaluate("sputnik.sound.heard().pass.ground.t_s[0]") == pytest.approx(0, abs=1)
    assert page.evaluate("sputnik.sound.heard().time_s") < 20
    page.evaluate("sputnik.sound.seek(200)")
    until(page, "sputnik.sound.heard().time_s > 300")  # 100 s in two of sound
    page.evaluate("sputnik.sound.seek(5660)")  # it rises again
    until(page, "sputnik.sound.heard().time_s > 5661")
    assert page.evaluate("sputnik.sound.heard().time_s") < 5680


def test_a_link_holds_the_settings_and_the_page_is_below_200_kb(serve: Serve, visit: Visit) -> None:
    url = serve(DALLAS)
    page = visit(f"{url}#altitude_km=300&tone_hz=800")
    loads = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    assert 100e3 < page.evaluate(f"{loads}.reduce((sum, load) => sum + load.transferSize, 0)") < 200e3
    until(page, "sputnik.sound.heard().pass?.scenario.altitude_km === 300")
    assert page.inner_text("#title") == "Simple pass, 300 km, 60°"
    assert page.input_value("#knob-tone_hz") == "800"
    link = page.get_attribute("#take-link", "href")
    settings = page.request.get(url.rstrip("/") + page.get_attribute("#take-toml", "href")).text()
    assert "altitude_km = 300" in settings
    assert "tone_hz = 800" in settings
    page.goto("about:blank")
    page.goto(url.rstrip("/") + link)
    until(page, "globalThis.sputnik?.sound.heard().pass?.scenario.altitude_km === 300")
    assert page.evaluate("sputnik.sound.heard().pass.scenario.tone_hz") == 800
