"""Wake-ups for the worker. The rows say what is to be done; a task that is lost or comes twice does no harm."""

from django_tasks import task

from hr.admin.export_rows import rows_of_list
from hr.loading import export_jobs, jobs


@task()
def run_import(job_id: int) -> None:
    jobs.run(job_id)


@task()
def run_export(log_id: int) -> None:
    export_jobs.run(log_id, rows_of_list)
