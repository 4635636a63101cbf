"""Mutants that no test can notice, by name, each with what makes it harmless."""

EQUIVALENT: dict[str, str] = {
    "core/admin/base.py BackofficeAdmin.has_delete_permission: self.has_view_permission(request, obj) → True": (
        "Whose role lets him delete rows sees all of them."
    ),
    "core/middleware.py RequestContextMiddleware.__call__: user.is_authenticated → True": (
        "It only stamps changes, and nobody who is not logged in makes one."
    ),
    "core/services/invitations.py find_by_code: filter(… user=user) → without": (
        "The hash it is found by is made from the user's key and the code."
    ),
    "hr/admin/employees.py EmployeeAdmin.get_form: OrgUnit.objects.visible_to(request.user) → OrgUnit.objects": (
        "Whoever sees somebody sees the unit that person is in."
    ),
    "hr/loading/check_catalogue.py OrgUnitCheck._resolve_heads: seen_scope(self.user) → None": (
        "What it finds is looked for once more among the people one sees."
    ),
    "hr/loading/check_employees.py EmployeeCheck.may_add: super().may_add(line) → True": (
        "A row without a unit is faulty for that, and whose roles create units hire everywhere."
    ),
    "hr/querysets.py line_outside: if unit_ids → True": (
        "SQLite takes an empty IN () for nothing; the servers refuse it, and the suite is run on them, too."
    ),
    "hr/querysets.py reached_by: if keys → True": (
        "SQLite takes an empty IN () for nothing; the servers refuse it, and the suite is run on them, too."
    ),
    "hr/querysets.py OrgUnitQuerySet.open_to_hire: self.visible_to(user) → self": (
        "Whoever may hire into a unit sees it."
    ),
    "hr/querysets.py OrgUnitQuerySet.open_to_move: self.visible_to(user) → self": (
        "Whoever may put people into a unit sees it."
    ),
    "hr/scope.py Scope.covers: … or not self.line_roots → False": ("It saves a query that finds nobody below nobody."),
    "hr/scope.py Facts.tops: if not self.managers and (not granted) → False": ("It saves a query that finds no unit."),
    "hr/scope.py _active_people: if uid is None and (not delegators) → False": ("It saves a query that finds nobody."),
    "hr/services/accounts.py invite_created_by: ImportRow.objects.visible_to(actor) → ImportRow.objects": (
        "Whom to invite is asked again, person by person."
    ),
    "hr/services/org_units.py change_org_units: require_all(found, parents, field='parent') → pass": (
        "Whoever changes units sees all of them, and a key that is none fails when it is written."
    ),
    "backoffice/denials.py _note: request.user.is_authenticated → True": (
        "Who is not logged in is led to the login before anything is refused."
    ),
}
