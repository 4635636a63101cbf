"""Scope filters found in the source, each with what stands in its place when it is taken away.

Nothing here lists places. A filter is known by how it is written: a rule is a method of a queryset called like
`visible_to`, a predicate is called like `can_change`, a demand like `require`. So the filter of a model that is added
later becomes a mutant by itself.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "hr", "backoffice")
LEFT_OUT = {"migrations", "demo"}

# Here every condition and every column asked for decides who sees what; elsewhere only those that name the user.
RULE_BOOKS = {"hr/scope.py", "hr/querysets.py", "hr/permissions.py", "core/access.py", "core/models/grant.py"}
# But for functions that write, and for searches among the rows that are left.
WRITES = re.compile(r"\.(delete|save|update_or_create)\(|\bend\(|_end_each\(|_clean_orphans_of\(")
ASKERS = {"user", "scope", "scopes", "at"}

RULE = re.compile(r"\w+_to|\w+_by|open_to_\w+|_own|_within|_of|in_force")
PREDICATE = re.compile(
    r"_?can_\w+|_?may_\w+|has_(\w+_)?permission|has_perm|has_module_perms|has_role_right|_?holds\w*|covers|open_to"
    r"|lookup_allowed|user_can_authenticate|is_manager|stands_in|answers_for_others|_is_open|_is_among"
)
DEMAND = re.compile(r"_?require(_\w+)?|_refuse_self|hide")
# Keys of which None means everybody's.
KEYS_OR_NONE = re.compile(r"[a-z]\w*_scope")
A_USER = re.compile(r"\b(user|actor|reader)$")
OF_A_USER = re.compile(r"(user|group__user|user_id|pk|id|uid|object_pk)=.*\b(user|actor|reader|own)\b")
OWN = re.compile(r"\b(user|actor)\.(pk|id)\b|\bemployee_id == ")
FACTS_OF_A_USER = {"is_authenticated", "is_active", "may_act"}
DENIALS = {"NotAllowed", "NotFound", "PermissionDenied", "Http404"}
NOTHING = {"", "None", "False", "[]", "set()", "Scope()"}
NOT_ABOUT_A_USER = re.compile(r"request\.method != 'POST'|[\w.]+ not in [\w.()]+|[\w.]+ is (not )?None|TYPE_CHECKING")

EVERYBODY = "__import__('hr.scope', fromlist=['Scope']).Scope(everything=True)"
NO_CONDITION = "__import__('django.db.models', fromlist=['Q']).Q()"


@dataclass(frozen=True)
class Mutant:
    """One filter taken away. A test that could notice runs one of `lines`."""

    path: str
    place: str
    before: str
    after: str
    lines: range
    source: str
    number: int

    @property
    def name(self) -> str:
        again = f" ({self.number})" if self.number > 1 else ""
        return f"{self.path} {self.place}: {self.before} → {self.after}{again}"


@dataclass(frozen=True)
class Change:
    """Source for what stands from the first to the last of `nodes`. `before` and `after` tell it in short."""

    nodes: tuple[ast.expr | ast.stmt, ...]
    source: str
    before: str = ""
    after: str = ""


def find(root: Path = ROOT) -> list[Mutant]:
    """Every mutant of the program, in the order of the tree."""
    sources = {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in _files(root)}
    trees = {path: ast.parse(source) for path, source in sources.items()}
    rules = frozenset(rule.name for tree in trees.values() for rule in _rules_in(tree))
    return [mutant for path, tree in trees.items() for mutant in _mutants(path, sources[path], tree, rules)]


def _files(root: Path) -> list[Path]:
    found = [path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))]
    return [path for path in found if not LEFT_OUT.intersection(path.relative_to(root).parts)]


def _rules_in(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """The methods of querysets that leave the rows of a user, of a scope or of a moment."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name.endswith("QuerySet"):
            for item in node.body:
                if isinstance(item, ast.FunctionDef) and RULE.fullmatch(item.name) and not _answers_yes_or_no(item):
                    yield item


def _mutants(path: str, source: str, tree: ast.Module, rules: frozenset[str]) -> Iterator[Mutant]:
    """Each program once: what is found in two ways is one mutant."""
    data, starts = source.encode(), _starts(source)
    finder = _Finder(tree, rules, is_rule_book=path in RULE_BOOKS)
    programs, names = {_bare(source)}, list[tuple[str, str, str]]()
    for change in finder.changes():
        first, last = change.nodes[0], change.nodes[-1]
        begin = starts[first.lineno - 1] + first.col_offset
        end = starts[last.end_lineno - 1] + last.end_col_offset  # type: ignore[operator]
        changed = (data[:begin] + change.source.encode() + data[end:]).decode()
        if _bare(changed) in programs:
            continue
        programs.add(_bare(changed))
        place = finder.place_of(first)
        before, after = change.before or _text(first), change.after or change.source
        names.append((place, before, after))
        yield Mutant(path, place, before, after, finder.lines_of(change), changed, names.count(names[-1]))


