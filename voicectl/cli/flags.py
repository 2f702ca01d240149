"""Every flag of `voicectl transcribe`: its names, what it takes, where its value goes.

Names and values are whisper's where whisper has the flag. `_` and `-` are the
same in every name. A flag that is true or false takes `True` or `False` as a
value, or stands alone for `True`.
"""

from __future__ import annotations

from dataclasses import dataclass

from voicectl.cli import values
from voicectl.cli.values import listed, number, one_of, or_none, truth, whole, words

OPTIONS = "options"
"""Goes to the transcribe stage under the flag's own name: see `TranscribeOptions`."""
VOICES = "voices"
"""Goes to the diarize stage: see `DiarizeOptions`."""
STYLE = "style"
"""Goes to the writers of files: see `voicectl.render.Style`."""
COMMAND = "command"
"""Is for the command itself."""

USUAL_FORMATS = ("txt", "srt", "vtt", "tsv", "json")
"""What whisper writes when it is not told what to write."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag."""

    names: str
    """Separated by spaces; the first is the one that the value is known by."""
    shape: str
    """What the value looks like, for the help page; empty for a switch, which takes none."""
    read: values.Reader
    """Makes the value of the text."""
    default: str
    """What holds when the flag is not given, for the help page."""
    help: str
    goes: str = OPTIONS
    many: bool = False
    """May be given several times; every text is a list, and the lists are joined."""

    @property
    def key(self) -> str:
        """The name under which the value travels."""
        return self.names.split()[0].lstrip("-").replace("-", "_")


YES_NO = "True|False"
SHARE = number(0.0, 1.0)
LEVELS = ("debug", "info", "warning", "error")


def switch(names: str, help_text: str) -> Flag:
    """Return a flag that takes no value and is for the command itself."""
    return Flag(names, "", truth, "", help_text, goes=COMMAND)


