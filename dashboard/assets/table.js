/* Tables: lists from the server become rows and cells. Texts stay texts, so none can become code. */
(function () {
  "use strict";

  var SHORT = 13, LONG = 40;

  function made(tag, names, content) {
    var element = document.createElement(tag);
    Object.keys(names || {}).forEach(function (name) {
      if (names[name] !== null && names[name] !== undefined && names[name] !== "") { element.setAttribute(name, names[name]); }
    });
    if (content instanceof Node) { element.appendChild(content); } else if (content !== undefined) { element.textContent = content; }
    return element;
  }

  function heading(column, sortable) {
    var words = column[0], numeric = column[1];
    var content = sortable
      ? made("button", { type: "button", "class": "sort", "data-sort": numeric ? "number" : "text" }, words) : words;
    return made("th", { scope: "col", "class": numeric ? "num" : "", "data-tip": column[2] }, content);
  }

  function cell(content, column, first, hidden) {
    var names = { "class": column[1] ? "num" : "", scope: first ? "row" : "" };
    if (Array.isArray(content)) { names["data-value"] = content[1]; content = content[0]; }
    if (typeof content === "string") { /* a date, a name or a range is one thing to read */
      names["class"] += content.length <= SHORT ? " short" : content.length > LONG ? " long" : " middling";
    }
    if (content === null) { content = made("span", { "class": "muted" }, hidden); }
    return made(first ? "th" : "td", names, content);
  }

  function build(props) {
    var table = made("table", { "class": "data-table", id: props.id });
    if (props.caption) { table.appendChild(made("caption", { "class": "visually-hidden" }, props.caption)); }
    var head = table.createTHead().insertRow();
    props.columns.forEach(function (column) { head.appendChild(heading(column, props.sortable)); });
    var body = table.createTBody();
    props.rows.forEach(function (row) {
      var line = made("tr");
      row.forEach(function (content, index) { line.appendChild(cell(content, props.columns[index], index === 0, props.hidden)); });
      body.appendChild(line);
    });
    if (props.more) {
      body.insertRow().appendChild(made("td", { colspan: props.columns.length, "class": "muted" }, props.more));
    }
    return table;
  }

  // A table that is folded away is put together when there is time, or once it is unfolded.
  var later = window.requestIdleCallback || function (work) { return window.setTimeout(work, 50); };
  function fill(place, props) {
    var fold = place.closest("details:not([open])"), asked = null;
    function now() { if (!asked.done) { asked.done = true; place.replaceChildren(build(props)); } }
    asked = { done: false };
    if (!fold) { now(); return undefined; }
    place.replaceChildren();
    fold.addEventListener("toggle", now);
    later(now);
    return function () { asked.done = true; fold.removeEventListener("toggle", now); };
  }

  function Table(props) {
    var ref = window.React.useRef(null);
    window.React.useLayoutEffect(function () { return fill(ref.current, props); }, [props.columns, props.rows]);
    return window.React.createElement("div", {
      ref: ref, className: "table-scroll", tabIndex: 0, role: "region", "aria-label": props.caption || "Table"
    });
  }

  window.empathy_lift = Object.assign(window.empathy_lift || {}, { Table: Table });
})();