def _bare(source: str) -> str:
    """Without what only its formatting differs in."""
    return "".join(source.split()).replace('"', "'")


def _starts(source: str) -> list[int]:
    """The byte at which each line begins."""
    starts = [0]
    for line in source.encode().split(b"\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts


class _Finder:
    def __init__(self, tree: ast.Module, rules: frozenset[str], *, is_rule_book: bool) -> None:
        self.tree, self.rules, self.is_rule_book = tree, rules, is_rule_book
        self.bodies = dict.fromkeys(_rules_in(tree), "return self")
        self.parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}

    def changes(self) -> Iterator[Change]:
        nodes: list[ast.stmt | ast.expr] = [
            node for node in ast.walk(self.tree) if isinstance(node, ast.stmt | ast.expr)
        ]
        for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset)):
            yield from self._changes(node)
            if self.is_rule_book and self._decides(node):
                yield from self._conditions(node)

    def _decides(self, node: ast.AST) -> bool:
        """Whether a condition here is one of scope, not of a search or of what is written."""
        function = self._around(node, ast.FunctionDef)
        if function is None or WRITES.search(_text(function)):
            return False
        owner = self.parents[function]
        if isinstance(owner, ast.ClassDef) and owner.name.endswith("QuerySet"):
            asked = {argument.arg for argument in ast.walk(function) if isinstance(argument, ast.arg)}
            return bool(asked & ASKERS) and "term" not in asked
        return True

    def _around[Node: ast.AST](self, node: ast.AST, kind: type[Node]) -> Node | None:
        """The nearest such node around this one."""
        above = self.parents.get(node)
        while above is not None and not isinstance(above, kind):
            above = self.parents.get(above)
        return above

    def _changes(self, node: ast.stmt | ast.expr) -> Iterator[Change]:
        match node:
            case ast.FunctionDef():
                yield from self._whole(node)
            case ast.Call():
                yield from self._calls(node)
            case ast.Attribute(attr="everything", ctx=ast.Load()):
                yield Change((node,), "True")
            case ast.Attribute(attr=attr) if attr in FACTS_OF_A_USER and A_USER.search(_text(node.value)):
                yield Change((node,), "True")
            case ast.Compare(ops=[ast.Eq()]) if OWN.search(_text(node)) and not self._is_ground_of_refusal(node):
                yield Change((node,), "True")
            case ast.If() if _refuses(node, quietly=self.is_rule_book and self._decides(node)):
                yield from _refusals(node)
            case ast.IfExp(body=ast.Call(func=ast.Name(id=name))) if name in self.rules:
                yield Change((node,), _text(node.orelse))
            case ast.Expr(value=ast.Call(func=function)) if DEMAND.fullmatch(_last(function)):
                yield Change((node,), "pass")

    def _whole(self, function: ast.FunctionDef) -> Iterator[Change]:
        source = self.bodies.get(function)
        if source is None and PREDICATE.fullmatch(function.name) and _answers_yes_or_no(function):
            source = "return True"
        statements = function.body[1 if ast.get_docstring(function) else 0 :]
        if source and statements:
            yield Change((statements[0], statements[-1]), source, before="its body")

    def _calls(self, call: ast.Call) -> Iterator[Change]:
        name = _last(call.func)
        if name in self.rules and isinstance(call.func, ast.Attribute):
            rows = _text(call.func.value)
            yield Change((call,), "self" if rows == "super()" else rows)
        elif name == "rows_for" and len(call.args) == 2:
            yield Change((call,), f"({_text(call.args[1])})")
        elif name == "admin_view" and call.args:
            yield Change((call,), _text(call.args[0]))
        elif PREDICATE.fullmatch(name):
            if not self._is_all_of_a_demand(call):
                yield Change((call,), "True")
        elif name == "is_self":
            yield Change((call,), "False")
        elif name == "as_q":
            yield Change((call,), NO_CONDITION, after="Q()")
        elif name in ("hidden_on", "_hidden_fields"):
            yield Change((call,), "()")
        elif name in ("scope_for", "_scope"):
            if not self._is_asked_for_all(call):
                yield Change((call,), EVERYBODY, after="everybody")
        elif KEYS_OR_NONE.fullmatch(name):
            yield Change((call,), "None")
        for argument in call.keywords:
            if self._narrows(name, argument):
                yield _without(call, argument)

    def _narrows(self, name: str, argument: ast.keyword) -> bool:
        """Whether this argument is what keeps others out: the permissions of an action, a rule, the user's own rows."""
        if name == "filter":
            return not self.is_rule_book and bool(OF_A_USER.match(ast.unparse(argument)))
        return argument.arg == "permissions" or (argument.arg == "among" and _last(argument.value) in self.rules)

    def _is_all_of_a_demand(self, call: ast.Call) -> bool:
        above = self.parents[call]
        return isinstance(above, ast.Call) and bool(DEMAND.fullmatch(_last(above.func)))

    def _is_asked_for_all(self, call: ast.Call) -> bool:
        above = self.parents[call]
        return isinstance(above, ast.Attribute) and above.attr in ("covers", "everything")

    def _conditions(self, node: ast.stmt | ast.expr) -> Iterator[Change]:
        """Each condition that must hold, in turn."""
        match node:
            case ast.Call(func=ast.Attribute(attr="filter" | "exclude")):
                arguments: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
                for argument in arguments:
                    if not (isinstance(argument, ast.Call) and _last(argument.func) == "as_q"):
                        yield _without(node, argument)
            case ast.BoolOp(op=ast.And()) if not self._is_ground_of_refusal(node):
                for operand in node.values:
                    if not NOT_ABOUT_A_USER.fullmatch(_text(operand)):
                        yield Change((operand,), "True", before=f"… and {_text(operand)}")
            case ast.If(test=test) if not isinstance(test, ast.BoolOp) and not _leaves(node):
                if not NOT_ABOUT_A_USER.fullmatch(_text(node.test)):
                    yield Change((node.test,), "True", before=f"if {_text(node.test)}")
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                for part in node.generators:
                    for condition in part.ifs:
                        if not isinstance(condition, ast.BoolOp):
                            yield Change((condition,), "True", before=f"… if {_text(condition)}")

    def _is_ground_of_refusal(self, node: ast.AST) -> bool:
        statement = self._around(node, ast.stmt)
        return isinstance(statement, ast.If) and _refuses(statement, quietly=True)

    def place_of(self, node: ast.AST) -> str:
        """The names of the class and of the function around it."""
        names = []
        while (node := self.parents.get(node)) is not None:  # type: ignore[assignment]
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                names.append(node.name)
        return ".".join(reversed(names)) or "module"

    def lines_of(self, change: Change) -> range:
        """From the statement's first line to the end of what is changed: no test needs to have run the rest."""
        first = change.nodes[0]
        statement = first if isinstance(first, ast.stmt) else self._around(first, ast.stmt)
        return range((statement or first).lineno, change.nodes[-1].end_lineno + 1)  # type: ignore[operator]


