/* Assumptions: what is typed goes into the address; the address asks for the page. */
(function () {
  "use strict";
  function unchanged() { return window.dash_clientside.no_update; }
  function number(value) { return value === null || value === undefined || value === "" ? "" : String(value); }

  // `given`: what the configuration says, by name; a number that is the configured one leaves the address.
  function writeAssumptions(ranges, single, rangeIds, singleIds, stored, search) {
    var given = (stored || [])[0];
    if (!given) { return unchanged(); }
    var texts = {}, address = new URLSearchParams(search || "");
    rangeIds.forEach(function (id, index) {
      texts[id.key] = texts[id.key] || {};
      texts[id.key][id.end] = number(ranges[index]);
    });
    Object.keys(texts).forEach(function (key) {
      var ends = texts[key];
      var text = [ends.low, ends.likely, ends.high].join("_");
      if (text === given[key] || text === "__") { address.delete(key); } else { address.set(key, text); }
    });
    singleIds.forEach(function (id, index) {
      var text = number(single[index]);
      if (text === given[id.key] || text === "") { address.delete(id.key); } else { address.set(id.key, text); }
    });
    var text = address.toString(), before = new URLSearchParams(search || "").toString();
    return text === before ? unchanged() : (text ? "?" + text : "");
  }

  function writeNumbers(values, ids, given, search) { return writeAssumptions([], values, [], ids, given, search); }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.value = { writeAssumptions: writeAssumptions, writeNumbers: writeNumbers };
})();
