"""What the keys do, and what happens by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.tui import scenes
from tests.tui.conftest import Watching, drawn, on_screen, ready, until
from tests.tui.test_pictures import understood
from voicectl.errors import DaemonUnreachable
from voicectl.live import CallState
from voicectl.marks import MarkKind
from voicectl.tui.calls.table import CallTable
from voicectl.tui.conversation.view import Conversation
from voicectl.tui.recorded import Recorded
from voicectl.tui.top.notice import Notice

pytestmark = pytest.mark.anyio
CALL = scenes.call()


def talking(turns: int = 5) -> Recorded:
    """A call that may be long."""
    said = scenes.turns()[:5]
    told = [
        replace(said[at % 5], id=f"{at % 2}-{at}", leg=at % 2, start=float(at))
        for at in range(turns)
    ]
    return scenes.house(scenes.events(CALL, told))


def files(folder: Path) -> dict[str, str]:
    """What is in a folder, the shortest name first."""
    paths = sorted(folder.iterdir(), key=lambda path: len(path.name))
    return {path.name: path.read_text() for path in paths if path.is_file()}


async def test_the_id_of_a_call_goes_to_the_clipboard() -> None:
    app = Watching(talking())
    async with app.run_test() as pilot:
        await ready("c")(pilot)
        assert app.clipboard == CALL.id


async def test_a_conversation_becomes_a_file_and_never_takes_the_place_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = Watching(scenes.house(scenes.events(CALL, scenes.turns())))
    async with app.run_test() as pilot:
        await ready("x", "x")(pilot)
    first, second = files(tmp_path)
    assert (first, second) == (f"{CALL.id}.md", f"{CALL.id}-2.md")
    text = files(tmp_path)[first]
    assert "**caller** `00:08" in text
    assert "knife" in text
    assert "stay on the line" not in text, "it may still change"


async def test_the_end_of_a_conversation_is_followed_until_somebody_scrolls() -> None:
    source = talking(60)
    app = Watching(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready("tab")(pilot)
        view = app.query_one("#conversation", Conversation)
        assert view.scroll_offset.y == view.max_scroll_y > 0
        await pilot.press("home")
        await until(pilot, lambda: view.scroll_offset.y == 0, "the beginning is in sight")
        new = replace(scenes.turns()[0], id="0-99", start=99.0)
        source.happen(scenes.events(CALL, [new])[1:])
        await until(pilot, lambda: len(app.board.turns(CALL.id)) == 61, "one more is told")
        assert view.scroll_offset.y == 0
        await pilot.press("end")
        await until(pilot, lambda: view.scroll_offset.y == view.max_scroll_y, "the end")
        source.happen(scenes.events(CALL, [replace(new, id="0-100", start=100.0)])[1:])
        await until(pilot, lambda: len(app.board.turns(CALL.id)) == 62, "one more is told")
        assert view.scroll_offset.y == view.max_scroll_y


async def test_the_cursor_stays_on_its_call() -> None:
    app = Watching(scenes.house(scenes.ten()))
    async with app.run_test() as pilot:
        await ready("j", "down")(pilot)
        table = app.query_one(CallTable)
        chosen = table.chosen
        assert chosen == scenes.call(2).id
        (gone, *_) = app.board.calls()
        ended = replace(gone, state=CallState.ENDED, ended=scenes.NOW)
        app.source.happen(scenes.events(ended))
        await until(pilot, lambda: app.board.call(gone.id) == ended, "it has ended")
        assert table.chosen == chosen


async def test_the_first_call_after_a_while_is_looked_at() -> None:
    over = scenes.call(8, state=CallState.ENDED, ended=scenes.NOW)
    app = Watching(scenes.house(scenes.events(over)))
    async with app.run_test() as pilot:
        await ready()(pilot)
        assert app.query_one(CallTable).chosen == over.id
        app.source.happen(scenes.events(CALL))
        await until(pilot, lambda: app.board.call(CALL.id), "it comes in")
        assert app.query_one(CallTable).chosen == CALL.id


async def test_nothing_is_drawn_where_nothing_has_changed() -> None:
    app = Watching(talking())
    async with app.run_test() as pilot:
        await ready()(pilot)
        table = app.query_one(CallTable)
        columns = list(table.columns)
        app.board.take(())
        await drawn(pilot)
        assert list(table.columns) == columns


async def test_a_daemon_that_is_away_is_missed_and_found_again() -> None:
    source = talking()
    app = Watching(source)
    async with app.run_test() as pilot:
        await ready()(pilot)
        notice = app.query_one(Notice)
        assert not notice.display
        source.lost = DaemonUnreachable("nobody is there")
        await until(pilot, lambda: app.board.away, "it is missed")
        assert notice.display
        assert app.query_one(CallTable).chosen == CALL.id, "what is known stays in sight"
        source.lost = None
        await until(pilot, lambda: not app.board.away, "it is found")
        assert not notice.display


async def test_escape_leads_back_from_everywhere() -> None:
    app = Watching(talking())
    async with app.run_test() as pilot:
        await ready("question_mark", "escape", "slash", "q", "escape")(pilot)
        assert app.is_running, "a letter of a question is no command"
        assert app.focused is app.query_one(CallTable)


async def test_a_call_that_is_in_the_store_is_rated() -> None:
    source = understood()
    app = Watching(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(also=lambda app: app.board.record(CALL.id))(pilot)
        await pilot.press("r", *"six", "enter")
        assert not source.feedback, "it begins with a number"
        await pilot.press("home", *"4 ", "enter")
        await until(pilot, lambda: source.feedback, "it is kept")
        (given,) = source.feedback
        assert (given.call, given.rating, given.note) == ("c2mt2pr3z59s", 4, "six")


async def test_a_call_in_progress_cannot_be_rated_yet() -> None:
    app = Watching(talking())
    async with app.run_test() as pilot:
        await ready("r")(pilot)
        assert len(app.screen_stack) == 1
        assert "r" not in {
            each.binding.key for each in app.screen.active_bindings.values() if each.enabled
        }


async def test_a_flag_is_set_and_taken_away() -> None:
    source = talking(60)
    app = Watching(source)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready("f")(pilot)
        await until(pilot, lambda: app.board.marks(CALL.id), "it is flagged")
        assert app.board.calls()[0].marked == (MarkKind.FLAG,)
        view = app.query_one("#conversation", Conversation)
        await until(pilot, lambda: view.scroll_offset.y == view.max_scroll_y, "the end is seen")
        assert view.max_scroll_y > 0
        await pilot.press("f")
        await until(pilot, lambda: not app.board.marks(CALL.id), "it is not")
        assert app.board.calls()[0].marked == ()


async def test_notes_and_escalations_are_kept_when_somebody_means_them() -> None:
    source = talking()
    app = Watching(source)
    async with app.run_test() as pilot:
        await ready("n", "enter", "escape", "e", "escape")(pilot)
        assert not source.given, "a note has words, and an escalation is meant"
        await pilot.press("n", *"call back", "enter")
        await until(pilot, lambda: len(app.board.marks(CALL.id)) == 1, "it is kept")
        await pilot.press("e", "enter")
        await until(pilot, lambda: len(app.board.marks(CALL.id)) == 2, "they are told")
    assert [(mark.kind, mark.note) for mark in source.given] == [
        (MarkKind.NOTE, "call back"),
        (MarkKind.ESCALATION, ""),
    ]


async def test_names_and_numbers_are_hidden_until_somebody_may_see_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = scenes.house(scenes.analysed(CALL), may_unmask=False)
    app = Watching(source)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready("m", also=lambda app: app.board.words or len(app._notifications))(pilot)
        assert not app.board.is_shown(CALL.id)
        assert "Amina" not in "\n".join(on_screen(app))
        source.may_unmask = True
        await pilot.press("x", "m")
        await until(pilot, lambda: app.board.is_shown(CALL.id), "it is shown")
        assert "Amina" in "\n".join(on_screen(app))
        assert "0712 345 678" in "\n".join(on_screen(app))
        await pilot.press("x", "m")
        await until(pilot, lambda: not app.board.is_shown(CALL.id), "it is masked again")
        assert "Amina" not in "\n".join(on_screen(app))
    assert source.unmasked == [(CALL.id, "screen")]
    masked, shown = files(tmp_path).values()
    assert ("Amina" in shown, "Kisumu" in shown) == (True, True)
    assert not [word for word in ("Amina", "Kisumu", "345") if word in masked]
    assert "uncle has a knife" in masked


async def test_where_nothing_is_chosen_nothing_is_marked() -> None:
    source = scenes.house(())
    app = Watching(source)
    async with app.run_test() as pilot:
        await ready("f", "n", "e", "m")(pilot)
        assert len(app.screen_stack) == 1
        assert not source.given


async def test_a_beat_after_the_end_is_no_crash() -> None:
    """The last one may come when all screens are gone."""
    app = Watching(scenes.house(()))
    async with app.run_test() as pilot:
        await ready()(pilot)
    app._beat()
