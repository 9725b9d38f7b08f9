"""Plotly's script with the kinds of chart that are drawn here, and nothing else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from plotly.offline import get_plotlyjs, get_plotlyjs_version

from dashboard import plots
from dashboard.plots import bundle

NO_TRACES = frozenset({"data", "date", "log", "linear", "category", "rect", "line"})
"""What ``type`` is elsewhere in a figure: of error bars, axes and shapes."""
MODULE = 'var {name}=W(({a},{b})=>{{"use strict";{body}}});'
HEAD = (
    "(()=>{var a=(e,t)=>1,Fp=(e,t)=>{for(var r in t)S6(e,r,{get:t[r],enumerable:!0})};"
    "var Ea=(e,t,r)=>()=>{if(r)throw r[0]};var W=(e,t)=>()=>{try{return t||e((t={exports:{}}).exports,t)}catch(r){}};"
)


def script_of(modules: dict[str, str]) -> str:
    """A script as esbuild writes it: module to what is in it."""
    made = (MODULE.format(name=name, a=f"{name}a", b=f"{name}b", body=body) for name, body in modules.items())
    return f"{HEAD}{''.join(made)}return root();}})();"


def test_the_kinds_that_stay_are_those_that_are_drawn() -> None:
    drawn = set()
    for path in Path(plots.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                drawn |= {
                    value.value
                    for key, value in pairs
                    if isinstance(key, ast.Constant) and key.value == "type" and isinstance(value, ast.Constant)
                }
    assert drawn - NO_TRACES == bundle.KINDS


def test_the_installed_script_was_tried_and_is_a_quarter_of_itself() -> None:
    assert get_plotlyjs_version() in bundle.TRIED
    sent = bundle.script()
    assert len(sent) < len(get_plotlyjs()) / 3
    kinds = set(re.findall(r'moduleType:"trace",name:"(\w+)"', sent))
    assert kinds >= bundle.KINDS
    assert not kinds & {"scatter3d", "scattermap", "choropleth", "surface", "parcats", "table"}
    assert "Licensed under the MIT license" in sent
    assert sent.rstrip().endswith("}));")


def test_what_is_kept_has_all_that_it_names() -> None:
    whole = script_of(
        {
            "aa": "aab.exports=1",
            "ba": "bab.exports=aa()+1",
            "ca": 'cab.exports={moduleType:"trace",name:"bar",n:ba()}',
            "da": "dab.exports=ca()",
            "ea": 'eab.exports={moduleType:"trace",name:"pie",n:fa()}',
            "fa": "fab.exports=2",
            "core": "coreb.exports={register(x){}}",
            "root": "var r=core();r.register([da(),ea()]);rootb.exports=r",
        }
    )
    kept = bundle.reduced(whole, frozenset({"bar"}))
    assert re.findall(r"var (\w+)=W\(\(", kept) == ["aa", "ba", "ca", "da", "core", "root"]
    assert "r.register([da()])" in kept
    assert bundle.reduced(whole, frozenset({"bar", "pie"})) == whole


@pytest.mark.parametrize("other", ["", "var Plotly=1;", HEAD, f"{HEAD}var aa=W((x,y)=>{{}});"])
def test_a_script_of_another_make_is_not_cut(other: str) -> None:
    with pytest.raises(ValueError, match="script"):
        bundle.reduced(other)


def test_of_another_version_all_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "get_plotlyjs_version", lambda: "99.0.0")
    bundle.script.cache_clear()
    try:
        assert bundle.script() == get_plotlyjs()
        assert bundle.version() == "99.0.0-all"
    finally:
        bundle.script.cache_clear()
