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
  var idle = window.requestIdleCallback ? window.requestIdleCallback.bind(window) : function (work) { window.setTimeout(work, 0); };
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
  var SIDES = ["l", "r", "t", "b"], USUAL = { l: 40, r: 12, t: 38, b: 42 }, CHARACTER = 6.3, LINE = 15; // pixels at 12 px
  var FRAME = { l: 8, r: 12, t: 26, b: 8 }; // margins that every figure starts from, see dashboard/plots/spec.py
  var LABELS = ".xtick text, .ytick text, .x2tick text, .y2tick text, .g-xtitle text, .g-ytitle text, .legendtext, .annotation text";
  function usual(layout, side) {
    var given = (layout.margin || {})[side] || 0, up = layout.yaxis || {};
    if (side === "l" && (!up.automargin || up.visible === false || up.showticklabels === false || up.ticktext)) { return given; }
    if (given !== FRAME[side] || (side === "t" && !layout.showlegend)) { return given; }
    return USUAL[side] + (side === "b" ? LINE * (linesOf(layout) - 1) : 0);
  }
  function linesOf(layout) {
    return Math.max.apply(null, acrossOf(layout).map(function (name) { return layout[name].title.text.split("<br>").length; }).concat(1));
  }
  function acrossOf(layout) {
    return Object.keys(layout).filter(function (name) { return /^xaxis/.test(name) && layout[name].title && layout[name].title.text; });
  }
  // The legend stands beside the name of the upright axis where there is room, and above it where not.
  var ENTRY = 45, RAISED = 18; // pixels: the line before a name, and how much higher
  function raised(layout, data) {
    var name = (layout.annotations || []).filter(function (one) { return one.xref === "paper" && one.yref === "paper" && one.y === 1; })[0];
    if (!layout.showlegend || !name) { return layout; }
    var margin = layout.margin || {}, top = usual(layout, "t"), wide = layout.width - usual(layout, "l") - usual(layout, "r");
    var took = data.reduce(function (sum, one) {
      return one.name && one.showlegend !== false ? sum + ENTRY + one.name.length * CHARACTER : sum;
    }, name.text.length * CHARACTER);
    if (took <= wide) { return layout; }
    var tall = Math.max(60, layout.height - top - RAISED - usual(layout, "b"));
    return merged(layout, { legend: { y: 1 + RAISED / tall }, margin: Object.assign({}, margin, { t: top + RAISED }) });
  }
  // What an axis measures is said below it, in as many lines as it is too long for it.
  function folded(layout) {
    var out = Object.assign({}, layout), margin = layout.margin || {};
    var wide = layout.width - Math.max(usual(layout, "l"), margin.l || 0) - Math.max(usual(layout, "r"), margin.r || 0);
    acrossOf(layout).forEach(function (name) {
      var axis = layout[name], span = axis.domain || [0, 1], words = axis.title.text;
      var many = Math.ceil(words.length * CHARACTER / (wide * (span[1] - span[0]))), most = Math.ceil(words.length / many) + 3; // lines of one length
      var lines = [""];
      if (many < 2) { return; }
      words.split(" ").forEach(function (word) {
        var last = lines[lines.length - 1];
        if (last && last.length + word.length >= most) { lines.push(word); } else { lines[lines.length - 1] = last ? last + " " + word : word; }
      });
      out[name] = Object.assign({}, axis, { title: Object.assign({}, axis.title, { text: lines.join("<br>") }) });
    });
    return out;
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

  // ---- places with a drawn chart: those in the page, those of answers that were there, and those of an answer that a reader is
  // about to choose. A chart that was drawn for the same answer, size and scheme is put in place and not drawn again.
  var MOST_PLACES = 12, MOST_OF_A_CARD = 4;
  var places = []; // the one used last stands last
  function newPlace(card) {
    var place = document.createElement("div"), made = { place: place, card: card.id, key: "", done: false };
    place.className = "plot";
    places.push(made);
    return made;
  }
  function used(one) { places.splice(places.indexOf(one), 1); places.push(one); return one; }
  function forget(one) {
    if (places.indexOf(one) >= 0) { places.splice(places.indexOf(one), 1); }
    one.place.remove();
    idle(function () { if (window.Plotly) { window.Plotly.purge(one.place); } });
  }
  function free(one) { return one.done && !one.place.isConnected; }
  function placeIn(box) { return places.filter(function (one) { return one.place.parentNode === box; })[0]; }
  function drawnBefore(key) { return places.filter(function (one) { return free(one) && one.key === key; })[0]; }
  function vacant(card) {
    var own = places.filter(function (one) { return one.card === card.id; }), old = own.filter(free)[0];
    if (old && own.length >= MOST_OF_A_CARD) { return used(old); }
    var rest = places.filter(free);
    rest.slice(0, Math.max(0, places.length + 1 - MOST_PLACES)).forEach(forget);
    return newPlace(card);
  }
  function keyOf(spec, size) {
    return document.documentElement.getAttribute("data-mantine-color-scheme") + " " + size + " " + JSON.stringify(spec);
  }

  // ---- drawing
  function figure(spec, size, box, card) {
    var wanted = painted(spec, window.getComputedStyle(document.documentElement));
    var layout = size.width < NARROW ? merged(wanted.layout, wanted.narrow) : wanted.layout;
    layout = merged(layout, { width: Math.round(size.width), height: Math.round(size.height) });
    layout = raised(folded(layout), wanted.data);
    return { data: wanted.data, full: layout, layout: merged(layout, { margin: room(box, layout, card) }) };
  }
  function sizeOf(size) { return Math.round(size.width) + "x" + Math.round(size.height); }
  var took = 0; // milliseconds, the last time
  function drawn(plotly, one, key, wanted, box) {
    var started = performance.now(), sure = box.empathyRoom && box.empathyRoom.width === wanted.layout.width, place = one.place;
    one.done = false;
    one.key = key;
    function enough() { return isCut(place) ? plotly.react(place, wanted.data, wanted.full, CONFIG) : null; }
    return plotly.react(place, wanted.data, wanted.layout, CONFIG).then(function () {
      if (!sure || place.classList.contains("prepared")) { return enough(); }
      afterFrame(function () { // the room that was enough before nearly always is, and asking makes the browser lay out the page
        if (one.key === key && place.parentNode === box && isCut(place)) { enough().then(function () { remember(box, place); }); }
      });
      return null;
    }).then(function () {
      took = performance.now() - started;
      one.done = true;
      if (!place.empathyHeard) {
        place.empathyHeard = true;
        place.on("plotly_click", follow);
        ["plotly_relayout", "plotly_restyle"].forEach(function (kind) { // zoomed, or a layer hidden: not as it was drawn any more
          place.on(kind, function () { one.key = ""; });
        });
      }
    });
  }
  function afterFrame(work) { window.requestAnimationFrame(function () { window.setTimeout(work, 0); }); }
  // Places are known from the last time where the drawing under the chart keeps its size, and otherwise asked for.
  function rectOf(box) {
    if (!box.empathyRect || !box.empathyLater) { box.empathyRect = box.getBoundingClientRect(); }
    return box.empathyRect;
  }
  function draw(box) {
    var spec = box.empathyPlot, card = box.closest(".chart-card");
    if (!spec || !card) { return; }
    shown(card);
    if (!chosen(card)) { clear(box); return; }
    bundle().then(function (plotly) {
      if (box.empathyPlot !== spec || !box.isConnected || !chosen(card)) { return null; }
      var size = rectOf(box), standing = placeIn(box), done = Promise.resolve();
      if (size.width < 1 || size.height < 1) { return null; }
      box.empathySize = sizeOf(size);
      var key = keyOf(spec, box.empathySize), ready = standing && standing.done && standing.key === key ? standing : drawnBefore(key);
      if (ready) { used(ready); } else { ready = vacant(card); }
      if (ready !== standing) {
        box.appendChild(ready.place);
        if (ready.key !== key) { done = drawn(plotly, ready, key, figure(spec, size, box, card), box); }
        if (standing) { standing.place.remove(); }
      }
      return done.then(function () {
        box.classList.add("plotted");
        told(card, "");
        remember(box, ready.place);
      });
    }).catch(function () { clear(box); told(card, FAILED); shown(card, false); });
  }

  // ---- charts of an answer that a reader is about to choose: drawn where nobody sees them, and put in place by the click
  function prepare(sets) {
    if (!window.Plotly || took > window.empathyPlots.patience) { return; }
    plots(sets.tree, null, []).forEach(function (chart) {
      var card = document.getElementById(chart.card), box = card && card.querySelectorAll(".drawing.plotted")[chart.index];
      var size = box && box.getBoundingClientRect();
      if (!size || size.bottom < 0 || size.top > window.innerHeight) { return; }
      var key = keyOf(chart.spec, sizeOf(size)), one = places.filter(function (other) { return other.key === key; })[0];
      if (one) { used(one); return; }
      one = vacant(card);
      one.place.classList.add("prepared");
      one.place.setAttribute("aria-hidden", "true");
      document.body.appendChild(one.place);
      drawn(window.Plotly, one, key, figure(chart.spec, size, box, card), box).then(function () {
        one.place.classList.remove("prepared");
        one.place.removeAttribute("aria-hidden");
        if (one.place.parentNode === document.body) { one.place.remove(); }
      }).catch(function () { forget(one); });
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
    var one = placeIn(box);
    box.classList.remove("plotted");
    if (one) { one.place.remove(); if (!one.done) { forget(one); } }
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
    var boxes = arrived, there = boxes.map(isSeen);
    arrived = [];
    boxes.forEach(function (box, index) {
      if (there[index]) { draw(box); return; }
      idle(function () { if (box.isConnected) { draw(box); } });
    });
  }
  function isSeen(box) {
    if (box.empathyLater && box.empathyRect && box.empathySeen !== undefined) { return box.empathySeen; }
    var at = box.getBoundingClientRect();
    return at.top < window.innerHeight && at.bottom > 0;
  }
  var watched = new IntersectionObserver(function (entries) {
    entries.forEach(function (entry) { entry.target.empathySeen = entry.isIntersecting; });
  });
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
      box.empathyRect = size;
      if (box.classList.contains("plotted") && box.empathySize !== Math.round(size.width) + "x" + Math.round(size.height)) {
        window.requestAnimationFrame(function () { draw(box); });
      }
    });
  });

  // A drawing came or changed.
  window.empathyPlots = {
    patience: 300, // milliseconds that the page may not answer for a chart that is not chosen yet
    prepare: function (answer) { // a busy browser may have no idle moment before the click
      idle(function () { if (document.querySelector(".drawing.plotted")) { prepare(answer()); } }, { timeout: 30 });
    },
    attach: function (box, spec) {
      box.empathyPlot = spec;
      boxes.add(box);
      resized.observe(box);
      watched.observe(box);
      fetchWhenIdle();
      soon(box);
    },
    detach: function (box) {
      clear(box);
      resized.unobserve(box);
      watched.unobserve(box);
      boxes.delete(box);
    },
    forget: function () { places.filter(free).forEach(forget); }
  };
})();
