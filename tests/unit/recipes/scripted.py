"""Language models that answer what they were told to, for what is made of answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from voicectl.generation import Prompt
from voicectl.runners import RunnerInfo


@dataclass
class Scripted:
    """Answers one after the other; the last one again and again."""

    said: list[str]
    info: ClassVar[RunnerInfo] = RunnerInfo(name="scripted", task="write", licence="")
    model: str = "scripted"
    context: int = 4096
    asked: list[Prompt] = field(default_factory=list)

    def answer(self, prompt: Prompt, heed: Callable[[], None]) -> str:
        heed()
        self.asked.append(prompt)
        return self.said.pop(0) if len(self.said) > 1 else self.said[0]


class Away(Scripted):
    """One that leaves the premises."""

    info: ClassVar[RunnerInfo] = RunnerInfo("away", "write", "", leaves_premises=True)
