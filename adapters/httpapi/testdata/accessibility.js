// Lists what is wrong with the page. Written for the console's tests.
(() => {
  const problems = [];
  const visible = e => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && e.getClientRects().length > 0;
  const say = (what, e) => problems.push(what + ": " + e.outerHTML.slice(0, 120));

  if (document.documentElement.scrollWidth > innerWidth) {
    const wide = [...document.querySelectorAll("body *")].find(e => visible(e) && e.getBoundingClientRect().right > innerWidth + 1);
    problems.push("sticks out of the window: " + (wide ? wide.outerHTML.slice(0, 120) : ""));
  }
  if (document.querySelectorAll("h1").length !== 1) problems.push("has " + document.querySelectorAll("h1").length + " h1");
  if (document.querySelectorAll("main").length !== 1) problems.push("has no single main");
  if (!document.title.trim()) problems.push("has no title");
  const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
  for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) problems.push("an id is there twice: " + id);
  let level = 0;
  for (const e of document.querySelectorAll("main h1, main h2, main h3")) {
    const l = Number(e.tagName[1]);
    if (l > level + 1) say("a heading skips a level", e);
    level = l;
  }

  const name = e => (e.getAttribute("aria-label") || e.textContent || e.title || e.alt || "").trim();
  for (const e of document.querySelectorAll("a, button, summary")) if (visible(e) && !name(e)) say("has no name", e);
  for (const e of document.querySelectorAll("img")) if (!e.hasAttribute("alt")) say("has no alt", e);
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (visible(e) && ![...e.labels].some(l => l.textContent.trim()) && !e.getAttribute("aria-label")) say("has no label", e);
  }
  for (const e of document.querySelectorAll("[style], style, script:not([src])")) say("is inline", e);
  // What is touched is large enough (WCAG 2.5.8: 24 pixels), unless it stands in a sentence.
  for (const e of document.querySelectorAll("button, summary, input:not([type=hidden]), select, .nav a, .tabs a, .chip")) {
    const r = e.getBoundingClientRect();
    if (visible(e) && !e.closest("label") && (r.width < 24 || r.height < 24)) say("is too small to touch", e);
  }

  // Contrast. Colours are painted on a canvas, which understands every notation.
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = color => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const over = (top, below) => [0, 1, 2].map(i => (top[i] * top[3] + below[i] * (255 - top[3])) / 255).concat(255);
  const background = e => {
    const layers = [];
    for (let at = e; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 255]);
  };
  const luminance = c => {
    const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const judged = new Set();
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const e = node.parentElement;
    if (!node.data.trim() || judged.has(e) || !visible(e) || e.closest("svg, option, .sr, .skip, [disabled], noscript")) continue;
    judged.add(e);
    const style = getComputedStyle(e), below = background(e);
    const a = luminance(over(rgba(style.color), below)), b = luminance(below);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
    if (ratio < (large ? 3 : 4.5)) say("contrast " + ratio.toFixed(2), e);
  }
  return problems;
})()
