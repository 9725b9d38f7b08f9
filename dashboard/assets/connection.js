/* When the server does not answer: say so, keep what is on screen, offer to try again. And back and forward keep the place. */
(function () {
  "use strict";
  var ASKED = /_dash-(update-component|layout|dependencies)/, WORDS = "The server did not answer. What is below is the last answer that arrived.";
  var send = window.fetch;

  function banner(show) {
    var found = document.getElementById("unreachable");
    if (!show) { if (found) { found.remove(); } return; }
    var notices = document.querySelector("[data-notices]");
    if (found || !notices) { return; }
    found = document.createElement("div");
    found.id = "unreachable";
    found.className = "wrap";
    var inside = document.createElement("div"), again = document.createElement("button");
    inside.className = "banner banner-error";
    inside.setAttribute("role", "alert");
    inside.textContent = WORDS + " ";
    again.type = "button";
    again.className = "button";
    again.textContent = "Try again";
    again.addEventListener("click", function () {
      banner(false);
      if (document.getElementById("first")) { window.location.reload(); return; } // nothing answers yet
      window.dash_clientside.set_props("fresh", { data: "again " + Date.now() });
    });
    inside.appendChild(again);
    found.appendChild(inside);
    notices.parentNode.insertBefore(found, notices);
  }

  window.fetch = function (address) {
    var asked = send.apply(this, arguments);
    if (!ASKED.test(String(address && address.url || address))) { return asked; }
    return asked.then(function (response) {
      banner(response.status === 502 || response.status === 503 || response.status === 504);
      return response;
    }, function (error) {
      banner(true);
      throw error;
    });
  };

  // ---- the place on a page belongs to its entry in the history
  var kept = {}, restoring = false;
  window.history.scrollRestoration = "manual";
  function key() { return window.location.pathname + window.location.search; }
  var shown = key();
  window.addEventListener("scroll", function () { if (!restoring) { kept[shown] = window.scrollY; } }, { passive: true });
  window.addEventListener("_dashprivate_pushstate", function () { shown = key(); });
  window.addEventListener("popstate", function () {
    var wanted = kept[key()] || 0, until = Date.now() + 5000;
    restoring = true;
    (function again() { // the page grows as its answer arrives
      window.scrollTo(0, wanted);
      if (Math.abs(window.scrollY - wanted) > 2 && Date.now() < until) { window.setTimeout(again, 50); return; }
      shown = key();
      restoring = false;
    })();
  });
})();
