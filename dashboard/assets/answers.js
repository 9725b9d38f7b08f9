/* Answers this page has had, and answers to what a reader is about to choose, shown without asking the server again. They
   belong to one version of the data, go with the page, and are few. */
(function () {
  "use strict";
  var CALLBACK = "_dash-update-component", RUN = "Empathy-Run", AHEAD = "Empathy-Ahead";
  var MOST_CHARACTERS = 8e6; // some fifty pages
  var LASTS = 5 * 60 * 1000; // milliseconds; notices change without a new version of the data
  var RESTS = 60; // milliseconds a pointer stays on what it is about to choose; passing by takes less
  var MOST_AHEAD = 2;
  var send = window.fetch;
  var known = new Map(), characters = 0, run = "", asking = new Map(), pattern = null;

  function forget() { known.clear(); characters = 0; window.empathyPlots.forget(); }
  function drop(key) {
    if (known.has(key)) { characters -= known.get(key).text.length; known.delete(key); }
  }
  function keep(key, from, text) {
    if (from !== run) { forget(); run = from; }
    drop(key);
    known.set(key, { text: text, at: Date.now() });
    characters += text.length;
    known.forEach(function (_, oldest) { if (characters > MOST_CHARACTERS) { drop(oldest); } });
  }
  function recall(key) {
    var found = known.get(key);
    if (!found) { return null; }
    if (Date.now() - found.at > LASTS) { drop(key); return null; }
    known.delete(key);
    known.set(key, found); // the one used last is forgotten last
    return found;
  }

  // Whoever may not ask any more, signed out or of another role, is shown nothing that was kept.
  function allowed(response) {
    if (response.status === 401 || response.status === 403) { forget(); }
    return response;
  }

  // ---- what Dash asks for
  function asked(address, options) {
    if (String(address).indexOf(CALLBACK) < 0 || !options || typeof options.body !== "string") { return null; }
    try { return JSON.parse(options.body); } catch (error) { return null; }
  }
  function keyOf(body) { // "fresh" only says that there is something new
    var given = (body.inputs || []).filter(function (one) { return one.id !== "fresh"; });
    return JSON.stringify([body.output, given.map(function (one) { return [one.id, one.property, one.value]; }), body.state || []]);
  }
  function isNews(body) {
    return (body.changedPropIds || []).some(function (name) { return name.split(".")[0] === "fresh"; });
  }
  function isAddress(body) { return (body.inputs || []).some(function (one) { return one.id === "url"; }); }
  function again(found) {
    var response = new Response(null, { status: 200, headers: { "Content-Type": "application/json" } });
    var ready = found.ready || null; // each answer that was read ahead is given away once: what gets it may change it
    found.ready = null;
    response.json = function () { return Promise.resolve(ready || JSON.parse(found.text)); };
    return response;
  }
  function heard(key, response) {
    var from = response.status === 200 ? response.headers.get(RUN) : null;
    if (from) {
      response.json = function () {
        return response.text().then(function (text) { keep(key, from, text); return JSON.parse(text); });
      };
    }
    return response;
  }

  window.fetch = function (address, options) {
    var self = this, given = arguments, body = asked(address && address.url || address, options);
    function server() { return send.apply(self, given).then(allowed); }
    if (!body) { return server(); }
    if (isNews(body)) { forget(); }
    if (isAddress(body)) { pattern = { address: address, options: options, body: body }; }
    var key = keyOf(body), found = recall(key), coming = asking.get(key);
    function fromServer() { return server().then(function (response) { return heard(key, response); }); }
    if (found) { return Promise.resolve(again(found)); }
    if (!coming) { return fromServer(); }
    return coming.then(function (unkept) {
      var arrived = recall(key);
      return arrived ? again(arrived) : unkept ? unkept.clone() : fromServer();
    });
  };

  // ---- asking ahead: what a pointer rests on, what is in focus, what is being pressed
  function ahead(way) {
    if (!document.hidden && !(navigator.connection && navigator.connection.saveData) && asking.size < MOST_AHEAD) { ask(way, true); }
  }
  function bodyOf(way) {
    var body = Object.assign({}, pattern.body, { changedPropIds: ["url.search"] });
    body.inputs = pattern.body.inputs.map(function (one) {
      if (one.id !== "url") { return one; }
      return Object.assign({}, one, { value: one.property === "pathname" ? way.pathname : way.search });
    });
    return body;
  }
  function ask(way, early) {
    if (!pattern || !way) { return; }
    var body = bodyOf(way), key = keyOf(body), there = recall(key);
    if (there && early) { prepare(there); }
    if (asking.has(key) || there) { return; }
    var headers = Object.assign({}, pattern.options.headers);
    if (early) { headers[AHEAD] = "1"; }
    var options = Object.assign({}, pattern.options, { body: JSON.stringify(body), headers: headers });
    var coming = send.call(window, pattern.address, options).then(allowed).then(function (response) {
      var from = response.status === 200 ? response.headers.get(RUN) : null;
      if (!from) { return early ? null : response; } // of a page that changes by itself
      return response.text().then(function (text) {
        keep(key, from, text);
        var found = known.get(key), at = window.location;
        if (!found) { return new Response(text, { status: 200, headers: { "Content-Type": "application/json" } }); } // too long to keep
        found.ready = JSON.parse(text);
        if (way.pathname === at.pathname && way.search === at.search) { show(way); } else if (early) { prepare(found); }
        return null;
      });
    }).catch(function () { /* whoever chooses it asks again, and is told */ });
    asking.set(key, coming);
    coming.then(function () { asking.delete(key); });
  }

  function prepare(found) {
    window.empathyPlots.prepare(function () {
      found.ready = found.ready || JSON.parse(found.text);
      return found.ready.response["page-body"];
    });
  }

  // ---- an answer that is there is shown at once; Dash finds it a little later
  function show(way) {
    var found = pattern && way ? recall(keyOf(bodyOf(way))) : null;
    if (!found) { return; }
    var answer = found.ready || JSON.parse(found.text);
    found.ready = null;
    window.empathyShow(answer.response["page-body"]);
  }

  // ---- an address that has changed: Dash comes to ask after it has told every component, which takes longer than an answer
  var here = window.location.pathname + window.location.search, push = window.history.pushState;
  function moved() {
    var now = window.location.pathname + window.location.search;
    if (now === here) { return; }
    var way = { pathname: window.location.pathname, search: window.location.search };
    here = now;
    show(way);
    ask(way, false);
  }
  window.history.pushState = function () {
    var given = push.apply(this, arguments);
    moved();
    return given;
  };
  window.addEventListener("popstate", moved);

  function leadsTo(target) {
    if (!target || !target.closest) { return null; }
    var option = target.closest("[role=option][data-combobox-option]"), at = window.location;
    if (option) { return window.empathyLeads(document.activeElement.id, option.getAttribute("value")); }
    var way = target.closest("a[data-go], a.nav-link, #clear, .mark[data-href]");
    if (!way || document.getElementById("first")) { return null; }
    var address = new URL(way.getAttribute("href") || way.getAttribute("data-href"), at.href);
    var same = address.pathname === at.pathname && address.search === at.search;
    return address.origin === at.origin && !same ? { pathname: address.pathname, search: address.search } : null;
  }
  var resting = null;
  function rest(event) {
    var target = event.target;
    window.clearTimeout(resting);
    resting = window.setTimeout(function () { ahead(leadsTo(target)); }, RESTS);
  }
  document.addEventListener("pointerover", rest, { passive: true });
  document.addEventListener("focusin", rest);
  document.addEventListener("pointerdown", function (event) { ahead(leadsTo(event.target)); }, { passive: true, capture: true });
  document.addEventListener("click", function (event) { // before the list has told the address
    if (event.target.closest && event.target.closest("[role=option]:not([data-combobox-disabled])")) { show(leadsTo(event.target)); }
  }, true);
  document.addEventListener("keyup", function (event) { // the option that Enter would choose
    var active = event.target.getAttribute && event.target.getAttribute("aria-activedescendant");
    if (active) { rest({ target: document.getElementById(active) }); }
  });
})();
