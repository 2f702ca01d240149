"""Networks in ONNX form; the only import of onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime

from voicectl.errors import ModelMissing
from voicectl_models import device


def session(file: Path, name: str, threads: int) -> Any:
    """Return the network in `file`, of the model `name`, ready to run on the CPU.

    What it keeps in other files lies beside it; `threads` 0 takes every core.
    Raises `ModelMissing` when it cannot be loaded.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = device.threads(threads, device.available_cores())
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise unloadable(name, error) from error


def unloadable(name: str, error: Exception) -> ModelMissing:
    """Return the error for weights that a library refuses."""
    return ModelMissing(
        f"the model '{name}' cannot be loaded: {error}",
        hint=f"fetch it again with: voicectl models get {name}",
    )
