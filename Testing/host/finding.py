"""What PythonQt adds to every object: class name, deletion and the search for children."""

from __future__ import annotations

import shiboken6

from host.raw import cpp_name, is_cpp


def class_name(self):
    return type(self).__name__


def inherits(self, name):
    return any(base.__name__ == name for base in type(self).__mro__)


def delete(self):
    shiboken6.delete(self)


def find_child(self, kind, name=None):
    """The first child of a class, given as class or as name of a class."""
    children = [child for child in self.children() if name is None or child.objectName == name]
    for child in children:
        if _is_of(child, kind):
            return child
    for child in self.children():
        found = find_child(child, kind, name)
        if found is not None:
            return found
    return None


def find_children(self, kind, name=None):
    """Children of a class; PythonQt does not look into a child whose own name does not match."""
    found = []
    for child in self.children():
        if name is not None and child.objectName != name:
            continue
        if _is_of(child, kind):
            found.append(child)
        found += find_children(child, kind, name)
    return found


def _is_of(child, kind):
    if isinstance(kind, str):
        return child.inherits(kind)
    if isinstance(kind, type) and is_cpp(kind):
        return isinstance(child, kind)
    raise TypeError(f"findChild needs a Qt class or its name, got {kind!r}; on {cpp_name(type(child))}")


METHODS = {
    "className": class_name,
    "inherits": inherits,
    "delete": delete,
    "findChild": find_child,
    "findChildren": find_children,
}
