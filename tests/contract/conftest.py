"""What a stage is lent, with real models and nobody who listens."""

from __future__ import annotations

from pathlib import Path

import pytest

from voicectl_models.lending import Lending
from voicectl_models.pool import Pool


@pytest.fixture(scope="session")
def tools(weights: Path) -> Lending:
    return Lending(Pool(weights))
