// The console's comforts. Every page works without it: it only keeps what is shown up to
// date, counts down, filters a list while typing and tells early what a form would refuse.
"use strict";

const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const words = document.documentElement.lang === "en"
  ? { live: "Live", offline: "Reconnecting…" }
  : { live: "Ao vivo", offline: "Reconectando…" };

// refresh asks for this page again and swaps the parts that are marked as live, unless
// somebody is at work in one of them.
let refreshing = false, again = false;
async function refresh() {
  if (!document.querySelector("[data-live]")) return;
  if (refreshing) { again = true; return; }
  refreshing = true;
  try {
    const answer = await fetch(location.href, { headers: { "X-Live": "1" }, credentials: "same-origin" });
    if (answer.redirected) { location.reload(); return; } // to the log-in
    if (!answer.ok) return; // the next event tries again
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of $$("[data-live]")) {
      const next = fresh.getElementById(part.id);
      if (!next) continue;
      const busy = part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select, summary")
        || part.querySelector("details[open], [aria-busy=true]");
      if (busy || part.innerHTML === next.innerHTML) continue;
      const focused = part.contains(document.activeElement) ? document.activeElement.id : "";
      const known = new Set($$("[data-key]", part).map(e => e.dataset.key));
      part.replaceChildren(...next.childNodes);
      for (const row of $$("[data-key]", part)) if (!known.has(row.dataset.key)) row.classList.add("fresh");
      if (focused) document.getElementById(focused)?.focus();
    }
    start();
  } catch { /* the next event tries again */ } finally {
    refreshing = false;
    if (again) { again = false; refresh(); }
  }
}

let pending;
const refreshSoon = () => { clearTimeout(pending); pending = setTimeout(refresh, 150); };

// listen follows the tenant's events. The browser reconnects by itself and says which
// event it saw last.
function listen() {
  if (!document.body.dataset.events || !window.EventSource) return;
  const source = new EventSource(document.body.dataset.events);
  const show = on => $$(".live").forEach(e => { e.classList.toggle("on", on); e.textContent = on ? words.live : words.offline; });
  source.onopen = () => { show(true); refreshSoon(); };
  source.onerror = () => show(false);
  for (const kind of ["offer", "delivery", "connection"]) source.addEventListener(kind, refreshSoon);
  addEventListener("pagehide", () => source.close());
}

// start looks after elements that a refresh may have brought, and after what was typed before
// this ran.
function start() {
  for (const box of $$("[data-filter]")) if (box.value) filter(box);
  for (const e of $$("[data-until]:not([data-counting])")) {
    e.dataset.counting = "1";
    const end = Date.now() + 1000 * Number(e.dataset.until);
    const total = Number(e.dataset.until) || 1;
    const tick = () => {
      if (!e.isConnected) return;
      const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      $$("[data-left]", e).forEach(x => { x.textContent = String(left); });
      $$("progress", e).forEach(x => { x.max = total; x.value = left; });
      if (left === 0) { refresh(); return; }
      setTimeout(tick, 500);
    };
    tick();
  }
}

// Forms say that they are at work, and are sent once.
document.addEventListener("submit", event => {
  const form = event.target, button = event.submitter;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  form.setAttribute("aria-busy", "true");
  const progress = form.querySelector("[data-progress]");
  if (progress) progress.hidden = false;
  if (button && button.dataset.busy) {
    const spinner = document.createElement("span");
    spinner.className = "spinner";
    // After the event, so that the button's own value is still sent.
    setTimeout(() => { button.disabled = true; button.replaceChildren(spinner, button.dataset.busy); });
  }
});
addEventListener("pageshow", event => { if (event.persisted) location.reload(); });

// A filter hides rows while typing; sent as a form it does the same on the server.
document.addEventListener("input", event => {
  if (event.target instanceof HTMLElement && event.target.dataset.filter) filter(event.target);
});
function filter(box) {
  const wanted = fold(box.value);
  let shown = 0;
  for (const row of $$(box.dataset.filter)) {
    row.hidden = !fold(row.dataset.text || row.textContent).includes(wanted);
    shown += row.hidden ? 0 : 1;
  }
  $$("[data-none]").forEach(e => { e.hidden = shown > 0; });
}
const fold = text => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

// A field is judged by the server as soon as it is left.
document.addEventListener("change", async event => {
  const box = event.target;
  const form = box.form;
  if (!form || !form.dataset.check || !box.name || box.name === "csrf") return;
  const body = new URLSearchParams(new FormData(form));
  body.set("field", box.name);
  const answer = await fetch(form.dataset.check, { method: "POST", body, credentials: "same-origin" });
  if (!answer.ok) return;
  const { fault, okay } = await answer.json();
  const note = document.getElementById(box.id + "-fault");
  if (!note) return;
  note.textContent = fault || (box.value ? okay : "");
  note.className = fault ? "fault" : "okay";
  box.setAttribute("aria-invalid", fault ? "true" : "false");
});

// A field to be copied is selected as a whole.
document.addEventListener("focusin", event => {
  if (event.target instanceof HTMLInputElement && "select" in event.target.dataset) event.target.select();
});

// Only one menu is open at a time, and Escape closes it.
document.addEventListener("keydown", event => {
  if (event.key === "Escape") $$(".tabs details[open]").forEach(e => { e.open = false; e.querySelector("summary").focus(); });
});
document.addEventListener("click", event => {
  $$(".tabs details[open]").forEach(e => { if (!e.contains(event.target)) e.open = false; });
});

// Of a row of pages that is wider than the window, the one that is shown is in sight.
for (const row of $$(".chips.scroll")) {
  const here = row.querySelector("[aria-current]");
  if (here) row.scrollLeft = here.offsetLeft - row.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
}

start();
listen();
