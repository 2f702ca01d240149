"""Word error rates of voicectl alone; accuracy.py sets others beside them and takes an hour."""

from collections.abc import Iterator

from accuracy import PROMPTS
from corpus import calls, prompts, some
from house import House, house
from report import Section, arguments, models
from scoring import score


def main() -> None:
    given = arguments(__doc__).parse_args()
    count = 10 if given.quick else PROMPTS
    section = Section("wer", "Word error rates of voicectl alone", also=("jiwer",))
    section.say(
        "In percent, as a user gets them from the command line with the defaults and the language "
        "given; two-channel calls are scored over both legs in the order of time."
    )
    with house(models()) as home:
        rows = [row for model in ("tiny.en", "base") for row in of_model(home, model, count)]
    section.table(("", "words", "WER"), rows)
    section.publish(write=given.write)


def of_model(home: House, model: str, count: int) -> Iterator[tuple[str, ...]]:
    """Yield a row for the prompts, and for each call that the model understands."""
    clips = some(prompts(), count)
    heard = home.transcribe([clip.path for clip in clips], "--model", model, "--language", "en")[1]
    yield _row(f"{model}: {len(clips)} prompts", [
        (clip.text, heard[clip.path.stem]["text"]) for clip in clips
    ], "en")  # fmt: skip
    for call in calls():
        if model.endswith(".en") and call.language != "en":
            continue
        flags = ("--model", model, "--language", call.language)
        text = home.transcribe([call.stereo], *flags)[1][call.stereo.stem]["text"]
        yield _row(f"{model}: {call.name}, two channels", [(call.text, text)], call.language)


def _row(what: str, pairs: list[tuple[str, str]], language: str) -> tuple[str, ...]:
    found = score(pairs, language)
    return what, str(found.total), f"{found.error:.1f}"


if __name__ == "__main__":
    main()
