"""Whether calls by SIP can be tried here."""

from __future__ import annotations

import importlib.util

import pytest

needs_sip = pytest.mark.skipif(
    importlib.util.find_spec("pjsua2") is None, reason="the extra sip is not installed"
)
