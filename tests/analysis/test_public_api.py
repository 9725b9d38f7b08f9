"""The public Python API: what ``analysis.__all__`` names, each with an example that runs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil

import pytest

import analysis

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(analysis.__path__, "analysis.")
    if ">>>" in inspect.getsource(importlib.import_module(module.name))
)


@pytest.mark.parametrize("name", analysis.__all__)
def test_everything_public_has_an_example(name: str) -> None:
    found = getattr(analysis, name)

    assert found.__doc__, f"{name} has no docstring"
    members = [member.__func__ if isinstance(member, classmethod) else member for member in vars(found).values()]
    examples = [found.__doc__, *(member.__doc__ or "" for member in members if inspect.isfunction(member))]
    assert any(">>>" in text for text in examples), f"the docstring of {name} has no example"


@pytest.mark.parametrize("module", MODULES)
def test_examples_run(module: str) -> None:
    made = importlib.import_module(module)
    result = doctest.testmod(made, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)

    assert result.attempted > 0
    assert result.failed == 0


def test_nothing_else_is_public_by_accident() -> None:
    assert sorted(analysis.__all__) == list(analysis.__all__)
    assert all(hasattr(analysis, name) for name in analysis.__all__)
    with pytest.raises(AttributeError, match="no attribute 'verdict_of'"):
        analysis.verdict_of  # noqa: B018
