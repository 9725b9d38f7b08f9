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

  function Drawing(props) {
    var ref = window.React.useRef(null);
    window.React.useLayoutEffect(function () {
      var box = ref.current, parts = [variant(props.wide, "wide", props.label || "")];
      if (props.narrow) { parts.push(variant(props.narrow, "narrow", props.label || "")); }
      var plot = box.querySelector(":scope > .plot");
      if (plot && props.plot) { parts.push(plot); }
      box.replaceChildren.apply(box, parts);
      if (props.plot) { window.empathyPlots.attach(box, props.plot); } else { box.classList.remove("plotted"); }
    }, [props.wide, props.narrow, props.label, props.plot]);
    window.React.useEffect(function () {
      var box = ref.current;
      return function () { window.empathyPlots.detach(box); };
    }, []);
    var names = ["drawing", props.narrow ? "has-narrow" : "", props.className || ""].join(" ").trim();
    return window.React.createElement("div", { ref: ref, className: names });
  }

  window.empathy_lift = Object.assign(window.empathy_lift || {}, { Drawing: Drawing });
})();
