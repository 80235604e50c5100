// For each picture: the time heard, which lamps are on, and on which sides there is sound.
() =>
  new Promise((done) => {
    const seen = [],
      lamps = document.getElementsByClassName("lamp"),
      sound = sputnik.sound;
    function look() {
      const { time_s } = sound.heard(),
        sides = sound.recent(480);
      seen.push([
        time_s,
        ...[0, 1].map((n) => lamps[n]?.classList.contains("on")),
        ...sides.map((side) => Math.max(...side) > 0.02),
      ]);
      seen.length < 240 ? requestAnimationFrame(look) : done(seen);
    }
    requestAnimationFrame(look);
  });