def _refusals(statement: ast.If) -> Iterator[Change]:
    """Each ground of the refusal, but for predicates, which are mutants by themselves."""
    match statement.test:
        case ast.BoolOp(op=ast.Or(), values=grounds):
            told = "… or"
        case test:
            grounds, told = [test], "if"
    for ground in grounds:
        if not _is_no_to_a_predicate(ground) and not NOT_ABOUT_A_USER.fullmatch(_text(ground)):
            yield Change((ground,), "False", before=f"{told} {_text(ground)}")


def _is_no_to_a_predicate(node: ast.expr) -> bool:
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=function)):
            return bool(PREDICATE.fullmatch(_last(function)))
        case ast.UnaryOp(op=ast.Not(), operand=ast.Attribute(attr=attr)):
            return attr in FACTS_OF_A_USER
    return False


def _without(call: ast.Call, argument: ast.expr | ast.keyword) -> Change:
    args = [other for other in call.args if other is not argument]
    keywords = [other for other in call.keywords if other is not argument]
    rest = ast.unparse(ast.Call(call.func, args, keywords))
    return Change((call,), rest, before=f"{_last(call.func)}(… {ast.unparse(argument)})", after="without")


def _leaves(statement: ast.If) -> bool:
    return isinstance(statement.body[-1], ast.Return | ast.Raise)


def _refuses(statement: ast.If, *, quietly: bool = False) -> bool:
    """Whether it ends in a refusal; `quietly` by returning nothing, without an error."""
    match statement.body[-1]:
        case ast.Raise(exc=ast.Call(func=error)) | ast.Raise(exc=ast.Name() as error):
            return _last(error) in DENIALS
        case ast.Return(value=value):
            told = ast.unparse(value) if value else ""
            return told.endswith(".none()") or (quietly and told in NOTHING)
    return False


def _answers_yes_or_no(function: ast.FunctionDef) -> bool:
    return function.returns is not None and _text(function.returns) == "bool"


def _last(function: ast.AST) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _text(node: ast.AST) -> str:
    return ast.unparse(node)
