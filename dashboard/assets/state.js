/* The address is the state: controls write it, answers are applied to the controls. */
(function () {
  "use strict";
  var NAMES = ["site", "team", "channel", "queue", "tenure_band", "cohort", "from", "to"];
  var pending = null; // what was asked for and has not been answered yet
  var current = null; // the state of the answer that is shown
  var ECHO_MILLISECONDS = 2000, echoes = {}; // values that answers set lately: controls report them as if somebody had chosen
  var shown = {}; // what every control shows: setting it again would render its whole list again

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
  // Sets what differs from what a control shows; drawing a list of five hundred teams takes longer than the chart.
  function control(name, props) {
    var known = shown[name] = shown[name] || {}, fresh = {}, any = false;
    if (!document.getElementById("filter-" + name)) { return; }
    Object.keys(props).forEach(function (prop) {
      var text = JSON.stringify(props[prop]);
      if (known[prop] !== text) { known[prop] = text; fresh[prop] = props[prop]; any = true; }
    });
    if ("value" in fresh) { (echoes[name] = echoes[name] || {})[known.value] = Date.now(); }
    if (any) { window.dash_clientside.set_props("filter-" + name, fresh); }
  }
  function link(element, props) {
    if (element.getAttribute("href") !== props.href) { element.setAttribute("href", props.href); }
    if (props.className && element.className !== props.className) { element.className = props.className; }
  }
  function unchanged() { return window.dash_clientside.no_update; }

  function applyState(state) {
    if (!state) { return unchanged(); }
    pending = null;
    current = state;
    document.title = state.title;
    if (state.address && state.address !== window.location.pathname + window.location.search) {
      window.history.replaceState({}, "", state.address); // what was typed as a query, as the page writes it
      window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    }
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
      control(name, props);
    });
    var hidden = ["queue", "tenure_band", "cohort"].filter(function (name) { return (state.filters[name] || []).length; });
    var more = document.getElementById("more-filters");
    if (more) { more.textContent = hidden.length ? "More filters (" + hidden.length + ")" : "More filters"; }
    var summary = document.getElementById("filter-summary");
    if (summary) { summary.textContent = state.summary ? " " + state.summary : " everybody"; }
    var suffix = state.query ? "?" + state.query : "";
    document.querySelectorAll("[id^=nav-]").forEach(function (item) {
      var here = item.id === "nav-" + state.page;
      var base = item.getAttribute("href").split("?")[0];
      link(item, { href: base + suffix, className: here ? "nav-link here" : "nav-link" });
      var was = item.getAttribute("aria-current") === "page";
      if (here) { item.setAttribute("aria-current", "page"); } else { item.removeAttribute("aria-current"); }
      if (here && !was) { // a narrow screen shows a part of the pages: the one that is read
        var strip = item.closest("ul"), off = item.offsetLeft - (strip.clientWidth - item.offsetWidth) / 2;
        if (strip.scrollWidth > strip.clientWidth) { strip.scrollLeft = off; }
      }
    });
    if (clear) { link(clear, { href: window.location.pathname }); }
    return unchanged();
  }

  // Whether a control only reports what an answer set; answers may come faster than their reports.
  function isEcho(name, value) {
    var text = JSON.stringify(value === undefined ? null : value), lately = (echoes[name] || {})[text];
    return (shown[name] || {}).value === text || (lately !== undefined && Date.now() - lately < ECHO_MILLISECONDS);
  }

  function writeAddress() {
    var values = Array.prototype.slice.call(arguments, 0, NAMES.length);
    var state = arguments[NAMES.length];
    var chosen = window.dash_clientside.callback_context.triggered.map(function (change) {
      return change.prop_id.split(".")[0].replace("filter-", "");
    }).filter(function (name) { return !isEcho(name, values[NAMES.indexOf(name)]); });
    NAMES.forEach(function (name, index) {
      var value = values[index];
      shown[name] = Object.assign(shown[name] || {}, { value: JSON.stringify(value === undefined ? null : value) });
    });
    if (!state) { return unchanged(); }
    var base = pending || state.filters, next = {}, touched = false;
    NAMES.forEach(function (name) { next[name] = base[name] || []; });
    chosen.forEach(function (name) {
      echoes[name] = {};
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

  function chooseKpi(kpi) {
    var row = document.getElementById("kpi-row");
    var shown = row && row.getAttribute("data-shown"); // the page as it arrived: nobody chose, and "back" must not be undone
    return !kpi || kpi === shown ? unchanged() : window.location.pathname.replace(/\/effects(\/.*)?$/, "") + "/effects/" + kpi;
  }

  // ---- where picking a value of a control leads, for whoever asks ahead
  function leads(control, value) {
    var name = control.replace("filter-", ""), at = window.location, next = {};
    if (control === "kpi") {
      var path = chooseKpi(value);
      return typeof path === "string" ? { pathname: path, search: at.search } : null;
    }
    if (!current || !value || NAMES.indexOf(name) < 0) { return null; }
    NAMES.forEach(function (other) { next[other] = (pending || current.filters)[other] || []; });
    var rest = next[name].filter(function (one) { return one !== value; });
    var single = name === "from" || name === "to";
    next[name] = rest.length < next[name].length ? rest : single ? [value] : rest.concat(value);
    return { pathname: at.pathname, search: query(next) };
  }
  window.empathyLeads = leads;

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.empathy = {
    applyState: applyState, writeAddress: writeAddress, saveView: saveView, listViews: listViews,
    chooseKpi: chooseKpi
  };
})();
