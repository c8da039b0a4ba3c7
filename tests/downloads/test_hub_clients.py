"""Downloads by the real clients of the images, against hubs that we play: how they end, and what is fetched twice."""

from collections import Counter

from components.workloads.scripts.download_model import DONE, FAILED, HOPELESS
from tests.downloads.conftest import SHARDS, WORKERS, Job, finished

CUT = 0.97
"""Share of the bytes after which a download breaks."""


def kept(job: Job) -> set[str]:
    """The shards that are in the store, whole."""
    return {name for name in SHARDS if (job.store / name).exists()}


def twice(job: Job) -> int:
    """Bytes that went out more than once."""
    return job.hub.total - job.hub.size


def test_a_model_is_fetched_once_and_is_whole(job: Job) -> None:
    run = job.run()
    assert (run.code, job.is_whole()) == (DONE, True), run.output
    assert twice(job) == 0


def test_a_second_run_asks_the_hub_for_nothing(job: Job) -> None:
    job.run()
    asked = Counter(job.hub.asked)
    assert job.run().code == DONE
    assert job.hub.asked == asked


def test_a_link_that_breaks_at_97_percent_costs_unfinished_files_alone(job: Job) -> None:
    job.hub.cut_after = int(CUT * job.hub.size)
    run = job.run()
    assert (run.code, job.is_whole()) == (DONE, True), run.output
    assert job.hub.was_cut.is_set()
    again = [name for name in SHARDS if job.hub.asked[name] > 1]
    assert len(again) <= WORKERS
    assert twice(job) < sum(len(job.hub.files[name]) for name in again)


def test_a_job_that_is_killed_at_97_percent_fetches_no_finished_file_again(job: Job) -> None:
    job.hub.cut_after, job.hub.hold = int(CUT * job.hub.size), True
    process = job.start()
    assert job.hub.was_cut.wait(60)
    process.kill()
    process.wait()
    done = kept(job)
    assert len(done) >= len(SHARDS) - WORKERS
    run = job.run(MODEL_LOCK_SECONDS="3")
    assert (run.code, job.is_whole()) == (DONE, True), run.output
    # A client notes that a file is whole after it has put it in its place; a kill may come in between.
    again = [name for name in done if job.hub.asked[name] > 1]
    assert len(again) < min(len(done), WORKERS + 1)
    assert max(job.hub.asked[name] for name in done) <= 2
    assert not list(job.store.rglob("*.incomplete"))
    assert twice(job) < (len(SHARDS) - len(done) + len(again)) * len(job.hub.files[SHARDS[0]])


def test_bytes_that_change_on_the_way_are_found_and_fetched_again(job: Job) -> None:
    job.hub.corrupt[SHARDS[2]] = 1
    run = job.run()
    assert (run.code, job.is_whole()) == (DONE, True), run.output
    assert twice(job) == len(job.hub.files[SHARDS[2]])


def test_a_gated_model_without_a_token_ends_at_once_and_says_so(job: Job) -> None:
    job.hub.gated = True
    run = job.run()
    if (job.source, job.clients.modelscope) == ("modelscope", "1.25.0"):
        # It says so in words that it has for a hub out of order too, so the run is not the last.
        assert run.code == FAILED
        assert "make sure you have access authorization" in run.output
    else:
        assert run.code == HOPELESS, run.output
        assert f"{job.source} does not give out maker/seven" in run.output
    assert job.hub.asked.total() < 20


def test_a_revision_that_is_not_there_ends_at_once_and_says_so(job: Job) -> None:
    run = job.run(MODEL_REVISION="v9")
    assert run.code == HOPELESS, run.output
    assert f"{job.source} does not give out maker/seven" in run.output
    assert job.hub.asked.total() < 5


def test_a_store_that_is_full_ends_the_job_and_says_so(job: Job) -> None:
    for name in SHARDS[2:]:
        del job.hub.files[name]
    (job.folder / "store").mkdir()
    mount = f'mount -t tmpfs -o size={job.hub.size // 2} none "{job.folder / "store"}" && exec "$@"'
    run = job.run("unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh")
    assert run.code == HOPELESS, run.output
    assert "the store is full" in run.output


def test_a_small_file_that_cannot_be_had_keeps_the_model_from_being_complete(job: Job) -> None:
    job.hub.corrupt["tokenizer/merges.txt"] = 1000
    run = job.run()
    assert run.code == FAILED, run.output
    assert "merges.txt" in run.output.splitlines()[-1]
    assert not job.marker.exists()


def test_two_jobs_at_once_fetch_the_model_once(job: Job) -> None:
    job.hub.rate = 8e6
    runs = [finished(process) for process in [job.start(), job.start()]]
    assert [run.code for run in runs] == [DONE, DONE], runs
    assert job.is_whole()
    assert twice(job) == 0
    assert any("another run is at work" in run.output for run in runs)
