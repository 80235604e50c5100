// The museum's screen: three buttons, languages as words, and back to the start after two idle minutes.

const IDLE_MS = 120_000;
// From the first signal on the air, 145 s after the closest approach, to the set of the next pass over the launch site.
const FIRST_TURN = "station=tyuratam&start=1957-10-04T19:20Z&tca_s=-145&duration_s=5975";
export const CHOICES = {
  dallas: { preset: "dallas" },
  first: { recipe: FIRST_TURN },
  own: { recipe: "altitude_km=500&max_elevation_deg=60" },
};

export class Kiosk {
  /** `begin(name)` starts one of the choices; `home()` brings the page back to its first state. */
  constructor(buttons, begin, home) {
    this.buttons = [...buttons];
    this.begin = begin;
    this.home = home;
    this.touched = false;
    document.documentElement.classList.add("kiosk");
    for (const button of this.buttons) button.addEventListener("click", () => this.choose(button.dataset.choice));
    for (const kind of ["pointerdown", "pointermove", "keydown", "input"]) {
      document.addEventListener(kind, () => this.wake(), { capture: true, passive: true });
    }
    for (const kind of ["contextmenu", "dragstart"]) document.addEventListener(kind, (event) => event.preventDefault());
  }

  wake() {
    this.touched = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.rest(), IDLE_MS);
  }

  choose(name) {
    this.mark(name);
    this.begin(name);
  }

  /** Go back to the start; a screen that nobody has touched since goes on as it is. */
  rest() {
    if (!this.touched) return;
    this.touched = false;
    this.mark("");
    this.home();
  }

  /** Begin again where a pass has ended and nobody is there. */
  update(heard) {
    if (heard.ended && !this.touched) this.home();
  }

  mark(name) {
    document.documentElement.classList.toggle("own", name === "own");
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.choice === name));
  }
}
