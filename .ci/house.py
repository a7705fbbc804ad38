"""What the house promises of its own code, checked: sizes of functions and modules, and what docstrings describe.

Run from the project's root; prints every broken promise and exits with 1 if there is one.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_FUNCTION, MEDIAN_FUNCTION, NINTH_DECILE, LONGEST_MODULE = 50, 8, 25, 400
# Packages that others import from: each of their modules shows an example, which the tests run.
WITH_EXAMPLES = {
    Path("ragstudy"),
    *(Path("ragstudy") / name for name in ("statistics", "specs", "contexts", "results", "retrieval", "scoring")),
    Path("ragstudy/scoring/measures"),
}
Function = ast.FunctionDef | ast.AsyncFunctionDef
# A line that means nothing where the class is not in sight.
_BARE = re.compile(r"^(of both|whose|likewise|see above|the other|of it|of this)\.?$")


def functions(tree: ast.AST) -> list[Function]:
    """Every function of a module, nested ones too."""
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def code_lines(function: Function) -> int:
    """Lines of a function from its `def` on, without its docstring."""
    whole = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return whole - ((first.end_lineno or first.lineno) - first.lineno + 1) if is_docstring else whole


def parameters(function: Function) -> list[str]:
    """Names of the parameters that a caller gives; those that begin with an underscore are not used."""
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
    return [one.arg for one in every if one.arg not in ("self", "cls") and not one.arg.startswith("_")]


def is_command(function: Function) -> bool:
    """Whether a function is a command, whose docstring is the help that a user reads."""
    return any(name in ast.dump(one) for one in function.decorator_list for name in ("'command'", "'group'"))


def described(docstring: str) -> dict[str, str]:
    """The names that a docstring describes, and how."""
    return dict(_lines(docstring))


def _lines(docstring: str) -> list[tuple[str, str]]:
    return re.findall(r"^ +\*{0,2}(\w+): (.+)$", docstring, re.MULTILINE)


def undescribed(body: list[ast.stmt], path: Path) -> Iterator[str]:
    """Public functions and classes of which something is not described."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _in_class(node, path)
            yield from undescribed(node.body, path)
        if isinstance(node, Function) and not node.name.startswith("_") and not is_command(node):
            missing = set(parameters(node)) - set(described(ast.get_docstring(node) or ""))
            if missing:
                yield f"{path}:{node.lineno}: {node.name}: not described: {', '.join(sorted(missing))}"


def _in_class(node: ast.ClassDef, path: Path) -> Iterator[str]:
    known = described(ast.get_docstring(node) or "")
    inherited = {base.id for base in node.bases if isinstance(base, ast.Name)}
    fields = [one for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)]
    # What a class says of a field again need not be described again.
    names = [one.target.id for one in fields if isinstance(one.target, ast.Name)]
    redefined = {"kind", "batch_size", "max_new_tokens"} if inherited else set()
    missing = [name for name in names if not name.startswith("_") and name not in known and name not in redefined]
    if missing:
        yield f"{path}:{node.lineno}: class {node.name}: not described: {', '.join(missing)}"
    twice = [name for name, n in Counter(name for name, _ in _lines(ast.get_docstring(node) or "")).items() if n > 1]
    if twice:
        yield f"{path}:{node.lineno}: class {node.name}: described twice: {', '.join(twice)}"
    for name, about in known.items():
        if _BARE.match(about):
            yield f"{path}:{node.lineno}: class {node.name}: {name!r}: {about!r} says nothing alone"


def lacks_example(path: Path, tree: ast.Module) -> bool:
    """Whether a module that others import from Python shows no example in its docstring."""
    shown = path.parent in WITH_EXAMPLES and path.name != "__main__.py"
    return shown and ">>> " not in (ast.get_docstring(tree) or "")


def main() -> int:
    """Print what is wrong and the sizes; 1 if anything is wrong."""
    problems, sizes = [], []
    for path in sorted(Path("ragstudy").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        n_lines = len(text.splitlines())
        if n_lines > LONGEST_MODULE:
            problems.append(f"{path}: {n_lines} lines; at most {LONGEST_MODULE}")
        for function in functions(tree):
            sizes.append(code_lines(function))
            if sizes[-1] > LONGEST_FUNCTION:
                problems.append(
                    f"{path}:{function.lineno}: {function.name}: {sizes[-1]} lines; at most {LONGEST_FUNCTION}"
                )
        problems += undescribed(tree.body, path)
        if lacks_example(path, tree):
            problems.append(f"{path}: its docstring shows no example that runs (>>> ...)")
    middle, ninth = statistics.median(sizes), statistics.quantiles(sizes, n=10)[-1]
    if middle > MEDIAN_FUNCTION or ninth > NINTH_DECILE:
        problems.append(
            f"functions: median {middle}, ninth decile {ninth}; at most {MEDIAN_FUNCTION} and {NINTH_DECILE}"
        )
    print(
        "\n".join(
            [*problems, f"{len(sizes)} functions: median {middle:g}, ninth decile {ninth:g}, longest {max(sizes)}"]
        )
    )
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
