// Knobs: the scenario's own fields, with their units, rules and defaults as the server sends them.

import { day, hasWord, word } from "./words.js";

// What a slider spans: the part of a field's range that is of use. The number beside it takes all of the range.
const SLIDERS = {
  altitude_km: [150, 2000, 10],
  max_elevation_deg: [5, 90, 1],
  min_elevation_deg: [0, 80, 1],
  pulse_s: [0.05, 2, 0.01],
  pause_s: [0.05, 2, 0.01],
  chirp_hz: [-100, 100, 1],
  spin_rpm: [0, 60, 1],
  tone_hz: [300, 2500, 10],
  lead_s: [0.1, 1, 0.05],
};
const GROUPS = {
  where: ["reception", "station", "start", "min_elevation_deg", "altitude_km", "max_elevation_deg"],
  sent: ["pulse_s", "pause_s", "chirp_hz", "spin_rpm"],
  path: ["ionosphere", "noise"],
  set: ["tone_hz", "sideband", "character", "mix", "lead_s"],
};
const IN_KIOSK = ["altitude_km", "max_elevation_deg"];
const LEAD = { name: "lead_s", kind: "number", unit: "s", default: 0.25, least: 0.1, most: 1 }; // of the sound
const SPUTNIK = ["1957-10-04T19:12", "1957-10-26T00:00"]; // the orbit is known between
const BEGIN_WITH = "1957-10-07T00:00Z";
const EARLY_MS = 3_600_000; // that a reception's search may begin before its report

