/* Elements without callbacks: nested lists from the server become React elements. Nothing is parsed as HTML. What says the
   same as in the answer before is handed to React as the element it has, so it is neither compared nor drawn again. */
(function () {
  "use strict";
  var REFUSED_TAGS = ["script", "iframe", "object", "embed", "base", "link", "meta", "style", "form"];
  var REFUSED = /^(on|dangerously|srcdoc|ref$)/i;

  function same(first, second) {
    if (first === second) { return true; }
    if (!first || !second || typeof first !== "object" || typeof second !== "object") { return false; }
    if (Array.isArray(first)) {
      if (!Array.isArray(second) || first.length !== second.length) { return false; }
      for (var index = 0; index < first.length; index += 1) { if (!same(first[index], second[index])) { return false; } }
      return true;
    }
    var names = Object.keys(first);
    return names.length === Object.keys(second).length && names.every(function (name) { return same(first[name], second[name]); });
  }

  // A node with its React element and its parts; `before` is what stood in its place.
  function made(node, inside, before) {
    if (typeof node === "string") { return before && before.node === node ? before : { node: node, element: node }; }
    var tag = node[0], given = node[1], known = before && before.node[0] === tag ? before : null;
    if (tag === "$") {
      var slot = inside[given];
      return known && known.element === slot ? known : { node: node, element: slot };
    }
    if (/^[A-Z]/.test(tag)) {
      if (known && same(known.node[1], given)) { return known; }
      return { node: node, element: window.React.createElement(window.empathy_lift[tag], given) };
    }
    if (REFUSED_TAGS.indexOf(tag) >= 0 || !/^[a-z][a-z0-9]*$/.test(tag)) { throw new Error("pages do not use <" + tag + ">"); }
    Object.keys(given).forEach(function (name) { if (REFUSED.test(name)) { throw new Error("pages do not use " + name); } });
    var parts = node.slice(2).map(function (child, index) { return made(child, inside, known && known.parts[index]); });
    if (known && known.parts.length === parts.length && same(known.node[1], given) &&
        parts.every(function (part, index) { return part === known.parts[index]; })) { return known; }
    var named = given.id ? Object.assign({ key: given.id }, given) : given; // what has a name stays itself where others come and go
    var element = window.React.createElement.apply(null, [tag, named].concat(parts.map(function (part) { return part.element; })));
    return { node: node, element: element, parts: parts };
  }

  function useParts(props) {
    var before = window.React.useRef([]);
    return window.React.useMemo(function () {
      var inside = props.children === undefined ? [] : [].concat(props.children);
      before.current = props.tree.map(function (node, index) { return made(node, inside, before.current[index]); });
      return before.current.map(function (part) { return part.element; });
    }, [props.tree, props.children]);
  }

  function Fixed(props) {
    window.React.useLayoutEffect(arrived, []);
    return window.React.createElement.apply(null, [window.React.Fragment, null].concat(useParts(props)));
  }

  // ---- the page: it stays from one answer to the next, where Dash would put up every component anew. An answer that is there
  // is shown at once; Dash brings the same a little later, with all that goes with it.
  var WAIT_MILLISECONDS = 300; // what comes sooner needs no sign that it is waited for
  var stage = null; // how to show an answer before Dash does
  function Body(props) {
    var loading = window.dash_component_api.useDashContext().useLoading(), ref = window.React.useRef(null);
    var early = window.React.useState(null), shown = early[0] && early[0].over === props.tree ? early[0] : props;
    window.React.useLayoutEffect(arrived, [props.tree]);
    window.React.useLayoutEffect(function () {
      stage = { page: props.page, tree: props.tree, children: [].concat(props.children || []), show: early[1] };
    }, [props.page, props.tree, props.children]);
    window.React.useEffect(function () {
      if (!loading) { ref.current.removeAttribute("data-dash-is-loading"); return undefined; }
      var timer = window.setTimeout(function () { ref.current.setAttribute("data-dash-is-loading", "true"); }, WAIT_MILLISECONDS);
      return function () { window.clearTimeout(timer); };
    }, [loading]);
    return window.React.createElement("div", { id: props.id, ref: ref }, window.React.createElement(Parts, {
      key: props.page || "", tree: shown.tree, children: shown.children
    }));
  }
  // A component with callbacks as it looks: of its kind the one that stands there, of plain elements what they hold.
  function looks(part, standing) {
    if (!part || typeof part !== "object") { return part; }
    if (Array.isArray(part)) { return part.map(function (one) { return looks(one, standing); }); }
    var given = part.props, kept = Object.assign({}, given);
    if (part.type === "Fixed") { return window.React.createElement(Fixed, { tree: given.tree, children: looks(given.children, []) }); }
    var found = standing.filter(function (one) { return one.key === given.id; })[0];
    if (part.namespace !== "dash_html_components") {
      if (!found) { throw new Error("not shown yet"); }
      return found;
    }
    ["children", "n_clicks"].forEach(function (name) { delete kept[name]; });
    return window.React.createElement.apply(null, [part.type.toLowerCase(), kept].concat(looks(given.children, [])));
  }
  window.empathyShow = function (sets) {
    if (!stage || !sets || sets.page !== stage.page || !document.getElementById("page-body")) { return; }
    var inside;
    try { inside = sets.children.map(function (part) { return looks(part, stage.children); }); } catch (error) { return; }
    stage.show({ over: stage.tree, tree: sets.tree, children: inside });
  };
  var Parts = window.React.memo(function (props) {
    return window.React.createElement.apply(null, [window.React.Fragment, null].concat(useParts(props)));
  });

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

  window.empathy_lift = Object.assign(window.empathy_lift || {}, { Body: Body, Fixed: Fixed });
})();
