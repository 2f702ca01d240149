"""The language model `llamacpp`: a GGUF file, run by llama.cpp in a child of its own."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
import weakref
from collections.abc import Callable
from typing import Any, ClassVar

import msgspec

from voicectl import parse
from voicectl.errors import ModelMissing, RunnerFailed
from voicectl.generation import ModelOptions, Outside, Prompt
from voicectl.runners import RunnerInfo
from voicectl_models import device

LOAD_SECONDS = 120.0
"""A model of several GB comes from a slow disk."""
LISTEN_SECONDS = 0.5
"""How often whoever waits looks whether the answer is still wanted."""
LONGEST = 1 << 20
"""Bytes that an answer may have; its tokens are limited, too."""


class _Report(msgspec.Struct, frozen=True):
    """What the child says; see llama_child.py."""

    alive: bool = False
    answer: str | None = None
    failed: str | None = None
    unloadable: str | None = None
    context: int = 0


class LlamaCpp:
    """Keeps the promises of `voicectl.generation.LanguageModel`."""

    info: ClassVar[RunnerInfo] = RunnerInfo(name="llamacpp", task="write", licence="MIT")

    def __init__(
        self, file: str, name: str, options: ModelOptions, outside: Outside | None
    ) -> None:
        """Start the child and wait until it has loaded the file."""
        self.model = name
        self._file = file
        self._options = options
        self._child: _Child | None = None
        self.context = self._ready().context

    @classmethod
    def check(cls, outside: Outside) -> None:
        """Need nothing of the site."""

    def answer(self, prompt: Prompt, heed: Callable[[], None]) -> str:
        """Return what the model writes; a child that is lost or too slow is replaced later."""
        child = self._ready()
        try:
            return child.ask(prompt, heed)
        except BaseException:
            child.end()  # what it still has to say would be taken for the next answer
            raise

    def _ready(self) -> _Child:
        if self._child is None or not self._child.alive:
            self._child = _Child(self._file, self.model, self._options)
            weakref.finalize(self, self._child.end)
        return self._child


class _Child:
    """The process, and the lines to it."""

    def __init__(self, file: str, name: str, options: ModelOptions) -> None:
        threads = device.threads(options.threads, device.available_cores())
        self._name = name
        self._rest = b""
        self._process = subprocess.Popen(
            [
                sys.executable, "-P", "-m", "voicectl_models.llama_child",
                file, str(options.context), str(threads),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        report = self._load()
        if report.unloadable is not None:
            self.end()
            raise ModelMissing(
                f"the model '{name}' cannot be loaded: {report.unloadable}",
                hint="is it a whole GGUF file?",
            )
        self.context = report.context

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def _load(self) -> _Report:
        try:
            return self._report(time.monotonic() + LOAD_SECONDS, lambda: None)
        except RunnerFailed as error:
            self.end()
            raise ModelMissing(
                f"the model '{self._name}' cannot be loaded: {error.text}",
                hint="is it a whole GGUF file, and is there memory for it?",
            ) from error

    def ask(self, prompt: Prompt, heed: Callable[[], None]) -> str:
        """Return the answer. Raises `RunnerFailed`, and what `heed` raises."""
        order: dict[str, Any] = {
            "instruction": prompt.instruction,
            "material": prompt.material,
            "schema": prompt.schema,
            "tries": prompt.tries,
            "tokens": prompt.tokens,
        }
        end = time.monotonic() + prompt.seconds
        self._send(msgspec.json.encode(order) + b"\n")
        while True:
            report = self._report(end, heed)
            if report.failed is not None:
                raise RunnerFailed(f"the model '{self._name}' gave up: {report.failed}")
            if report.answer is not None:
                return report.answer

    def _send(self, line: bytes) -> None:
        assert self._process.stdin is not None  # noqa: S101, it was asked for
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except OSError as error:
            raise self._death() from error

    def _report(self, end: float, heed: Callable[[], None]) -> _Report:
        assert self._process.stdout is not None  # noqa: S101, it was asked for
        descriptor = self._process.stdout.fileno()
        while b"\n" not in self._rest:
            heed()
            if time.monotonic() > end:
                raise RunnerFailed(f"the model '{self._name}' took too long")
            if not select.select([descriptor], (), (), LISTEN_SECONDS)[0]:
                continue
            heard = os.read(descriptor, 1 << 16)
            self._rest += heard
            if not heard or len(self._rest) > LONGEST:
                raise self._death()
        line, _, self._rest = self._rest.partition(b"\n")
        return parse.json(line, _Report)

    def _death(self) -> RunnerFailed:
        self.end()
        return RunnerFailed(
            f"the process of the model '{self._name}' ended unexpectedly"
            f" (status {self._process.returncode})"
        )

    def end(self) -> None:
        """End the process at once; one that is gone already stays so."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
