"""`voicectl asterisk config`: what is printed, and what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

LINES = """
[[listen]]
name = "pbx"
host = "::1"
port = 9092
[[listen]]
name = "old"
transport = "uid"
host = "0.0.0.0"
port = 8300
"""


def test_a_site_without_lines(cli: Cli) -> None:
    ran = cli.run("asterisk", "config")
    assert ran.status == 0
    assert ran.stderr == "voicectl.toml has no [[listen]]: this is for a line on 127.0.0.1:8301\n"
    assert ran.stdout.startswith("; ---- extensions.conf ----\n")
    assert "AudioSocket/127.0.0.1:8301/" in ran.stdout
    assert ";     same => n,Queue(humans)\n" in ran.stdout
    assert "@" not in ran.stdout


def test_the_lines_of_a_site(cli: Cli) -> None:
    cli.site.config.write_text(LINES)
    ran = cli.run("asterisk", "config")
    assert (ran.status, ran.stderr) == (0, "")
    files = [line for line in ran.stdout.splitlines() if line.startswith("; ----")]
    assert files == ["; ---- extensions.conf ----", "; ---- agi-bin/voicectl-old.sh ----"]
    assert "[voicectl]\n" in ran.stdout
    assert "Dial(AudioSocket/[::1]:9092/" in ran.stdout
    assert "[voicectl-old]\n" in ran.stdout
    assert "exec 5<>/dev/tcp/127.0.0.1/8300 " in ran.stdout
    ran = cli.run("asterisk", "config", "--transport", "ari")
    assert ran.stdout.count("[general]\n") == ran.stdout.count("type = user\n") == 1


def test_a_line_on_any_port(cli: Cli) -> None:
    cli.site.config.write_text('[[listen]]\nname = "a"\nport = 0\n')
    ran = cli.run("asterisk", "config")
    assert ran.status == 2
    assert "the line 'a' takes any free port" in ran.stderr


def test_one_file(cli: Cli) -> None:
    ran = cli.run(
        "asterisk", "config", "--transport", "websocket", "--file", "websocket_client.conf"
    )
    assert ran.stdout.startswith("[voicectl]\ntype = websocket_client\n")
    ran = cli.run("asterisk", "config", "--humans", "Dial(PJSIP/7)", "--file", "extensions.conf")
    assert ";     same => n,Dial(PJSIP/7)\n" in ran.stdout


def test_the_password_of_the_site(cli: Cli) -> None:
    (cli.folder / "ari.password").write_text("hush\n")
    cli.site.config.write_text(
        '[asterisk]\nari = "http://127.0.0.2:9000"\nuser = "us"\npassword_file = "ari.password"\n'
    )
    ran = cli.run("asterisk", "config", "--transport", "ari")
    assert "the password is new" not in ran.stderr
    assert "bindaddr = 127.0.0.2\nbindport = 9000\n" in ran.stdout
    assert "[us]\ntype = user\npassword = hush\n" in ran.stdout
    (cli.folder / "ari.password").unlink()
    ran = cli.run("asterisk", "config", "--transport", "ari")
    assert ran.status == 2
    assert "ari.password cannot be read: No such file" in ran.stderr


def test_a_password_that_is_made_up(cli: Cli) -> None:
    first, second = (cli.run("asterisk", "config", "--transport", "ari") for _ in range(2))
    assert first.stdout != second.stdout
    assert "the password is new" in first.stderr


def test_names_that_there_are_not(cli: Cli) -> None:
    ran = cli.run("asterisk", "config", "--transport", "iax")
    assert ran.status == 2
    assert "there are: audiosocket, websocket, ari, uid" in ran.stderr
    ran = cli.run("asterisk", "config", "--file", "sip.conf")
    assert ran.status == 2
    assert "there is no file 'sip.conf'" in ran.stderr
