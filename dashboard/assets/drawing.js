/* Figures: nested lists from the server become SVG elements. Nothing is parsed as HTML, so no text can become code. */
(function () {
  "use strict";
  var SVG = "http://www.w3.org/2000/svg";
  var TAGS = ["svg", "g", "path", "line", "rect", "circle", "text", "tspan", "polyline", "polygon", "title"];

  function build(tree) {
    if (typeof tree === "string") { return document.createTextNode(tree); }
    var tag = tree[0], attributes = tree[1];
    if (TAGS.indexOf(tag) < 0) { throw new Error("figures do not use <" + tag + ">"); }
    var element = document.createElementNS(SVG, tag);
    Object.keys(attributes).forEach(function (name) {
      if (!/^(on|href|xlink)/i.test(name)) { element.setAttribute(name, attributes[name]); }
    });
    tree.slice(2).forEach(function (child) { element.appendChild(build(child)); });
    return element;
  }

  function variant(tree, kind, label) {
    var svg = build(tree);
    svg.classList.add(kind);
    var marks = svg.querySelectorAll(".mark");
    svg.setAttribute("role", marks.length ? "group" : "img");
    svg.setAttribute("aria-label", label);
    marks.forEach(function (mark, index) {
      mark.setAttribute("role", mark.hasAttribute("data-href") ? "link" : "img");
      mark.setAttribute("aria-label", mark.getAttribute("data-tip"));
      mark.setAttribute("tabindex", index ? "-1" : "0");
    });
    return svg;
  }

  // ---- a drawing for a wide and one for a narrow column: the one that is seen now, the other when there is time
  var NARROW = 560; // as the container query in app.css
  var later = window.requestIdleCallback || function (work) { window.setTimeout(work, 50); };
  function put(box, kind) {
    var props = box.empathyDrawing;
    if (!props || !props[kind] || box.querySelector(":scope > svg." + kind)) { return; }
    box.insertBefore(variant(props[kind], kind, props.label || ""), box.querySelector(":scope > .plot"));
  }
  var fitted = new ResizeObserver(function (entries) {
    entries.forEach(function (entry) {
      entry.target.empathyWidth = entry.contentRect.width;
      if (entry.contentRect.width > 0) { put(entry.target, entry.contentRect.width < NARROW ? "narrow" : "wide"); }
    });
  });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll(".drawing").forEach(renew);
    document.querySelectorAll(".has-narrow").forEach(function (box) { put(box, "wide"); put(box, "narrow"); });
  });

  // Under an interactive chart nobody sees the drawing: one of the same size is renewed when there is time.
  function room(props) { return [props.wide, props.narrow].map(function (tree) { return tree ? tree[1].viewBox : ""; }).join(); }
  function renew(box) {
    var due = box.empathyLater && box.empathyDrawing;
    box.empathyLater = false;
    if (due) { redraw(box, box.empathyDrawing); }
  }
  function draw(box, props) {
    var before = box.empathyDrawing;
    box.empathyDrawing = props;
    box.empathyLater = Boolean(before && props.plot && box.classList.contains("plotted") && room(before) === room(props));
    if (!box.empathyLater) { redraw(box, props); return; }
    later(function () { renew(box); });
  }
  function redraw(box, props) {
    box.querySelectorAll(":scope > svg").forEach(function (svg) { svg.remove(); });
    if (!props.plot) { box.querySelectorAll(":scope > .plot").forEach(function (plot) { plot.remove(); }); }
    var known = props.narrow && box.empathyWidth;
    if (!known || known >= NARROW) { put(box, "wide"); }
    if (props.narrow && (!known || known < NARROW)) { put(box, "narrow"); }
    if (known) { later(function () { put(box, "wide"); put(box, "narrow"); }); }
  }

  function Drawing(props) {
    var ref = window.React.useRef(null);
    window.React.useLayoutEffect(function () {
      var box = ref.current;
      draw(box, props);
      if (props.plot) { window.empathyPlots.attach(box, props.plot); } else { box.classList.remove("plotted"); }
    }, [props.wide, props.narrow, props.label, props.plot]);
    window.React.useEffect(function () {
      var box = ref.current;
      fitted.observe(box);
      return function () { window.empathyPlots.detach(box); fitted.unobserve(box); box.empathyDrawing = null; };
    }, []);
    var names = ["drawing", props.narrow ? "has-narrow" : "", props.className || ""].join(" ").trim();
    return window.React.createElement("div", { ref: ref, className: names });
  }

  window.empathy_lift = Object.assign(window.empathy_lift || {}, { Drawing: Drawing });
})();
