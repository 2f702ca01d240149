"""Webhooks: sent to a real receiver, which fails in every way, until it has heard."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from pathlib import Path

import msgspec
import pytest

from tests.receiver import OTHER, SECRET, Rig, flooding_well, ids, line, saying, trickling, verified
from tests.service import Behaviour, closing, hanging, serving
from tests.waiting import wait_until
from voicectl.errors import ConfigError, LeavesPremises, NotFound
from voicectl.webhook import Webhook
from voicectl_daemon.webhooks.addresses import addresses_of, stays
from voicectl_daemon.webhooks.posting import retry_after
from voicectl_daemon.webhooks.signing import headers, secrets_in


def test_the_signature_is_that_of_the_specification() -> None:
    """The example that its libraries are tested with."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    found = headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330.9, b'{"test": 2432232314}', [secret])
    assert found == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_receiver_that_checks_signatures_accepts_them(rig: Rig) -> None:
    rig.secret.write_text(f"{line(SECRET)}\n{line(OTHER)}\n")
    with serving(saying(204)) as service:
        hook = rig.hook(service.address)
        rig.send(hook)
        rig.add(b'{"a": 1}', b'{"b": "\xc3\xa9"}')
        wait_until(lambda: rig.nothing_left(hook), "both arrived")

    assert service.bodies == [b'{"a": 1}', b'{"b": "\xc3\xa9"}']
    for asked, body in zip(service.headers, service.bodies, strict=True):
        assert verified(asked, body, SECRET)
        assert verified(asked, body, OTHER)
        assert not verified(asked, body, b"another secret of the same size")
        assert not verified(asked, body + b" ")
        assert not verified(asked | {"webhook-id": "msg_1"}, body)
    assert len(set(ids(service))) == 2
    noted = rig.log.requests()
    assert [(each.runner, each.model, each.call, each.status) for each in noted] == [
        ("webhook", "crm", "call1", "204")
    ] * 2
    assert noted[0].sha256 == hashlib.sha256(service.bodies[1]).hexdigest()


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        (saying(500), "answered 500"),
        (saying(429), "answered 429"),
        (saying(404), "answered 404"),
        (hanging, "no answer within"),
        (trickling, "no answer within"),
        (closing, None),
        (flooding_well, None),
        (lambda asked: asked.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "does not speak HTTP"),
    ],
    ids=[
        "500",
        "429",
        "404",
        "hangs",
        "trickles",
        "a body that ends early",
        "a body without end",
        "no HTTP",
    ],
)
def test_what_fails_is_sent_again_under_the_same_id(
    rig: Rig, behaviour: Behaviour, why: str | None
) -> None:
    with serving(behaviour, saying(200)) as service:
        hook = rig.hook(service.address, timeout_seconds=0.5)
        rig.send(hook)
        rig.add(b"{}")
        if why:
            wait_until(lambda: why in rig.problem(hook), why)
        wait_until(lambda: rig.nothing_left(hook), "it arrived")

    if why is None:  # the status said that it was heard
        assert len(service.bodies) == 1
    else:
        assert len(service.bodies) == 2
        assert len(set(ids(service))) == 1
    assert all(verified(*each) for each in zip(service.headers, service.bodies, strict=True))
    (told,) = rig.deliveries.lines([hook])
    assert (told.dead, told.failures, told.problem) == (0, 0, "")


def test_redirects_are_not_followed(rig: Rig) -> None:
    with serving(saying(200)) as elsewhere, serving(saying(200)) as service:
        service.behaviours[:] = [saying(307, location=elsewhere.address)]
        hook = rig.hook(service.address, attempts=2)
        rig.send(hook)
        rig.add(b"{}")
        wait_until(lambda: rig.deliveries.dead(None, 9), "it is given up")

        assert "redirects are not followed" in rig.deliveries.dead("crm", 9)[0].problem
        assert elsewhere.bodies == []
        assert len(service.bodies) == 2


