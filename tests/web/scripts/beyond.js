// Elements that the window or their box cuts off.
() =>
  [...document.querySelectorAll("body *")]
    .filter((element) => {
      const box = element.getBoundingClientRect(),
        style = getComputedStyle(element);
      if (
        !box.width ||
        !box.height ||
        element.closest("#knobs, dialog, option, #title") ||
        style.visibility === "hidden"
      )
        return false;
      const outside = box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1;
      const cut = element.matches("button, p, dd, dt, summary, h1") && element.scrollWidth > element.clientWidth + 1;
      return outside || cut;
    })
    .map((element) => `${element.tagName}#${element.id}.${element.className} ${element.textContent.slice(0, 40)}`);
