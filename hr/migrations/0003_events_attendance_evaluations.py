import django.db.models.deletion
import django.utils.timezone
import simple_history.models
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hr", "0002_scope_of_managers"),
    ]

    operations = [
        migrations.CreateModel(
            name="ChangeRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("approved", "approved"),
                            ("rejected", "rejected"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="waiting",
                        editable=False,
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("asked_by_id", models.BigIntegerField(editable=False)),
                ("asked_by_name", models.CharField(editable=False, max_length=200, verbose_name="asked by")),
                ("decided_by_id", models.BigIntegerField(editable=False, null=True)),
                (
                    "decided_by_name",
                    models.CharField(blank=True, editable=False, max_length=200, verbose_name="decided by"),
                ),
                ("decided_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="decided at")),
                ("answer", models.CharField(blank=True, editable=False, max_length=300, verbose_name="answer")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("data", "change of data"),
                            ("not_mine", "is not one of my people"),
                            ("missing", "is missing among my people"),
                        ],
                        default="data",
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("field", models.CharField(blank=True, max_length=40, verbose_name="field")),
                ("old", models.CharField(blank=True, max_length=254, verbose_name="old value")),
                ("new", models.CharField(blank=True, max_length=254, verbose_name="new value")),
                (
                    "employee",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="change_requests",
                        to="hr.employee",
                        verbose_name="employee",
                    ),
                ),
            ],
            options={
                "verbose_name": "change request",
                "verbose_name_plural": "change requests",
                "ordering": ["-id"],
                "permissions": [("decide_changerequest", "Can decide change requests")],
                "indexes": [
                    models.Index(fields=["state", "id"], name="change_request_by_state"),
                    models.Index(fields=["asked_by_id", "id"], name="change_request_of_user"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="change_request_reason_given",
                        violation_error_message="A request needs a reason.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("employee", None), ("kind", "missing")),
                            models.Q(models.Q(("kind", "missing"), _negated=True), ("employee__isnull", False)),
                            _connector="OR",
                        ),
                        name="change_request_about_somebody",
                        violation_error_message="Say whom the request is about.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EvaluationForm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                ("code", models.CharField(max_length=32, unique=True, verbose_name="code")),
                ("title", models.CharField(max_length=160, verbose_name="title")),
            ],
            options={
                "verbose_name": "evaluation form",
                "verbose_name_plural": "evaluation forms",
                "ordering": ["title", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("code", ""), _negated=True),
                        name="evaluationform_code_given",
                        violation_error_message="A form needs a code.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("title", ""), _negated=True),
                        name="evaluationform_title_given",
                        violation_error_message="A form needs a title.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EventKind",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                ("code", models.CharField(max_length=32, unique=True, verbose_name="code")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "validity_months",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="valid for months"),
                ),
            ],
            options={
                "verbose_name": "kind of event",
                "verbose_name_plural": "kinds of events",
                "ordering": ["name", "id"],
                "permissions": [("export_eventkind", "Can export kinds of events")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("code", ""), _negated=True),
                        name="eventkind_code_given",
                        violation_error_message="A kind of event needs a code.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True),
                        name="eventkind_name_given",
                        violation_error_message="A kind of event needs a name.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                ("code", models.CharField(max_length=32, unique=True, verbose_name="code")),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                ("place", models.CharField(blank=True, max_length=200, verbose_name="place")),
                ("starts_at", models.DateTimeField(verbose_name="starts at")),
                ("ends_at", models.DateTimeField(verbose_name="ends at")),
                (
                    "capacity",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Leave it empty if there is room for everybody.",
                        null=True,
                        verbose_name="capacity",
                    ),
                ),
                ("seats_taken", models.PositiveIntegerField(default=0, editable=False, verbose_name="seats taken")),
                (
                    "mandatory",
                    models.BooleanField(
                        default=False,
                        help_text="Everybody of the audience must have attended, as long as it is valid.",
                        verbose_name="mandatory",
                    ),
                ),
                (
                    "open_enrolment",
                    models.BooleanField(
                        default=False,
                        help_text="Whoever it is meant for may register for it.",
                        verbose_name="open enrolment",
                    ),
                ),
                (
                    "completion_percent",
                    models.PositiveSmallIntegerField(
                        default=80,
                        help_text="Of an event with several sessions.",
                        verbose_name="sessions to attend (%)",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("published", "published"),
                            ("in_progress", "in progress"),
                            ("completed", "completed"),
                            ("closed", "closed"),
                            ("cancelled", "cancelled"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("state_reason", models.CharField(blank=True, editable=False, max_length=200, verbose_name="reason")),
                ("search_text", models.CharField(default="", editable=False, max_length=300)),
                (
                    "kind",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="hr.eventkind",
                        verbose_name="kind",
                    ),
                ),
            ],
            options={
                "verbose_name": "event",
                "verbose_name_plural": "events",
                "ordering": ["-starts_at", "-id"],
                "permissions": [
                    ("export_event", "Can export events"),
                    ("view_attendance_at", "Can view attendance of the event"),
                    ("mark_attendance_at", "Can mark attendance of the event"),
                ],
                "indexes": [
                    models.Index(fields=["starts_at", "id"], name="event_by_start"),
                    models.Index(fields=["state", "starts_at"], name="event_by_state"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("code", ""), _negated=True),
                        name="event_code_given",
                        violation_error_message="An event needs a code.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("title", ""), _negated=True),
                        name="event_title_given",
                        violation_error_message="An event needs a title.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                        name="event_ends_after_start",
                        violation_error_message="An event must end after it starts.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("capacity", None), ("capacity__gte", 1), _connector="OR"),
                        name="event_capacity_positive",
                        violation_error_message="An event needs at least one seat; leave it empty for no limit.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("completion_percent__gte", 1), ("completion_percent__lte", 100)),
                        name="event_completion_percent_known",
                        violation_error_message="Enter a percentage from 1 to 100.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["draft", "published", "in_progress", "completed", "closed", "cancelled"])
                        ),
                        name="event_state_known",
                        violation_error_message="Unknown state.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Attendance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("present", "present"),
                            ("late", "late"),
                            ("absent", "absent"),
                            ("excused", "excused"),
                        ],
                        default="pending",
                        max_length=8,
                        verbose_name="outcome",
                    ),
                ),
                ("marked_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="marked at")),
                ("marked_by_id", models.BigIntegerField(editable=False, null=True)),
                (
                    "marked_by_name",
                    models.CharField(blank=True, editable=False, max_length=200, verbose_name="marked by"),
                ),
                (
                    "marked_from",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("roll_call", "roll-call"),
                            ("check_in", "check-in"),
                            ("import", "file"),
                            ("correction", "correction"),
                            ("closing", "closing of the event"),
                        ],
                        editable=False,
                        max_length=12,
                        verbose_name="marked from",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("registered", "registered"),
                            ("waitlisted", "waitlisted"),
                            ("confirmed", "confirmed"),
                            ("cancelled", "cancelled"),
                        ],
                        default="registered",
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                (
                    "enrolled_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        editable=False,
                        help_text="The place in the wait-list.",
                        verbose_name="enrolled at",
                    ),
                ),
                (
                    "cancelled_from",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("self", "the employee"),
                            ("manager", "a manager or HR"),
                            ("left", "end of employment"),
                            ("draft", "event back to draft"),
                            ("event", "cancellation of the event"),
                        ],
                        editable=False,
                        max_length=8,
                        verbose_name="cancelled by",
                    ),
                ),
                ("cancel_reason", models.CharField(blank=True, editable=False, max_length=200, verbose_name="reason")),
                (
                    "employee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attendance",
                        to="hr.employee",
                        verbose_name="employee",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attendance",
                        to="hr.event",
                        verbose_name="event",
                    ),
                ),
            ],
            options={
                "verbose_name": "attendance",
                "verbose_name_plural": "attendance",
                "ordering": ["-id"],
                "permissions": [
                    ("mark_attendance", "Can mark attendance"),
                    ("import_attendance", "Can import attendance"),
                    ("export_attendance", "Can export attendance"),
                ],
                "indexes": [
                    models.Index(fields=["event", "status", "enrolled_at"], name="attendance_of_event"),
                    models.Index(fields=["event", "outcome", "status", "employee"], name="attendance_counted"),
                    models.Index(fields=["status", "id"], name="attendance_by_status"),
                    models.Index(fields=["outcome", "id"], name="attendance_by_outcome"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("event", "employee"),
                        name="attendance_once",
                        violation_error_message="That person is in the list of the event already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["registered", "waitlisted", "confirmed", "cancelled"])),
                        name="attendance_status_known",
                        violation_error_message="Unknown status.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["pending", "present", "late", "absent", "excused"])),
                        name="attendance_outcome_known",
                        violation_error_message="Unknown outcome.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status", "cancelled"), ("cancelled_from", ""), _connector="OR"),
                        name="attendance_cancelled_from_when_cancelled",
                        violation_error_message="Only a cancelled enrolment was cancelled by somebody.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AttendanceCorrection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("approved", "approved"),
                            ("rejected", "rejected"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="waiting",
                        editable=False,
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("asked_by_id", models.BigIntegerField(editable=False)),
                ("asked_by_name", models.CharField(editable=False, max_length=200, verbose_name="asked by")),
                ("decided_by_id", models.BigIntegerField(editable=False, null=True)),
                (
                    "decided_by_name",
                    models.CharField(blank=True, editable=False, max_length=200, verbose_name="decided by"),
                ),
                ("decided_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="decided at")),
                ("answer", models.CharField(blank=True, editable=False, max_length=300, verbose_name="answer")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("present", "present"),
                            ("late", "late"),
                            ("absent", "absent"),
                            ("excused", "excused"),
                        ],
                        max_length=8,
                        verbose_name="outcome",
                    ),
                ),
                (
                    "attendance",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="corrections",
                        to="hr.attendance",
                        verbose_name="attendance",
                    ),
                ),
            ],
            options={
                "verbose_name": "correction of attendance",
                "verbose_name_plural": "corrections of attendance",
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["state", "id"], name="correction_by_state")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True),
                        name="correction_reason_given",
                        violation_error_message="A correction needs a reason.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="EventAudience",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                ("everybody", models.BooleanField(blank=True, null=True, verbose_name="everybody")),
                (
                    "employee",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="hr.employee",
                        verbose_name="employee",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="audience",
                        to="hr.event",
                        verbose_name="event",
                    ),
                ),
                (
                    "org_unit",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="hr.orgunit",
                        verbose_name="unit",
                    ),
                ),
                (
                    "position",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="hr.position",
                        verbose_name="position",
                    ),
                ),
            ],
            options={
                "verbose_name": "audience",
                "verbose_name_plural": "audience",
                "ordering": ["id"],
                "constraints": [
                    models.UniqueConstraint(fields=("event", "everybody"), name="audience_everybody_once"),
                    models.UniqueConstraint(fields=("event", "org_unit"), name="audience_unit_once"),
                    models.UniqueConstraint(fields=("event", "position"), name="audience_position_once"),
                    models.UniqueConstraint(fields=("event", "employee"), name="audience_employee_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("employee", None), ("everybody", True), ("org_unit", None), ("position", None)),
                            models.Q(
                                ("employee", None), ("everybody", None), ("org_unit__isnull", False), ("position", None)
                            ),
                            models.Q(
                                ("employee", None), ("everybody", None), ("org_unit", None), ("position__isnull", False)
                            ),
                            models.Q(
                                ("employee__isnull", False), ("everybody", None), ("org_unit", None), ("position", None)
                            ),
                            _connector="OR",
                        ),
                        name="audience_is_one",
                        violation_error_message="Choose one: everybody, a unit, a position or a person.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EventSession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="number")),
                ("starts_at", models.DateTimeField(verbose_name="starts at")),
                ("ends_at", models.DateTimeField(verbose_name="ends at")),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sessions",
                        to="hr.event",
                        verbose_name="event",
                    ),
                ),
            ],
            options={
                "verbose_name": "session",
                "verbose_name_plural": "sessions",
                "ordering": ["event_id", "number"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("event", "number"),
                        name="session_number_once",
                        violation_error_message="The event has a session of that number.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                        name="session_ends_after_start",
                        violation_error_message="A session must end after it starts.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FormVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="number")),
                (
                    "published_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="published at"),
                ),
                (
                    "form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="hr.evaluationform",
                        verbose_name="evaluation form",
                    ),
                ),
            ],
            options={
                "verbose_name": "version of a form",
                "verbose_name_plural": "versions of forms",
                "ordering": ["form_id", "-number"],
                "constraints": [models.UniqueConstraint(fields=("form", "number"), name="form_version_once")],
            },
        ),
        migrations.CreateModel(
            name="EvaluationRound",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("opens_on", models.DateField(verbose_name="opens on")),
                ("due_on", models.DateField(blank=True, null=True, verbose_name="due on")),
                (
                    "days_to_answer",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="days to answer"),
                ),
                (
                    "event",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evaluation_round",
                        to="hr.event",
                        verbose_name="event",
                    ),
                ),
                (
                    "form_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rounds",
                        to="hr.formversion",
                        verbose_name="version of a form",
                    ),
                ),
            ],
            options={
                "verbose_name": "round of evaluations",
                "verbose_name_plural": "rounds of evaluations",
                "ordering": ["-opens_on", "-id"],
                "indexes": [models.Index(fields=["opens_on", "id"], name="round_by_opening")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("title", ""), _negated=True),
                        name="round_title_given",
                        violation_error_message="A round needs a title.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("days_to_answer", None), ("due_on__isnull", False)),
                            models.Q(("days_to_answer__gte", 1), ("days_to_answer__isnull", False), ("due_on", None)),
                            _connector="OR",
                        ),
                        name="round_due_one_way",
                        violation_error_message="Say until which day answers are due, or how many days there are for it.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("due_on", None), ("due_on__gte", models.F("opens_on")), _connector="OR"),
                        name="round_due_after_opening",
                        violation_error_message="Answers cannot be due before the round opens.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Evaluation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("available", "available"),
                            ("in_progress", "in progress"),
                            ("submitted", "submitted"),
                            ("returned", "returned"),
                            ("graded", "graded"),
                            ("expired", "expired"),
                            ("cancelled", "cancelled"),
                        ],
                        default="pending",
                        editable=False,
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("due_on", models.DateField(blank=True, editable=False, null=True, verbose_name="due on")),
                (
                    "submitted_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="submitted at"),
                ),
                (
                    "score",
                    models.DecimalField(
                        blank=True, decimal_places=2, editable=False, max_digits=5, null=True, verbose_name="score"
                    ),
                ),
                (
                    "grade",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=5, null=True, verbose_name="grade"),
                ),
                ("feedback", models.TextField(blank=True, verbose_name="feedback")),
                (
                    "cancelled_by_outcome",
                    models.BooleanField(
                        default=False, editable=False, verbose_name="cancelled because the person did not come"
                    ),
                ),
                (
                    "return_comment",
                    models.CharField(blank=True, editable=False, max_length=300, verbose_name="comment"),
                ),
                ("graded_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="graded at")),
                ("graded_by_id", models.BigIntegerField(editable=False, null=True)),
                (
                    "graded_by_name",
                    models.CharField(blank=True, editable=False, max_length=200, verbose_name="graded by"),
                ),
                (
                    "employee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evaluations",
                        to="hr.employee",
                        verbose_name="employee",
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evaluations",
                        to="hr.evaluationround",
                        verbose_name="round of evaluations",
                    ),
                ),
            ],
            options={
                "verbose_name": "evaluation",
                "verbose_name_plural": "evaluations",
                "ordering": ["-id"],
                "permissions": [
                    ("grade_evaluation", "Can grade evaluations"),
                    ("export_evaluation", "Can export evaluations"),
                ],
                "indexes": [
                    models.Index(fields=["state", "submitted_at"], name="evaluation_queue"),
                    models.Index(fields=["state", "due_on"], name="evaluation_due"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("round", "employee"),
                        name="evaluation_once",
                        violation_error_message="That person is in the round already.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("grade", None), models.Q(("grade__gte", 0), ("grade__lte", 100)), _connector="OR"
                        ),
                        name="evaluation_grade_in_points",
                        violation_error_message="A grade is a number from 0 to 100.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "graded"), _negated=True), ("grade__isnull", False), _connector="OR"
                        ),
                        name="evaluation_graded_has_grade",
                        violation_error_message="A graded evaluation needs a grade.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="number")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("text", "text"),
                            ("one", "one choice"),
                            ("several", "several choices"),
                            ("scale", "scale"),
                            ("yes_no", "yes or no"),
                            ("number", "number"),
                        ],
                        default="text",
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("text", models.CharField(max_length=300, verbose_name="text")),
                ("choices", models.JSONField(blank=True, default=dict, verbose_name="choices")),
                ("required", models.BooleanField(default=True, verbose_name="required")),
                ("weight", models.PositiveSmallIntegerField(default=0, verbose_name="weight")),
                (
                    "version_of",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="questions",
                        to="hr.formversion",
                        verbose_name="version of a form",
                    ),
                ),
            ],
            options={
                "verbose_name": "question",
                "verbose_name_plural": "questions",
                "ordering": ["version_of_id", "number"],
                "constraints": [
                    models.UniqueConstraint(fields=("version_of", "number"), name="question_number_once"),
                    models.CheckConstraint(
                        condition=models.Q(("text", ""), _negated=True),
                        name="question_text_given",
                        violation_error_message="A question needs a text.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(models.Q(("kind", "text"), _negated=True), ("weight", 0), _connector="OR"),
                        name="question_text_unweighted",
                        violation_error_message="A free text cannot score itself: its weight is 0.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Answer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                ("value", models.JSONField(verbose_name="answer")),
                (
                    "evaluation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answers",
                        to="hr.evaluation",
                        verbose_name="evaluation",
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="answers",
                        to="hr.question",
                        verbose_name="question",
                    ),
                ),
            ],
            options={
                "verbose_name": "answer",
                "verbose_name_plural": "answers",
                "ordering": ["id"],
                "constraints": [models.UniqueConstraint(fields=("evaluation", "question"), name="answer_once")],
            },
        ),
        migrations.CreateModel(
            name="SessionMark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("present", "present"),
                            ("late", "late"),
                            ("absent", "absent"),
                            ("excused", "excused"),
                        ],
                        default="pending",
                        max_length=8,
                        verbose_name="outcome",
                    ),
                ),
                ("marked_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="marked at")),
                ("marked_by_id", models.BigIntegerField(editable=False, null=True)),
                (
                    "marked_by_name",
                    models.CharField(blank=True, editable=False, max_length=200, verbose_name="marked by"),
                ),
                (
                    "marked_from",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("roll_call", "roll-call"),
                            ("check_in", "check-in"),
                            ("import", "file"),
                            ("correction", "correction"),
                            ("closing", "closing of the event"),
                        ],
                        editable=False,
                        max_length=12,
                        verbose_name="marked from",
                    ),
                ),
                (
                    "attendance",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="marks",
                        to="hr.attendance",
                        verbose_name="attendance",
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="marks",
                        to="hr.eventsession",
                        verbose_name="session",
                    ),
                ),
            ],
            options={
                "verbose_name": "mark of a session",
                "verbose_name_plural": "marks of sessions",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("attendance", "session"), name="session_mark_once"),
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["pending", "present", "late", "absent", "excused"])),
                        name="session_mark_outcome_known",
                        violation_error_message="Unknown outcome.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HistoricalAnswer",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                (
                    "history_user_name",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="changed by"),
                ),
                (
                    "history_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ui", "screen"),
                            ("import", "file"),
                            ("self-service", "self-service"),
                            ("job", "background job"),
                            ("cli", "command"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="source",
                    ),
                ),
                ("history_request_id", models.CharField(blank=True, default="", max_length=64)),
                ("history_job_id", models.BigIntegerField(null=True)),
                ("value", models.JSONField(verbose_name="answer")),
                ("history_user_id", models.BigIntegerField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "evaluation",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.evaluation",
                        verbose_name="evaluation",
                    ),
                ),
                (
                    "question",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.question",
                        verbose_name="question",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical answer",
                "verbose_name_plural": "historical answers",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [models.Index(fields=["history_date", "id"], name="hr_historic_history_8f3bf7_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalAttendance",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                (
                    "history_user_name",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="changed by"),
                ),
                (
                    "history_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ui", "screen"),
                            ("import", "file"),
                            ("self-service", "self-service"),
                            ("job", "background job"),
                            ("cli", "command"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="source",
                    ),
                ),
                ("history_request_id", models.CharField(blank=True, default="", max_length=64)),
                ("history_job_id", models.BigIntegerField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("present", "present"),
                            ("late", "late"),
                            ("absent", "absent"),
                            ("excused", "excused"),
                        ],
                        default="pending",
                        max_length=8,
                        verbose_name="outcome",
                    ),
                ),
                ("marked_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="marked at")),
                ("marked_by_id", models.BigIntegerField(editable=False, null=True)),
                (
                    "marked_by_name",
                    models.CharField(blank=True, editable=False, max_length=200, verbose_name="marked by"),
                ),
                (
                    "marked_from",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("roll_call", "roll-call"),
                            ("check_in", "check-in"),
                            ("import", "file"),
                            ("correction", "correction"),
                            ("closing", "closing of the event"),
                        ],
                        editable=False,
                        max_length=12,
                        verbose_name="marked from",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("registered", "registered"),
                            ("waitlisted", "waitlisted"),
                            ("confirmed", "confirmed"),
                            ("cancelled", "cancelled"),
                        ],
                        default="registered",
                        max_length=12,
                        verbose_name="status",
                    ),
                ),
                (
                    "enrolled_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        editable=False,
                        help_text="The place in the wait-list.",
                        verbose_name="enrolled at",
                    ),
                ),
                (
                    "cancelled_from",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("self", "the employee"),
                            ("manager", "a manager or HR"),
                            ("left", "end of employment"),
                            ("draft", "event back to draft"),
                            ("event", "cancellation of the event"),
                        ],
                        editable=False,
                        max_length=8,
                        verbose_name="cancelled by",
                    ),
                ),
                ("cancel_reason", models.CharField(blank=True, editable=False, max_length=200, verbose_name="reason")),
                ("history_user_id", models.BigIntegerField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "employee",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.employee",
                        verbose_name="employee",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.event",
                        verbose_name="event",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical attendance",
                "verbose_name_plural": "historical attendance",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [models.Index(fields=["history_date", "id"], name="hr_historic_history_1a9cc5_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalAttendanceCorrection",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                (
                    "history_user_name",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="changed by"),
                ),
                (
                    "history_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ui", "screen"),
                            ("import", "file"),
                            ("self-service", "self-service"),
                            ("job", "background job"),
                            ("cli", "command"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="source",
                    ),
                ),
                ("history_request_id", models.CharField(blank=True, default="", max_length=64)),
                ("history_job_id", models.BigIntegerField(null=True)),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("approved", "approved"),
                            ("rejected", "rejected"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="waiting",
                        editable=False,
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("asked_by_id", models.BigIntegerField(editable=False)),
                ("asked_by_name", models.CharField(editable=False, max_length=200, verbose_name="asked by")),
                ("decided_by_id", models.BigIntegerField(editable=False, null=True)),
                (
                    "decided_by_name",
                    models.CharField(blank=True, editable=False, max_length=200, verbose_name="decided by"),
                ),
                ("decided_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="decided at")),
                ("answer", models.CharField(blank=True, editable=False, max_length=300, verbose_name="answer")),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("present", "present"),
                            ("late", "late"),
                            ("absent", "absent"),
                            ("excused", "excused"),
                        ],
                        max_length=8,
                        verbose_name="outcome",
                    ),
                ),
                ("history_user_id", models.BigIntegerField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "attendance",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.attendance",
                        verbose_name="attendance",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical correction of attendance",
                "verbose_name_plural": "historical corrections of attendance",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [models.Index(fields=["history_date", "id"], name="hr_historic_history_f97f15_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalChangeRequest",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                (
                    "history_user_name",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="changed by"),
                ),
                (
                    "history_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ui", "screen"),
                            ("import", "file"),
                            ("self-service", "self-service"),
                            ("job", "background job"),
                            ("cli", "command"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="source",
                    ),
                ),
                ("history_request_id", models.CharField(blank=True, default="", max_length=64)),
                ("history_job_id", models.BigIntegerField(null=True)),
                ("reason", models.CharField(max_length=300, verbose_name="reason")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("approved", "approved"),
                            ("rejected", "rejected"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="waiting",
                        editable=False,
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("asked_by_id", models.BigIntegerField(editable=False)),
                ("asked_by_name", models.CharField(editable=False, max_length=200, verbose_name="asked by")),
                ("decided_by_id", models.BigIntegerField(editable=False, null=True)),
                (
                    "decided_by_name",
                    models.CharField(blank=True, editable=False, max_length=200, verbose_name="decided by"),
                ),
                ("decided_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="decided at")),
                ("answer", models.CharField(blank=True, editable=False, max_length=300, verbose_name="answer")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("data", "change of data"),
                            ("not_mine", "is not one of my people"),
                            ("missing", "is missing among my people"),
                        ],
                        default="data",
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("field", models.CharField(blank=True, max_length=40, verbose_name="field")),
                ("old", models.CharField(blank=True, max_length=254, verbose_name="old value")),
                ("new", models.CharField(blank=True, max_length=254, verbose_name="new value")),
                ("history_user_id", models.BigIntegerField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "employee",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.employee",
                        verbose_name="employee",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical change request",
                "verbose_name_plural": "historical change requests",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [models.Index(fields=["history_date", "id"], name="hr_historic_history_1dcbab_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalEvaluation",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                (
                    "history_user_name",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="changed by"),
                ),
                (
                    "history_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ui", "screen"),
                            ("import", "file"),
                            ("self-service", "self-service"),
                            ("job", "background job"),
                            ("cli", "command"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="source",
                    ),
                ),
                ("history_request_id", models.CharField(blank=True, default="", max_length=64)),
                ("history_job_id", models.BigIntegerField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("available", "available"),
                            ("in_progress", "in progress"),
                            ("submitted", "submitted"),
                            ("returned", "returned"),
                            ("graded", "graded"),
                            ("expired", "expired"),
                            ("cancelled", "cancelled"),
                        ],
                        default="pending",
                        editable=False,
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("due_on", models.DateField(blank=True, editable=False, null=True, verbose_name="due on")),
                (
                    "submitted_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="submitted at"),
                ),
                (
                    "score",
                    models.DecimalField(
                        blank=True, decimal_places=2, editable=False, max_digits=5, null=True, verbose_name="score"
                    ),
                ),
                (
                    "grade",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=5, null=True, verbose_name="grade"),
                ),
                ("feedback", models.TextField(blank=True, verbose_name="feedback")),
                (
                    "cancelled_by_outcome",
                    models.BooleanField(
                        default=False, editable=False, verbose_name="cancelled because the person did not come"
                    ),
                ),
                (
                    "return_comment",
                    models.CharField(blank=True, editable=False, max_length=300, verbose_name="comment"),
                ),
                ("graded_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="graded at")),
                ("graded_by_id", models.BigIntegerField(editable=False, null=True)),
                (
                    "graded_by_name",
                    models.CharField(blank=True, editable=False, max_length=200, verbose_name="graded by"),
                ),
                ("history_user_id", models.BigIntegerField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "employee",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.employee",
                        verbose_name="employee",
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.evaluationround",
                        verbose_name="round of evaluations",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical evaluation",
                "verbose_name_plural": "historical evaluations",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [models.Index(fields=["history_date", "id"], name="hr_historic_history_cdd5cc_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalEvaluationForm",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                (
                    "history_user_name",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="changed by"),
                ),
                (
                    "history_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ui", "screen"),
                            ("import", "file"),
                            ("self-service", "self-service"),
                            ("job", "background job"),
                            ("cli", "command"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="source",
                    ),
                ),
                ("history_request_id", models.CharField(blank=True, default="", max_length=64)),
                ("history_job_id", models.BigIntegerField(null=True)),
                ("code", models.CharField(db_index=True, max_length=32, verbose_name="code")),
                ("title", models.CharField(max_length=160, verbose_name="title")),
                ("history_user_id", models.BigIntegerField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
            ],
            options={
                "verbose_name": "historical evaluation form",
                "verbose_name_plural": "historical evaluation forms",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [models.Index(fields=["history_date", "id"], name="hr_historic_history_e4a648_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalEvaluationRound",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                (
                    "history_user_name",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="changed by"),
                ),
                (
                    "history_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ui", "screen"),
                            ("import", "file"),
                            ("self-service", "self-service"),
                            ("job", "background job"),
                            ("cli", "command"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="source",
                    ),
                ),
                ("history_request_id", models.CharField(blank=True, default="", max_length=64)),
                ("history_job_id", models.BigIntegerField(null=True)),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("opens_on", models.DateField(verbose_name="opens on")),
                ("due_on", models.DateField(blank=True, null=True, verbose_name="due on")),
                (
                    "days_to_answer",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="days to answer"),
                ),
                ("history_user_id", models.BigIntegerField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "event",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.event",
                        verbose_name="event",
                    ),
                ),
                (
                    "form_version",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.formversion",
                        verbose_name="version of a form",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical round of evaluations",
                "verbose_name_plural": "historical rounds of evaluations",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [models.Index(fields=["history_date", "id"], name="hr_historic_history_d25902_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalEvent",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                (
                    "history_user_name",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="changed by"),
                ),
                (
                    "history_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ui", "screen"),
                            ("import", "file"),
                            ("self-service", "self-service"),
                            ("job", "background job"),
                            ("cli", "command"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="source",
                    ),
                ),
                ("history_request_id", models.CharField(blank=True, default="", max_length=64)),
                ("history_job_id", models.BigIntegerField(null=True)),
                ("code", models.CharField(db_index=True, max_length=32, verbose_name="code")),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                ("place", models.CharField(blank=True, max_length=200, verbose_name="place")),
                ("starts_at", models.DateTimeField(verbose_name="starts at")),
                ("ends_at", models.DateTimeField(verbose_name="ends at")),
                (
                    "capacity",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Leave it empty if there is room for everybody.",
                        null=True,
                        verbose_name="capacity",
                    ),
                ),
                ("seats_taken", models.PositiveIntegerField(default=0, editable=False, verbose_name="seats taken")),
                (
                    "mandatory",
                    models.BooleanField(
                        default=False,
                        help_text="Everybody of the audience must have attended, as long as it is valid.",
                        verbose_name="mandatory",
                    ),
                ),
                (
                    "open_enrolment",
                    models.BooleanField(
                        default=False,
                        help_text="Whoever it is meant for may register for it.",
                        verbose_name="open enrolment",
                    ),
                ),
                (
                    "completion_percent",
                    models.PositiveSmallIntegerField(
                        default=80,
                        help_text="Of an event with several sessions.",
                        verbose_name="sessions to attend (%)",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "draft"),
                            ("published", "published"),
                            ("in_progress", "in progress"),
                            ("completed", "completed"),
                            ("closed", "closed"),
                            ("cancelled", "cancelled"),
                        ],
                        default="draft",
                        editable=False,
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("state_reason", models.CharField(blank=True, editable=False, max_length=200, verbose_name="reason")),
                ("search_text", models.CharField(default="", editable=False, max_length=300)),
                ("history_user_id", models.BigIntegerField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "kind",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.eventkind",
                        verbose_name="kind",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical event",
                "verbose_name_plural": "historical events",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [models.Index(fields=["history_date", "id"], name="hr_historic_history_5a4af3_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalEventAudience",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                (
                    "history_user_name",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="changed by"),
                ),
                (
                    "history_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ui", "screen"),
                            ("import", "file"),
                            ("self-service", "self-service"),
                            ("job", "background job"),
                            ("cli", "command"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="source",
                    ),
                ),
                ("history_request_id", models.CharField(blank=True, default="", max_length=64)),
                ("history_job_id", models.BigIntegerField(null=True)),
                ("everybody", models.BooleanField(blank=True, null=True, verbose_name="everybody")),
                ("history_user_id", models.BigIntegerField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "employee",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.employee",
                        verbose_name="employee",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.event",
                        verbose_name="event",
                    ),
                ),
                (
                    "org_unit",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.orgunit",
                        verbose_name="unit",
                    ),
                ),
                (
                    "position",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.position",
                        verbose_name="position",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical audience",
                "verbose_name_plural": "historical audience",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [models.Index(fields=["history_date", "id"], name="hr_historic_history_bf75a6_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalEventKind",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                (
                    "history_user_name",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="changed by"),
                ),
                (
                    "history_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ui", "screen"),
                            ("import", "file"),
                            ("self-service", "self-service"),
                            ("job", "background job"),
                            ("cli", "command"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="source",
                    ),
                ),
                ("history_request_id", models.CharField(blank=True, default="", max_length=64)),
                ("history_job_id", models.BigIntegerField(null=True)),
                ("code", models.CharField(db_index=True, max_length=32, verbose_name="code")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "validity_months",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="valid for months"),
                ),
                ("history_user_id", models.BigIntegerField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
            ],
            options={
                "verbose_name": "historical kind of event",
                "verbose_name_plural": "historical kinds of events",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [models.Index(fields=["history_date", "id"], name="hr_historic_history_07ba9d_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalEventSession",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                (
                    "history_user_name",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="changed by"),
                ),
                (
                    "history_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ui", "screen"),
                            ("import", "file"),
                            ("self-service", "self-service"),
                            ("job", "background job"),
                            ("cli", "command"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="source",
                    ),
                ),
                ("history_request_id", models.CharField(blank=True, default="", max_length=64)),
                ("history_job_id", models.BigIntegerField(null=True)),
                ("number", models.PositiveSmallIntegerField(verbose_name="number")),
                ("starts_at", models.DateTimeField(verbose_name="starts at")),
                ("ends_at", models.DateTimeField(verbose_name="ends at")),
                ("history_user_id", models.BigIntegerField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "event",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.event",
                        verbose_name="event",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical session",
                "verbose_name_plural": "historical sessions",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [models.Index(fields=["history_date", "id"], name="hr_historic_history_476c8e_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalFormVersion",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                (
                    "history_user_name",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="changed by"),
                ),
                (
                    "history_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ui", "screen"),
                            ("import", "file"),
                            ("self-service", "self-service"),
                            ("job", "background job"),
                            ("cli", "command"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="source",
                    ),
                ),
                ("history_request_id", models.CharField(blank=True, default="", max_length=64)),
                ("history_job_id", models.BigIntegerField(null=True)),
                ("number", models.PositiveSmallIntegerField(verbose_name="number")),
                (
                    "published_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="published at"),
                ),
                ("history_user_id", models.BigIntegerField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "form",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.evaluationform",
                        verbose_name="evaluation form",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical version of a form",
                "verbose_name_plural": "historical versions of forms",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [models.Index(fields=["history_date", "id"], name="hr_historic_history_579f2b_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalQuestion",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                (
                    "history_user_name",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="changed by"),
                ),
                (
                    "history_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ui", "screen"),
                            ("import", "file"),
                            ("self-service", "self-service"),
                            ("job", "background job"),
                            ("cli", "command"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="source",
                    ),
                ),
                ("history_request_id", models.CharField(blank=True, default="", max_length=64)),
                ("history_job_id", models.BigIntegerField(null=True)),
                ("number", models.PositiveSmallIntegerField(verbose_name="number")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("text", "text"),
                            ("one", "one choice"),
                            ("several", "several choices"),
                            ("scale", "scale"),
                            ("yes_no", "yes or no"),
                            ("number", "number"),
                        ],
                        default="text",
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("text", models.CharField(max_length=300, verbose_name="text")),
                ("choices", models.JSONField(blank=True, default=dict, verbose_name="choices")),
                ("required", models.BooleanField(default=True, verbose_name="required")),
                ("weight", models.PositiveSmallIntegerField(default=0, verbose_name="weight")),
                ("history_user_id", models.BigIntegerField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "version_of",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.formversion",
                        verbose_name="version of a form",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical question",
                "verbose_name_plural": "historical questions",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [models.Index(fields=["history_date", "id"], name="hr_historic_history_159e41_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalSessionMark",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("version", models.PositiveIntegerField(default=1, editable=False)),
                (
                    "created_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="created at"),
                ),
                (
                    "updated_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="updated at"),
                ),
                (
                    "history_user_name",
                    models.CharField(blank=True, default="", max_length=200, verbose_name="changed by"),
                ),
                (
                    "history_source",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ui", "screen"),
                            ("import", "file"),
                            ("self-service", "self-service"),
                            ("job", "background job"),
                            ("cli", "command"),
                        ],
                        default="",
                        max_length=16,
                        verbose_name="source",
                    ),
                ),
                ("history_request_id", models.CharField(blank=True, default="", max_length=64)),
                ("history_job_id", models.BigIntegerField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("present", "present"),
                            ("late", "late"),
                            ("absent", "absent"),
                            ("excused", "excused"),
                        ],
                        default="pending",
                        max_length=8,
                        verbose_name="outcome",
                    ),
                ),
                ("marked_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="marked at")),
                ("marked_by_id", models.BigIntegerField(editable=False, null=True)),
                (
                    "marked_by_name",
                    models.CharField(blank=True, editable=False, max_length=200, verbose_name="marked by"),
                ),
                (
                    "marked_from",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("roll_call", "roll-call"),
                            ("check_in", "check-in"),
                            ("import", "file"),
                            ("correction", "correction"),
                            ("closing", "closing of the event"),
                        ],
                        editable=False,
                        max_length=12,
                        verbose_name="marked from",
                    ),
                ),
                ("history_user_id", models.BigIntegerField(null=True)),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField()),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "attendance",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.attendance",
                        verbose_name="attendance",
                    ),
                ),
                (
                    "session",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hr.eventsession",
                        verbose_name="session",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical mark of a session",
                "verbose_name_plural": "historical marks of sessions",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
                "indexes": [models.Index(fields=["history_date", "id"], name="hr_historic_history_ddb21e_idx")],
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.AlterModelOptions(
            name="employee",
            options={
                "ordering": ["search_text", "id"],
                "permissions": [
                    ("view_personal_data", "Can view personal data"),
                    ("import_employee", "Can import employees"),
                    ("export_employee", "Can export employees"),
                    ("invite_employee", "Can invite employees to log in"),
                    ("act_as_manager", "Can stand in for the manager"),
                    ("view_attendance_of", "Can view attendance of the employee"),
                    ("add_attendance_of", "Can enrol the employee"),
                    ("mark_attendance_of", "Can mark attendance of the employee"),
                    ("view_evaluation_of", "Can view evaluations of the employee"),
                    ("grade_evaluation_of", "Can grade evaluations of the employee"),
                ],
                "verbose_name": "employee",
                "verbose_name_plural": "employees",
            },
        ),
        migrations.AlterModelOptions(
            name="orgunit",
            options={
                "ordering": ["path"],
                "permissions": [
                    ("import_orgunit", "Can import units"),
                    ("export_orgunit", "Can export units"),
                    ("view_employee_in", "Can view employees of the unit"),
                    ("change_employee_in", "Can change employees of the unit"),
                    ("add_employee_in", "Can hire into the unit"),
                    ("view_personal_data_in", "Can view personal data of employees of the unit"),
                    ("view_attendance_in", "Can view attendance of employees of the unit"),
                    ("add_attendance_in", "Can enrol employees of the unit"),
                    ("mark_attendance_in", "Can mark attendance of employees of the unit"),
                    ("view_evaluation_in", "Can view evaluations of employees of the unit"),
                    ("grade_evaluation_in", "Can grade evaluations of employees of the unit"),
                ],
                "verbose_name": "unit",
                "verbose_name_plural": "units",
            },
        ),
        migrations.AlterModelOptions(
            name="outboxmessage",
            options={
                "ordering": ["-id"],
                "permissions": [
                    ("retry_outboxmessage", "Can try again what got stuck"),
                    ("repair_outboxmessage", "Can repair differences between the databases"),
                ],
                "verbose_name": "message to be carried out",
                "verbose_name_plural": "messages to be carried out",
            },
        ),
        migrations.RemoveIndex(
            model_name="notification",
            name="notification_of_user",
        ),
        migrations.AddField(
            model_name="notification",
            name="about_id",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name="importjob",
            name="resource",
            field=models.CharField(
                choices=[
                    ("employees", "employees"),
                    ("units", "units"),
                    ("positions", "positions"),
                    ("attendance", "attendance"),
                ],
                max_length=16,
                verbose_name="what",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="state",
            field=models.CharField(
                choices=[
                    ("pending", "to be sent"),
                    ("sent", "sent"),
                    ("bounced", "bounced"),
                    ("failed", "failed"),
                    ("read", "read"),
                    ("dropped", "no longer needed"),
                ],
                default="pending",
                max_length=8,
                verbose_name="state",
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["user_id", "channel", "state"], name="notification_of_user"),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(fields=["attempts"], name="outbox_attempts"),
        ),
        migrations.AddField(
            model_name="importjob",
            name="event",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="hr.event",
                verbose_name="event",
            ),
        ),
        migrations.AddField(
            model_name="importrow",
            name="employee_id",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="importrow",
            name="event_id",
            field=models.BigIntegerField(null=True),
        ),
    ]
