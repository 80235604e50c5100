// The page: joins the sound, the pictures and the knobs. What it draws is what is heard at that moment.

import { Sound } from "./audio.js";
import { Curve } from "./curve.js";
import { CHOICES, Kiosk } from "./kiosk.js";
import { Knobs } from "./knobs.js";
import { Lamps, Numbers } from "./lamps.js";
import { WorldMap } from "./map.js";
import { at } from "./pass.js";
import { Sentence } from "./sentence.js";
import { Sky } from "./sky.js";
import { Waterfall } from "./waterfall.js";
import {
  LANGUAGES,
  clock,
  currentLanguage,
  hasWord,
  loadWords,
  passTitle,
  remember,
  setLanguage,
  word,
} from "./words.js";

const SLOW_MS = 250; // between two pictures of what moves slowly
const LAPSE_MS = 1000; // of sound between two jumps, where the picture runs faster than the sound
const PLAYED_S = 0.7; // of that second, after the jump is heard
const FAST = 60;
const COPIED_MS = 5000; // that it is said
const ADDRESS_MS = 500; // without a change, before the address has the settings

const part = (id) => document.getElementById(id);
const [served, coast] = await Promise.all([
  ...["scenario.json", "coast.json"].map(async (name) => (await fetch(name)).json()),
  loadWords(),
]);
const sound = new Sound();
let address = location.hash.slice(1),
  state = {},
  latest = null,
  slow_ms = 0,
  writing = 0,
  turned = "";
// The picture is faster than the sound by a factor, or only while the satellite is below the horizon.
const lapse = { factor: 1, below: false, wanted: false };

// --- what the user does ------------------------------------------------------------------------------------------

function begin(what) {
  lapse.below = lapse.wanted = false;
  sound.begin(what);
  listen();
}

function turn(changes, name) {
  sound.turn(changes);
  turned = changes[name] === 0 ? "" : `did.${name}`; // said when the server has done it
}

function toggle() {
  const { playing } = sound.heard();
  if (playing && state.running) sound.pause();
  else listen();
}

function listen() {
  sound.tap();
  if (!sound.heard().playing) sound.play();
}

function home() {
  part("about").close();
  lapse.below = lapse.wanted = false;
  setLanguage(start_language);
  write();
  part("volume").value = sound.volume = 1;
  sound.begin({});
  sound.play();
}

// --- parts -------------------------------------------------------------------------------------------------------

const waterfall = new Waterfall(part("waterfall"), sound),
  sentence = new Sentence(part("sentence"));
const lamps = new Lamps(part("lamps")),
  numbers = new Numbers(part("numbers")),
  sky = new Sky(part("sky"));
const curve = new Curve(part("curve"), (time_s) => sound.seek(time_s));
const knobs = new Knobs(part("knobs"), served, { turn, begin, sound });
const place = (latitude_deg, longitude_deg) =>
  knobs.place(`${latitude_deg.toFixed(2)},${longitude_deg.toFixed(2)}`);
const map = new WorldMap(part("map"), coast, served.kiosk ? null : place);
const start_language = currentLanguage();
globalThis.sputnik = { sound, waterfall }; // for the console, and for tests
const kiosk = served.kiosk
  ? new Kiosk(
      document.querySelectorAll("[data-choice]"),
      (name) => {
        begin(CHOICES[name]);
        lapse.wanted = name === "first"; // nothing is heard of the satellite on the other side of the Earth
      },
      home,
    )
  : null;

for (const [name, title] of Object.entries(LANGUAGES)) {
  part("language").append(new Option(title, name, false, name === currentLanguage()));
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: title, lang: name });
  button.addEventListener("click", () => choose(name));
  part("languages").append(button);
}

function choose(name) {
  setLanguage(name);
  write();
}

/** Write what no event writes again, in the language that was just chosen. */
function write() {
  part("language").value = currentLanguage();
  for (const button of part("languages").children)
    button.setAttribute("aria-pressed", String(button.lang === currentLanguage()));
  if (latest) show(latest);
  sentence.write();
  slow_ms = 0;
}

function show(pass) {
  latest = pass;
  part("title").textContent = passTitle(pass);
  document.title = `Sputnik 1 – ${passTitle(pass)}`;
  knobs.show(pass);
  for (const kind of ["wav", "toml", "png"]) part(`take-${kind}`).href = `/download/sputnik.${kind}?${pass.link}`;
  part("take-link").href = `/#${pass.link}`;
  if (kiosk) return;
  clearTimeout(writing); // browsers allow few changes of the address a second
  writing = setTimeout(() => {
    address = pass.link;
    history.replaceState(null, "", `#${address}`);
  }, ADDRESS_MS);
}

