"""install.sh: what it says when something is missing, and a whole run in a clean clone."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "install.sh"
TOOLS = (
    "awk bash cat chmod cksum cut df dirname env find grep id"
    " ln mkdir mktemp mv rm sed sleep sort tail"
)
NOBODY = 65534


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may enter, with a copy of the script and a `bin` for PATH."""
    with tempfile.TemporaryDirectory(
        prefix="voicectl-install-", ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "checkout").mkdir()
        (folder / "home").mkdir()
        shutil.copy(SCRIPT, folder / "checkout")
        bin_folder = folder / "bin"
        bin_folder.mkdir()
        for tool in TOOLS.split():
            found = shutil.which(tool)
            assert found, f"{tool} is not on this machine"
            (bin_folder / tool).symlink_to(found)
        yield folder


def program(path: Path, body: str) -> None:
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def python_that(
    place: Path, *, version: str = "3.11", venv: bool = True, make_venv: str = "exit 0"
) -> None:
    """Put a `python3` on PATH that answers install.sh's questions like another machine's."""
    major, minor = (int(part) for part in version.split("."))
    old = (major, minor) < (3, 11)
    program(
        place / "bin" / "python3",
        f"""case "$2" in
    *version_info*) echo {version}; exit {int(old)} ;;
    *_base_executable*) echo "$0" ;;
    *ensurepip*) exit {int(not venv)} ;;
    venv) {make_venv} ;;
esac""",
    )


