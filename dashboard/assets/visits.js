/* Which version a reader saw at their last visit: kept in their browser, and the same for as long as this visit lasts. */
(function () {
  "use strict";
  var SEEN = "empathy-seen-run", SINCE = "empathy-visit-since";

  function since(run) {
    var stay = window.dash_clientside.no_update, before;
    if (!run) { return stay; }
    try {
      before = window.sessionStorage.getItem(SINCE);
      if (before === null) {
        before = window.localStorage.getItem(SEEN) || "";
        window.sessionStorage.setItem(SINCE, before);
      }
      window.localStorage.setItem(SEEN, run);
    } catch (error) { return stay; } // a private window keeps nothing
    return before && before !== run ? before : stay;
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.visits = { since: since };
})();
