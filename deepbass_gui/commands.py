"""Every command of the window, declared once: its menu, words, key, icon and tooltip.

Menus, the toolbar, the shortcut sheet and the user guide's table of keys are made from `COMMANDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenuBar, QWidget

from deepbass_gui import theme


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the window can do.

    Attributes
    ----------
    name
        What code calls it.
    menu
        The menu it stands in.
    text
        Its words there; an ampersand marks the letter to press.
    keys
        Its keys; the first is shown.
    icon
        Name of its icon, or empty.
    tip
        What it does, in a sentence, where the words alone don't say it.
    is_checkable
        Whether it is switched on and off.
    begins_group
        Whether a line stands above it in its menu.
    """

    name: str
    menu: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    is_checkable: bool = False
    begins_group: bool = False


MENUS = ("&File", "&Edit", "&Playlist", "&Transition", "&Beats", "P&lay", "&View", "&Help")

COMMANDS = (
    Command("new", "&File", "&New project", ("Ctrl+N",), "new"),
    Command("open", "&File", "&Open project ...", ("Ctrl+O",), "open"),
    Command("save", "&File", "&Save", ("Ctrl+S",), "save"),
    Command("save_as", "&File", "Save &as ...", ("Ctrl+Shift+S",), "save-as"),
    Command(
        "save_playlist", "&File", "Save &playlist ...", (), "",
        "Writes the files, in their order, as an m3u8, m3u, pls or xspf playlist",
        begins_group=True,
    ),
    Command(
        "render", "&File", "&Render mix ...", ("Ctrl+R",), "render",
        "Renders every transition and writes the whole mix as WAV or FLAC", begins_group=True,
    ),
    Command("models", "&File", "NS&ynth models ...", (), "",
            "Imports, lists and removes the models that NSynth transitions take",
            begins_group=True),
    Command("settings", "&File", "Se&ttings ...", ("Ctrl+,",), "settings"),
    Command("quit", "&File", "&Quit", ("Ctrl+Q",), begins_group=True),
    Command("add", "&Playlist", "&Add music ...", ("Ctrl+I", "Insert"), "add",
            "Adds audio files and playlists behind the last track"),
    Command("add_folder", "&Playlist", "Add a &folder ...", ("Ctrl+Shift+I",), "folder"),
    Command("remove", "&Playlist", "&Remove from playlist", ("Del",), "remove",
            "Takes the chosen tracks out of the playlist; their files stay", begins_group=True),
    Command("duplicate", "&Playlist", "&Duplicate", ("Ctrl+D",), "duplicate"),
    Command("arrange", "&Playlist", "Put in a good &order", ("Ctrl+Shift+A",), "",
            "Orders the tracks so that tempi, keys and loudness go together; one Undo takes it "
            "back"),
    Command("pin", "&Playlist", "&Keep its place in an order", ("P",), "",
            "The chosen tracks keep their places when the playlist is put in order, or no longer"),
    Command("relink", "&Playlist", "Find a &moved file ...", ("Ctrl+L",), "relink",
            "Points a missing track at its new place, and with it others that moved along",
            begins_group=True),
    Command("look_again", "&Playlist", "&Look at files again", ("F5",), "",
            "Reads those files anew that have changed on the disk"),
    Command("previous", "&Transition", "&Previous transition", ("Up",), "previous"),
    Command("next", "&Transition", "&Next transition", ("Down",), "next"),
    Command("next_method", "&Transition", "Next &method", ("M",), "", begins_group=True),
    Command("next_curve", "&Transition", "Next &curve", ("C",), ""),
    Command("render_nsynth", "&Transition", "R&ender NSynth transitions", ("Ctrl+Shift+R",),
            "render", "Renders all NSynth transitions that are not rendered yet, together, so that "
            "they can be heard"),
    Command("find_better", "&Transition", "&Find a better one", ("Ctrl+B",), "search",
            "Tries other lengths, places and curves for this transition, measures each, and offers "
            "the best to your ears", begins_group=True),
    Command("find_better_flagged", "&Transition", "Find better ones for &all flagged",
            ("Ctrl+Shift+B",), "",
            "Measures every transition, searches for those that are flagged, and lets each have "
            "its best; one Undo takes it back"),
    Command("settle", "&Transition", "Ch&oose by measuring", ("Ctrl+Shift+M",), "",
            "Makes every transition on the beat in other lengths and as a plain fade too, measures "
            "them, and lets each have its best; one Undo takes it back"),
    Command("reset", "&Transition", "&Back to the playlist's default", ("Ctrl+Backspace",), "reset",
            "Takes back what this transition has of its own"),
    Command("snap", "&Transition", "&Snap", ("S",), "snap",
            "Edges that are dragged stop at beats, and where sound begins and ends",
            is_checkable=True),
    Command("nudge_left", "&Transition", "Nudge 10 ms earlier", ("Left",), begins_group=True),
    Command("nudge_right", "&Transition", "Nudge 10 ms later", ("Right",)),
    Command("nudge_left_100", "&Transition", "Nudge 100 ms earlier", ("Shift+Left",)),
    Command("nudge_right_100", "&Transition", "Nudge 100 ms later", ("Shift+Right",)),
    Command("nudge_left_1", "&Transition", "Nudge 1 ms earlier", ("Ctrl+Left",)),
    Command("nudge_right_1", "&Transition", "Nudge 1 ms later", ("Ctrl+Right",)),
    Command("nudge_left_frame", "&Transition", "Nudge one frame earlier", ("Alt+Left",)),
    Command("nudge_right_frame", "&Transition", "Nudge one frame later", ("Alt+Right",)),
    Command("beats_halve", "&Beats", "&Halve the tempo", ("/",), "",
            "One beat for two, in the track whose handle is chosen in the editor"),
    Command("beats_double", "&Beats", "&Double the tempo", ("*",), "",
            "Two beats for one, in the track whose handle is chosen in the editor"),
    Command("beats_earlier", "&Beats", "Shift the beats 5 ms &earlier", (",",), begins_group=True),
    Command("beats_later", "&Beats", "Shift the beats 5 ms &later", (".",)),
    Command("beats_downbeat", "&Beats", "Bars begin a beat l&ater", ("D",)),
    Command("beats_here", "&Beats", "A &bar begins at the playhead", ("Shift+D",)),
    Command("beats_tap", "&Beats", "&Tap the beat", ("T",), "",
            "Takes the beat from your taps along with the track whose handle is chosen in the "
            "editor; four or more", begins_group=True),
    Command("beats_found", "&Beats", "Beats as they are &found", (), "",
            "Takes back what was changed of the beats"),
    Command("play", "P&lay", "&Play or pause", ("Space",), "play"),
    Command("play_start", "P&lay", "Play &from the beginning", ("Ctrl+Space",)),
    Command("audition", "P&lay", "A&udition the transition", ("Return", "Enter"), "transition",
            "Plays the chosen transition, with some of the music before and after",
            begins_group=True),
    Command("loop", "P&lay", "&Loop the transition", ("Shift+Return", "Shift+Enter"), "loop"),
    Command("show_a", "P&lay", "Compare: setting &A", ("A",), "compare",
            "Keeps the transition as it is as A; what you change then is B", begins_group=True),
    Command("show_b", "P&lay", "Compare: setting &B", ("B",)),
    Command("show_c", "P&lay", "Compare: setting &C", ("3",), "",
            "The third of what a search offers"),
    Command("blind", "P&lay", "L&isten blind", ("H",), "",
            "Shuffles the letters of what a search offers and hides what they are, or shows it",
            is_checkable=True),
    Command("keep", "P&lay", "&Keep the setting that is heard", ("K",), "ok",
            "Ends the comparison with the setting that is shown"),
    Command("zoom_in", "&View", "Zoom &in", ("+", "="), "zoom-in"),
    Command("zoom_out", "&View", "Zoom &out", ("-",), "zoom-out"),
    Command("fit", "&View", "&Fit the whole mix", ("0",), "fit"),
    Command("follow", "&View", "Fo&llow the playhead", ("F",), "follow", is_checkable=True),
    Command("spectrogram", "&View", "S&pectrogram", ("G",), "spectrogram",
            "Shows the two tracks' frequencies over time in the editor", is_checkable=True,
            begins_group=True),
    Command("curves", "&View", "&Quality curves", ("Q",), "curves",
            "Shows how rough a transition is and how its notes clash, over time, in the editor",
            is_checkable=True),
    Command("shortcuts", "&Help", "&Keys", ("?", "F1"), "help"),
    Command("log_folder", "&Help", "Open the &log folder"),
    Command("about", "&Help", "&About DeepBass", begins_group=True),
    Command("cancel", "&Edit", "&Cancel what runs", ("Esc",), "cancel", begins_group=True),
)  # fmt: skip


