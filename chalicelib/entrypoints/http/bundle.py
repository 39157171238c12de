"""The dashboard's modules as one script: a browser that knows nothing yet asks once.

A module becomes a function that returns what it exports, and runs after those that it imports. So
much of the language is understood as our modules use: named imports of files beside them, and
exported declarations.
"""

import re
from collections.abc import Iterator, Mapping

_IMPORT = re.compile(r'^import \{([^{}]*)\} from "\./([a-z_]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const) (\w+))", re.MULTILINE)
_LEFT = re.compile(r"^(import|export)\b.*", re.MULTILINE)


def bundle(modules: Mapping[str, str], entry: str) -> str:
    """Return the module `entry` and all that it needs, by their files' names, as one script.

    Raises ValueError for a module that imports or exports in another way, or that is missing.
    """
    return "".join(_scope(name, modules[name]) for name in dict.fromkeys(_needed(modules, entry)))


def _needed(modules: Mapping[str, str], name: str) -> Iterator[str]:
    """Yield the modules in the order in which they run; some of them again and again."""
    if name not in modules:
        raise ValueError(f"there is no module {name}")
    for _, needed in _IMPORT.findall(modules[name]):
        yield from _needed(modules, needed)
    yield name


def _scope(name: str, source: str) -> str:
    exported = ", ".join(_EXPORT.findall(source))
    body = _EXPORT.sub("", _IMPORT.sub(_binding, source))
    if left := _LEFT.search(body):
        raise ValueError(f"{name}: not understood: {left[0]}")
    return f"const {_variable(name)} = (() => {{\n{body}return {{ {exported} }};\n}})();\n"


def _binding(found: re.Match[str]) -> str:
    names, module = found.groups()
    return f"const {{{names}}} = {_variable(module)};\n"


def _variable(module: str) -> str:
    return "$" + module.removesuffix(".js")
