"""A stack that uses every role at once: cache, bucket, scheduled and manual jobs, more readers, backups."""

from __future__ import annotations

import json
from pathlib import Path

from components.local.host.processes import jobs
from components.local.host.processes.jobs import JobSpec
from tests.engine.deployment import Deployment, refused
from tests.processes import ensure_cache_server
from tests.support import free_port

JOB = {"image": "runtime", "command": ["python", "-c", "import os; print('hello', os.environ['DB_USER'])"]}


def test_everything_at_once(deployment: Deployment) -> None:
    ensure_cache_server()
    port = free_port()
    deployment.configure(
        cache={"port": port},
        buckets={"media": {}},
        services={"api": {"buckets": ["media"], "environment": {"LOG_LEVEL": "info"}}},
        jobs={"report": {**JOB, "when": "schedule", "schedule": "0 1 * * *"}, "load": JOB},
    )
    text = deployment.up().text
    for label in ("cache / server", "bucket-media / folder", "job-report / schedule", "job-load / run", "backups / schedule"):
        assert label in text
    service = next(process for process in deployment.processes() if process.cmdline()[-2:] == ["-m", "runtime"])
    environment = service.environ()
    assert environment["REDIS_PORT"] == str(port)
    assert environment["REDIS_URL"].startswith("redis")
    assert environment["LOG_LEVEL"] == "info"
    bucket = Path(environment["BUCKET_MEDIA"].removeprefix("file://"))
    assert bucket.is_dir()
    (bucket / "logo.svg").write_text("<svg/>")
    assert "no changes" in deployment.up().text

    done = deployment.run("run", "load")
    assert done.code == 0, done.text
    assert "hello reference_app\n" in done.out
    command = json.loads(deployment.run("status", "--json").out)["outputs"]["jobs"]["load"]
    assert command == "python -m operations run load --stack local"

    deployment.configure(buckets={"media": {"deletion_protection": True}})
    deployment.up()
    refused(deployment.run("down", "--yes"), "deletion_protection: false")
    assert (bucket / "logo.svg").exists()


def test_the_backup_job_makes_a_verified_backup(deployment: Deployment) -> None:
    deployment.configure()
    deployment.up()
    jobs.run(JobSpec.from_json(json.loads((deployment.paths.run / "backups" / jobs.SPEC).read_text())))
    assert len(list((deployment.paths.backups / "daily").glob("app_*.dump"))) == 1
    listed = deployment.run("backup", "verify", "--to", str(deployment.paths.backups))
    assert listed.code == 0, listed.text
