// Runs within the page, before its own scripts: long tasks, and how the list scrolls.

/** Keeps every task of 50 ms and more, as the browser tells them. */
export function watchTasks() {
  window.benchTasks = [];
  new PerformanceObserver((list) => window.benchTasks.push(...list.getEntries().map((one) => one.duration)))
    .observe({ type: "longtask", buffered: true });
}

/** Notes when something that fits the selector was painted first. */
export function watchFirst(selector) {
  const watch = new MutationObserver(() => {
    if (!document.querySelector(selector)) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => (window.benchShown = performance.now())));
  });
  watch.observe(document, { childList: true, subtree: true });
}

/** Scrolls down `pixels` a frame for at most `frames`, or to where nothing more comes. Resolves to frames and tasks. */
export function scrollDown({ pixels, frames }) {
  return new Promise((resolve) => {
    const times = [];
    let still = 0;
    let before = performance.now();
    window.benchTasks.length = 0;
    const step = (now) => {
      times.push(now - before);
      before = now;
      const at = scrollY;
      scrollBy(0, pixels);
      still = scrollY === at ? still + 1 : 0;
      const isOver = times.length >= frames || (still > 20 && document.querySelector("main").innerText.includes("That is all"));
      if (!isOver) return requestAnimationFrame(step);
      setTimeout(() => resolve({ times: times.slice(1), tasks: [...window.benchTasks], elements: document.querySelectorAll("*").length, at: scrollY }), 200);
    };
    requestAnimationFrame(step);
  });
}

/** As somebody who drags the scroll bar: to far-off places, one after the other. */
export async function jumpAround(count) {
  window.benchTasks.length = 0;
  const times = [];
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    scrollTo(0, ((i * 7919) % 1000) / 1000 * document.documentElement.scrollHeight);
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    times.push(performance.now() - began);
  }
  await new Promise((done) => setTimeout(done, 200));
  return { times, tasks: [...window.benchTasks], elements: document.querySelectorAll("*").length, at: scrollY };
}
