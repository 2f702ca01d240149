"""Flags of other whisper tools that voicectl does not have, and what helps instead."""

from __future__ import annotations

_ALWAYS = "leave it out: "
_NO_ALIGNMENT = "leave it out: words get their times from Whisper itself, there is no alignment"
_NO_MICROPHONE = "voicectl reads recordings, not a microphone"
_VOICE_ACTIVITY = "see --vad_threshold and the other flags of speech detection"

INSTEAD = {
    "--align-model": _NO_ALIGNMENT,
    "--batched": _ALWAYS + "stretches of speech are recognised together; see --batch_size",
    "--chunk-size": "see --vad_max_speech_duration_s",
    "--hf-token": _ALWAYS + "--diarize needs no token",
    "--interpolate-method": _NO_ALIGNMENT,
    "--live-transcribe": _NO_MICROPHONE,
    "--live-input-device": _NO_MICROPHONE,
    "--model-cache-only": _ALWAYS + "transcribing never fetches a model",
    "--multilingual": _ALWAYS + "languages are found per stretch; --languages says which may occur",
    "--no-align": _NO_ALIGNMENT,
    "--print-progress": _ALWAYS + "progress is shown on a terminal",
    "--return-char-alignments": _NO_ALIGNMENT,
    "--speaker-num": "see --num-speakers",
    "--vad-method": _VOICE_ACTIVITY,
    "--vad-offset": _VOICE_ACTIVITY,
    "--vad-onset": _VOICE_ACTIVITY,
}
"""By the flag as the parser spells it, with `-`."""
