/* Exploring a chart: puts the scheme's colours into a figure and shows the layers that are chosen. */
(function () {
  "use strict";
  var CHOICES = ["band", "second"]; // layers that can be hidden, see dashboard/figures/interactive.py

  function painted(value, style) {
    if (typeof value === "string") {
      var named = /^var\((--[a-z-]+)\)$/.exec(value);
      return named ? style.getPropertyValue(named[1]).trim() : value;
    }
    if (Array.isArray(value)) { return value.map(function (part) { return painted(part, style); }); }
    if (value && typeof value === "object") {
      var copy = {};
      Object.keys(value).forEach(function (name) { copy[name] = painted(value[name], style); });
      return copy;
    }
    return value;
  }

  function explore(layers, _scheme, figure) {
    if (!figure) { return window.dash_clientside.no_update; }
    var out = painted(figure, window.getComputedStyle(document.documentElement));
    out.data.forEach(function (trace) {
      if (CHOICES.indexOf(trace.meta) >= 0) { trace.visible = (layers || []).indexOf(trace.meta) >= 0; }
    });
    return out;
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.explore = { draw: explore };
})();
