"""Which recordings a person means."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from voicectl.cli import inputs
from voicectl.cli.inputs import Found, collect
from voicectl.errors import NotFound, RecordingError, UsageError

NOBODY = 65534


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with recordings, other files, folders; the working directory."""
    for name in ("b.wav", "a.WAV", "notes.txt", "inner/c.mp3", "inner/deep/d.ulaw", ".hidden.wav"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(found: Found) -> list[str]:
    return [recording.name for recording in found.recordings.values()]


def test_files_keep_the_order_of_the_arguments_and_come_once(calls: Path) -> None:
    found = collect(["b.wav", "./a.WAV", str(calls / "b.wav")], recursive=False)
    assert names(found) == ["b.wav", "a.WAV"]
    assert all(path and path.is_absolute() for path in found.recordings)


def test_a_named_file_needs_no_known_ending(calls: Path) -> None:
    assert names(collect(["notes.txt"], recursive=False)) == ["notes.txt"]


def test_a_folder_gives_its_recordings_sorted_and_says_that_there_is_more(calls: Path) -> None:
    found = collect(["."], recursive=False)
    assert names(found) == ["a.WAV", "b.wav"]
    assert found.notes == [f"folders inside '{calls}' are left out: add -r to read them"]


def test_an_empty_variable_of_a_script_is_not_this_folder(calls: Path) -> None:
    with pytest.raises(UsageError, match="has no name"):
        collect(["b.wav", ""], recursive=False)


def test_recursion_goes_into_every_folder(calls: Path) -> None:
    found = collect([str(calls)], recursive=True)
    assert names(found) == ["a.WAV", "b.wav", "c.mp3", "d.ulaw"]
    assert found.notes == []


def test_linked_folders_are_not_followed(calls: Path) -> None:
    (calls / "inner" / "loop").symlink_to(calls)
    assert names(collect(["."], recursive=True)) == ["a.WAV", "b.wav", "c.mp3", "d.ulaw"]


def test_a_link_to_a_file_is_a_recording_under_its_own_name(calls: Path) -> None:
    (calls / "link.wav").symlink_to("b.wav")
    assert names(collect(["link.wav", "b.wav"], recursive=False)) == ["link.wav", "b.wav"]


def test_a_link_that_leads_nowhere_harms_no_other(calls: Path) -> None:
    (calls / "gone.wav").symlink_to("nowhere")
    (calls / "round.wav").symlink_to("round.wav")
    found = collect(["."], recursive=False)
    assert names(found) == ["a.WAV", "b.wav"]
    kinds = {Path(name).name: type(why) for name, why in found.missing.items()}
    assert kinds == {"gone.wav": NotFound, "round.wav": RecordingError}


def test_a_pattern_the_shell_left_alone(calls: Path) -> None:
    found = collect(["*.[wW][aA][vV]", "**/*.mp3"], recursive=False)
    assert names(found) == ["a.WAV", "b.wav", "c.mp3"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(calls: Path) -> None:
    (calls / "[1].wav").write_bytes(b"x")
    assert names(collect(["[1].wav"], recursive=False)) == ["[1].wav"]


def test_stdin(calls: Path) -> None:
    found = collect(["-", "-", "b.wav"], recursive=False)
    assert names(found) == ["stdin", "b.wav"]
    assert found.recordings[None].path is None


@pytest.mark.parametrize(
    ("argument", "text"),
    [("no.wav", "there is no file or folder 'no.wav'"), ("no*.wav", "no file matches 'no*.wav'")],
)
def test_what_does_not_exist_is_named(calls: Path, argument: str, text: str) -> None:
    with pytest.raises(NotFound, match="no file") as caught:
        collect([argument], recursive=False)
    assert caught.value.text == text
    found = collect([argument, "b.wav"], recursive=False)
    assert names(found) == ["b.wav"]
    assert found.missing[argument].text == text


def test_an_empty_folder_is_no_mistake(calls: Path) -> None:
    (calls / "empty").mkdir()
    found = collect(["empty"], recursive=True)
    assert not found.recordings
    assert not found.missing
    assert found.notes == [f"there are no recordings in the folder '{calls / 'empty'}'"]


def test_what_is_no_regular_file_is_left_out_with_a_note(calls: Path) -> None:
    os.mkfifo("pipe.wav")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket.wav")
    found = collect(["pipe.wav", "socket.wav", "b.wav"], recursive=False)
    assert names(found) == ["b.wav"]
    assert found.notes == [
        "'pipe.wav' is no regular file: left out",
        "'socket.wav' is no regular file: left out",
    ]


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything; in here it is somebody who may not."""
    mine = os.getresuid()
    if os.getuid() == 0:
        os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(*mine)


def test_what_may_not_be_read_is_named(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix="vc-") as name:
        folder = Path(name, "calls")
        shutil.copytree(calls, folder)
        Path(name).chmod(0o755)
        folder.chmod(0o755)
        (folder / "b.wav").chmod(0)
        (folder / "inner").chmod(0)
        monkeypatch.chdir(folder)
        with as_nobody():
            found = collect(["."], recursive=True)
        (folder / "inner").chmod(0o700)
    assert names(found) == ["a.WAV"]
    assert sorted(Path(name).name for name in found.missing) == ["b.wav", "inner"]
    assert all("Permission denied" in why.text for why in found.missing.values())


def test_a_name_that_is_not_utf8_becomes_text(calls: Path) -> None:
    raw = os.fsencode(calls) + b"/caf\xe9.wav"
    Path(os.fsdecode(raw)).write_bytes(b"x")
    found = collect([os.fsdecode(raw)], recursive=False)
    (path,) = found.recordings
    assert names(found) == ["caf\ufffd.wav"]
    assert path is not None
    assert not inputs.can_be_sent(path)
    assert inputs.can_be_sent(calls / "b.wav")
