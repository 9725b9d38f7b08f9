/* Pictures to take along: the drawing of a card with its title, definition, legend, selection, run and date, colours written
   out. What a program does not know (classes, custom properties, paint-order) is not used, so every label survives. */
(function () {
  "use strict";
  var SPACE = "http://www.w3.org/2000/svg", BETWEEN = 24, EDGE = 12, TIMES = 2;
  var SHOWN = ["fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray", "stroke-linejoin", "stroke-linecap",
    "opacity", "font-family", "font-size", "font-weight", "text-anchor"];
  var pen = document.createElement("canvas").getContext("2d");

  function make(tag, attributes, words) {
    var element = document.createElementNS(SPACE, tag);
    Object.keys(attributes).forEach(function (name) { element.setAttribute(name, attributes[name]); });
    if (words !== undefined) { element.textContent = words; }
    return element;
  }
  function visible(card) {
    return Array.prototype.filter.call(card.querySelectorAll(".chart-body .drawing > svg"), function (svg) {
      return svg.getBoundingClientRect().width > 0;
    });
  }

  // The halo behind a label is its own text below it: "paint-order" does not leave the browser.
  function haloed(text) {
    var halo = text.cloneNode(true);
    halo.setAttribute("fill", "none");
    halo.setAttribute("aria-hidden", "true");
    text.setAttribute("stroke", "none");
    text.parentNode.insertBefore(halo, text);
  }
  function coloured(svg) {
    var copy = svg.cloneNode(true), from = svg.querySelectorAll("*"), to = copy.querySelectorAll("*"), halos = [], gone = [];
    from.forEach(function (element, index) {
      var style = window.getComputedStyle(element), target = to[index];
      if (element.classList.contains("hit")) { gone.push(target); return; }
      SHOWN.forEach(function (name) { target.setAttribute(name, style.getPropertyValue(name)); });
      var before = style.paintOrder.indexOf("stroke") === 0 && style.stroke !== "none";
      if (element.tagName === "text" && before) { halos.push(target); }
      ["class", "tabindex", "role", "aria-label", "data-tip", "data-href"].forEach(function (name) { target.removeAttribute(name); });
    });
    gone.forEach(function (element) { element.remove(); });
    halos.forEach(haloed);
    return copy;
  }

  function wrapped(words, size, weight, family, room) {
    var lines = [];
    pen.font = weight + " " + size + "px " + family;
    words.split(/\s+/).filter(Boolean).forEach(function (word) {
      var last = lines[lines.length - 1];
      if (last !== undefined && pen.measureText(last + " " + word).width <= room) { lines[lines.length - 1] = last + " " + word; }
      else { lines.push(word); }
    });
    return lines;
  }
  // A legend is a row of parts, each a coloured sign and its words.
  function parts(legend) {
    return Array.prototype.filter.call(legend.children, function (part) { return part.textContent.trim(); }).map(function (part) {
      return Array.prototype.map.call(part.childNodes, function (node) {
        var styled = node.nodeType === 1 ? node : part;
        return { words: node.textContent, colour: window.getComputedStyle(styled).color };
      });
    });
  }
  function said(card, selector) {
    var found = card.querySelector(selector);
    return found ? found.textContent : "";
  }
  function today() {
    return new Date().toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });
  }

  function standalone(card) {
    var drawn = visible(card), width = 0, tall = 0;
    if (!drawn.length) { return null; }
    drawn.forEach(function (svg, index) {
      width += svg.viewBox.baseVal.width + (index ? BETWEEN : 0);
      tall = Math.max(tall, svg.viewBox.baseVal.height);
    });
    width += 2 * EDGE;
    var body = window.getComputedStyle(document.body), root = window.getComputedStyle(document.documentElement);
    var family = body.fontFamily, muted = root.getPropertyValue("--muted").trim(), top = 8;
    var out = make("svg", { xmlns: SPACE }), ground = window.getComputedStyle(card).backgroundColor;
    out.appendChild(make("rect", { width: "100%", height: "100%", fill: ground }));
    function block(words, size, weight, colour, left, room) {
      wrapped(words, size, weight, family, (room || width) - 2 * EDGE).forEach(function (line) {
        top += size * 1.4;
        var place = { x: left || EDGE, y: top, "font-size": size, "font-weight": weight, fill: colour, "font-family": family };
        out.appendChild(make("text", place, line));
      });
    }
    function legend(found) {
      var size = 12, left = EDGE;
      pen.font = "400 " + size + "px " + family;
      top += 6 + size * 1.4;
      parts(found).forEach(function (part) {
        var whole = part.map(function (one) { return one.words; }).join(""), across = pen.measureText(whole).width;
        if (left > EDGE && left + across > width - EDGE) { left = EDGE; top += size * 1.5; }
        var text = make("text", { x: left, y: top, "font-size": size, "font-family": family, "xml:space": "preserve" });
        part.forEach(function (one) { text.appendChild(make("tspan", { fill: one.colour }, one.words)); });
        out.appendChild(text);
        left += across + 16;
      });
    }
    block(said(card, ".card-title"), 16, 600, body.color);
    block(said(card, ".card-subtitle"), 12, 400, muted);
    var info = card.querySelector(".card-heading .info");
    block(info ? info.getAttribute("data-tip") : "", 12, 400, muted);
    var found = card.querySelector(".legend");
    if (found) { legend(found); }
    top += 8;
    var heads = top, across = EDGE;
    drawn.forEach(function (svg) { // a card with several drawings: what belongs to each stands above it
      var side = svg.closest(".pair-sides > *"), room = svg.viewBox.baseVal.width + 2 * EDGE, start = top;
      if (side) {
        block(svg.getAttribute("aria-label") || "", 12, 600, body.color, across, room);
        var facts = Array.prototype.map.call(side.querySelectorAll(".pair-facts > div"), function (fact) {
          return fact.children[0].textContent + ": " + fact.children[1].textContent;
        });
        block(facts.join("; "), 12, 400, muted, across, room);
      }
      heads = Math.max(heads, top);
      top = start;
      across += svg.viewBox.baseVal.width + BETWEEN;
    });
    top = heads + (heads > top ? 8 : 0);
    across = EDGE;
    drawn.forEach(function (svg) {
      var copy = coloured(svg), group = make("g", { transform: "translate(" + across + " " + top + ")", "data-drawing": "" });
      while (copy.firstChild) { group.appendChild(copy.firstChild); }
      out.appendChild(group);
      across += svg.viewBox.baseVal.width + BETWEEN;
    });
    top += tall + 4;
    block(said(card, ".chart-note:not(.plot-failed)"), 12, 400, muted);
    var source = document.getElementById("print-header");
    var about = source ? Array.prototype.map.call(source.children, function (part) { return part.textContent; }) : [];
    block(about.join(" · ") + " Saved " + today() + ".", 11, 400, muted);
    var height = Math.ceil(top + 12);
    [["viewBox", "0 0 " + width + " " + height], ["width", width], ["height", height]]
      .forEach(function (pair) { out.setAttribute(pair[0], pair[1]); });
    return out;
  }

  function asText(svg) { return new XMLSerializer().serializeToString(svg); }
  // At twice the size, sharp on a slide.
  function asPicture(svg) {
    return new Promise(function (resolve, reject) {
      var picture = new Image();
      picture.onerror = reject;
      picture.onload = function () {
        var canvas = document.createElement("canvas");
        canvas.width = svg.getAttribute("width") * TIMES;
        canvas.height = svg.getAttribute("height") * TIMES;
        canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
        canvas.toBlob(resolve, "image/png");
      };
      picture.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(asText(svg));
    });
  }
  function hand(blob, name) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    document.body.appendChild(link);
    link.click();
    link.remove();
    window.setTimeout(function () { URL.revokeObjectURL(link.href); }, 10000);
  }
  function save(id, kind, toast) {
    var card = document.getElementById(id), svg = card && standalone(card), name = "empathy-" + id + "." + kind;
    if (!svg) { toast("There is no drawing to save"); return; }
    if (kind === "svg") { hand(new Blob([asText(svg)], { type: "image/svg+xml" }), name); return; }
    if (kind === "png") { asPicture(svg).then(function (blob) { hand(blob, name); }); return; }
    var refused = function () { toast("This browser does not copy pictures; save it as PNG"); };
    if (!navigator.clipboard || !window.ClipboardItem) { refused(); return; }
    navigator.clipboard.write([new window.ClipboardItem({ "image/png": asPicture(svg) })])
      .then(function () { toast("Picture copied"); }, refused);
  }

  window.empathyPicture = { save: save, of: standalone };
})();
