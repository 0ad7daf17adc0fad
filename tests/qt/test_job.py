import gc
import itertools

from PySide6.QtCore import QThread

from ckpt_studio.core.progress import Progress
from ckpt_studio.qt.job import Job
from ckpt_studio.qt.job_queue import JobQueue

SEVEN_GB = 7_000_000_000


def endless(progress, cancel):
    for done in itertools.count():
        cancel.raise_if_cancelled()
        progress(Progress(done, SEVEN_GB))
        QThread.msleep(1)


def test_progress_arrives_on_the_gui_thread_and_not_too_often(qtbot):
    seen = []

    def work(progress, cancel):
        for done in range(5000):
            progress(Progress(SEVEN_GB + done + 1, SEVEN_GB + 5000))

    job = Job(work)
    job.progressed.connect(lambda each: seen.append((QThread.currentThread(), each.done)))
    with qtbot.waitSignals([job.succeeded, job.finished]):
        job.start()
    assert {thread for thread, _ in seen} == {job.thread()}
    assert seen[-1][1] == SEVEN_GB + 5000
    assert len(seen) < 40


def test_a_job_stops_when_asked(qtbot):
    job = Job(endless)
    job.start()
    with qtbot.waitSignals([job.cancelled, job.finished]):
        job.cancel()


def test_an_error_keeps_its_traceback(qtbot):
    def work(progress, cancel):
        raise KeyError("boom")

    job = Job(work)
    with qtbot.waitSignal(job.finished), qtbot.waitSignal(job.failed) as failed:
        job.start()
    assert isinstance(failed.args[0], KeyError)
    assert failed.args[0].__traceback__ is not None


def test_the_queue_runs_jobs_in_order_and_owns_them(qtbot):
    queue, seen = JobQueue(), []
    with qtbot.waitSignal(queue.idle):
        for number in range(20):
            job = Job(lambda progress, cancel, number=number: number)
            job.succeeded.connect(seen.append)
            queue.submit(job)
        del job
        gc.collect()
    assert seen == list(range(20))


def test_a_waiting_job_can_be_taken_out(qtbot):
    queue, ran = JobQueue(), []
    first = Job(endless)
    second = Job(lambda progress, cancel: ran.append(2))
    queue.submit(first)
    queue.submit(second)
    queue.remove(second)
    with qtbot.waitSignal(queue.idle):
        queue.cancel_all()
    assert ran == []
