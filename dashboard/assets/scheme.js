/* Light or dark before anything is drawn, so that the page does not flash. */
(function () {
  "use strict";
  var key = "mantine-color-scheme-value";
  var stored = null;
  try { stored = window.localStorage.getItem(key); } catch (error) { stored = null; }
  var dark = stored === "dark" || (stored !== "light" && window.matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
