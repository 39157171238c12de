"""How the house is built: no circle among its modules, no test behind a module's public names."""

import ast
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOUSE = ("app", "chalicelib", "infra", "orders_client")
# These belong to every named tuple.
PUBLIC = frozenset(("_asdict", "_field_defaults", "_fields", "_make", "_replace"))


def modules() -> dict[str, str]:
    """The source of every module of the house, by the name it is imported by."""
    found = [ROOT / "app.py", *(path for top in HOUSE for path in (ROOT / top).rglob("*.py"))]
    names = (".".join(path.relative_to(ROOT).with_suffix("").parts) for path in found)
    return {
        name.removesuffix(".__init__"): path.read_text()
        for name, path in zip(names, found, strict=True)
    }


def imports(source: str, known: Mapping[str, str]) -> set[str]:
    """The known modules that a module imports, at once or when it runs."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in known else node.module or "" for name in full}
    return found & known.keys()


def circle(sources: Mapping[str, str]) -> list[str]:
    """Modules that import each other in turn, or none."""
    try:
        TopologicalSorter({n: imports(s, sources) - {n} for n, s in sources.items()}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and name not in PUBLIC


def private_names(source: str) -> set[str]:
    """The private names of the house that a test imports, reads from a module, or patches."""
    tree = ast.parse(source)
    found, imported = set(), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in HOUSE:
            for alias in node.names:
                imported[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in imported:
                found.add(f"{imported[owner]}.{name}")
            case ast.Call(
                func=ast.Attribute(attr="setattr" | "delattr"),
                args=[ast.Name(id=owner), ast.Constant(value=str(name)), *_],
            ):
                found.add(f"{imported.get(owner, owner)}.{name}")
            case ast.Call(
                func=ast.Attribute(attr="setattr" | "delattr"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                found.add(name)
    return {name for name in {*found, *imported.values()} if any(map(is_private, name.split(".")))}


def test_modules_form_no_circle_when_imported() -> None:
    assert circle(modules()) == []


def test_tests_use_public_names_when_they_reach_into_a_module() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / "tests").rglob("*.py")
        for name in private_names(path.read_text())
    }

    assert found == set()


@pytest.mark.parametrize(
    ("b", "is_circle"),
    [
        pytest.param("import a", True, id="import"),
        pytest.param("from a import name", True, id="from"),
        pytest.param("if True:\n    import a", True, id="condition"),
        pytest.param("def later():\n    import a", True, id="lazy"),
        pytest.param("import c", False, id="other"),
    ],
)
def test_circle_is_found_when_two_modules_import_each_other(b: str, is_circle: bool) -> None:
    assert bool(circle({"a": "from b import name", "b": b, "c": ""})) is is_circle


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("from infra.a import _x", {"infra.a._x"}),
        ("from infra import a\na._x()", {"infra.a._x"}),
        ("from infra import a\npatch.setattr(a, '_x', 1)", {"infra.a._x"}),
        ("patch.setattr('infra.a._x', 1)", {"infra.a._x"}),
        ("from infra import a\na.__doc__\na.Pair._replace(x=1)\nself._x", set()),
        ("from elsewhere import _x", set()),
    ],
)
def test_private_name_is_found_when_a_test_uses_it(source: str, names: set[str]) -> None:
    assert private_names(source) == names
