"""Bundles of models: written, interrupted, taken over; and everything that is no bundle."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from voicectl.errors import DiskFull, ModelMissing, UsageError, VoicectlError
from voicectl_models import bundle, weights
from voicectl_models.__main__ import main
from voicectl_models.intake import lay

OWN = b"\x06\0\0\0\x0c\0WhisperSpec\0weights"
WORDS = b"".join(b"%d\n" % number for number in range(51_865))


def model(folder: Path, content: bytes = OWN) -> Path:
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(content)
    (folder / "vocabulary.txt").write_bytes(WORDS)
    (folder / "config.json").write_text("{}")
    return folder


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Two models: one that the catalogue knows by name, and one of the site's own."""
    folder = tmp_path / "models"
    model(folder / "small", OWN * 60_000)
    model(folder / "swahili")
    return folder


@pytest.fixture
def made(models: Path, tmp_path: Path) -> Path:
    target = tmp_path / "models.tar"
    assert main(["--into", str(models), "export", str(target)]) == 0
    return target


def test_it_is_a_tar_that_anybody_can_read(made: Path, models: Path) -> None:
    with tarfile.open(made) as archive:
        names = archive.getnames()
        manifest = json.load(archive.extractfile(names[0]))
        content = archive.extractfile("small/model.bin").read()
    assert names[0] == "voicectl-models.json"
    assert content == (models / "small" / "model.bin").read_bytes()
    assert [(each["name"], each["licence"]) for each in manifest["models"]] == [
        ("small", "MIT"),
        ("swahili", None),
    ]
    assert {len(f["sha256"]) for each in manifest["models"] for f in each["files"]} == {64}


