from __future__ import annotations

import msgspec
import pytest

from voicectl import parse
from voicectl.render import Style


def test_a_misspelt_option_is_refused_by_name():
    with pytest.raises(msgspec.ValidationError, match="max_line_widht"):
        parse.plain({"max_line_widht": 42}, Style)


@pytest.mark.parametrize("name", ["max_line_width", "max_line_count", "max_words_per_line"])
def test_a_line_without_room_is_refused(name):
    with pytest.raises(msgspec.ValidationError, match=name):
        parse.plain({name: 0}, Style)