def key_of(name: str) -> str:
    """The key of a command, as this system writes it."""
    key = next(command.keys[0] for command in COMMANDS if command.name == name)
    return QKeySequence(key).toString(_NATIVE)


def make_actions(owner: QWidget, slots: Mapping[str, Callable[[], object]]) -> dict[str, QAction]:
    """An action for each command, by its name; `slots` says what each does."""
    actions = {}
    for command in COMMANDS:
        action = QAction(_tr(command.text), owner)
        action.setObjectName(command.name)
        action.setShortcuts([QKeySequence(key) for key in command.keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setCheckable(command.is_checkable)
        words = _tr(command.tip) if command.tip else action.text().replace("&", "").rstrip(" .")
        shown = QKeySequence(command.keys[0]).toString(_NATIVE) if command.keys else ""
        action.setToolTip(f"{words} ({shown})" if shown else words)
        action.setStatusTip(words)
        action.triggered.connect(_without_checked(slots[command.name]))
        owner.addAction(action)
        if command.icon:
            action.setIcon(theme.icon(command.icon))
        actions[command.name] = action
    return actions


def fill_menus(
    bar: QMenuBar, actions: Mapping[str, QAction], first: Mapping[str, Iterable[QAction]]
) -> None:
    """Make the menus; `first` holds what stands at the top of some of them."""
    for title in MENUS:
        menu = bar.addMenu(_tr(title))
        menu.setObjectName(title.replace("&", ""))
        menu.setToolTipsVisible(True)
        for action in first.get(title, ()):
            menu.addAction(action)
        for command in COMMANDS:
            if command.menu == title:
                if command.begins_group and not menu.isEmpty():
                    menu.addSeparator()
                menu.addAction(actions[command.name])


_NATIVE = QKeySequence.SequenceFormat.NativeText


def _tr(text: str) -> str:
    return QCoreApplication.translate("Commands", text)


def _without_checked(slot: Callable[[], object]) -> Callable[[bool], object]:
    """A slot for `triggered` that leaves its argument away."""
    return lambda _checked: slot()
