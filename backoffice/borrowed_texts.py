"""Texts of dependencies that need our Spanish. Nothing imports this module: `manage.py messages` reads it.

Unfold, axes and the task queue bring no Spanish; Django's takes every model for masculine, or is faulty.
LOCALE_PATHS go before the catalogues of apps, so a translation in our locale/ serves theirs too.
tests/backoffice/test_borrowed_texts.py finds what is missing.
"""

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy, pgettext_lazy

DJANGO = [
    # El unidad, este cédula, los cargo
    _("%(model_name)s with this %(field_label)s already exists."),
    _("%(model_name)s with this %(field_labels)s already exists."),
    _("The {name} “{obj}” was added successfully."),
    _("The {name} “{obj}” was added successfully. You may add another {name} below."),
    _("The {name} “{obj}” was changed successfully."),
    _("The {name} “{obj}” was changed successfully. You may add another {name} below."),
    _("The {name} “{obj}” was changed successfully. You may edit it again below."),
    _("The %(name)s “%(obj)s” was deleted successfully."),
    _("Successfully deleted %(count)d %(items)s."),
    _("Add another %(model)s"),
    _("Add another %(verbose_name)s"),
    _("Change selected %(model)s"),
    _("Delete selected %(model)s"),
    _("Delete selected %(verbose_name_plural)s"),
    _("View selected %(model)s"),
    _("View %s"),
    _("Change history: %s"),
    _("Select all %(total_count)s %(module_name)s"),
    # A role is a group
    _("group"),
    _("groups"),
    _("The password is too similar to the %(verbose_name)s."),
    # Deleting
    _(
        'Are you sure you want to delete the %(object_name)s "%(escaped_object)s"? '
        "All of the following related items will be deleted:"
    ),
    _(
        "Are you sure you want to delete the selected %(objects_name)s? "
        "All of the following objects and their related items will be deleted:"
    ),
    _(
        "Deleting the %(object_name)s '%(escaped_object)s' would result in deleting related objects, "
        "but your account doesn't have permission to delete the following types of objects:"
    ),
    _(
        "Deleting the %(object_name)s '%(escaped_object)s' would require deleting "
        "the following protected related objects:"
    ),
    _(
        "Deleting the selected %(objects_name)s would result in deleting related objects, "
        "but your account doesn't have permission to delete the following types of objects:"
    ),
    _("Deleting the selected %(objects_name)s would require deleting the following protected related objects:"),
    _("No, take me back"),
    _("Yes, I’m sure"),
    # Faulty in Django's Spanish
    _("Your password can’t be too similar to your other personal information."),
    _("Your password can’t be a commonly used password."),
    _("Your password can’t be entirely numeric."),
    _("Enter the same password as before, for verification."),
    _("Remove from sorting"),
]

UNFOLD = [
    # Login and the frame around each page
    _("Forgotten your password or username?"),
    _("Go back"),
    _("Return to site"),
    _("Toggle password visibility"),
    _("Welcome"),
    _("Welcome back to"),
    _("You have been successfully logged out from the administration"),
    # Theme
    _("Dark"),
    _("Light"),
    _("System"),
    # Sidebar, search and command palette
    _("All applications"),
    _("Search apps and models..."),
    _("Type to search"),
    _("Recent searches"),
    _("Nothing matched your search"),
    ngettext_lazy(
        '\n            Found <span class="font-medium text-important">%(counter)s</span> result '
        "in %(time)s seconds\n        ",
        '\n            Found <span class="font-medium text-important">%(counter)s</span> results '
        "in %(time)s seconds\n        ",
        1,
    ),
    _("No results found"),
    _("Navigate"),
    _("Select"),
    # Shortcuts
    _("Available shortcuts"),
    _("Changelist shortcuts"),
    _("Command tool shortcuts"),
    _("Create new record"),
    _("Global shortcuts"),
    _("Open command tool"),
    _("Open selection"),
    _("Open selection in new tab"),
    _("Open shortcuts list"),
    _("Toggle dark/light mode"),
    _("Toggle filter"),
    _("Toggle sidebar"),
    # Lists
    _("Apply Filters"),
    _("Filters"),
    _("Date"),
    _("Date from"),
    _("Date to"),
    _("From"),
    _("Next"),
    _("No data"),
    _("Not enough data."),
    _("Previous"),
    _("Record picture"),
    _("Reset filters"),
    _("Run"),
    _("Select action"),
    _("Select action to run"),
    _("Select record"),
    _("Select value"),
    _("This page yielded into no results."),
    _("To"),
    _("Value"),
    # Forms and dialogs
    _("Cancel"),
    _("Add row"),
    _("Choose file to upload"),
    _("Click to cancel"),
    _("Click to download"),
    _("Dataset not found. No action performed."),
    _("False"),
    _("General"),
    _("Image preview"),
    _("Select currency"),
    _("This item will be deleted."),
    _("True"),
    _("You can not create nested object without parent"),
    _("After you've created a user, you’ll be able to edit more user options."),
]

AXES = [
    _("Access Attempt"),
    _("Access lock out"),
    _("Account locked: too many login attempts. Contact an admin to unlock your account."),
    _("Account locked: too many login attempts. Please try again later."),
    _("Attempt Remaining"),
    _("Attempt Time"),
    _("Clean up expired attempts"),
    _("Expires At"),
    _("Failed Logins"),
    _("Form Data"),
    _("GET Data"),
    _("HTTP Accept"),
    _("IP Address"),
    _("Locked Out"),
    _("Logout Time"),
    _("Meta Data"),
    _("Not set"),
    _("POST Data"),
    _("Path"),
    _("Session key hash (sha256)"),
    _("The time when access attempt expires and is no longer valid."),
    _("User Agent"),
    _("access attempt"),
    _("access attempt expiration"),
    _("access attempt expirations"),
    _("access attempts"),
    _("access failure"),
    _("access failures"),
    _("access log"),
    _("access logs"),
]

TASKS = [
    pgettext_lazy("Task", "Failed"),
    pgettext_lazy("Task", "Ready"),
    pgettext_lazy("Task", "Running"),
    pgettext_lazy("Task", "Successful"),
    _("Task Result"),
    _("Task Results"),
    _("args kwargs"),
    _("backend name"),
    _("enqueued at"),
    _("exception class path"),
    _("finished at"),
    _("priority"),
    _("queue name"),
    _("return value"),
    _("run after"),
    _("started at"),
    _("status"),
    _("task path"),
    _("traceback"),
    _("worker id"),
]
