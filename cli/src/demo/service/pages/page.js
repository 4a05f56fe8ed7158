// Looks whether a question was answered, more and more rarely, and shows what the server then shows. Without this file the
// pages do the same by reloading.
"use strict";
(() => {
  const live = document.getElementById("status");
  const main = () => document.getElementById("main");
  const FIRST = 1000;
  const LAST = 5000;
  const LONGEST_SILENCE = 20000;
  let wait = FIRST;
  let timer = 0;
  let ends = 0;
  let busy = false;

  function say(text, lost) {
    if (live.textContent !== text) live.textContent = text;
    live.classList.toggle("lost", Boolean(lost));
  }

  async function fetchWithin(address, milliseconds) {
    const stop = new AbortController();
    const late = setTimeout(() => stop.abort(), milliseconds);
    try {
      const answer = await fetch(address, { signal: stop.signal, cache: "no-store", redirect: "error" });
      return { ok: answer.ok, body: await answer.text() };
    } finally {
      clearTimeout(late);
    }
  }

  // Takes over what the server shows now; the line that is spoken stays where it is.
  // What isn't a page of this question, or leads elsewhere, is gone to.
  async function show(address) {
    const answer = await fetchWithin(address, 10000).catch(() => ({ ok: false }));
    if (!answer.ok) return location.assign(address);
    const next = new DOMParser().parseFromString(answer.body, "text/html");
    document.title = next.title;
    main().replaceWith(next.getElementById("main"));
    const focus = main().querySelector("[autofocus]");
    if (focus) focus.focus();
    begin();
  }

  async function look() {
    const { watch, seen } = main().dataset;
    if (!watch || busy) return;
    busy = true;
    try {
      const answer = await fetchWithin(watch, 10000);
      if (!answer.ok) throw new Error("no answer");
      const now = JSON.parse(answer.body);
      wait = Math.min(wait * 1.2, LAST);
      if (now.left !== undefined) ends = performance.now() + now.left * 1000;
      say(now.say);
      if (now.seen !== seen && now.state !== seen) {
        wait = FIRST;
        busy = false;
        return await show(now.page);
      }
    } catch {
      wait = Math.min(wait * 2, LONGEST_SILENCE);
      say("This page can’t reach the service. It keeps trying.", true);
    }
    busy = false;
    clearTimeout(timer);
    timer = setTimeout(look, wait);
  }

  function begin() {
    clearTimeout(timer);
    const left = main().querySelector("[data-left]");
    ends = left ? performance.now() + Number(left.dataset.left) * 1000 : 0;
    const finish = document.getElementById("finish");
    if (finish) finish.requestSubmit();
    else if (main().dataset.watch) timer = setTimeout(look, wait);
  }

  setInterval(() => {
    const left = main().querySelector("[data-left]");
    if (!left || !ends) return;
    const seconds = Math.max(0, Math.ceil((ends - performance.now()) / 1000));
    left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    const bar = main().querySelector("progress");
    if (bar) bar.value = seconds;
  }, 1000);

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    wait = FIRST;
    clearTimeout(timer);
    look();
  });
  // A page that comes back from the browser's memory shows what was, not what is.
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  begin();
})();
