"""`voicectl webhooks`: what a person sees of them, and doctor of those that fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import Ran, Site
from tests.service import Service, refusing, serving
from tests.waiting import wait_until
from voicectl.client import Door
from voicectl.types import Ask, Source

Run = Callable[..., Ran]

HOOK = """
[[webhook]]
name = "{name}"
url = "{address}/hooks/path-that-is-a-secret"
events = ["job.finished"]
secret_file = "{secret}"
attempts = 1
"""
SECRET = "whsec_" + "c2VjcmV0" * 4


@pytest.fixture
def service(site: Site) -> Iterator[Service]:
    """A receiver that has an error, and a site that is to tell it; another hook is not allowed."""
    with serving(refusing(500)) as made:
        (site.folder / "hook.secret").write_text(SECRET)
        (site.folder / "hook.secret").chmod(0o600)
        crm = HOOK.format(name="crm", address=made.address, secret="hook.secret")
        away = HOOK.format(name="away", address="https://8.8.8.8", secret="hook.secret")
        site.configure("[daemon]\nlinger_seconds = 60\n" + crm + away)
        yield made


def doctor(run: Run) -> list[str]:
    found = json.loads(run("doctor", "--json").stdout)
    return [f"{each['health']}: {each['text']}" for each in found if each["check"] == "webhooks"]


def fail_a_job(site: Site) -> None:
    (site.folder / "bad.wav").write_bytes(b"no recording")
    with Door.open() as door:
        door.submit(Ask((Source(str(site.folder / "bad.wav"), "bad.wav"),)))
        wait_until(lambda: len(door.dead_events(None, 9)) == 2, "both are given up")


def test_a_ping(service: Service, run: Run) -> None:
    failed = run("webhooks", "test", "crm")
    assert (failed.status, failed.stdout) == (1, "")
    assert "crm: the receiver answered 500" in failed.stderr
    refused = run("webhooks", "test", "away")
    assert refused.status == 1
    assert "this site did not allow it" in refused.stderr
    assert 'hosts = ["8.8.8.8"]' in refused.stderr
    assert "there is no webhook called 'x'" in run("webhooks", "test", "x").stderr

    service.behaviours[:] = [lambda asked: asked.respond(204, b"")]
    good = run("webhooks", "test", "crm")
    assert good.status == 0
    assert "crm: the receiver answered 204" in good.stderr
    assert json.loads(run("webhooks", "test", "crm", "--json").stdout)["delivered"]
    assert [json.loads(body)["type"] for body in service.bodies] == ["webhook.ping"] * 3
    audit = run("audit").stdout
    assert audit.count("crm") == 3
    assert "away" not in audit


def test_what_could_not_be_told_is_listed_and_sent_again(
    service: Service, site: Site, run: Run, weights: object
) -> None:
    assert [each.partition(":")[0] for each in doctor(run)] == ["problem"]
    fail_a_job(site)
    listed = run("webhooks", "list")
    assert service.address in listed.stdout
    assert "path-that-is-a-secret" not in listed.stdout
    assert {
        each["name"]: each["dead"] for each in json.loads(run("webhooks", "list", "--json").stdout)
    } == {
        "crm": 1,
        "away": 1,
    }
    (dead,) = json.loads(run("webhooks", "dead", "crm", "--json").stdout)
    assert (dead["kind"], dead["attempts"]) == ("job.finished", 1)
    assert dead["id"] in run("webhooks", "dead").stdout
    assert "warning: 1 attempt in a row failed for 'crm': the receiver answered 500" in doctor(run)

    service.behaviours[:] = [lambda asked: asked.respond(200, b"")]
    again = run("webhooks", "retry", "crm", dead["id"])
    assert (again.status, again.stderr.strip()) == (0, "crm: 1 event to be sent again")
    wait_until(lambda: len(service.bodies) == 2, "it is sent again")
    assert service.headers[0]["webhook-id"] == service.headers[1]["webhook-id"] == dead["id"]
    wait_until(lambda: len(doctor(run)) == 2, "it is heard")
    assert run("webhooks", "dead", "crm").stderr.strip() == "no event was given up"


def test_without_a_webhook(site: Site, run: Run) -> None:
    assert "there are no webhooks" in run("webhooks", "list").stderr
    assert doctor(run) == []
