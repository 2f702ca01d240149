"""The monitor itself: its views, its keys, and the beat at which it is drawn."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from io import StringIO
from pathlib import Path
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.widgets import ContentSwitcher, DataTable, Footer, Input

from voicectl.errors import VoicectlError
from voicectl.feedback import FeedbackWish
from voicectl.marks import MarkKind, MarkWish
from voicectl.tui import export, ink, masks
from voicectl.tui.board import Board
from voicectl.tui.calls.table import CallTable
from voicectl.tui.calls.view import CallsView
from voicectl.tui.health.view import HealthView
from voicectl.tui.help.screen import Help
from voicectl.tui.jobs.view import JobsView
from voicectl.tui.listening.player import Player
from voicectl.tui.marks.screen import Escalation, Note
from voicectl.tui.rating.screen import Rating
from voicectl.tui.search.view import SearchView
from voicectl.tui.source import Source
from voicectl.tui.top.bar import VIEWS, Bar, Tab
from voicectl.tui.top.notice import Notice
from voicectl.tui.watching import Watcher
from voicectl.types import CallRecord

DRAW_SECONDS = 0.2
"""Between two looks at the board; however much happens, no more is drawn."""


def _now() -> datetime:
    return datetime.now(UTC)


class Monitor(App[None]):
    """Every live call on one screen."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    TITLE = "voicectl"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(key), f"view('{view}')", title, show=False)
            for key, (view, title) in enumerate(VIEWS.items(), 1)
        ),
        Binding("slash", "view('search')", "Search", show=False),
        Binding("escape", "view('calls')", "Calls", show=False),
        Binding("c", "copy_id", "Copy id", show=False),
        Binding("f", "flag", "Flag"),
        Binding("n", "note", "Note"),
        Binding("e", "escalate", "Escalate"),
        Binding("l", "listen", "Listen"),
        Binding("m", "mask", "Unmask"),
        Binding("x", "export", "Export"),
        Binding("r", "rate", "Rate", show=False),
        Binding("question_mark", "help", "Help"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(
        self, open_source: Callable[[], Source], *, now: Callable[[], datetime] = _now
    ) -> None:
        """`open_source` gives a connection to each thread; `now` is the clock that ages are of."""
        super().__init__()
        self.board = Board()
        self.drawn = -1
        """Version of the board that is on the screen."""
        self._watcher = Watcher(open_source, self.board)
        self._player = Player(self.board.say)
        self._now = now
        self._last: tuple[object, ...] = ()
        self._rung = 0
        """Alerts for which the bell has rung."""
        self._known = (False, False)
        """Whether a call was chosen, and in the store, when the keys were last named."""

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield Bar()
        yield Notice(id="notice")
        with ContentSwitcher(initial="calls-view"):
            yield CallsView(id="calls-view")
            yield JobsView(id="jobs-view")
            yield HealthView(id="health-view")
            yield SearchView(id="search-view")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Begin to watch."""
        self.register_theme(ink.THEME)
        self.theme = ink.THEME.name
        self.action_view("calls")
        self._watcher.start()
        self.set_interval(DRAW_SECONDS, self._beat)

    def on_unmount(self) -> None:
        """Let go of the daemon."""
        self._watcher.stop()
        self._player.stop()

    # drawing

    def _beat(self) -> None:
        # While the screen is taken down at the end, parts of it are gone already, or all.
        with suppress(NoMatches):
            if self.screen_stack:
                self.draw()

    def draw(self) -> None:
        """Draw what has changed since the last time."""
        version, now = self.board.version, self._now()
        state = (version, self._view, self.size, now.replace(microsecond=0), self._chosen_row)
        if state == self._last:
            return
        bar = self.screen_stack[0].query_one(Bar)
        bar.tell(self.board.calls(), now)
        bar.choose(self._view)
        self.screen_stack[0].query_one(Notice).tell_of(self.board)
        self._draw_view(now)
        if self._rung < self.board.bells:
            self._rung = self.board.bells
            self.bell()
        while self.board.words:
            self.notify(self.board.words.popleft(), markup=False)
        while self.board.audible:
            self._play(self.board.audible.popleft())
        known = (self._chosen_call is not None, self._record is not None)
        if self._known != known:
            self._known = known
            self.refresh_bindings()
        self._last, self.drawn = state, version

    def _draw_view(self, now: datetime) -> None:
        match self._shown:
            case CallsView() as calls:
                calls.tell(self.board, now, self.size.width)
                for call in self.board.calls():
                    if call.job is not None:
                        self._watcher.outcome(call.id, call.job)
            case JobsView() | HealthView() | SearchView() as view:
                view.tell(self.board)

    @property
    def _shown(self) -> CallsView | JobsView | HealthView | SearchView:
        shown = self.screen_stack[0].query_one(ContentSwitcher).visible_content
        assert isinstance(shown, CallsView | JobsView | HealthView | SearchView)  # noqa: S101, no other is in it
        return shown

    @property
    def _view(self) -> str:
        return (self._shown.id or "").removesuffix("-view")

    @property
    def _chosen_row(self) -> int:
        return self.screen_stack[0].query_one(CallTable).cursor_row

    # what people do

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what works now."""
        if action == "rate":
            return self._record is not None
        if action in ("flag", "note", "escalate", "listen", "mask") and self._chosen_call is None:
            return False
        # A browser lets no page into its clipboard unasked, and nobody knows who sits at it.
        return not (action in ("copy_id", "listen", "mask") and self.is_web)

    def action_view(self, view: str) -> None:
        """Show a view, and give the keys to what matters most in it."""
        self.query_one(ContentSwitcher).current = f"{view}-view"
        first: dict[str, type[DataTable[object]] | type[Input] | type[HealthView]] = {
            "search": Input,
            "health": HealthView,
        }
        kind = first.get(view, DataTable)
        place = self._shown if view == "health" else self._shown.query(kind).first()
        place.focus()
        self.draw()

    def action_help(self) -> None:
        """Tell what the keys do."""
        self.push_screen(Help())

    def action_copy_id(self) -> None:
        """Give the id of the call to the terminal's clipboard."""
        call = self._chosen_call
        if call is None:
            self.notify("No call is chosen.", markup=False)
            return
        self.copy_to_clipboard(call)
        self.notify(f"{call} was given to the clipboard.", markup=False)

    def action_flag(self) -> None:
        """Flag the chosen call, or take its flag away."""
        if (call := self._chosen_call) is None:
            return
        flags = [mark for mark in self.board.marks(call) if mark.kind is MarkKind.FLAG]
        if flags:
            self._watcher.unmark(call, flags)
        else:
            self._watcher.mark(call, MarkWish(MarkKind.FLAG))

    def action_note(self) -> None:
        """Ask what there is to note about the chosen call."""
        self._ask_for_mark(Note)

    def action_escalate(self) -> None:
        """Ask whether others are to be told of the chosen call."""
        self._ask_for_mark(Escalation)

    def _ask_for_mark(self, screen: type[Note] | type[Escalation]) -> None:
        if (call := self._chosen_call) is None:
            return

        def keep(wish: MarkWish | None) -> None:
            if wish is not None:
                self._watcher.mark(call, wish)

        self.push_screen(screen(call), keep)

    def action_mask(self) -> None:
        """Show the chosen call unmasked to somebody who may see it so, or masked again."""
        if (call := self._chosen_call) is None:
            return
        if self.board.is_shown(call):
            self.board.mask(call, off=False)
        else:
            self._watcher.unmask(call)

    def action_listen(self) -> None:
        """Play the chosen call to somebody who may hear it, or stop playing it."""
        if (call := self._chosen_call) is None:
            return
        playing = self.board.playing
        self._player.stop()
        self.board.play(None)
        if playing != call:
            self._watcher.listen(call)

    def _play(self, call: str) -> None:
        live, record = self.board.call(call), self.board.record(call)
        recording = live.recording if live else record.audio.path if record else ""
        if not recording:
            self.board.say(f"Nothing is heard: of {call} nothing is recorded yet.")
            return

        def over() -> bool:
            now = self.board.call(call)
            return now is None or now.state.final

        self.board.play(call)
        self._player.play(Path(recording), over, partial(self.board.play, None))

    def action_rate(self) -> None:
        """Ask what somebody thinks of the chosen call, which is in the store."""
        record = self._record
        if record is None:
            return

        def keep(wish: FeedbackWish | None) -> None:
            if wish is not None:
                self._watcher.rate(record.id, wish)

        self.push_screen(Rating(record.id), keep)

    def action_export(self) -> None:
        """Write the conversation to a file: in this folder, or where the browser puts it."""
        call = self._chosen_call
        live = self.board.call(call)
        record, known = self._record, masks.NOTHING
        if record is not None:
            known = masks.of_record(record)
        elif live is not None:
            record = export.so_far(live, self.board.turns(live.id))
            known = masks.of_analysis(self.board.analysis(live.id))
        if call is None or record is None:
            self.notify("No call is chosen.", markup=False)
            return
        if not self.board.is_shown(call):
            record = export.masked(record, known)
        text = export.document(record)
        if self.is_web:
            self.deliver_text(StringIO(text), save_filename=f"{call}.{export.FORMAT}")
            return
        try:
            path = export.write(Path.cwd(), call, text)
        except VoicectlError as error:
            self.notify(error.text, severity="error", markup=False)
        else:
            self.notify(f"{path} is written.", markup=False)

    @property
    def _record(self) -> CallRecord | None:
        """What is known of the chosen call after it."""
        return self.board.record(self._chosen_call or "")

    @property
    def _chosen_call(self) -> str | None:
        shown = self._shown
        return shown.chosen if isinstance(shown, CallsView | SearchView) else None

    def on_tab_chosen(self, event: Tab.Chosen) -> None:
        """Show a view that was clicked."""
        self.action_view(event.view)

    def on_jobs_view_chosen(self, event: JobsView.Chosen) -> None:
        """Have the recordings of a job listed."""
        self._watcher.tasks(event.job)

    def on_search_view_asked(self, event: SearchView.Asked) -> None:
        """Have calls searched."""
        self._watcher.search(event.text)

    def on_search_view_chosen(self, event: SearchView.Chosen) -> None:
        """Have the call of a hit fetched."""
        self._watcher.record(event.call)
