/* Interactive charts: Plotly takes the place of a drawing where a reader chooses it, in the same space; the bundle comes
   when the browser is idle. What it draws arrives with the drawing, see dashboard/plots. */
(function () {
  "use strict";
  var CONFIG = { displaylogo: false, displayModeBar: "hover", modeBarButtons: [["zoom2d", "pan2d", "resetScale2d"]],
    responsive: false, scrollZoom: false, showSendToCloud: false, showEditInChartStudio: false };
  var KEPT = "empathy-interactive", NARROW = 560, IDLE_MILLISECONDS = 1500;
  var SLOW_MILLISECONDS = 1500, QUIET_MILLISECONDS = 2000; // what starting the page took at most; since anybody did anything
  var FAILED = "The interactive chart could not be loaded, so the drawing stays. Press “Explore” to try again.";
  var loading = null, fetched = false, boxes = new Set();

  // ---- what a reader prefers: for all charts, and for single cards
  function preference() {
    var text;
    try { text = window.localStorage.getItem(KEPT); } catch (error) { text = null; }
    if (text !== read.text) {
      read = { text: text, wanted: { all: false, cards: {} } };
      try { Object.assign(read.wanted, JSON.parse(text)); } catch (error) { /* not ours */ }
    }
    return read.wanted;
  }
  var read = { text: null, wanted: { all: false, cards: {} } };
  function keep(wanted) {
    try { window.localStorage.setItem(KEPT, JSON.stringify(wanted)); } catch (error) { memory = wanted; }
  }
  var memory = null; // a private window keeps nothing
  function chosen(card) {
    var wanted = memory || preference();
    return card.id in wanted.cards ? wanted.cards[card.id] : wanted.all;
  }

  // ---- the bundle
  function address() {
    var found = document.querySelector("meta[name=plotly]");
    return found ? found.getAttribute("content") : "";
  }
  function bundle() {
    if (window.Plotly) { return Promise.resolve(window.Plotly); }
    if (!loading) {
      loading = new Promise(function (resolve, reject) {
        var script = document.createElement("script");
        script.src = address();
        script.onload = function () { if (window.Plotly) { resolve(window.Plotly); } else { reject(new Error("no Plotly")); } };
        script.onerror = function () { loading = null; script.remove(); reject(new Error("no bundle")); };
        document.head.appendChild(script);
      });
    }
    return loading;
  }
  function fetchWhenIdle() {
    if (fetched || (navigator.connection && navigator.connection.saveData)) { return; }
    fetched = true;
    window.setTimeout(function () {
      idle(function () {
        if (window.Plotly || loading) { return; }
        var link = document.createElement("link");
        link.rel = "prefetch";
        link.as = "script";
        link.href = address();
        link.onload = function () { runWhenQuiet(); };
        document.head.appendChild(link);
      });
    }, IDLE_MILLISECONDS);
  }

  // ---- running it takes a fast machine half a second, in which the page does not answer, and a slow one several: so only
  // a fast one runs it unasked, while nobody does anything
  var idle = window.requestIdleCallback || function (work) { window.setTimeout(work, 0); };
  var busy = null, touched = 0;
  try {
    new PerformanceObserver(function (list) {
      list.getEntries().forEach(function (task) { busy = (busy || 0) + task.duration; });
    }).observe({ type: "longtask", buffered: true });
    busy = PerformanceObserver.supportedEntryTypes.indexOf("longtask") < 0 ? null : 0;
  } catch (error) { busy = null; }
  ["pointerdown", "keydown", "wheel"].forEach(function (kind) {
    window.addEventListener(kind, function () { touched = performance.now(); }, { passive: true, capture: true });
  });
  function runWhenQuiet() {
    if (window.Plotly || loading || busy === null || busy > SLOW_MILLISECONDS) { return; }
    if (document.hidden || performance.now() - touched < QUIET_MILLISECONDS) {
      window.setTimeout(runWhenQuiet, QUIET_MILLISECONDS);
      return;
    }
    idle(function () { bundle().catch(function () { /* whoever asks for it is told */ }); });
  }

  // ---- a spec with the colours of the scheme, and for the width there is. Asking the browser for a colour makes it work
  // out the styles of all that just changed, so each is asked for once.
  var colours = { scheme: "", known: {} };
  function colour(name, style) {
    var scheme = document.documentElement.getAttribute("data-mantine-color-scheme");
    if (colours.scheme !== scheme) { colours = { scheme: scheme, known: {} }; }
    if (!(name in colours.known)) { colours.known[name] = style.getPropertyValue(name).trim(); }
    return colours.known[name];
  }
  function painted(value, style) {
    if (typeof value === "string") {
      if (value.slice(0, 6) !== "var(--") { return value; }
      var named = /^var\((--[a-z-]+)\)$/.exec(value);
      return named ? colour(named[1], style) : value;
    }
    if (Array.isArray(value)) { return value.map(function (part) { return painted(part, style); }); }
    if (value && typeof value === "object") {
      var copy = {};
      Object.keys(value).forEach(function (name) { copy[name] = painted(value[name], style); });
      return copy;
    }
    return value;
  }
  function merged(first, second) {
    var out = Object.assign({}, first);
    Object.keys(second || {}).forEach(function (name) {
      var plain = second[name] && typeof second[name] === "object" && !Array.isArray(second[name]);
      out[name] = plain ? merged(first[name] || {}, second[name]) : second[name];
    });
    return out;
  }

  // ---- room around a chart: where Plotly looks for it, it draws everything twice. So it is told what the labels took the
  // last time, or what they should take, and looks for it only where one would be cut.
  var SIDES = ["l", "r", "t", "b"], USUAL = { l: 40, r: 12, t: 38, b: 42 };
  var FRAME = { l: 8, r: 12, t: 26, b: 8 }; // margins that every figure starts from, see dashboard/plots/spec.py
  var LABELS = ".xtick text, .ytick text, .x2tick text, .y2tick text, .g-xtitle text, .g-ytitle text, .legendtext, .annotation text";
  function usual(layout, side) {
    var given = (layout.margin || {})[side] || 0, up = layout.yaxis || {};
    if (side === "l" && (!up.automargin || up.visible === false || up.showticklabels === false || up.ticktext)) { return given; }
    return given === FRAME[side] && (side !== "t" || layout.showlegend) ? USUAL[side] : given;
  }
  function room(box, layout, card) {
    var known = box.empathyRoom, out = { autoexpand: false };
    known = known && known.width === layout.width && known.card === card.id ? known : null;
    SIDES.forEach(function (side) { out[side] = known ? known[side] : usual(layout, side); });
    return out;
  }
  function isCut(place) {
    var frame = place.getBoundingClientRect();
    return Array.prototype.some.call(place.querySelectorAll(LABELS), function (label) {
      var at = label.getBoundingClientRect();
      return at.width > 0 && (at.left < frame.left - 1 || at.right > frame.right + 1 || at.top < frame.top - 1 || at.bottom > frame.bottom + 1);
    });
  }
  function remember(box, place) {
    var size = place._fullLayout && place._fullLayout._size;
    if (!size) { return; }
    box.empathyRoom = { width: place._fullLayout.width, card: box.closest(".chart-card").id };
    SIDES.forEach(function (side) { box.empathyRoom[side] = Math.ceil(size[side]); });
  }

  // ---- drawing
  function figure(spec, size, box, card) {
    var wanted = painted(spec, window.getComputedStyle(document.documentElement));
    var layout = size.width < NARROW ? merged(wanted.layout, wanted.narrow) : wanted.layout;
    layout = merged(layout, { width: Math.round(size.width), height: Math.round(size.height) });
    return { data: wanted.data, full: layout, layout: merged(layout, { margin: room(box, layout, card) }), size: sizeOf(size) };
  }
  function sizeOf(size) { return Math.round(size.width) + "x" + Math.round(size.height); }
  function newPlace() {
    var place = document.createElement("div");
    place.className = "plot";
    return place;
  }
  var took = 0; // milliseconds, the last time
  function drawn(plotly, place, wanted) {
    var started = performance.now();
    return plotly.react(place, wanted.data, wanted.layout, CONFIG).then(function () {
      return isCut(place) ? plotly.react(place, wanted.data, wanted.full, CONFIG) : null;
    }).then(function () { took = performance.now() - started; });
  }
  function draw(box) {
    var spec = box.empathyPlot, card = box.closest(".chart-card");
    if (!spec || !card) { return; }
    shown(card);
    if (!chosen(card)) { clear(box); return; }
    bundle().then(function (plotly) {
      if (box.empathyPlot !== spec || !box.isConnected || !chosen(card)) { return null; }
      var size = box.getBoundingClientRect(), place = box.querySelector(":scope > .plot");
      if (size.width < 1 || size.height < 1) { return null; }
      box.empathySize = sizeOf(size);
      var ready = prepared(spec, box.empathySize), done;
      if (ready) {
        if (place) { discard(place); }
        place = box.appendChild(ready);
        done = Promise.resolve();
      } else {
        place = place || box.appendChild(newPlace());
        done = drawn(plotly, place, figure(spec, size, box, card));
      }
      return done.then(function () {
        box.classList.add("plotted");
        told(card, "");
        remember(box, place);
        if (!place.empathyClick) { place.empathyClick = true; place.on("plotly_click", follow); }
      });
    }).catch(function () { clear(box); told(card, FAILED); shown(card, false); });
  }

  // ---- charts of an answer that a reader is about to choose: drawn where nobody sees them, and put in place by the click
  var waiting = [];
  function discard(place) {
    place.remove();
    idle(function () { window.Plotly.purge(place); });
  }
  function prepared(spec, size) {
    var scheme = document.documentElement.getAttribute("data-mantine-color-scheme"), found = null;
    waiting = waiting.filter(function (one) {
      var here = one.spec === spec;
      if (here && one.done && one.size === size && one.scheme === scheme) { found = one.place; } else if (here) { discard(one.place); }
      return !here;
    });
    return found;
  }
  function prepare(sets) {
    if (!window.Plotly || took > window.empathyPlots.patience) { return; }
    waiting.forEach(function (one) { discard(one.place); });
    waiting = [];
    plots(sets.tree, null, []).forEach(function (one) {
      var card = document.getElementById(one.card), box = card && card.querySelectorAll(".drawing.plotted")[one.index];
      var size = box && box.getBoundingClientRect();
      if (!size || size.bottom < 0 || size.top > window.innerHeight) { return; }
      var wanted = figure(one.spec, size, box, card), place = newPlace();
      place.classList.add("prepared");
      place.setAttribute("aria-hidden", "true");
      document.body.appendChild(place);
      var kept = { spec: one.spec, place: place, size: wanted.size, done: false };
      kept.scheme = document.documentElement.getAttribute("data-mantine-color-scheme");
      waiting.push(kept);
      drawn(window.Plotly, place, wanted).then(function () {
        place.classList.remove("prepared");
        place.removeAttribute("aria-hidden");
        if (waiting.indexOf(kept) >= 0) { place.remove(); }
        kept.done = true;
      }).catch(function () { discard(place); });
    });
  }
  function plots(nodes, card, found) { // of a tree: each chart with its card and its place there
    nodes.forEach(function (node) {
      if (!Array.isArray(node) || node[0] === "$") { return; }
      if (node[0] === "Drawing" && node[1].plot && card) {
        found.push({ spec: node[1].plot, card: card, index: found.filter(function (one) { return one.card === card; }).length });
      }
      var within = / chart-card /.test(" " + node[1].className + " ") ? node[1].id : card;
      plots(node.slice(2), within, found);
    });
    return found;
  }
  function clear(box) {
    var place = box.querySelector(":scope > .plot");
    box.classList.remove("plotted");
    if (place) { if (window.Plotly) { window.Plotly.purge(place); } place.remove(); }
  }
  function told(card, words) {
    var line = card.querySelector(".plot-failed");
    if (!words) { if (line) { line.remove(); } return; }
    if (!line) {
      line = document.createElement("p");
      line.className = "chart-note plot-failed";
      line.setAttribute("role", "status");
      card.appendChild(line);
    }
    line.textContent = words;
  }
  function shown(card, really) {
    var button = card.querySelector("[data-explore]");
    if (button) { button.setAttribute("aria-pressed", String(really === undefined ? chosen(card) : really)); }
  }
  function follow(event) {
    var data = event.points.length ? event.points[0].customdata : null;
    if (Array.isArray(data) && data[1]) { window.empathyGo(data[1]); }
  }
  // What is on the screen comes first; the rest when there is time. Places are asked for once all drawings of an answer
  // stand: asking between two of them makes the browser lay out the page for each.
  var arrived = [];
  function soon(box) {
    var card = box.closest(".chart-card");
    if (!card || !chosen(card)) { draw(box); return; }
    if (!arrived.length) { queueMicrotask(place); }
    arrived.push(box);
  }
  function place() {
    var boxes = arrived, there = boxes.map(function (box) { return box.getBoundingClientRect(); });
    arrived = [];
    boxes.forEach(function (box, index) {
      if (there[index].top < window.innerHeight && there[index].bottom > 0) { draw(box); return; }
      (window.requestIdleCallback || window.setTimeout)(function () { if (box.isConnected) { draw(box); } });
    });
  }
  function everything() { boxes.forEach(function (box) { if (box.isConnected) { draw(box); } else { boxes.delete(box); } }); }

  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest("[data-explore], [data-explore-all]") : null;
    if (!button) { return; }
    var wanted = memory || preference();
    if (button.hasAttribute("data-explore-all")) { wanted = { all: !wanted.all, cards: {} }; }
    else { var card = button.closest(".chart-card"); wanted.cards[card.id] = button.getAttribute("aria-pressed") !== "true"; }
    keep(wanted);
    everything();
  });
  new MutationObserver(everything).observe(document.documentElement, { attributeFilter: ["data-mantine-color-scheme"] });
  var resized = new ResizeObserver(function (entries) {
    entries.forEach(function (entry) {
      var box = entry.target, size = box.getBoundingClientRect();
      if (box.classList.contains("plotted") && box.empathySize !== Math.round(size.width) + "x" + Math.round(size.height)) {
        window.requestAnimationFrame(function () { draw(box); });
      }
    });
  });

  // A drawing came or changed.
  window.empathyPlots = {
    patience: 300, // milliseconds that the page may not answer for a chart that is not chosen yet
    prepare: function (sets) { idle(function () { prepare(sets); }); },
    attach: function (box, spec) {
      box.empathyPlot = spec;
      boxes.add(box);
      resized.observe(box);
      fetchWhenIdle();
      soon(box);
    },
    detach: function (box) { clear(box); resized.unobserve(box); boxes.delete(box); }
  };
})();
