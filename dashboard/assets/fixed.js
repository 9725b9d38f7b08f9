/* Elements without callbacks: nested lists from the server become React elements. Nothing is parsed as HTML. */
(function () {
  "use strict";
  var REFUSED_TAGS = ["script", "iframe", "object", "embed", "base", "link", "meta", "style", "form"];
  var REFUSED = /^(on|dangerously|srcdoc|ref$)/i;

  function element(node, inside) {
    if (typeof node === "string") { return node; }
    var tag = node[0], given = node[1];
    if (tag === "$") { return inside[given]; }
    if (/^[A-Z]/.test(tag)) { return window.React.createElement(window.empathy_lift[tag], given); }
    if (REFUSED_TAGS.indexOf(tag) >= 0 || !/^[a-z][a-z0-9]*$/.test(tag)) { throw new Error("pages do not use <" + tag + ">"); }
    Object.keys(given).forEach(function (name) { if (REFUSED.test(name)) { throw new Error("pages do not use " + name); } });
    return window.React.createElement.apply(null, [tag, given].concat(node.slice(2).map(function (child) {
      return element(child, inside);
    })));
  }

  function Fixed(props) {
    window.React.useLayoutEffect(arrived, []);
    var parts = window.React.useMemo(function () {
      var inside = props.children === undefined ? [] : [].concat(props.children);
      return props.tree.map(function (node) { return element(node, inside); });
    }, [props.tree, props.children]);
    return window.React.createElement.apply(null, [window.React.Fragment, null].concat(parts));
  }

  // ---- what the server wrote before any script ran gives way to the page that answers
  function arrived() {
    var first = document.getElementById("first");
    var there = "#page-body > :not(.skeleton), #notices > .banner-error";
    if (!first || !document.querySelector("#react-entry-point :is(" + there + ")")) { return; }
    var bar = document.querySelector("#react-entry-point #filter-bar"), stood = first.querySelector(".filter-bar");
    if (bar && stood) { bar.hidden = stood.hidden; }
    first.remove();
  }

  // ---- links to pages of this dashboard: the address changes, the page follows
  document.addEventListener("click", function (event) {
    var way = event.target.closest ? event.target.closest("a[data-go]") : null;
    var plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (!way || !plain || event.defaultPrevented || document.getElementById("first")) { return; }
    event.preventDefault();
    window.empathyGo(way.getAttribute("href"));
  });

  window.empathy_lift = Object.assign(window.empathy_lift || {}, { Fixed: Fixed });
})();
