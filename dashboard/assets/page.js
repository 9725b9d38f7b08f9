/* Small behaviours of the page: tips, menus, arrow keys in figures, sorting, copying links, saving pictures. */
(function () {
  "use strict";

  // ---- tips: on hover, focus and touch; Escape hides them
  function tip() { return document.getElementById("tip"); }
  function showTip(target) {
    var box = tip();
    if (!box) { return; }
    box.textContent = target.getAttribute("data-tip");
    box.hidden = false;
    var around = target.getBoundingClientRect(), size = box.getBoundingClientRect();
    var left = Math.min(Math.max(8, around.left + around.width / 2 - size.width / 2), window.innerWidth - size.width - 8);
    var top = around.top - size.height - 8;
    if (top < 8) { top = around.bottom + 8; }
    box.style.left = left + window.scrollX + "px";
    box.style.top = top + window.scrollY + "px";
  }
  function hideTip() { var box = tip(); if (box) { box.hidden = true; } }
  function tipped(event) { return event.target.closest ? event.target.closest("[data-tip]") : null; }
  document.addEventListener("pointerover", function (event) { var t = tipped(event); if (t) { showTip(t); } else { hideTip(); } });
  document.addEventListener("focusin", function (event) { var t = tipped(event); if (t) { showTip(t); } else { hideTip(); } });
  document.addEventListener("focusout", hideTip);
  window.addEventListener("resize", hideTip);

  // ---- keys: Escape closes, arrows walk the marks of a figure
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      hideTip();
      document.querySelectorAll("details.menu[open]").forEach(function (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      });
      return;
    }
    var here = event.target.closest ? event.target.closest(".mark") : null;
    if (!here) { return; }
    if (event.key === "Enter" && here.hasAttribute("data-href")) { go(here.getAttribute("data-href")); return; }
    var steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    var marks = Array.prototype.slice.call(here.closest("svg").querySelectorAll(".mark"));
    var next = null;
    if (steps[event.key]) { next = marks[marks.indexOf(here) + steps[event.key]]; }
    if (event.key === "Home") { next = marks[0]; }
    if (event.key === "End") { next = marks[marks.length - 1]; }
    if (next) {
      event.preventDefault();
      here.setAttribute("tabindex", "-1");
      next.setAttribute("tabindex", "0");
      next.focus();
    }
  });

  // ---- clicks: menus, links, pictures, sorting, scheme
  document.addEventListener("click", function (event) {
    var target = event.target;
    if (!target.closest) { return; }
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (!menu.contains(target) && !target.closest(".mantine-Popover-dropdown")) { menu.open = false; }
    });
    var copy = target.closest("[data-copy-link]");
    if (copy) { copyLink(copy.getAttribute("data-copy-link")); return; }
    var save = target.closest("[data-save]");
    if (save) { savePicture(save.getAttribute("data-card"), save.getAttribute("data-save")); return; }
    var sort = target.closest("button.sort");
    if (sort) { sortBy(sort); return; }
    if (target.closest("#scheme")) { switchScheme(); }
    var way = target.closest(".mark[data-href]");
    if (way) { go(way.getAttribute("data-href")); }
  });

  // ---- a row leads on, as a link does: the address changes, the page follows
  function go(href) {
    hideTip();
    window.history.pushState({}, "", href);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  }
  window.empathyGo = go;

  function toast(words) {
    var box = document.getElementById("toast");
    if (!box) { return; }
    box.textContent = words;
    box.classList.add("shown");
    window.setTimeout(function () { box.classList.remove("shown"); }, 2500);
  }

  function copyLink(card) {
    var address = window.location.href.split("#")[0] + (card ? "#" + card : "");
    function done() { toast("Link copied"); }
    function byHand() {
      var field = document.createElement("textarea");
      field.value = address;
      document.body.appendChild(field);
      field.select();
      var copied = document.execCommand("copy");
      field.remove();
      if (copied) { done(); } else { toast(address); }
    }
    if (navigator.clipboard && window.isSecureContext) {
      navigator.clipboard.writeText(address).then(done, byHand);
    } else { byHand(); }
  }

  function switchScheme() {
    var root = document.documentElement;
    var next = root.getAttribute("data-mantine-color-scheme") === "dark" ? "light" : "dark";
    root.setAttribute("data-mantine-color-scheme", next);
    try { window.localStorage.setItem("mantine-color-scheme-value", next); } catch (error) { /* private window */ }
  }

  // ---- sorting: by raw value where there is one, by text otherwise
  function sortBy(button) {
    var heading = button.closest("th"), row = heading.parentNode, body = heading.closest("table").tBodies[0];
    var column = Array.prototype.indexOf.call(row.children, heading);
    var down = heading.getAttribute("aria-sort") === "ascending";
    var numeric = button.getAttribute("data-sort") === "number";
    Array.prototype.forEach.call(row.children, function (other) { other.removeAttribute("aria-sort"); });
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    function key(line) {
      var cell = line.children[column];
      if (!cell) { return numeric ? NaN : ""; }
      return numeric ? parseFloat(cell.getAttribute("data-value")) : cell.textContent;
    }
    var lines = Array.prototype.slice.call(body.rows);
    lines.sort(function (a, b) {
      var x = key(a), y = key(b), order;
      if (numeric) {
        if (isNaN(x)) { return isNaN(y) ? 0 : 1; }
        if (isNaN(y)) { return -1; }
        order = x - y;
      } else { order = String(x).localeCompare(String(y)); }
      return down ? -order : order;
    });
    lines.forEach(function (line) { body.appendChild(line); });
  }

  // ---- pictures: the drawing with its title, subtitle and source, colours written out
  var SHOWN = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-family", "font-size", "font-weight", "text-anchor"];
  var BETWEEN = 24;
  function visible(card) {
    return Array.prototype.filter.call(card.querySelectorAll(".chart-body svg"), function (svg) {
      return svg.getBoundingClientRect().width > 0;
    });
  }
  function coloured(svg) {
    var copy = svg.cloneNode(true), from = svg.querySelectorAll("*"), to = copy.querySelectorAll("*");
    from.forEach(function (element, index) {
      var style = window.getComputedStyle(element);
      SHOWN.forEach(function (name) { to[index].setAttribute(name, style.getPropertyValue(name)); });
      ["class", "tabindex", "role", "aria-label"].forEach(function (name) { to[index].removeAttribute(name); });
    });
    return copy;
  }
  function wrapped(words, size, room) {
    var lines = [];
    words.split(/\s+/).forEach(function (word) {
      var last = lines[lines.length - 1];
      if (last !== undefined && (last.length + word.length + 1) * size * 0.54 <= room) { lines[lines.length - 1] = last + " " + word; }
      else { lines.push(word); }
    });
    return lines;
  }
  function standalone(card) {
    var drawn = visible(card), width = 0, tall = 0;
    if (!drawn.length) { return null; }
    drawn.forEach(function (svg, index) {
      width += svg.viewBox.baseVal.width + (index ? BETWEEN : 0);
      tall = Math.max(tall, svg.viewBox.baseVal.height);
    });
    var space = drawn[0].namespaceURI, font = window.getComputedStyle(document.body), colour = font.color, top = 8;
    var out = document.createElementNS(space, "svg");
    function write(words, size, weight, y, x) {
      var text = document.createElementNS(space, "text");
      [["x", x || 12], ["y", y], ["font-size", size], ["font-weight", weight], ["fill", colour], ["font-family", font.fontFamily]]
        .forEach(function (pair) { text.setAttribute(pair[0], pair[1]); });
      text.textContent = words;
      out.appendChild(text);
    }
    function block(selector, size, weight) {
      var found = card.querySelector(selector);
      wrapped(found ? found.textContent : "", size, width - 24).forEach(function (words) {
        top += size * 1.4;
        write(words, size, weight, top);
      });
    }
    var ground = document.createElementNS(space, "rect");
    [["width", "100%"], ["height", "100%"], ["fill", window.getComputedStyle(card).backgroundColor]]
      .forEach(function (pair) { ground.setAttribute(pair[0], pair[1]); });
    out.appendChild(ground);
    block(".card-title", 16, 600);
    block(".card-subtitle", 12, 400);
    top += 8;
    if (drawn.length > 1) { top += 16; }
    var across = 0;
    drawn.forEach(function (svg) {
      var copy = coloured(svg), group = document.createElementNS(space, "g");
      if (drawn.length > 1) { write(svg.getAttribute("aria-label") || "", 12, 600, top - 4, across + 12); }
      group.setAttribute("transform", "translate(" + across + " " + top + ")");
      while (copy.firstChild) { group.appendChild(copy.firstChild); }
      out.appendChild(group);
      across += svg.viewBox.baseVal.width + BETWEEN;
    });
    var source = document.getElementById("print-header");
    var foot = top + tall;
    var said = source ? Array.prototype.map.call(source.children, function (part) { return part.textContent; }) : [];
    wrapped(said.join(" "), 11, width - 24).forEach(function (words) {
      foot += 15;
      write(words, 11, 400, foot);
    });
    var height = Math.ceil(foot + 12);
    out.setAttribute("xmlns", space);
    out.setAttribute("viewBox", "0 0 " + width + " " + height);
    out.setAttribute("width", width);
    out.setAttribute("height", height);
    return out;
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
  function savePicture(id, kind) {
    var card = document.getElementById(id), svg = card && standalone(card);
    if (!svg) { toast("There is no drawing to save"); return; }
    var name = "empathy-" + id + "." + kind;
    var text = new XMLSerializer().serializeToString(svg);
    if (kind === "svg") { hand(new Blob([text], { type: "image/svg+xml" }), name); return; }
    var picture = new Image();
    picture.onload = function () {
      var canvas = document.createElement("canvas"), times = 2;
      canvas.width = svg.getAttribute("width") * times;
      canvas.height = svg.getAttribute("height") * times;
      var pen = canvas.getContext("2d");
      pen.scale(times, times);
      pen.drawImage(picture, 0, 0);
      canvas.toBlob(function (blob) { hand(blob, name); }, "image/png");
    };
    picture.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);
  }

  // ---- paper: every page after the first says in its margin what the first says in its head, and which page it is
  var margins = null;
  window.addEventListener("beforeprint", function () {
    var head = document.getElementById("print-header");
    if (!head) { return; }
    if (!margins) { margins = document.createElement("style"); document.head.appendChild(margins); }
    function said(part) { return '"' + part.textContent.replace(/\s+/g, " ").replace(/["\\<]/g, "\\$&") + '"'; }
    var words = Array.prototype.map.call(head.children, said).join(' "  |  " ');
    var style = "font: 8pt sans-serif; color: #555;";
    margins.textContent = "@page { @top-left { content: " + words + "; " + style + " } " +
      "@bottom-right { content: counter(page) ' / ' counter(pages); " + style + " } } @page :first { @top-left { content: none; } }";
  });

  // ---- narrow screens start with the filters folded
  document.addEventListener("DOMContentLoaded", function () {
    var watch = new MutationObserver(function () {
      var fold = document.getElementById("filter-fold");
      if (fold) {
        watch.disconnect();
        if (window.matchMedia("(max-width: 720px)").matches) { fold.open = false; }
      }
    });
    watch.observe(document.body, { childList: true, subtree: true });
  });

  // ---- an address with #card opens at that card once it is there
  var sought = window.location.hash.slice(1);
  if (sought) {
    var arrival = new MutationObserver(function () {
      var card = document.getElementById(sought);
      if (card) { arrival.disconnect(); card.scrollIntoView({ block: "start" }); card.classList.add("sought"); }
    });
    arrival.observe(document.documentElement, { childList: true, subtree: true });
  }
})();
