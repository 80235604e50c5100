// A hundred random clicks, drags, keys and changes a second.
(seconds) =>
  new Promise((done) => {
    let state = 1957;
    const random = (count) => (state = (state * 48271) % 2147483647) % count;
    const parts = [...document.querySelectorAll("button, select, input, canvas, summary, [data-choice]")];
    let count = 0;
    const timer = setInterval(() => {
      const part = parts[random(parts.length)],
        box = part.getBoundingClientRect(),
        kind = random(4);
      const at = {
        clientX: box.left + (random(100) / 100) * box.width,
        clientY: box.top + (random(100) / 100) * box.height,
        bubbles: true,
        pointerId: 1,
      };
      if (kind === 0) part.click();
      else if (kind === 1) {
        for (const name of ["pointerdown", "pointermove", "pointerup", "click"])
          part.dispatchEvent(new PointerEvent(name, at));
      } else if (kind === 2) {
        const key = [" ", "ArrowLeft", "ArrowRight", "Home", "PageUp", "Escape", "End"][random(7)];
        part.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
      } else if (part.matches("select")) {
        part.selectedIndex = random(part.length);
        part.dispatchEvent(new Event("change", { bubbles: true }));
      } else if (part.matches("input")) {
        if (part.type === "range") part.value = Number(part.min) + (random(1000) / 1000) * (part.max - part.min);
        for (const name of ["input", "change"]) part.dispatchEvent(new Event(name, { bubbles: true }));
      }
      if (++count >= 100 * seconds) {
        clearInterval(timer);
        document.querySelector("dialog").close();
        done(count);
      }
    }, 10);
  });
