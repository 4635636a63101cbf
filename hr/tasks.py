"""Wake-ups for the worker. The rows say what is to be done; a task that is lost or comes twice does no harm."""

from django_tasks import task

from hr.loading import jobs


@task()
def run_import(job_id: int) -> None:
    jobs.run(job_id)
