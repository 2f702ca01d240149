"""Which device, precision and threads are chosen; a GPU that breaks must not break us."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import MODELS
from voicectl.errors import UsageError
from voicectl.interfaces import Wish
from voicectl_models import device, pool


@pytest.mark.parametrize(
    ("where", "tensor_cores", "expected"),
    [
        ("cpu", False, "int8"),
        ("cpu", True, "int8"),
        ("cuda", True, "float16"),
        ("cuda", False, "int8_float32"),
    ],
)
def test_precision(where: str, tensor_cores: bool, expected: str) -> None:
    assert device.precision(where, tensor_cores) == expected


@pytest.mark.parametrize(
    ("where", "cores", "expected"),
    [("cpu", 2, False), ("cpu", 15, False), ("cpu", 16, True), ("cuda", 1, True)],
)
def test_larger_models_need_a_gpu_or_many_cores(where: str, cores: int, expected: bool) -> None:
    assert device.bears_heavy(where, cores) is expected


@pytest.mark.parametrize(
    ("asked", "available", "expected"), [(0, 8, 8), (4, 8, 4), (16, 8, 8), (0, 0, 1), (1, 0, 1)]
)
def test_threads(asked: int, available: int, expected: int) -> None:
    assert device.threads(asked, available) == expected


def test_available_cores_counts_only_those_this_process_may_use() -> None:
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(everywhere)})
    try:
        assert device.available_cores() == 1
    finally:
        os.sched_setaffinity(0, everywhere)
    assert device.available_cores() == len(everywhere)


def test_without_an_nvidia_device_nothing_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/there/is/no/python")
    assert device.probe_gpu(tmp_path) == (0, "no NVIDIA device on this machine")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/nvidia0").touch()
    _, reason = device.probe_gpu(tmp_path / "other")
    assert reason == "the GPU could not be asked: No such file or directory", "it would be seen"


@pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="this machine has a GPU")
def test_a_device_file_without_a_driver_is_no_gpu(tmp_path: Path) -> None:
    (tmp_path / "nvidia0").touch()
    count, reason = device.probe_gpu(tmp_path)
    assert count == 0
    assert "CUDA" in reason


def test_a_library_that_aborts_takes_only_the_probe_with_it() -> None:
    dying = "import os, sys; sys.stderr.write('Unable to load libcudnn_ops.so\\n'); os.abort()"
    found = device.ask([sys.executable, "-c", dying])
    assert found.count == 0
    assert found.reason == "CUDA does not work here: Unable to load libcudnn_ops.so"


def test_a_death_without_words_is_named() -> None:
    found = device.ask([sys.executable, "-c", "import os; os.abort()"])
    assert found.reason == "CUDA does not work here: it was ended by SIGABRT"


@pytest.fixture
def broken_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine with a GPU whose libraries abort whoever loads them."""
    program = tmp_path / "probe"
    program.write_text(
        "#!/bin/sh\necho Could not load library libcudnn_ops.so >&2; kill -ABRT $$\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv(device.PROBE_VARIABLE, str(program))
    device.probe.cache_clear()
    yield
    device.probe.cache_clear()


@pytest.mark.usefixtures("broken_gpu")
def test_with_a_broken_gpu_the_cpu_works(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        assert device.choose("auto", "auto") == ("cpu", "int8")
    assert caplog.messages == [
        "the GPU is not used: CUDA does not work here: Could not load library libcudnn_ops.so"
    ]
    with pytest.raises(UsageError, match="Could not load library libcudnn_ops.so"):
        device.choose("cuda", "auto")


@pytest.mark.usefixtures("broken_gpu")
@pytest.mark.parametrize("model", ["auto", "tiny.en"])
def test_a_gpu_that_was_asked_for_is_missed_before_work(model: str) -> None:
    assert pool.candidates(Wish("asr", model, "en"), MODELS)[0].name == "tiny.en"
    with pytest.raises(UsageError, match="no GPU can be used"):
        pool.candidates(Wish("asr", model, "en", device="cuda"), MODELS)


def test_the_libraries_of_the_gpu_extra_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library that tells when it is loaded; beside it one that is broken."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no compiler to make a library with")
    folder = tmp_path / "nvidia" / "cublas" / "lib"
    folder.mkdir(parents=True)
    (tmp_path / "nvidia" / "cudnn" / "lib").mkdir(parents=True)
    (tmp_path / "nvidia" / "cudnn" / "lib" / "libcudnn.so.9").write_text("no library")
    source = tmp_path / "tell.c"
    source.write_text(
        '#include <stdio.h>\n__attribute__((constructor)) void f(){puts("here");fflush(stdout);}'
    )
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-o", folder / "libcublas.so.12", source], check=True
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    code = "from voicectl_models.device import preload; preload()"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "here\n"


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("raise SystemExit(3)", "CUDA does not work here: it ended with status 3"),
        ("import time; time.sleep(60)", "the GPU did not answer in 0.2 s"),
        ("print('hello')", "the GPU's answer made no sense"),
        ('print(\'{"count": 0, "types": []}\')', "CUDA finds no GPU"),
    ],
)
def test_every_other_answer_is_a_reason(program: str, reason: str) -> None:
    seconds = 0.2 if "sleep" in program else device.PROBE_SECONDS
    assert device.ask([sys.executable, "-c", program], seconds) == device.Gpus(0, reason)


def test_a_program_that_is_not_there_is_a_reason() -> None:
    assert device.ask(["/nowhere/python"]).reason.startswith("the GPU could not be asked")


def test_a_gpu_that_answers() -> None:
    program = 'print(\'{"count": 2, "types": ["float16", "int8"]}\')'
    assert device.ask([sys.executable, "-c", program]) == device.Gpus(2, "", tensor_cores=True)


def test_the_cpu_is_chosen_without_looking_for_a_gpu() -> None:
    assert device.choose("cpu", "auto") == ("cpu", "int8")
    assert device.choose("cpu", "float32") == ("cpu", "float32")


@pytest.mark.skipif(device.probe_gpu()[0] > 0, reason="this machine has a GPU")
def test_what_this_machine_gets_without_a_gpu() -> None:
    assert device.choose("auto", "auto") == ("cpu", "int8")
    with pytest.raises(UsageError, match="no GPU can be used") as caught:
        device.choose("cuda", "auto")
    assert caught.value.hint.startswith("use --device cpu, or auto")
