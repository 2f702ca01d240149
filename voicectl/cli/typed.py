"""What was typed after `voicectl transcribe`, sorted by who has to know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from voicectl.cli import values
from voicectl.cli.flags import COMMAND, FLAGS, OPTIONS, STYLE, VOICES, Flag
from voicectl.errors import UsageError

BY_NAME = {name.replace("_", "-"): flag for flag in FLAGS for name in flag.names.split()}
Sorted: TypeAlias = dict[str, dict[str, Any]]
"""Values by flag, by who has to know."""
USUAL_STEP = 0.2
"""How much warmer whisper decodes each time it tries again."""


def spelled(arguments: Iterable[str]) -> list[str]:
    """Return the arguments with every `True` and `False` where the parser expects it.

    A flag that takes one and stands alone gets `True`; a switch that got one loses it.
    """
    given = list(arguments)
    done: list[str] = []
    while given:
        word = given.pop(0)
        if word == "--":
            return [*done, word, *given]
        name, joined, value = word.partition("=")
        flag = BY_NAME.get(name.replace("_", "-")) if name.startswith("-") else None
        if flag is None:
            done.append(word)
        elif flag.read is not values.truth:
            done += [word] if joined else [word, *given[:1]]
            given = given if joined else given[1:]
        else:
            done += _with_truth(flag, name, value if joined else _next_truth(given))
    return done


def _next_truth(given: list[str]) -> str:
    """Take the word after a flag when it says true or false; else the flag means true."""
    return given.pop(0) if given and given[0].lower() in values.TRUTH else "True"


def _with_truth(flag: Flag, name: str, value: str) -> list[str]:
    if flag.shape or value.lower() not in values.TRUTH:
        return [f"{name}={value}"]
    return [name] if values.truth(value) else []


@dataclass(frozen=True, slots=True)
class Typed:
    """The flags that were typed, and nothing else."""

    options: dict[str, Any]
    """Fields of `TranscribeOptions`."""
    style: dict[str, Any]
    """Fields of `voicectl.render.Style`."""
    command: dict[str, Any]
    """What the command itself has to know."""
    notes: tuple[str, ...] = ()
    """About flags that mean something else here than the user may think."""
    voices: dict[str, Any] | None = None
    """Fields of `DiarizeOptions`; None when speakers need not be told apart."""


def read(given: Mapping[str, Any]) -> Typed:
    """Read the text of every flag that was given.

    Raises `UsageError` that names the flag.
    """
    found = sort(given, FLAGS, "voicectl transcribe")
    options, command = found.setdefault(OPTIONS, {}), found.setdefault(COMMAND, {})
    _temperatures(options, command)
    _place_of_model(options, command)
    if command.pop("no_vad", False):
        options["vad_filter"] = False
    voices = _voices(found.get(VOICES, {}), command)
    return Typed(options, found.get(STYLE, {}), command, _precision(options, command), voices)


def sort(given: Mapping[str, Any], flags: Iterable[Flag], command: str) -> Sorted:
    """Return the values of the flags that were given to `command`, by who has to know.

    Raises `UsageError` that names the flag.
    """
    found: Sorted = {}
    for flag in flags:
        raw = given.get(flag.key)
        if raw not in (None, False, [], ()):
            found.setdefault(flag.goes, {})[flag.key] = _read(flag, raw, command)
    return found


def _read(flag: Flag, raw: Any, command: str) -> Any:
    if raw is True:
        return True
    if flag.many:
        return tuple(dict.fromkeys(part for text in raw for part in flag.read(text)))
    try:
        return flag.read(raw)
    except ValueError as error:
        raise UsageError(
            f"{flag.names.split()[0]}: '{raw}' {error}",
            hint=f"it takes {flag.shape}; see: {command} --help",
        ) from error


def _voices(given: dict[str, Any], command: dict[str, Any]) -> dict[str, Any] | None:
    """Return the options of the diarize stage under its own names, if it is asked for."""
    if command.pop("diarize", False):
        renamed = {"diarizer": "backend", "diarize_model": "model"}
        return {renamed.get(name, name): value for name, value in given.items()}
    if given:
        flag = next(flag for flag in FLAGS if flag.key in given)
        raise UsageError(
            f"{flag.names.split()[0]} is about telling speakers apart, which was not asked for",
            hint="add --diarize, or leave it out",
        )
    return None


def _temperatures(options: dict[str, Any], command: dict[str, Any]) -> None:
    """Climb from a single temperature as whisper does; take a list as it is."""
    asked = "temperature" in options or "temperature_increment_on_fallback" in command
    step = command.pop("temperature_increment_on_fallback", USUAL_STEP)
    start = options.get("temperature", (0.0,))
    if asked and len(start) == 1 and step:
        tries = max(1, int((1.0 - start[0]) / step + 1e-6) + 1)
        start = tuple(round(start[0] + step * each, 6) for each in range(tries))
    if asked:
        options["temperature"] = start


def _place_of_model(options: dict[str, Any], command: dict[str, Any]) -> None:
    """Make one path of `--model_dir` and `--model`, or take the folder as the model itself."""
    folder = command.pop("model_dir", None)
    if folder is None:
        return
    if (folder / "model.bin").is_file():
        options["model"] = str(folder)
        return
    if "model" not in options:
        raise UsageError(
            f"--model_dir: there is no model in {folder}",
            hint="name the model with --model, or the folder that holds its model.bin",
        )
    options["model"] = str(folder / options["model"])


def _precision(options: dict[str, Any], command: dict[str, Any]) -> tuple[str, ...]:
    """Translate whisper's `--fp16`."""
    half = command.pop("fp16", None)
    if half is None or "compute_type" in options:
        return ()
    if half:
        return ("--fp16 True leaves the precision to voicectl; --compute_type float16 insists",)
    options["compute_type"] = "float32"
    return ("--fp16 False is taken as --compute_type float32",)
