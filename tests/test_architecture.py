"""The tree is the architecture: who may import whom, and what only some files may touch."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
APPS = ["core", "hr", "backoffice"]  # each may import those before it
# Inside an app a module may import those of its own layer and of the ones before it.
LAYERS = [
    {"errors"},
    {"querysets"},
    {"models"},
    {"services", "permissions", "resources", "loading"},
    {"admin"},
]
GUARDIAN = {"core/access.py", "core/models/grant.py"}


def sources(*folders):
    return [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "migrations" not in path.relative_to(ROOT).parts
    ]


def imports(path):
    """(line, dotted name) of every import that runs when the module is loaded, type hints and functions' own aside."""
    for node in executed_at_import(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def executed_at_import(node):
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not is_for_types_only(child):
            yield from executed_at_import(child)


def is_for_types_only(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def all_imports(path):
    """(line, dotted name) of every import, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def calls_at_import(path):
    """(line, name) of every function called when the module is loaded, in decorators and defaults too."""
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)
        waiting += [
            child
            for field, children in ast.iter_fields(node)
            if not (field == "body" and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))
            for child in (children if isinstance(children, list) else [children])
            if isinstance(child, ast.AST)
        ]


def layer(parts):
    """The layer of `hr.services.employees`, or None for a helper that belongs to none."""
    names = {parts[1].removesuffix(".py")} if len(parts) > 1 else set()
    return next((number for number, layer in enumerate(LAYERS) if layer & names), None)


def place(path, line):
    return f"{path.relative_to(ROOT)}:{line}"


@pytest.mark.parametrize("app", APPS)
def test_an_app_imports_only_the_apps_below_it(app):
    above = set(APPS[APPS.index(app) + 1 :])

    wrong = [
        f"{place(path, line)} imports {name}"
        for path in sources(app)
        for line, name in all_imports(path)
        if name.split(".")[0] in above
    ]

    assert wrong == []


@pytest.mark.parametrize("app", ["core", "hr"])
def test_inside_an_app_imports_go_down_the_layers(app):
    wrong = []
    for path in sources(app):
        own = layer(path.relative_to(ROOT).parts)
        for line, name in imports(path):
            parts = name.split(".")
            other = layer(parts) if parts[0] == app else None
            if own is not None and other is not None and other > own:
                wrong.append(f"{place(path, line)} imports {name}")

    assert wrong == []


def test_only_two_files_import_guardian():
    importers = {
        path.relative_to(ROOT).as_posix()
        for path in sources(*APPS)
        for _, name in all_imports(path)
        if name.split(".")[0] == "guardian"
    }

    assert importers == GUARDIAN


def test_hr_never_opens_a_transaction_on_the_default_database():
    wrong = [
        f"{place(path, node.lineno)} {ast.unparse(node)}"
        for path in sources("hr")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if names_no_database(node)
    ]

    assert wrong == []


def names_no_database(node):
    """A call of atomic or on_commit without its database; `select_for_update` follows its queryset to the right one."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return name in {"atomic", "on_commit"} and not any(keyword.arg == "using" for keyword in node.keywords)
    decorators = getattr(node, "decorator_list", [])
    return any(ast.unparse(decorator) in {"atomic", "transaction.atomic"} for decorator in decorators)


def test_no_own_template_holds_an_inline_script():
    templates = [path for app in APPS for path in (ROOT / app).rglob("*.html")]

    wrong = [
        place(path, number)
        for path in templates
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if "<script" in line and "src=" not in line
    ]

    assert wrong == []


# What a page may ask of `Model.objects`: only rows that exist for the user, or nothing.
SCOPED = {"visible_to", "changeable_by", "open_to", "open_to_hire", "open_to_move", "markable_by", "none"}
MANAGERS = {"objects", "history", "_default_manager", "_base_manager"}


def test_pages_read_only_rows_that_exist_for_the_user():
    """Admin and views never begin with all rows of a model: by `visible_to` and the like, or by a service."""
    pages = [*sources("core/admin", "core/views", "hr/admin"), *sorted((ROOT / "backoffice").glob("*.py"))]

    wrong = [
        f"{place(path, node.lineno)} {ast.unparse(node)}"
        for path in pages
        for node in unscoped_reads(ast.parse(path.read_text(encoding="utf-8")))
    ]

    assert wrong == []


def unscoped_reads(tree):
    """Every manager of a model, named in capitals or looked up by a call, that nothing of SCOPED is asked of."""
    asked = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in SCOPED}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or node.attr not in MANAGERS or id(node) in asked:
            continue
        model = node.value
        if isinstance(model, ast.Call) or (isinstance(model, ast.Name) and model.id[0].isupper()):
            yield node


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("Employee.objects.visible_to(user).count()", 0),
        ("Employee.objects.filter(pk=1)", 1),
        ("rows = Employee.objects", 1),
        ("Employee._default_manager.all()", 1),
        ("Employee.history.visible_to(user)", 0),
        ("Employee.history.count()", 1),
        ('apps.get_model("hr", "Employee").objects.all()', 1),
        ("field.model.objects.none()", 0),
    ],
)
def test_the_rule_about_rows_sees_what_it_should(source, found):
    assert len(list(unscoped_reads(ast.parse(source)))) == found


def test_no_module_notes_the_day_it_was_loaded_on():
    """A process outlives midnight: a worker by weeks, a suite by minutes."""
    wrong = [
        f"{place(path, line)} calls {name}"
        for path in sources(*APPS, "tests", "benchmarks", "deploy")
        for line, name in calls_at_import(path)
        if name.split(".")[-1] in {"localdate", "today"}
    ]

    assert wrong == []
