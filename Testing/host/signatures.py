"""C++ declarations as Qt writes signatures: types only, without names, references and defaults."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

FUNDAMENTAL = {"bool", "int", "double", "float", "char", "long", "short", "unsigned", "signed", "const", "void"}


@dataclass(frozen=True)
class Declaration:
    """A slot, signal or method of a C++ class.

    ``overloads`` are all parameter lists with which it can be called, the longest first: a default value makes the
    parameter optional.
    """

    name: str
    overloads: tuple[tuple[str, ...], ...]

    @property
    def signatures(self) -> tuple[str, ...]:
        """``name(type,type)`` for every overload."""
        return tuple(f"{self.name}({','.join(types)})" for types in self.overloads)


@cache
def parse(declaration: str) -> Declaration:
    """Read a declaration such as ``void setCurrentNode(vtkMRMLNode* node)``.

    Examples
    --------
    >>> parse("void addAttribute(const QString& type, const QVariant& value = QVariant())").signatures
    ('addAttribute(QString,QVariant)', 'addAttribute(QString)')
    """
    head, _, rest = declaration.partition("(")
    name = re.search(r"(\w+)\s*$", head).group(1)
    parameters = _split(rest[: rest.rindex(")")])
    types = [_type(parameter) for parameter in parameters]
    required = sum("=" not in parameter for parameter in parameters)
    return Declaration(name, tuple(tuple(types[:count]) for count in range(len(types), required - 1, -1)))


def normalized(signature: str) -> str:
    """A signature as written in ``connect``, without the spaces, ``const`` and ``&`` that mean nothing to Qt.

    Examples
    --------
    >>> normalized("currentPathChanged( const QString & )")
    'currentPathChanged(QString)'
    """
    name, _, rest = signature.lstrip("012").partition("(")
    return f"{name.strip()}({','.join(_bare(part) for part in _split(rest.rpartition(')')[0]))})"


def _split(text: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for letter in text:
        depth += (letter in "(<[") - (letter in ")>]")
        if letter == "," and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += letter
    return [part.strip() for part in [*parts, current] if part.strip()]


def _type(parameter: str) -> str:
    written = parameter.partition("=")[0].strip()
    named = re.match(r"^(.*[\s*&>])(\w+)$", written)
    if named and named.group(2) not in FUNDAMENTAL and named.group(1).strip() not in {"const", "unsigned"}:
        written = named.group(1)
    return _bare(written)


def _bare(written: str) -> str:
    text = re.sub(r"\s+", " ", written.strip())
    if text.endswith("&"):
        text = text[:-1].strip().removeprefix("const ").removesuffix(" const")
    elif not text.endswith("*"):
        text = text.removeprefix("const ")
    return re.sub(r"\s*([*&<>,])\s*", r"\1", text)