def test_what_is_given_up_can_be_sent_again(rig: Rig) -> None:
    with serving(saying(500)) as service:
        hook = rig.hook(service.address, attempts=2)
        sending = rig.send(hook)
        rig.add(b"{}")
        wait_until(lambda: rig.deliveries.dead("crm", 9), "it is given up")
        (dead,) = rig.deliveries.dead("crm", 9)
        assert (dead.attempts, dead.call, dead.kind) == (2, "call1", "call.alert")
        assert "it was said that" not in dead.problem
        assert rig.deliveries.dead("other", 9) == []

        service.behaviours[:] = [saying(200)]
        with pytest.raises(NotFound, match="no dead event whose id begins"):
            rig.deliveries.retry("crm", "nothing")
        assert rig.deliveries.retry("crm", dead.id[:9]) == 1
        sending.wake()
        wait_until(lambda: len(service.bodies) == 3, "it is sent again")
        wait_until(lambda: rig.nothing_left(hook), "it arrived")
        assert set(ids(service)) == {dead.id}
        assert rig.deliveries.dead(None, 9) == []


def test_a_receiver_that_is_gone_is_told_nothing_until_somebody_says_so(rig: Rig) -> None:
    with serving(saying(410), saying(200)) as service:
        hook = rig.hook(service.address)
        sending = rig.send(hook)
        rig.add(b"1", b"2")
        wait_until(lambda: rig.deliveries.lines([hook])[0].disabled, "it is disabled")
        rig.add(b"3")
        (told,) = rig.deliveries.lines([hook])
        assert (told.waiting, told.dead) == (0, 2)
        assert "410, gone" in told.problem
        rig.deliveries.agree([hook])
        assert rig.deliveries.lines([hook])[0].disabled

        assert rig.deliveries.retry("crm", None) == 2
        sending.wake()
        wait_until(lambda: rig.nothing_left(hook), "both arrived")
        assert sorted(service.bodies[1:]) == [b"1", b"2"]
        assert not rig.deliveries.lines([hook])[0].disabled

    rig.deliveries.gone("crm")
    rig.deliveries.agree([replace_url(hook, "http://127.0.0.1:1/elsewhere")])
    assert not rig.deliveries.disabled()


def replace_url(hook: Webhook, url: str) -> Webhook:
    return msgspec.structs.replace(hook, url=url)


def test_a_receiver_says_how_long_to_wait(rig: Rig) -> None:
    with serving(saying(429, retry_after="3000")) as service:
        hook = rig.hook(service.address)
        rig.send(hook)
        rig.add(b"{}")
        wait_until(lambda: rig.problem(hook), "it is told to wait")
        assert 2900 < (rig.deliveries.due_in("crm") or 0.0) <= 3000


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [("120", 120, 120), ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0), ("9" * 400, 1e300, float("inf"))],
)
def test_how_long_to_wait_is_read(header: str, least: float, most: float) -> None:
    assert least <= (retry_after(header) or 0.0) <= most
    assert retry_after(None) is retry_after("soon") is retry_after("-5") is retry_after("") is None


def test_a_receiver_that_hangs_holds_up_no_other(rig: Rig) -> None:
    with serving(hanging) as stuck, serving(saying(200)) as service:
        slow = rig.hook(stuck.address, "slow", timeout_seconds=60.0)
        hook = rig.hook(service.address)
        rig.send(slow, hook)
        rig.add(b"1", b"2", hook="slow")
        wait_until(lambda: stuck.bodies, "one hangs")
        rig.add(b"3")
        wait_until(lambda: rig.nothing_left(hook), "the other has heard")
        assert len(stuck.bodies) == 1


def test_what_was_on_its_way_is_sent_by_the_next_one(rig: Rig) -> None:
    with serving(hanging, saying(200)) as service:
        hook = rig.hook(service.address, timeout_seconds=60.0)
        rig.send(hook)
        rig.add(b"{}")
        wait_until(lambda: service.bodies, "it is on its way")
        rig.sending.pop().stop()
        assert rig.deliveries.lines([hook])[0].waiting == 1
        rig.send(hook)
        wait_until(lambda: rig.nothing_left(hook), "it arrived")
    assert len(set(ids(service))) == 1
    assert [each.status for each in rig.log.requests()] == ["200", "broken off"]


