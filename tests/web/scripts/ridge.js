// The top 50 lines of the waterfall, without the lines of the prediction.
() => {
  const { sound, waterfall } = sputnik,
    heard = sound.heard(),
    canvas = waterfall.canvas;
  waterfall.predicted.fill([]); // no lines over the ridge
  waterfall.draw();
  const foot = canvas.height - 1.7 * 0.78 * parseFloat(getComputedStyle(document.documentElement).fontSize);
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, 50);
  return {
    green: Array.from(pixels.data.filter((_, n) => n % 4 === 1)),
    width: canvas.width,
    row_px: foot / 600,
    frame: heard.frame,
    time_s: heard.time_s,
    next: waterfall.next,
  };
};