def run(place: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    surroundings = {"PATH": str(place / "bin"), "HOME": str(place / "home"), **variables}
    return subprocess.run(
        [str(place / "checkout" / "install.sh"), *arguments],
        env=surroundings,
        cwd=place,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not on this machine")
@pytest.mark.parametrize("script", ["install.sh", ".ci/run"])
def test_shellcheck(script: str) -> None:
    done = subprocess.run(["shellcheck", ROOT / script], capture_output=True, text=True)
    assert done.stdout == ""


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(place: Path, option: str) -> None:
    done = run(place, option)
    assert done.returncode == 0
    assert done.stdout.startswith("usage: ./install.sh ")
    assert "./install.sh test" in done.stdout


def test_an_unknown_argument(place: Path) -> None:
    done = run(place, "instal")
    assert done.returncode == 2
    assert done.stderr.startswith("usage:")


def test_an_old_python(place: Path) -> None:
    python_that(place, version="3.9")
    done = run(place)
    assert done.returncode == 1
    assert "error: voicectl needs Python 3.11 or newer and python3 is 3.9\n" in done.stderr
    assert "VOICECTL_PYTHON=" in done.stderr
    assert not (place / "checkout" / ".venv").exists()


def test_no_python_at_all(place: Path) -> None:
    done = run(place)
    assert done.returncode == 1
    assert "error: voicectl needs Python 3.11 or newer\n  install one" in done.stderr


def test_no_venv_module(place: Path) -> None:
    python_that(place, venv=False)
    done = run(place)
    assert done.returncode == 1
    assert "its venv module is not installed" in done.stderr
    assert "apt-get install python3.11-venv" in done.stderr
    assert not (place / "checkout" / ".venv").exists()


def test_no_disk(place: Path) -> None:
    python_that(place)
    answer = "Filesystem 1024-blocks Used Available Capacity Mounted on\\nx 9 9 1500000 99%% /"
    program(place / "bin" / "df", f"printf '{answer}\\n'")
    done = run(place)
    assert done.returncode == 1
    assert "voicectl needs 2 GB of disk; 1500 MB are free in" in done.stderr


def test_a_folder_that_cannot_be_written(place: Path) -> None:
    python_that(place)
    (place / "checkout").chmod(0o555)
    script = str(place / "checkout" / "install.sh")
    root = os.getuid() == 0
    done = subprocess.run(
        [script],
        env={"PATH": str(place / "bin"), "HOME": "/nonexistent", "TMPDIR": "/tmp"},
        user=NOBODY if root else None,
        group=NOBODY if root else None,
        extra_groups=[] if root else None,
        cwd="/",
        capture_output=True,
        text=True,
    )
    (place / "checkout").chmod(0o755)
    assert done.returncode == 1
    assert f"error: the folder {place / 'checkout'} cannot be written\n" in done.stderr


def test_someone_elses_environment_is_not_touched(place: Path) -> None:
    python_that(place)
    own = place / "checkout" / ".venv"
    own.mkdir()
    (own / "precious").touch()
    done = run(place)
    assert done.returncode == 1
    assert "is not from install.sh and does not work" in done.stderr
    assert (own / "precious").exists()


def test_an_interrupted_environment_is_thrown_away(place: Path) -> None:
    python_that(place)
    ours = place / "checkout" / ".venv"
    ours.mkdir()
    (ours / "voicectl-unfinished").touch()
    (ours / "half").touch()
    run(place)
    assert not (ours / "half").exists()
    assert (ours / "voicectl-unfinished").exists()


def test_ctrl_c_says_how_to_go_on(place: Path) -> None:
    python_that(place, make_venv="exec sleep 60")
    process = subprocess.Popen(
        [place / "checkout" / "install.sh"],
        env={"PATH": str(place / "bin"), "HOME": str(place / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.read(13) == "Creating .ven"
    time.sleep(0.3)  # the step starts after its name is printed
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted; run it again to go on" in stderr
    assert (place / "checkout" / ".venv" / "voicectl-unfinished").exists()


def test_another_programs_link_stays(place: Path) -> None:
    """The functions of the script, read into a shell that only links."""
    links = place / "links"
    links.mkdir()
    (links / "voicectl").symlink_to("/opt/other/bin/voicectl")
    body = (place / "checkout" / "install.sh").read_text().removesuffix('main "$@"\n')
    program = f"{body}\nVOICECTL_BIN={links}\nlink_command\n"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, cwd=place)
    assert done.returncode == 0, done.stderr
    assert "is not ours and stays" in done.stdout
    assert (links / "voicectl").readlink() == Path("/opt/other/bin/voicectl")


@pytest.fixture
def clone(place: Path) -> Path:
    """A clean clone of what is committed, with this machine's own PATH."""
    shutil.rmtree(place / "checkout")
    subprocess.run(["git", "clone", "-q", ROOT, place / "checkout"], check=True)
    return place


NO_REGISTRY = {
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_FIND_LINKS": "",
    "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
    "PIP_RETRIES": "0",
}


def install(clone: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    here = {name: value for name, value in os.environ.items() if not name.startswith("VOICECTL")}
    own = {"HOME": str(clone / "home"), "VOICECTL_BIN": str(clone / "links")}
    # The daemon that the first call starts must not outlive the test.
    brief = clone / "voicectl.toml"
    brief.write_text("[daemon]\nlinger_seconds = 0.2\n")
    own["VOICECTL_CONFIG"] = str(brief)
    # The settings of pip lie in the home that is hidden; the registry stays this machine's.
    settings = Path.home() / ".config" / "pip" / "pip.conf"
    if settings.is_file():
        own["PIP_CONFIG_FILE"] = str(settings)
    return subprocess.run(
        [clone / "checkout" / "install.sh"],
        env=here | own | variables,
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no clone")
def test_a_registry_that_cannot_be_reached(clone: Path) -> None:
    done = install(clone, **NO_REGISTRY)
    assert done.returncode == 1
    assert "the package registry cannot be reached" in done.stderr
    assert (clone / "checkout" / ".venv" / "voicectl-unfinished").exists()
    assert not (clone / "checkout" / ".venv" / "voicectl-installed").exists()


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no clone")
def test_a_clean_clone_again_and_again(clone: Path) -> None:
    first = install(clone)
    assert first.returncode == 0, first.stderr
    assert "agent" in first.stdout
    assert "caller" in first.stdout
    assert first.stdout.rstrip().endswith("transcribe ./calls/*.wav")
    assert (clone / "checkout" / "first-call" / "call_en_0_2ch_mulaw.txt").is_file()
    assert (clone / "links" / "voicectl").resolve().is_file()
    second = install(clone)
    assert second.returncode == 0, second.stderr
    assert "Installing" not in second.stdout
    # An update that fails must leave what works.
    with (clone / "checkout" / "voicectl" / "types.py").open("a") as file:
        file.write("# changed\n")
    third = install(clone, **NO_REGISTRY)
    assert third.returncode == 1
    assert "the package registry cannot be reached" in third.stderr
    subprocess.run([clone / "checkout" / ".venv" / "bin" / "voicectl", "--version"], check=True)
    fourth = install(clone)
    assert fourth.returncode == 0, fourth.stderr
    assert "Installing voicectl" in fourth.stdout
    assert "Creating .venv" not in fourth.stdout
    subprocess.run(["git", "-C", clone / "checkout", "checkout", "-q", "voicectl"], check=True)
    changes = ["git", "-C", clone / "checkout", "status", "--porcelain"]
    assert subprocess.check_output(changes, text=True) == ""