export class Knobs {
  /** `turn(changes)` changes the scenario, `begin(what)` starts another pass; `sound` has the lead. */
  constructor(form, served, { turn, begin, sound }) {
    this.form = form;
    this.served = served;
    this.fields = Object.fromEntries([...served.fields, LEAD].map((field) => [field.name, field]));
    Object.assign(this, { turn, begin, sound });
    this.rows = {};
    this.refused = {}; // changes that broke a rule, tried again with the next one
    this.sent = {}; // the last value of each field that was sent since the pass began
    this.build();
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  build() {
    for (const [group, names] of Object.entries(GROUPS)) {
      const box = make("fieldset", this.form);
      make("legend", box).dataset.word = `knobs.${group}`;
      for (const name of names) this.row(box, name);
    }
    this.warnings = make("p", this.form, "note");
    this.warnings.lang = "en";
  }

  row(box, name) {
    const field = this.fields[name],
      row = make("div", box, "knob"),
      label = make("label", row);
    label.htmlFor = `knob-${name}`;
    label.id = `label-${name}`;
    label.dataset.word = `knob.${name}`;
    label.title = field?.help ?? ""; // the scenario's own words
    const slider = SLIDERS[name],
      input = slider ? this.slider(row, field, slider) : this.entry(row, name, field);
    input.id = `knob-${name}`;
    const rule = make("p", row, "rule");
    rule.setAttribute("role", "alert");
    rule.lang = "en"; // the scenario's own words
    if (IN_KIOSK.includes(name)) row.dataset.kiosk = "";
    // Not in a field of text, where a double click selects a word.
    for (const target of slider ? [label, row.querySelector("input[type=range]")] : [])
      target.addEventListener("dblclick", () => this.change(name, field.default));
    this.rows[name] = { row, input, rule };
  }

  slider(row, field, [least, most, step]) {
    const slide = make("span", row, "slide");
    const range = make("input", slide);
    const number = make("input", row);
    Object.assign(range, { type: "range", min: least, max: most, step });
    range.setAttribute("aria-labelledby", `label-${field.name}`);
    Object.assign(number, { type: "number", min: field.least ?? field.above, max: field.most, step: "any" });
    number.readOnly = this.served.kiosk; // a visitor has the slider, which breaks no rule
    slide.style.setProperty("--usual", ((field.default ?? least) - least) / (most - least));
    make("span", row, "unit").dataset.word = `unit.${{ degrees: "°" }[field.unit] ?? field.unit}`;
    range.addEventListener("input", () => {
      number.value = range.value;
      this.change(field.name, Number(range.value));
    });
    number.addEventListener("change", () => {
      range.value = number.value;
      this.change(field.name, number.value === "" ? field.default : Number(number.value));
    });
    number.dataset.of = field.name;
    range.dataset.of = field.name;
    return number;
  }

  entry(row, name, field) {
    const texts = { station: "text", start: "datetime-local" };
    const input = make(name in texts ? "input" : "select", row, "wide");
    if (name in texts) input.type = texts[name];
    if (name === "start") [input.min, input.max] = SPUTNIK;
    if (name === "station") input.setAttribute("list", this.stations(row).id);
    if (field?.kind === "choice")
      this.options(
        input,
        field.choices.map((choice) => [choice, `${name}.${choice}`]),
      );
    if (name === "character")
      this.options(input, [
        ["", "character.none"],
        ...this.served.characters.map((choice) => [choice, `character.${choice}`]),
      ]);
    input.addEventListener("change", () => this.chosen(name, input.value));
    return input;
  }

  stations(row) {
    const list = make("datalist", row);
    list.id = "stations";
    for (const { name } of this.served.stations) make("option", list).value = name;
    return list;
  }

  options(select, choices) {
    select.replaceChildren(
      ...choices.map(([value, name, text]) => {
        const option = Object.assign(document.createElement("option"), { value, textContent: text ?? word(name) });
        if (!text && hasWord(name)) option.dataset.word = name;
        if (!text && !hasWord(name)) option.textContent = value;
        return option;
      }),
    );
  }

  chosen(name, value) {
    const simple = name === "reception" ? value === "simple" : name === "station" && !value;
    if (simple || (name === "reception" && value)) {
      this.forget();
      this.sent = {};
      this.rows.character.input.value = "";
      this.begin(simple ? { recipe: "altitude_km=500" } : { preset: value });
    } else if (name === "station") this.place(value);
    else if (name === "start") this.change("start", value ? `${value}Z` : null);
    else if (name === "reception") this.rows.station.input.focus();
    else this.change(name, value);
  }

  /** Receive at another place, from the next pass on that rises ten degrees. */
  place(station) {
    const start = this.pass?.scenario.start ?? BEGIN_WITH;
    const { altitude_km, max_elevation_deg } = this.fields;
    const simple = { altitude_km: altitude_km.default, max_elevation_deg: max_elevation_deg.default };
    this.send({ station, start, min_elevation_deg: 10, tca_s: null, duration_s: null, ...simple }, "station");
  }

  change(name, value) {
    if (name === "lead_s") {
      this.sound.lead_s = Math.min(Math.max(value, LEAD.least), LEAD.most);
      this.write(name, this.sound.lead_s);
    } else this.send({ [name]: value }, this.fields[name]?.choices.length ? `${name}.${value}` : name);
  }

  /** Send changes, with those that have broken a rule: another change may have made them possible. */
  send(changes, name) {
    const all = { ...this.refused, ...changes };
    this.forget();
    Object.assign(this.sent, all);
    this.turn(all, name);
  }

  forget() {
    this.refused = {};
    for (const { rule } of Object.values(this.rows)) rule.textContent = "";
  }

  /** Say which rule is broken beside the knob that broke it; return whether nothing is left to say. */
  refuse({ field, message, changes }) {
    const old = Object.entries(changes ?? {}).some(([name, value]) => this.sent[name] !== value);
    if (old) return true; // another value has been sent since
    Object.assign(this.refused, changes);
    const name = [field, ...Object.keys(changes ?? {})].find((key) => key in this.rows);
    if (!name) return false;
    this.rows[name].rule.textContent = message;
    return true;
  }

  /** Show the values of a pass. */
  show(pass) {
    const { scenario } = pass;
    this.pass = pass;
    this.options(this.rows.mix.input, [
      ["stereo", "mix.stereo"],
      ["mono", "mix.mono"],
      ...pass.carriers.map(({ name, frequency_mhz }) => [name, "", `${frequency_mhz} ${word("unit.MHz")}`]),
    ]);
    this.receptions(pass);
    const shown = Object.keys(this.rows).filter((name) => name in scenario && !(name in this.refused));
    for (const name of shown) this.write(name, scenario[name]);
    this.write("lead_s", this.sound.lead_s);
    const placed = scenario.station !== null;
    for (const name of ["start", "min_elevation_deg"]) this.rows[name].row.hidden = !placed;
    for (const name of ["altitude_km", "max_elevation_deg"]) this.rows[name].row.hidden = placed;
    this.warnings.textContent = pass.warnings.join(" ");
  }

  receptions(pass) {
    const list = this.served.receptions.filter(({ playable }) => playable);
    const texts = list.map(({ name, who, heard_from }) => [name, "", `${day(new Date(heard_from), true)}: ${who}`]);
    this.options(this.rows.reception.input, [["simple", "reception.simple"], ["", "reception.own"], ...texts]);
    const { station, start } = pass.scenario;
    const from_ms = Date.parse(start);
    const match = list.find(
      (row) =>
        row.station === station &&
        from_ms > Date.parse(row.heard_from) - EARLY_MS &&
        from_ms <= Date.parse(row.heard_until),
    );
    this.rows.reception.input.value = station === null ? "simple" : (match?.name ?? "");
  }

  /** Write a value into a knob, unless the user has it in hand. */
  write(name, value) {
    const field = this.fields[name],
      controls = this.rows[name].row.querySelectorAll("select, input");
    for (const control of controls) {
      if (control === document.activeElement && control.type !== "range" && control.tagName === "INPUT") continue;
      if (control.matches(":active")) continue;
      const text = value ?? field.default ?? (control.type === "range" ? control.min : "");
      control.value = name === "start" ? String(text).slice(0, 16) : text;
    }
  }
}

function make(kind, parent, name = "") {
  const element = document.createElement(kind);
  if (name) element.className = name;
  parent.append(element);
  return element;
}
