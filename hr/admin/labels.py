"""The colours of states, wherever they are shown."""

from django.utils.translation import gettext as _

from hr.models import Evaluation, ImportJob

STATUS_LABELS = {"registered": "info", "confirmed": "success", "waitlisted": "warning", "cancelled": "default"}
OUTCOME_LABELS = {"pending": "default", "present": "success", "late": "warning", "absent": "danger", "excused": "info"}
DECISION_LABELS = {"waiting": "warning", "approved": "success", "rejected": "danger", "withdrawn": "default"}
EVALUATION_LABELS = {
    Evaluation.State.PENDING: "default",
    Evaluation.State.AVAILABLE: "info",
    Evaluation.State.IN_PROGRESS: "info",
    Evaluation.State.SUBMITTED: "warning",
    Evaluation.State.RETURNED: "danger",
    Evaluation.State.GRADED: "success",
    Evaluation.State.EXPIRED: "danger",
    Evaluation.State.CANCELLED: "default",
}
# A load whose file leaves questions.
ASKING = "asking"
LOAD_LABELS = {
    ImportJob.State.UPLOADED: "info",
    ImportJob.State.MAPPED: "info",
    ImportJob.State.CHECKED: "info",
    ImportJob.State.AWAITING_APPROVAL: "warning",
    ImportJob.State.APPLYING: "info",
    ImportJob.State.APPLIED: "success",
    ImportJob.State.PARTLY_APPLIED: "warning",
    ImportJob.State.UNDOING: "info",
    ImportJob.State.UNDONE: "default",
    ImportJob.State.PARTLY_UNDONE: "warning",
    ImportJob.State.FAILED: "danger",
    ImportJob.State.CANCELLED: "default",
    ASKING: "warning",
}


def load_state(job: ImportJob, *, own: bool) -> tuple[str, str]:
    """The key of LOAD_LABELS and the words for how far a load is; one with questions is not being read any more."""
    if job.state == ImportJob.State.UPLOADED and job.reading:
        return ASKING, _("needs your answer") if own else _("needs an answer")
    return job.state, job.get_state_display()
