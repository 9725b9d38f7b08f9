/* Small behaviours of the page: tips, menus, arrow keys in figures, rows that lead on, sorting, copying links. */
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

  // ---- a list to pick from: Escape brings back what was chosen before somebody typed
  var before = {};
  document.addEventListener("focusin", function (event) {
    if (event.target.matches && event.target.matches("input.mantine-Select-input")) { before[event.target.id] = event.target.value; }
  });
  document.addEventListener("keydown", function (event) {
    var field = event.target;
    if (event.key === "Escape" && field.id in before && field.value !== before[field.id]) {
      window.dash_clientside.set_props(field.id, { searchValue: before[field.id] });
      field.blur(); // a field that is left shows what is chosen; Tab goes on from here
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
    if (save) { window.empathyPicture.save(save.getAttribute("data-card"), save.getAttribute("data-save"), toast); return; }
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

  // ---- an address with #card opens at that card once it is there, typed or followed
  var arrival = null;
  function seek() {
    var sought = window.location.hash.slice(1);
    if (arrival) { arrival.disconnect(); arrival = null; }
    if (!sought) { return; }
    var here = arrival = new MutationObserver(function () {
      var card = document.getElementById(sought);
      if (card) { here.disconnect(); card.scrollIntoView({ block: "start" }); card.classList.add("sought"); }
    });
    here.observe(document.documentElement, { childList: true, subtree: true });
  }
  seek();
  window.addEventListener("_dashprivate_pushstate", seek);
})();
