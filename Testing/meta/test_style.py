"""Rules of the house that no linter knows: sizes, docstrings, pop-ups, output, what must not be named."""

import ast
import re

import pytest

from extension_build import versioned_files
from support import PROJECT

LONGEST_FILE, LONGEST_BODY = 300, 40
LONGEST_TEST_FILE = 400

# Longer than a file should be, with the number of lines beyond which they must be split.
LONG_FILES = {
    "HepaDose/hepadose/flr/analysis.py": 395,
    "HepaDose/hepadose/mrml/segmentation.py": 325,
}

LONG_TEST_FILES = {"Testing/host/parameters/connectors.py": 430}

# Dialogs that stop the work; only a panel may open one, before it destroys something.
POPUPS = re.compile(
    r"\b(confirm(OkCancel|YesNo|RetryClose)Display|(error|warning|info|message|delay)Display|QMessageBox|ctkMessageBox"
    r"|QInputDialog|messageBox)\b"
)
DESTRUCTIVE_DIALOGS = {"HepaDose/hepadose/gui/report_section.py", "HepaDose/hepadose/gui/sirt/report.py"}
MAY_PRINT = {
    "HepaDose/hepadose/cli.py",
    "HepaDose/hepadose/cli_patient.py",
    "HepaDose/hepadose/cli_response_study.py",
    "HepaDose/hepadose/cli_response.py",
    "HepaDose/hepadose/cli_sirt.py",
    "HepaDose/hepadose/cli_train.py",
}


def python_files(*roots):
    """Python files under version control below some folders, as paths relative to the project."""
    return [name for name in versioned_files() if name.endswith(".py") and name.startswith(roots)]


def shipped():
    """Everything that is installed."""
    return python_files("HepaDose/", "FLRDose/", "Resources/Batch/")


def text_of(name):
    """A file's text."""
    return (PROJECT / name).read_text(encoding="utf-8")


def tree_of(name):
    """A file's syntax tree."""
    return ast.parse(text_of(name))


def functions(tree):
    """All functions and methods at any depth."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def body_lines(function):
    """Lines of a function without head and docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_no_file_is_longer_than_a_reader_can_hold():
    lines = {name: text_of(name).count("\n") for name in shipped()}
    long = {name: count for name, count in lines.items() if count > LONG_FILES.get(name, LONGEST_FILE)}
    assert long == {}
    # An exception that is no longer needed is taken off the list.
    assert [name for name in LONG_FILES if lines.get(name, 0) <= LONGEST_FILE] == []


def test_no_test_file_grows_without_bounds():
    lines = {name: text_of(name).count("\n") for name in python_files("Testing/")}
    long = {name: count for name, count in lines.items() if count > LONG_TEST_FILES.get(name, LONGEST_TEST_FILE)}
    assert long == {}


def test_no_function_is_longer_than_a_screen():
    long = [
        f"{name}: {function.name} has {body_lines(function)} lines"
        for name in [*shipped(), *(name for name in python_files("Testing/") if "/benchmarks/" not in name)]
        for function in functions(tree_of(name))
        if body_lines(function) > LONGEST_BODY
    ]
    assert long == []


def public_without_docstring(name):
    """Public functions, classes and methods of a library file that say nothing about themselves."""
    for node in tree_of(name).body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None:
            yield f"{name}: {node.name}"
        members = node.body if isinstance(node, ast.ClassDef) else []
        methods = [member for member in members if isinstance(member, ast.FunctionDef)]
        yield from (
            f"{name}: {node.name}.{method.name}"
            for method in methods
            if not method.name.startswith("_") and ast.get_docstring(method) is None
        )


def test_every_public_part_of_the_library_says_what_it_is():
    missing = [part for name in python_files("HepaDose/hepadose/") for part in public_without_docstring(name)]
    assert missing == []


def test_every_library_file_says_what_it_is_for():
    names = [name for name in python_files("HepaDose/hepadose/") if text_of(name).strip()]
    assert [name for name in names if ast.get_docstring(tree_of(name)) is None] == []


def test_only_the_command_line_prints():
    names = (name for name in shipped() if name not in MAY_PRINT)
    calls = [
        f"{name}:{node.lineno}"
        for name in names
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"print", "input", "breakpoint"}
    ]
    assert calls == []


def test_no_dialog_opens_outside_of_destructive_acts():
    found = {name for name in shipped() if POPUPS.search(text_of(name))}
    assert found <= DESTRUCTIVE_DIALOGS


@pytest.mark.parametrize("module", ["HepaDose/HepaDose.py", "FLRDose/FLRDose.py", "LiverSIRT/LiverSIRT.py"])
def test_a_module_logic_opens_no_dialog(module):
    (logic,) = [node for node in tree_of(module).body if isinstance(node, ast.ClassDef) and node.name.endswith("Logic")]
    assert POPUPS.search(ast.unparse(logic)) is None


def test_the_library_catches_nothing_blindly_and_never_ends_the_program():
    bad = []
    for name in python_files("HepaDose/hepadose/"):
        for node in ast.walk(tree_of(name)):
            if isinstance(node, ast.ExceptHandler) and node.type is None:
                bad.append(f"{name}:{node.lineno} bare except")
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.exit" and "__main__" not in name:
                bad.append(f"{name}:{node.lineno} sys.exit")
    assert [line for line in bad if "cli.py" not in line] == []


def test_no_file_names_a_place_on_a_developers_computer():
    # Written in parts, so that this file does not find itself.
    places = re.compile("|".join(["/" + "root/", r"C:\\" + "Users", "/" + "work/"]))
    texts = [name for name in versioned_files() if name.endswith((".py", ".md", ".txt", ".toml", ".cmake", ".ui"))]
    assert [name for name in texts if places.search(text_of(name))] == []


def test_nothing_takes_an_assert_for_a_check_of_its_input():
    found = [
        f"{name}:{node.lineno}"
        for name in shipped()
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Assert)
    ]
    assert found == []