// --- events ------------------------------------------------------------------------------------------------------

sound.addEventListener("pass", ({ detail }) => {
  show(detail);
  lapse.below = lapse.wanted;
  if (hasWord(turned)) sentence.knob(turned, performance.now());
  turned = "";
});
sound.addEventListener("refused", ({ detail }) => {
  say(knobs.refuse(detail) ? "" : detail.message);
  if (Object.keys(detail.changes).some((name) => turned.startsWith(`did.${name}`))) turned = "";
});
sound.addEventListener("state", ({ detail }) => {
  const lost = state.connected !== undefined && !detail.connected ? word("lost") : "";
  state = state.connected || detail.connected ? detail : { running: detail.running };
  part("tap").hidden = detail.running || !detail.connected;
  const message = detail.message || lost;
  if (message || part("notice").dataset.of === "connection") say(message, "connection");
});
part("play").addEventListener("click", toggle);
part("tap").addEventListener("click", listen);
part("volume").addEventListener("input", ({ target }) => {
  sound.volume = Number(target.value) ** 2;
});
part("speed").addEventListener("change", ({ target }) => {
  lapse.factor = Number(target.value);
});
part("language").addEventListener("change", ({ target }) => {
  choose(target.value);
  remember(target.value);
});
part("about-open").addEventListener("click", () => {
  part("about").showModal();
  part("about").scrollTop = 0; // the button at its end has the focus
});
part("take-link").addEventListener("click", async (event) => {
  event.preventDefault();
  const link = part("take-link").href;
  const copied = await navigator.clipboard?.writeText(link).then(
    () => true,
    () => false,
  );
  say(copied ? word("copied") : link, "link");
  if (copied) setTimeout(() => part("notice").dataset.of === "link" && say(""), COPIED_MS);
});
document.addEventListener(
  "click",
  ({ target }) => part("take").contains(target) || part("take").removeAttribute("open"),
);
document.addEventListener("keydown", (event) => {
  if (event.target.closest("input, select, dialog") || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === " " && !event.target.closest("button, summary, a")) {
    event.preventDefault();
    toggle();
  }
  if (event.key === "ArrowLeft" || event.key === "ArrowRight") curve.key(event);
  if (event.key === "Escape") openTab("");
});
for (const button of part("tabs").children) {
  button.addEventListener("click", () => openTab(button.ariaExpanded === "true" ? "" : button.dataset.tab));
}
addEventListener("hashchange", () => {
  if (location.hash.slice(1) === address) return;
  address = location.hash.slice(1);
  begin({ recipe: address });
});

/** Write the line above the pictures; `about` tells what may replace it. */
function say(text, about = "") {
  part("notice").textContent = text;
  part("notice").dataset.of = about;
}

function openTab(name) {
  for (const button of part("tabs").children) {
    button.ariaExpanded = String(button.dataset.tab === name);
    document.documentElement.classList.toggle(`tab-${button.dataset.tab}`, button.dataset.tab === name);
  }
}

// --- each picture ------------------------------------------------------------------------------------------------

function frame(now_ms) {
  const heard = sound.heard();
  waterfall.update(heard, now_ms);
  const due = now_ms - slow_ms >= SLOW_MS;
  lamps.update(heard, due);
  if (due) {
    slow_ms = now_ms;
    draw(heard, now_ms);
  }
  requestAnimationFrame(frame);
}

function draw(heard, now_ms) {
  if (heard.pass || !latest) [curve, map, sky, numbers].forEach((picture) => picture.update(heard)); // else wait
  sentence.update(heard, now_ms);
  const playing = heard.playing && Boolean(state.running);
  part("play").firstElementChild.textContent = playing ? "❚❚" : "▶";
  part("play").lastElementChild.textContent = word(playing ? "pause" : "play");
  part("play").ariaLabel = word(playing ? "pause" : "play");
  if (heard.pass) part("clock").textContent = clock(heard.pass, heard.time_s);
  kiosk?.update(heard);
}

/** Let the picture run faster than the sound: one second of sound, then a jump. */
function jump() {
  const heard = sound.heard();
  const below = heard.playing && heard.pass && lapse.below && at(heard.pass, "elevation_deg", heard.time_s) < 0;
  const factor = below ? FAST : lapse.factor,
    wanted_s = heard.time_s + factor - PLAYED_S;
  sentence.lapse = below;
  if (heard.playing && heard.pass && factor > 1 && wanted_s < heard.pass.duration_s) sound.seek(wanted_s);
}

setInterval(jump, LAPSE_MS);
choose(currentLanguage());
if (address) sound.begin({ recipe: address });
requestAnimationFrame(frame);
