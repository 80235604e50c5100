import { Sound } from "./audio.js";

const sound = new Sound();
const by = (id) => document.getElementById(id);
window.sound = sound;
if (location.hash) sound.begin({ recipe: location.hash.slice(1) });
by("tap").onclick = () => {
  sound.tap();
  sound.play();
};
by("pause").onclick = () => sound.pause();
by("tone").oninput = ({ target }) => sound.turn({ tone_hz: Number(target.value) });
sound.addEventListener("pass", ({ detail }) => {
  by("title").textContent = detail.title;
});
const draw = () => {
  const { pass, time_s, playing, underruns, connected, running } = sound.heard();
  by("now").textContent = JSON.stringify({ pass: pass?.number, time_s, playing, underruns, connected, running }, null, 1);
  requestAnimationFrame(draw);
};
draw();