# fmt: off
FILES = (
    switch("--recursive -r", "Look for recordings in folders inside folders, too."),
    Flag("--output_dir -o", "DIR", values.folder, ".", "Where the files are written.",
         goes=COMMAND),
    Flag("--output_format -f", "FORMAT", listed(str.lower), ",".join(USUAL_FORMATS),
         "Such as txt, srt, vtt, tsv, json, or all; repeat it or give a list.",
         goes=COMMAND, many=True),
    Flag("--channels", "auto|split|mix", one_of("auto", "split", "mix"), "auto",
         "Two-channel calls: each channel by itself (split), or both as one signal (mix)."),
    Flag("--channel-names", "LEFT,RIGHT", values.speaker_names, "SPEAKER_00,SPEAKER_01",
         "Who speaks on which channel, such as agent,caller."),
)
SPEAKERS = (
    Flag("--diarize", YES_NO, truth, "False",
         "Tell speakers apart by voice where they share a channel.", goes=COMMAND),
    Flag("--num-speakers", "N", whole(1), "1 to 2", "How many speak.", goes=VOICES),
    Flag("--min_speakers", "N", whole(1), "1", "How many speak at least.", goes=VOICES),
    Flag("--max_speakers", "N", whole(1), "2", "How many speak at most.", goes=VOICES),
    Flag("--speaker_name", "NAME,...", values.speaker_names, "SPEAKER",
         "One stands for SPEAKER in SPEAKER_00; several are given in order of appearance.",
         goes=VOICES),
    Flag("--diarizer", "NAME", words, "dvector", "Which diarizer tells speakers apart.",
         goes=VOICES),
    Flag("--diarize_model", "NAME|DIR", values.model, "the diarizer's own",
         "A model of voices by its name or its folder.", goes=VOICES),
)
MODEL = (
    Flag("--model", "NAME|DIR", values.model, "the best on this box",
         "A model by its name or its folder."),
    Flag("--model_dir --model_directory", "DIR", values.folder, "",
         "The folder of the model, or the one that contains it under its name.", goes=COMMAND),
    Flag("--task", "transcribe|translate", one_of("transcribe", "translate"), "transcribe",
         "translate writes English, whatever is spoken."),
    Flag("--language -l", "LANGUAGE", values.language_or_any, "detected",
         "What is spoken, as a code or an English name."),
    Flag("--languages", "LANGUAGE,...", listed(values.language), "any",
         "Detect only among these, such as sw,en."),
    Flag("--language_detection_threshold", "P", SHARE, "0.6",
         "How sure a stretch must be to leave the main language of its leg."),
    Flag("--language_detection_segments", "N", whole(1), "4",
         "Windows of each leg that are asked about, at least."),
    Flag("--device", "auto|cpu|cuda", one_of("auto", "cpu", "cuda"), "auto",
         "Where the model runs."),
    Flag("--device_index", "N", whole(0), "0", "Which GPU."),
    Flag("--compute_type", "TYPE", words, "auto", "Precision: int8, float16, float32, ..."),
    Flag("--fp16", YES_NO, truth, "", "Whisper's flag; False asks for --compute_type float32.",
         goes=COMMAND),
    Flag("--threads", "N", whole(0), "0", "Cores to use; 0 takes all."),
    Flag("--batch_size", "N", whole(1), "8", "Stretches of speech decoded at once."),
    Flag("--local_files_only", YES_NO, truth, "", "Accepted: transcribing never fetches a model.",
         goes=COMMAND),
)
DECODING = (
    Flag("--temperature", "T,...", listed(number(0.0)), "0", "Where to start, or a list to try."),
    Flag("--temperature_increment_on_fallback", "T", or_none(number(0.0)), "0.2",
         "How much warmer each new try is, up to 1; None tries once.", goes=COMMAND),
    Flag("--beam_size", "N", or_none(whole(1)), "",
         "Beams, at temperature 0; without it 5, and 1 in English where that is sure."),
    Flag("--best_of", "N", whole(1), "5", "Candidates, at other temperatures."),
    Flag("--patience", "P", number(0.0), "1.0", "Patience of the beam search."),
    Flag("--length_penalty", "A", number(), "1.0", "Exponent of the length penalty."),
    Flag("--repetition_penalty", "P", number(0.0), "1.0", "Above 1, said tokens cost more."),
    Flag("--no_repeat_ngram_size", "N", whole(0), "0", "Never repeat so many tokens; 0 may."),
    Flag("--suppress_tokens", "ID,...", listed(whole(-1)), "-1",
         "Tokens never to say; -1 stands for symbols, an empty list for none."),
    Flag("--initial_prompt", "TEXT", words, "",
         "Text as it may have come before the first words."),
    Flag("--hotwords", "TEXT", words, "", "Names and words to listen for."),
    Flag("--vocabulary", "FILE", values.vocabulary, "the site's",
         "Terms to listen for, one a line; None leaves out the site's."),
    Flag("--replacements", "FILE", values.replacements, "the site's",
         "Rules for what is written wrong; None leaves out the site's."),
    Flag("--prefix", "TEXT", words, "", "Text that the first words begin with."),
    Flag("--condition_on_previous_text", YES_NO, truth, "False",
         "Give each stretch the text before it. Whisper does, and loops more."),
    Flag("--compression_ratio_threshold", "R", or_none(number()), "2.4",
         "Text that repeats itself more than this is tried again."),
    Flag("--logprob_threshold", "P", or_none(number()), "-1.0",
         "Text less likely than this is tried again."),
    Flag("--no_speech_threshold", "P", or_none(SHARE), "0.6",
         "Above this, unlikely text is taken for silence."),
    Flag("--hallucination_silence_threshold", "SECONDS", or_none(number(0.0)), "None",
         "Skip longer silence around text that may be invented."),
)
SUBTITLES = (
    Flag("--max_line_width", "N", or_none(whole(1)), "no limit", "Characters in a line.",
         goes=STYLE),
    Flag("--max_line_count", "N", or_none(whole(1)), "no limit", "Lines in one subtitle.",
         goes=STYLE),
    Flag("--max_words_per_line", "N", or_none(whole(1)), "no limit", "Words in a line.",
         goes=STYLE),
    Flag("--highlight_words", YES_NO, truth, "False", "Underline each word as it is spoken.",
         goes=STYLE),
    Flag("--pretty_json", YES_NO, truth, "False", "Indent the json file.", goes=STYLE),
    Flag("--word_timestamps", YES_NO, truth, "", "Accepted: json always has the times of words.",
         goes=COMMAND),
)
SPEECH = (
    Flag("--vad_filter", YES_NO, truth, "True", "Listen only where somebody speaks."),
    switch("--no-vad", "The same as --vad_filter False."),
    Flag("--vad_threshold", "P", SHARE, "0.5", "How sure it must be; lower for quiet voices."),
    Flag("--vad_min_speech_duration_ms", "MS", whole(0), "0", "Shorter sounds are no speech."),
    Flag("--vad_max_speech_duration_s", "SECONDS", number(1.0), "28",
         "Longer speech is cut at its pauses."),
    Flag("--vad_min_silence_duration_ms", "MS", whole(0), "500", "Shorter pauses do not end it."),
)
BEEP = switch("--beep", "Also write NAME.masked.wav, a copy of the recording with a tone over all "
              "that was masked; -f masked.flac and -f masked.ogg take less room.")
KEEP_ORIGINAL = switch("--keep-original", "Keep the call as it was, too, sealed: voicectl calls "
                       "reveal shows it to whoever has the key of a recipient in voicectl.toml.")
BEHAVIOUR = (
    switch("--force", "Do it again even when it is done."),
    switch("--fail-fast", "Stop at the first recording that fails."),
    switch("--verbose -v", "Show the text as it comes."),
    Flag("--print_colors", YES_NO, truth, "", "Show the text as it comes, doubts in colour.",
         goes=COMMAND),
    Flag("--log-level", "LEVEL", one_of(*LEVELS), "info",
         "How much to tell meanwhile; warning and error tell only of problems.", goes=COMMAND),
    switch("--json", "Print what became of every recording as JSON."),
    switch("--offline", "Accepted: nothing ever leaves this machine."),
)
# fmt: on

PANELS = {
    "Input and output": FILES,
    "Speakers on one channel": SPEAKERS,
    "Model and language": MODEL,
    "Decoding": DECODING,
    "Subtitles and files": SUBTITLES,
    "Speech detection": SPEECH,
    "Behaviour": BEHAVIOUR,
}
FLAGS = tuple(flag for group in PANELS.values() for flag in group)
