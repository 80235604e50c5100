// The words of the page in the chosen language, and numbers as that language writes them.

import { moment } from "./pass.js";

export const LANGUAGES = { en: "English", de: "Deutsch", ru: "Русский", fr: "Français", es: "Español" };
let words = {},
  language = "en";

export async function loadWords() {
  words = await (await fetch("words.json")).json();
  const wanted = [remembered(), ...navigator.languages.map((name) => name.slice(0, 2))];
  setLanguage(wanted.find((name) => name in LANGUAGES) ?? "en");
}

/** Return a text by its name, with {values} filled in. */
export function word(name, values = {}) {
  const text = words[name]?.[language] ?? name;
  return text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

/** Return whether there is a text of this name. */
export function hasWord(name) {
  return name in words;
}

export function currentLanguage() {
  return language;
}

/** Choose a language, and write all texts of the page that carry data-word or data-label. */
export function setLanguage(name) {
  language = name;
  document.documentElement.lang = name;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]"))
    element.ariaLabel = word(`label.${element.dataset.label}`);
}

/** Remember the chosen language in this browser. */
export function remember(name) {
  try {
    localStorage.setItem("language", name);
  } catch {
    /* a browser without storage forgets it */
  }
}

function remembered() {
  try {
    return localStorage.getItem("language");
  } catch {
    return null;
  }
}

/** Return a number with its decimals; `signed` ones have a plus or minus. */
export function figure(value, decimals = 0, signed = false) {
  if (value == null || Number.isNaN(value)) return "–";
  const signDisplay = signed ? "exceptZero" : "negative";
  const shape = { minimumFractionDigits: decimals, maximumFractionDigits: decimals, signDisplay, useGrouping: false };
  return new Intl.NumberFormat(language, shape).format(value).replace("-", "−");
}

/** Return a number with its unit. */
export function quantity(value, unit, decimals = 0, signed = false) {
  return `${figure(value, decimals, signed)}${unit === "°" ? "" : " "}${word(`unit.${unit}`)}`;
}

/** Return minutes and seconds. */
export function duration(seconds) {
  const whole = Math.floor(seconds + 0.001);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Return the UTC of a time in the recording, or the time itself where the pass has no date. */
export function clock(pass, time_s) {
  const when = moment(pass, time_s);
  return when ? `${when.toISOString().slice(11, 19)} UTC` : `${duration(time_s)} / ${duration(pass.duration_s)}`;
}

/** Return the day of a moment, in UTC; short without the year. */
export function day(when, short = false) {
  const shape = short ? { day: "numeric", month: "short" } : { dateStyle: "long" };
  return new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { ...shape, timeZone: "UTC" }).format(when);
}

/** Return the name of a pass: place and day, or what kind of pass it is. */
export function passTitle(pass) {
  const { scenario, station } = pass,
    when = moment(pass, 0);
  if (scenario.tle) return pass.title;
  if (!station) {
    const values = {
      altitude: quantity(scenario.altitude_km, "km"),
      elevation: quantity(scenario.max_elevation_deg, "°"),
    };
    return word("title.simple", values);
  }
  const name = /^[-\d., ]*$/.test(station.name ?? "") ? placeName(station) : station.name;
  return `${name}, ${day(when)}`;
}

/** Return coordinates as text. */
export function placeName({ latitude_deg, longitude_deg }) {
  const north = word(latitude_deg < 0 ? "south" : "north"),
    east = word(longitude_deg < 0 ? "west" : "east");
  return `${figure(Math.abs(latitude_deg), 1)}° ${north}, ${figure(Math.abs(longitude_deg), 1)}° ${east}`;
}
