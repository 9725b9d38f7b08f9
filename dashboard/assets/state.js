/* The address is the state: controls write it, answers are applied to the controls. */
(function () {
  "use strict";
  var NAMES = ["site", "team", "channel", "queue", "tenure_band", "cohort", "from", "to"];
  var pending = null; // what was asked for and has not been answered yet

  function same(first, second) { return JSON.stringify(first) === JSON.stringify(second); }
  function listed(value) {
    if (value === null || value === undefined || value === "") { return []; }
    return Array.isArray(value) ? value.slice() : [value];
  }
  function sorted(values) { return values.slice().sort(); }
  function query(filters) {
    var parts = new URLSearchParams();
    NAMES.forEach(function (name) { (filters[name] || []).forEach(function (value) { parts.append(name, value); }); });
    var text = parts.toString();
    return text ? "?" + text : "";
  }
  function setProps(id, props) {
    if (document.getElementById(id)) { window.dash_clientside.set_props(id, props); }
  }
  function unchanged() { return window.dash_clientside.no_update; }

  function applyState(state) {
    if (!state) { return unchanged(); }
    pending = null;
    document.title = state.title;
    var bar = document.getElementById("filter-bar");
    if (bar) { bar.hidden = state.filtered === false; }
    var clear = document.getElementById("clear");
    if (clear) { clear.classList.toggle("invisible", !state.query); }
    NAMES.forEach(function (name) {
      var values = state.filters[name] || [];
      var single = name === "from" || name === "to";
      var props = { value: single ? (values[0] || null) : values };
      if (state.options) { props.data = state.options[name]; }
      if (!single) { props.placeholder = values.length ? "" : "All " + ((state.plurals || {})[name] || ""); }
      setProps("filter-" + name, props);
    });
    var hidden = ["queue", "tenure_band", "cohort"].filter(function (name) { return (state.filters[name] || []).length; });
    var more = document.getElementById("more-filters");
    if (more) { more.textContent = hidden.length ? "More filters (" + hidden.length + ")" : "More filters"; }
    var summary = document.getElementById("filter-summary");
    if (summary) { summary.textContent = state.summary ? " " + state.summary : " everybody"; }
    var suffix = state.query ? "?" + state.query : "";
    document.querySelectorAll("[id^=nav-]").forEach(function (link) {
      var here = link.id === "nav-" + state.page;
      var base = link.getAttribute("href").split("?")[0];
      window.dash_clientside.set_props(link.id, { href: base + suffix, className: here ? "nav-link here" : "nav-link" });
      if (here) { link.setAttribute("aria-current", "page"); } else { link.removeAttribute("aria-current"); }
    });
    setProps("clear", { href: window.location.pathname });
    return unchanged();
  }

  function writeAddress() {
    var values = Array.prototype.slice.call(arguments, 0, NAMES.length);
    var state = arguments[NAMES.length];
    if (!state) { return unchanged(); }
    var base = pending || state.filters, next = {}, touched = false;
    NAMES.forEach(function (name) { next[name] = base[name] || []; });
    window.dash_clientside.callback_context.triggered.forEach(function (change) {
      var name = change.prop_id.split(".")[0].replace("filter-", "");
      var value = listed(values[NAMES.indexOf(name)]);
      if (!same(sorted(value), sorted(state.filters[name] || [])) || (pending && !same(sorted(value), sorted(next[name])))) {
        next[name] = value;
        touched = true;
      }
    });
    if (!touched) { return unchanged(); }
    pending = next;
    return query(next);
  }

  function saveView(_clicks, _submit, name, views) {
    var label = (name || "").trim();
    if (!label) { return [unchanged(), unchanged()]; }
    var kept = (views || []).filter(function (view) { return view.name !== label; });
    kept.push({ name: label, href: window.location.pathname + window.location.search });
    return [kept, ""];
  }

  function listViews(views) {
    var list = document.getElementById("view-list");
    if (!list) { return unchanged(); }
    list.replaceChildren.apply(list, (views || []).map(function (view) {
      var item = document.createElement("li");
      var link = document.createElement("a");
      link.href = view.href;
      link.textContent = view.name;
      var drop = document.createElement("button");
      drop.type = "button";
      drop.textContent = "×";
      drop.className = "icon-button";
      drop.setAttribute("aria-label", "Forget " + view.name);
      drop.addEventListener("click", function () {
        window.dash_clientside.set_props("saved-views", {
          data: views.filter(function (other) { return other.name !== view.name; })
        });
      });
      item.append(link, drop);
      return item;
    }));
    return unchanged();
  }

  function chooseKpi(kpi, pathname) {
    var next = "/effects/" + kpi;
    return !kpi || pathname === next ? unchanged() : next;
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.empathy = {
    applyState: applyState, writeAddress: writeAddress, saveView: saveView, listViews: listViews,
    chooseKpi: chooseKpi
  };
})();