@pytest.mark.parametrize(
    ("address", "there"),
    [
        ("127.0.0.1", True), ("::1", True), ("10.1.2.3", True), ("172.31.0.1", True),
        ("192.168.7.7", True), ("fd00::1", True), ("::ffff:10.0.0.1", True),
        ("8.8.8.8", False), ("172.32.0.1", False), ("169.254.169.254", False),
        ("::ffff:8.8.8.8", False), ("2001:db8::1", False), ("100.64.0.1", False),
        ("0.0.0.0", False), ("fe80::1%eth0", False),
    ],
)  # fmt: skip
def test_what_is_on_the_premises(address: str, there: bool) -> None:
    assert stays(address) is there


def test_nothing_leaves_that_the_site_did_not_allow(rig: Rig) -> None:
    hook = rig.hook("https://8.8.8.8/hook", attempts=1)
    rig.send(hook)
    rig.add(b"{}")
    wait_until(lambda: rig.deliveries.dead(None, 9), "it is refused")
    assert "this site did not allow it" in rig.deliveries.dead(None, 9)[0].problem
    assert rig.log.requests() == []
    assert asyncio.run(addresses_of(hook, {"8.8.8.8"})) == ["8.8.8.8"]
    with pytest.raises(LeavesPremises, match="can be read on the way"):
        asyncio.run(addresses_of(rig.hook("http://8.8.8.8/hook"), {"8.8.8.8"}))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1/x", "nobody can be reached there"),
        ("http://[::1]:1/x", "nobody can be reached there"),
        ("http://a..b/x", "that is no name of a host"),
    ],
)
def test_a_receiver_that_is_not_there(rig: Rig, url: str, why: str) -> None:
    rig.send(rig.hook(url, attempts=1, timeout_seconds=60.0))
    rig.add(b"{}")
    wait_until(lambda: rig.deliveries.dead(None, 9), "it is given up")
    assert why in rig.deliveries.dead(None, 9)[0].problem


def test_what_cannot_be_noted_is_not_sent(
    rig: Rig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "audit.jsonl").mkdir()
    with serving(saying(200)) as service:
        hook = rig.hook(service.address)
        rig.send(hook)
        rig.add(b"{}")
        wait_until(lambda: "audit log" in caplog.text, "it is told")
        assert service.bodies == []
        (tmp_path / "audit.jsonl").rmdir()
        wait_until(lambda: rig.nothing_left(hook), "it arrived")
    assert len(service.bodies) == len(rig.log.requests()) == 1


def test_a_config_that_changes_counts_at_once(rig: Rig) -> None:
    with serving(hanging) as before, serving(saying(200)) as service:
        sending = rig.send(rig.hook(before.address, timeout_seconds=60.0))
        rig.add(b"{}")
        wait_until(lambda: before.bodies, "it is on its way")
        hook = rig.hook(service.address)
        sending.change([hook])
        wait_until(lambda: rig.nothing_left(hook), "it arrived")
        assert ids(service) == ids(before)


def test_a_secret_is_refused_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "hook.secret"
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        secrets_in(file)
    assert "whsec_" in caught.value.hint
    file.touch(0o600)
    for text in (
        "",
        "hunter2",
        line(b"short"),
        line(SECRET)[6:],
        f"{line(SECRET)}\nnone",
        "whsec_ü",
    ):
        file.write_text(text)
        with pytest.raises(ConfigError, match="must have whsec_") as caught:
            secrets_in(file)
        assert "hunter2" not in str(caught.value)
    file.write_text(line(SECRET) + "\n")
    assert secrets_in(file) == [SECRET]
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="open to others"):
        secrets_in(file)
