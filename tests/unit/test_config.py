"""What a site decides: read strictly, refused by name."""

from pathlib import Path

import pytest

from voicectl import config, paths, sealing
from voicectl.config import Config
from voicectl.errors import ConfigError


def read(tmp_path: Path, text: str | bytes) -> Config:
    path = tmp_path / "voicectl.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return config.read(path)


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    found = config.read(None)
    assert found == Config(recipes=found.recipes)
    assert found.recipes == str(paths.site_folder() / "recipes")
    assert read(tmp_path, "") == Config(recipes=str(tmp_path / "recipes"))
    assert Config().workers.attempts == 3
    assert Config().daemon.socket_group is None
    assert Config().daemon.metrics_at is None


def test_every_field_can_be_set(tmp_path: Path) -> None:
    text = """
        models = "/srv/models"
        [workers]
        count = 2
        lease_seconds = 30
        stall_seconds = 1.5
        attempts = 1
        keep_alive = "1h30m"
        memory_limit = "1.5GB"
        [daemon]
        linger_seconds = 0.5
        socket_group = "operators"
        metrics = "[::1]:9108"
    """
    found = read(tmp_path, text)
    assert found.models == "/srv/models"
    assert (found.workers.count, found.workers.lease_seconds) == (2, 30.0)
    assert (found.workers.stall_seconds, found.workers.attempts) == (1.5, 1)
    assert (found.workers.idle_seconds, found.workers.memory_bytes) == (5400.0, 1_500_000_000)
    assert (found.daemon.linger_seconds, found.daemon.socket_group) == (0.5, "operators")
    assert found.daemon.metrics_at == ("::1", 9108)


@pytest.mark.parametrize("address", ["9108", ":9108", "127.0.0.1", "127.0.0.1:70000", "::1:9108"])
def test_an_address_for_numbers_that_is_none(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigError, match="metrics"):
        read(tmp_path, f'[daemon]\nmetrics = "{address}"')


def test_who_may_read_what_was_masked(tmp_path: Path) -> None:
    identity, recipient = sealing.new_identity()
    found = read(tmp_path, f'[redaction]\nrecipients = ["{recipient}"]\ndrafts = "12h"').redaction
    assert found.recipients == (recipient,)
    assert found.draft_seconds == 43200.0
    secret = identity.splitlines()[-1]
    wrong = (f'recipients = ["{secret}"]', 'recipients = ["age1x"]', "drafts = -1", 'drafts = "x"')
    for text in wrong:
        with pytest.raises(ConfigError, match="recipients|drafts") as caught:
            read(tmp_path, f"[redaction]\n{text}")
        assert secret not in str(caught.value)


def test_the_models_folder_is_found_from_the_file_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/x")
    assert read(tmp_path, 'models = "weights"').models == str(tmp_path / "weights")
    assert read(tmp_path, 'models = "~/weights"').models == "/home/x/weights"
    assert read(tmp_path, 'models = "/weights"').models == "/weights"


@pytest.mark.parametrize(
    ("text", "named", "hint"),
    [
        ("modles = 'x'", "modles", "did you mean 'models'?"),
        ("[workers]\ncuont = 2", "cuont", "did you mean 'count'?"),
        ("[daemon]\nlinger = 2", "linger", "did you mean 'linger_seconds'?"),
        ("[deamon]\n", "deamon", "did you mean 'daemon'?"),
        ("zzzzz = 1", "zzzzz", ""),
        ("[workers]\ncount = 'two'", "workers.count", ""),
        ("[workers]\ncount = 0", "workers.count", ""),
        ("[workers]\nkeep_alive = '5 weeks'", "keep_alive cannot be `5 weeks`", ""),
        ("[workers]\nmemory_limit = '-2GB'", "memory_limit cannot be `-2GB`", ""),
        ("[workers]\nmemory_limit = 1.5", "workers.memory_limit", ""),
        ("[workers]\ncount = 1000", "workers.count", ""),
        ("[workers]\nattempts = 0", "workers.attempts", ""),
        ("[workers]\nlease_seconds = -1", "workers.lease_seconds", ""),
        ("[workers]\nstall_seconds = 0", "workers.stall_seconds", ""),
        ("[daemon]\nlinger_seconds = 0", "daemon.linger_seconds", ""),
        ("workers = 1", "workers", ""),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, named: str, hint: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text)
    assert str(tmp_path / "voicectl.toml") in refused.value.text
    assert named in refused.value.text
    assert refused.value.hint == hint
    assert refused.value.exit_status == 2


@pytest.mark.parametrize(
    "text", ["[workers", "a = = b", b"\xff\xfe", b"a = '\xff'", "a = 1\na = 2"]
)
def test_what_is_no_toml(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(ConfigError, match=r"voicectl.toml"):
        read(tmp_path, text)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.toml", tmp_path):
        with pytest.raises(ConfigError, match="cannot be read") as refused:
            config.read(path)
        assert "VOICECTL_CONFIG" in refused.value.hint


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("0", 0.0), ("90", 90.0), ("-1", None), ("'-1s'", None), ("'5m'", 300.0), ("'1h 30m'", 5400.0)]
    + [("'250ms'", 0.25), ("'45'", 45.0), ("0.5", 0.5)],
)
def test_how_long_models_are_kept(tmp_path: Path, given: str, seconds: float | None) -> None:
    assert read(tmp_path, f"[workers]\nkeep_alive = {given}").workers.idle_seconds == seconds


