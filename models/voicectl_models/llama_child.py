"""The child that owns a GGUF model: one question a line in, one answer a line out, as JSON.

    python -m voicectl_models.llama_child FILE CONTEXT THREADS

llama.cpp aborts where others raise, and nothing can interrupt it while it reads a prompt; here it
takes nobody along, and whoever asked ends it when time is over. The child ends with its line.
"""

from __future__ import annotations

import os
import queue
import resource
import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import llama_cpp
import msgspec

from voicectl import parse

PIECE = 8
"""Tokens of an answer after which the child tells that it is alive."""


def _messages(order: Mapping[str, Any]) -> list[dict[str, str]]:
    told = [{"role": "system", "content": order["instruction"]}]
    told.append({"role": "user", "content": order["material"]})
    for answer, wrong in order["tries"]:
        told += [{"role": "assistant", "content": answer}, {"role": "user", "content": wrong}]
    return told


def _answers(model: Any, order: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield signs of life, then the answer."""
    shape = {"type": "json_object", "schema": order["schema"]}
    stream = model.create_chat_completion(
        messages=_messages(order),
        response_format=shape,
        max_tokens=order["tokens"],
        temperature=0.0,
        stream=True,
    )
    pieces = []
    for number, chunk in enumerate(stream):
        pieces.append(chunk["choices"][0]["delta"].get("content") or "")
        if number % PIECE == 0:
            yield {"alive": True}
    yield {"answer": "".join(pieces)}


def _orders(line: BinaryIO) -> queue.Queue[bytes]:
    """Read in a thread of its own: when the line ends so does the child, whatever it is at."""
    found: queue.Queue[bytes] = queue.Queue()

    def read() -> None:
        for each in line:
            found.put(each)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return found


def main() -> None:
    """Serve until the line ends."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold the call
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what the library prints must not become an answer

    def tell(report: Mapping[str, Any]) -> None:
        out.write(msgspec.json.encode(report) + b"\n")

    orders = _orders(sys.stdin.buffer)
    file, context, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    try:
        model = llama_cpp.Llama(
            file, n_ctx=context, n_threads=threads, n_threads_batch=threads, verbose=False
        )
    except Exception as error:  # noqa: BLE001, whatever it is, the weights cannot be used
        tell({"unloadable": f"{type(error).__name__}: {error}"})
        return
    tell({"context": model.n_ctx()})
    while True:
        try:
            for report in _answers(model, parse.json(orders.get(), dict[str, Any])):
                tell(report)
        except Exception as error:  # noqa: BLE001, the next question may be answered
            tell({"failed": type(error).__name__})  # its text may hold words of the call


if __name__ == "__main__":
    main()