def test_there_and_back(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other"
    assert main(["--into", str(other), "import", str(made)]) == 0
    assert f"voicectl models import {made} swahili" in capsys.readouterr().err
    assert [found.name for found in weights.installed(other)] == ["small"]
    assert main(["--into", str(other), "import", str(made), "swahili"]) == 0
    assert [found.name for found in weights.installed(other)] == ["small", "swahili"]
    assert main(["--into", str(other), "verify"]) == 0
    assert main(["--into", str(other), "import", str(made), "small", "swahili"]) == 0
    assert capsys.readouterr().err.count("already here") == 2


def test_the_same_models_make_the_same_bundle(made: Path, models: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.tar"
    assert main(["--into", str(models), "export", str(again), "small", "swahili"]) == 0
    assert again.read_bytes() == made.read_bytes()


@pytest.mark.parametrize(
    ("command", "status"), [(["verify"], 1), (["export", "x.tar", "swahili"], 4)]
)
def test_what_cannot_be_read_is_told(
    models: Path, command: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """As on a disk that goes bad."""
    weights_file = models / "swahili" / "model.bin"
    weights_file.unlink()
    weights_file.symlink_to("/proc/self/mem")
    assert main(["--into", str(models), *command]) == status
    assert "cannot be read: Input/output error" in capsys.readouterr().err


def test_a_model_that_it_does_not_carry(made: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not carry 'base'") as caught:
        bundle.take_over(made, ["base"], tmp_path / "other", print)
    assert caught.value.hint == "it carries: small, swahili"


def test_nothing_to_export(tmp_path: Path) -> None:
    assert main(["--into", str(tmp_path), "export", str(tmp_path / "x.tar")]) == 4
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_model_is_not_passed_on(made: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    bundle.take_over(made, (), other, print)
    with (other / "small" / "config.json").open("a") as file:
        file.write(" ")
    with pytest.raises(VoicectlError, match="damaged: the SHA-256 of config.json"):
        bundle.write([weights.find("small", other)], tmp_path / "x.tar", print)
    assert not (tmp_path / "x.tar").exists()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9999, 1.0])
def test_an_interrupted_export_goes_on(
    made: Path, models: Path, tmp_path: Path, share: float
) -> None:
    """What is there keeps its inode; a rotten block in it is written anew."""
    whole, target = made.read_bytes(), tmp_path / "again.tar"
    left = bytearray(whole[: int(share * len(whole))])
    if left:
        left[len(left) // 2] ^= 1
    draft = target.with_name("again.tar.part")
    draft.write_bytes(left)
    inode = draft.stat().st_ino
    assert main(["--into", str(models), "export", str(target)]) == 0
    assert (target.stat().st_ino, target.read_bytes()) == (inode, whole)
    assert not draft.exists()


class Counted(io.BytesIO):
    """A file that counts what is written."""

    written = 0

    def write(self, block: bytes) -> int:
        self.written += len(block)
        return super().write(block)


def test_what_is_there_is_not_written_again() -> None:
    file = Counted(b"aaaabbbbcc")
    lay([b"aaaa", b"bbbb", b"cccc"], file)
    assert (file.getvalue(), file.written) == (b"aaaabbbbcccc", 4)


def test_an_import_that_is_killed_shows_nothing_and_goes_on(made: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    code = (
        "import sys, os, signal\n"
        "from voicectl_models import intake, __main__ as command\n"
        "real, count = intake.blocks_of, 0\n"
        "def blocks(source, size):\n"
        "    for block in real(source, size):\n"
        "        yield block\n"
        "        if size > 1_000_000: os.kill(os.getpid(), signal.SIGKILL)\n"
        "intake.blocks_of = blocks\n"
        "command.main(sys.argv[1:])\n"
    )
    ran = subprocess.run([sys.executable, "-c", code, "--into", other, "import", made], check=False)
    assert ran.returncode == -signal.SIGKILL
    assert weights.installed(other) == []
    assert (other / ".small.import").is_dir()
    assert main(["--into", str(other), "import", str(made)]) == 0
    assert [found.name for found in weights.installed(other)] == ["small"]
    assert not (other / ".small.import").exists()


# everything else


def manifest(**more: object) -> bytes:
    file = {"name": "model.bin", "size": 4, "sha256": "0" * 64}
    one = {"name": "small", "licence": None, "files": [file]}
    return json.dumps({"form": 1, "models": [one]} | more).encode()


def tar(
    path: Path, *members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.USTAR_FORMAT
) -> Path:
    with tarfile.open(path, "w", format=form) as archive:
        for info, content in members:
            if info.isreg():
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def info(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


def named(name: str, file: str = "model.bin") -> bytes:
    files = [{"name": file, "size": 4, "sha256": "0" * 64}]
    return manifest(models=[{"name": name, "licence": None, "files": files}])


HEAD = info("voicectl-models.json")
BAD = {
    "no manifest": [(info("small/model.bin"), b"abcd")],
    "manifest is no json": [(HEAD, b"{")],
    "unknown field": [(HEAD, manifest(more=1))],
    "newer": [(HEAD, manifest(form=2)), (info("small/model.bin"), b"abcd")],
    "long manifest": [(HEAD, manifest(x="y" * bundle.LONGEST_MANIFEST))],
    "missing member": [(HEAD, manifest())],
    "other size": [(HEAD, manifest()), (info("small/model.bin"), b"abcdef")],
    "other name": [(HEAD, manifest()), (info("small/other.bin"), b"abcd")],
    "link": [(HEAD, manifest()), (info("small/model.bin", tarfile.SYMTYPE, "/etc/passwd"), b"")],
    "hard link": [(HEAD, manifest()), (info("small/model.bin", tarfile.LNKTYPE, "a"), b"")],
    "device": [(HEAD, manifest()), (info("small/model.bin", tarfile.CHRTYPE), b"")],
    "fifo": [(HEAD, manifest()), (info("small/model.bin", tarfile.FIFOTYPE), b"")],
    "folder": [(HEAD, manifest()), (info("small", tarfile.DIRTYPE), b"")],
    "sparse": [(HEAD, manifest()), (info("small/model.bin", tarfile.GNUTYPE_SPARSE), b"")],
    "up and out": [(HEAD, named("..")), (info("../model.bin"), b"abcd")],
    "absolute": [(HEAD, named("/tmp")), (info("/tmp/model.bin"), b"abcd")],
    "folder in a name": [(HEAD, named("small", "../x")), (info("small/../x"), b"abcd")],
    "hidden": [(HEAD, named(".ssh")), (info(".ssh/model.bin"), b"abcd")],
}


@pytest.mark.parametrize("members", BAD.values(), ids=BAD)
def test_what_is_no_bundle_is_refused_before_anything_is_copied(
    tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    path, other = tar(tmp_path / "x.tar", *members), tmp_path / "other"
    with pytest.raises(UsageError, match="is no bundle of models"):
        bundle.take_over(path, (), other, print)
    assert not other.exists()
    assert [each.name for each in tmp_path.iterdir()] == ["x.tar"]


def test_other_files(tmp_path: Path, made: Path) -> None:
    path = tmp_path / "x.tar"
    for content in (b"", b"no tar at all" * 100, b"\x1f\x8b" + bytes(600), bytes(1024)):
        path.write_bytes(content)
        with pytest.raises(UsageError, match="is no bundle of models"):
            bundle.take_over(path, (), tmp_path / "other", print)
    long = info("voicectl-models.json")
    long.pax_headers = {"path": "x" * 2000}
    with pytest.raises(UsageError, match="is no plain file"):
        bundle.take_over(
            tar(path, (long, manifest()), form=tarfile.PAX_FORMAT), (), tmp_path / "other", print
        )
    path.write_bytes(made.read_bytes()[:-200_000])
    with pytest.raises(UsageError, match="ends too early"):
        bundle.take_over(path, (), tmp_path / "other", print)
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        bundle.take_over(tmp_path / "nowhere", (), tmp_path / "other", print)


def test_a_size_beyond_every_disk(tmp_path: Path) -> None:
    """Tar can write numbers that no file has."""
    path, size = tmp_path / "x.tar", 2**80
    told = manifest().replace(b'"size": 4', b'"size": %d' % size)
    tar(path, (HEAD, told))
    large = info("small/model.bin")
    large.size = size
    begun = path.read_bytes()[: 512 + -(-len(told) // 512) * 512]
    path.write_bytes(begun + large.tobuf(tarfile.GNU_FORMAT))
    with pytest.raises(UsageError, match="ends too early"):
        bundle.take_over(path, (), tmp_path / "other", print)


@pytest.mark.root
def test_a_full_disk_is_not_the_fault_of_the_bundle(made: Path, tmp_path: Path) -> None:
    """Somebody else takes the room while weights are copied."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=True)

    def crowd(line: str) -> None:
        if line.endswith("copying"):
            (disk / "ballast").write_bytes(bytes(3_500_000))

    try:
        with pytest.raises(DiskFull, match=f"no room is left in {disk}"):
            bundle.take_over(made, (), disk, crowd)
        (disk / "ballast").unlink()
        bundle.take_over(made, (), disk, print)
        assert [found.name for found in weights.installed(disk)] == ["small"]
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_other_content_is_never_visible(tmp_path: Path, made: Path) -> None:
    rotten = bytearray(made.read_bytes())
    rotten[rotten.index(b"weights") + 1000] ^= 1
    made.write_bytes(rotten)
    other = tmp_path / "other"
    with pytest.raises(ModelMissing, match=r"the SHA-256 of model\.bin is"):
        bundle.take_over(made, (), other, print)
    assert weights.installed(other) == []


def test_a_pinned_model_must_be_the_one_of_the_catalogue(tmp_path: Path) -> None:
    path = tar(tmp_path / "x.tar", (HEAD, named("base")), (info("base/model.bin"), b"abcd"))
    with pytest.raises(ModelMissing, match="d01c3014881c9c6f.* was expected"):
        bundle.take_over(path, (), tmp_path / "other", print)
