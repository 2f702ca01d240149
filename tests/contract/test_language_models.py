"""Every language model that is installed keeps its promises; llama.cpp really answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import is_gone
from tests.waiting import wait_until
from voicectl import registry
from voicectl.errors import (
    Cancelled,
    LeavesPremises,
    ModelMissing,
    RunnerFailed,
    UsageError,
    VoicectlError,
)
from voicectl.generation import LanguageModel, ModelOptions, Prompt
from voicectl.interfaces import Wish
from voicectl.runners import RunnerInfo
from voicectl.types import Segment
from voicectl_models import pool, premises, written_by
from voicectl_models.pool import Pool
from voicectl_recipes import answers, interpreting, prompting
from voicectl_recipes.template import Template

TINY = ModelOptions(backend="llamacpp", model="smollm2-135m", context=2048, threads=2)
TWO = Template(title="", sentences=2, words=20, instruction="Write what was said.")
CALL = tuple(
    Segment(at, at, at + 1.0, text, "caller")
    for at, text in enumerate(("My name is Grace.", "My stepfather beats me.", "I am thirteen."))
)
BRIEF = Prompt(
    call="call",
    instruction="Answer.",
    material="Is it so?",
    schema={
        "type": "object",
        "properties": {"so": {"type": "boolean"}},
        "required": ["so"],
        "additionalProperties": False,
    },
    tokens=20,
)
QUESTION = prompting.prompt("call", CALL, TWO, "en")


@pytest.fixture(params=registry.names(registry.LANGUAGE_MODELS))
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def test_finding_out_what_it_is_loads_no_library(name: str) -> None:
    code = (
        "import sys; from voicectl import registry\n"
        f"point = registry._group(registry.LANGUAGE_MODELS)[{name!r}]\n"
        "info = point.load().info\n"
        f"assert info.name == {name!r} and info.task == 'write'\n"
        "print(*{each.partition('.')[0] for each in sys.modules})"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"llama_cpp", "anthropic", "httpx2", "numpy", "torch"} & set(ran.stdout.split())


def test_one_that_leaves_is_refused_until_the_site_names_it(name: str) -> None:
    try:
        leaves = registry.load(registry.LANGUAGE_MODELS, name).info.leaves_premises
    except UsageError as error:
        pytest.skip(f"{error.text}; {error.hint}")
    wish = Wish("write", "some-model", backend=name)
    if not leaves:
        assert premises.admitted(wish) is None
        return
    with pytest.raises(LeavesPremises, match=name) as refused:
        premises.admitted(wish)
    assert f'allow = ["{name}"]' in refused.value.hint


def test_no_other_runner_may_leave() -> None:
    """Nobody would mask what it sends, or note it."""
    premises.demand_that_it_stays(RunnerInfo("here", "embed", ""))
    with pytest.raises(LeavesPremises, match="'cloud' would send calls"):
        premises.demand_that_it_stays(RunnerInfo("cloud", "embed", "", leaves_premises=True))


@pytest.fixture(scope="module")
def llama(weights: Path) -> Iterator[LanguageModel]:
    """The smallest model there is, in a child of its own."""
    try:
        pool.candidates(Wish("write", TINY.model, backend=TINY.backend), weights)
    except VoicectlError as error:
        pytest.skip(f"{error.text}; {error.hint}")
    models = Pool(weights)
    model = models.language_model(TINY)
    assert models.language_model(TINY) is model
    assert models.loaded == ("smollm2-135m",)
    yield model
    child_of(model).kill()


def child_of(model: LanguageModel) -> psutil.Process:
    """Return the process that owns the weights."""
    (child,) = [
        each
        for each in psutil.Process().children()
        if each.status() != psutil.STATUS_ZOMBIE  # left by another test, and nobody's command
        and "voicectl_models.llama_child" in " ".join(each.cmdline())
    ]
    return child


def asked(model: LanguageModel, prompt: Prompt = BRIEF) -> str:
    return model.answer(prompt, lambda: None)


def test_it_answers_in_the_form_that_it_is_asked_for(llama: LanguageModel) -> None:
    found = answers.sentences(asked(llama, QUESTION), TWO, "")
    assert 1 <= len(found) <= 2
    assert all(set(each.evidence) <= {0, 1, 2} for each in found)


def test_it_has_one_text_for_each_segment_in_the_form_that_it_is_asked_for(
    llama: LanguageModel,
) -> None:
    """Whether they are a translation is another question: it is the smallest model there is."""
    question = interpreting.Question("call", "en", "pt", 120.0)
    ((chunk, prompt),) = interpreting.chunks(CALL, question, llama.context)
    assert chunk == list(CALL)
    found = json.loads(asked(llama, prompt))["texts"]
    assert len(found) == len(CALL)
    assert {each["id"] for each in found} <= {0, 1, 2}
    assert all(each["text"] for each in found)


def test_the_same_question_has_the_same_answer(llama: LanguageModel) -> None:
    assert json.loads(asked(llama)) == json.loads(asked(llama))


def test_an_answer_that_is_too_long_is_cut(llama: LanguageModel) -> None:
    short = Prompt("c", "Write a long story.", "[]", QUESTION.schema, tokens=5)
    cut = asked(llama, short)
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut)
    assert len(cut) < 200


def test_what_does_not_fit_is_no_answer_and_the_next_question_is_answered(
    llama: LanguageModel,
) -> None:
    long = Prompt("c", "Write.", "word " * 10_000, QUESTION.schema)
    assert not prompting.fits(long, llama.context)
    with pytest.raises(RunnerFailed, match="gave up"):
        asked(llama, long)
    assert asked(llama)


def test_a_process_that_is_lost_costs_one_answer(llama: LanguageModel) -> None:
    asked(llama)
    before = child_of(llama)
    killed = False

    def heed() -> None:
        nonlocal killed
        if not killed:
            before.send_signal(signal.SIGSEGV)
        killed = True

    with pytest.raises(RunnerFailed, match="ended unexpectedly"):
        llama.answer(BRIEF, heed)
    assert asked(llama)
    assert child_of(llama).pid != before.pid


def test_time_that_is_over_ends_the_process_whatever_it_is_at(llama: LanguageModel) -> None:
    asked(llama)
    before = child_of(llama)
    before.suspend()  # it says nothing any more, as one that hangs in native code
    with pytest.raises(RunnerFailed, match="took too long"):
        asked(llama, Prompt("c", "Write.", "[]", BRIEF.schema, seconds=0.2))
    assert is_gone(before.pid)


def test_work_that_is_called_off_is_put_down(llama: LanguageModel) -> None:
    def heed() -> None:
        raise Cancelled("cancelled")

    with pytest.raises(Cancelled):
        llama.answer(BRIEF, heed)
    assert asked(llama)


def test_the_process_ends_with_whoever_started_it(llama: LanguageModel, weights: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from voicectl.generation import ModelOptions\nfrom voicectl_models.pool import Pool\n"
        f"pool = Pool(Path({str(weights)!r}))\n"
        "pool.language_model(ModelOptions(backend='llamacpp', model='smollm2-135m', context=512))\n"
        "print('ready', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        (child,) = psutil.Process(parent.pid).children()
        os.kill(parent.pid, signal.SIGKILL)
    wait_until(lambda: is_gone(child.pid), "the child ends")


def test_a_model_that_is_none(llama: LanguageModel, weights: Path, tmp_path: Path) -> None:
    for content, why in ((b"no weights", "no GGUF file"), (b"GGUF" + b"\0" * 100, None)):
        file = tmp_path / "broken.gguf"
        file.write_bytes(content)
        time.sleep(0.01)  # another time of change: what was read of a file is remembered
        with pytest.raises(ModelMissing, match=why or "cannot be loaded"):
            Pool(weights).language_model(ModelOptions(backend="llamacpp", model=str(file)))
    os.mkfifo(tmp_path / "pipe.gguf")
    for path in ("/no/where.gguf", str(tmp_path / "pipe.gguf")):
        with pytest.raises(ModelMissing, match="cannot be read"):
            written_by.found(Wish("write", path, backend="llamacpp"), weights)
    with pytest.raises(UsageError, match="needs a model") as unnamed:
        written_by.found(Wish("write", backend="llamacpp"), weights)
    assert "smollm2-135m" in unnamed.value.hint


def test_weights_by_path_are_the_same_weights(llama: LanguageModel, weights: Path) -> None:
    file = weights / "smollm2-135m/model.bin"
    by_name = written_by.found(Wish("write", "smollm2-135m", backend="llamacpp"), weights)
    by_path = written_by.found(Wish("write", str(file), backend="llamacpp"), weights)
    assert by_path[0] == by_name[0]
    assert by_path[2] == by_name[2]