@pytest.mark.parametrize(
    ("given", "size"),
    [("0", None), ("1000", 1000), ("'2GB'", 2_000_000_000), ("'1 gib'", 2**30), ("'0'", None)],
)
def test_how_large_a_worker_may_grow(tmp_path: Path, given: str, size: int | None) -> None:
    assert read(tmp_path, f"[workers]\nmemory_limit = {given}").workers.memory_bytes == size


def test_roles_are_read(tmp_path: Path) -> None:
    text = """
        [roles]
        channels = ["agent", "caller"]
        swapped = "outbound"
        file_name = '^(?P<direction>in|out)-(?P<agent>\\d+)'
    """
    found = read(tmp_path, text).roles
    assert (found.channels, found.swapped) == (("agent", "caller"), "outbound")
    assert Config().roles.channels == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("file_name = '('", "no regular expression"),
        ("file_name = 'call'", "named groups: none"),
        ("file_name = '(?P<who>x)'", "named groups: who; it may have: direction, agent"),
        ("swapped = 'left'", "Invalid enum value"),
        ("channels = ['']", "length >= 1"),
        ("chanels = ['a']", "chanels"),
    ],
)
def test_rules_for_roles_that_cannot_work_are_refused(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read(tmp_path, f"[roles]\n{line}\n")


SCHEDULE = """
    [[schedule]]
    name = "nightly"
    cron = "0 2 * * *"
    timezone = "Africa/Nairobi"
    recipe = "helpline"
    paths = ["calls", "/srv/calls"]
    output = "text"
"""


def test_schedules_are_read_from_the_file_on(tmp_path: Path) -> None:
    (found,) = read(tmp_path, SCHEDULE).schedule
    assert found.paths == (str(tmp_path / "calls"), "/srv/calls")
    assert (found.recipe, found.output) == ("helpline", str(tmp_path / "text"))
    (found,) = read(tmp_path, SCHEDULE.replace("helpline", "night.toml")).schedule
    assert found.recipe == str(tmp_path / "night.toml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("0 2 * * *", "0 25 * * *", "look at its hour"),
        ("0 2 * * *", "0 2 * *", "minute, hour, day"),
        ("0 2 * * *", "0 0 2 * * *", "minute, hour, day"),
        ("0 2 * * *", "0 0 31 2 *", "day-of-month"),
        ("0 2 * * *", "0 " * 5000, "minute, hour, day"),
        ("0 2 * * *", "@reboot", "minute, hour, day"),
        ("Africa/Nairobi", "Africa/Nairobbery", "there is no timezone `Africa/Nairobbery`"),
        ("Africa/Nairobi", "../../etc/passwd", "there is no timezone"),
        ("Africa/Nairobi", "", "there is no timezone"),
        ('"calls", "/srv/calls"', "", "length >= 1"),
        ("nightly", "../nightly", "schedule"),
        ("recipe", "recipes", "recipes"),
    ],
)
def test_schedules_that_make_no_sense(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, SCHEDULE + SCHEDULE.replace(old, new).replace('"nightly"', '"other"'))
    assert said in refused.value.text
    assert "schedule[1]" in refused.value.text or "schedule[...]" in refused.value.text


def test_two_schedules_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="two schedules are called 'nightly'"):
        read(tmp_path, SCHEDULE * 2)


WEBHOOK = {"name": "crm", "url": "https://crm.example/in", "secret_file": "crm.secret"}


def webhook(**more: str) -> str:
    lines = [f'{key} = "{value}"' for key, value in (WEBHOOK | more).items()]
    return "\n".join(["[[webhook]]", *lines, 'events = ["call.alert"]\n'])


def test_webhooks_are_read(tmp_path: Path) -> None:
    text = '[premises]\nhosts = ["crm.example"]\n'
    found = read(tmp_path, text + webhook() + webhook(name="box", url="http://[::1]:81/"))
    crm, box = found.webhook
    assert found.premises.hosts == ("crm.example",)
    assert crm.secret_file == str(tmp_path / "crm.secret")
    assert (crm.host, crm.port, crm.secure, crm.words) == ("crm.example", 443, True, False)
    assert (box.host, box.port, box.secure) == ("::1", 81, False)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (webhook().replace("call.alert", "*"), "cannot be told of '*'; it can be told of: call."),
        (webhook().replace("call.alert", "transcript.turn"), "'transcript.turn'"),
        (webhook().replace('"call.alert"', ""), "webhook[0].events"),
        (webhook(url="ftp://crm.example"), "the url of the webhook 'crm'"),
        (webhook(url="https://"), "the url of the webhook 'crm'"),
        (webhook(url="https://crm.example/a b"), "the url of the webhook 'crm'"),
        (webhook(url="https://:443/"), "the url of the webhook 'crm'"),
        (webhook(url="https://crm.example:x/"), "the url of the webhook 'crm'"),
        (webhook(url="https://amina:secret@crm.example"), "without user, password"),
        (webhook(url="https://crm.example/#x"), "or `#`"),
        (webhook(secret_file=""), "webhook[0].secret_file"),
        (webhook() * 2, "two webhooks are called 'crm'"),
        (webhook() + "secret = 'whsec_'", "secret"),
        ("[premises]\nhosts = ['https://x']", "premises.hosts"),
    ],
)
def test_a_mistake_in_a_webhook_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text)
    assert named in refused.value.text
