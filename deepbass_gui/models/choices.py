"""What a search offers for a transition, by letter: what is different, how good it is, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)

from deepbass_engine.settings import curve_pair
from deepbass_gui import theme
from deepbass_gui.commands import key_of
from deepbass_gui.comparison import CHOICES, Choice, Comparison, Setting
from deepbass_gui.curve_words import short_curve_name
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair
from deepbass_gui.jobs.searching import Found, analyses_of, subject
from deepbass_gui.quality_words import measure_title
from deepbass_gui.setting_words import choice_words

if TYPE_CHECKING:
    from deepbass_engine.mix.search import Candidate, Ranked

_Index = QModelIndex | QPersistentModelIndex

LETTER, WHAT, SCORE, TERMS, WHY = range(5)
"""The columns."""

_APART_S = 0.25
_LEAST_TERM = 0.005
_MOST_TERMS = 2


@dataclass(frozen=True, slots=True)
class Option:
    """One of the settings that are offered, and how it was found."""

    setting: Setting
    ranked: Ranked


@dataclass(frozen=True, slots=True)
class Offer:
    """What a search offers for a transition.

    Attributes
    ----------
    options
        The best ones, the best first; the setting of before is among them.
    """

    pair: Pair
    options: tuple[Option, ...]

    @property
    def best(self) -> Option:
        """The one of the lowest score."""
        return self.options[0]

    @property
    def before(self) -> Option:
        """The setting of before the search."""
        return next(option for option in self.options if option.ranked.is_default)

    def holding(self, setting: Setting) -> Option | None:
        """The option that is this setting."""
        return next((o for o in self.options if o.setting == setting), None)


def offer_of(found: Found, document: Document) -> Offer | None:
    """The best different ones of what was found, with the setting that a document has.

    None where the transition, or a track of it, is not what was searched for.
    """
    from deepbass_engine.mix.search import with_choice

    project, plan, pair = document.settled_project, document.plan, found.pair
    fade, ends = document.fade(pair), document.analyses(pair)
    if plan is None or fade is None or ends is None:
        return None
    if subject(plan, fade.index, project.limits) != found.subject:
        return None
    now, analyses = Setting.of(project, pair, ends), analyses_of(document)
    options = []
    for ranked in _apart(found.ranked):
        setting = now
        if not ranked.is_default:
            chosen = with_choice(project, plan, fade.index, ranked, analyses)
            setting = Setting.of(chosen, pair, ends)
        options.append(Option(setting, ranked))
    return Offer(pair, tuple(options))


def _apart(ranking: Sequence[Ranked]) -> list[Ranked]:
    """The best, the one of before, and between them the best that the ear tells from these."""
    before = next(ranked for ranked in ranking if ranked.is_default)
    taken = [ranking[0]] if ranking[0] is before else [ranking[0], before]
    for ranked in ranking:
        if len(taken) < len(CHOICES) and all(_is_apart(ranked, other) for other in taken):
            taken.append(ranked)
    return sorted(taken, key=ranking.index)


def _is_apart(one: Ranked, other: Ranked) -> bool:
    """Whether two settings are different enough to be compared by ear."""
    a, b = one.candidate, other.candidate
    moved_s = max(abs(a.earlier_s - b.earlier_s), abs(a.later_s - b.later_s))
    longer_s = abs(a.duration_s - b.duration_s)
    return (a.method, a.curve) != (b.method, b.curve) or max(moved_s, longer_s) >= _APART_S


class ChoicesModel(QAbstractTableModel):
    """One row an option, under its letter; while listening is blind it shows nothing more."""

    def __init__(self, comparison: Comparison, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._comparison = comparison
        self._letters: dict[Choice, Option] = {}
        self._before: Option | None = None
        self._titles = {
            LETTER: "",
            WHAT: self.tr("Setting"),
            SCORE: self.tr("Score"),
            TERMS: self.tr("What counts against it"),
            WHY: self.tr("Why"),
        }
        self._score_help = self.tr(
            "0 is as good as the two tracks are alone, the less the better.\nEach measure adds "
            "the square of how far it goes towards its limit, and beyond:"
        )
        comparison.changed.connect(self._on_changed)

    @property
    def letters(self) -> tuple[Choice, ...]:
        """The letters, from the first row to the last."""
        return tuple(self._letters)

    def show_options(self, letters: Mapping[Choice, Option]) -> None:
        """Show other options, or none."""
        self.beginResetModel()
        self._letters = dict(letters)
        before = [option for option in letters.values() if option.ranked.is_default]
        self._before = before[0] if before else None
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's)
        """As many as options."""
        return 0 if parent.isValid() else len(self._letters)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008 (Qt's)
        """As many as there are things to tell."""
        return 0 if parent.isValid() else len(self._titles)

    def headerData(  # noqa: N802 (Qt's name)
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """What the columns tell; for screen readers."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._titles[section]
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What a cell shows."""
        letter, column = self.letters[index.row()], index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self._text(letter, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(letter, column)
        if role == Qt.ItemDataRole.TextAlignmentRole and column == SCORE:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.ForegroundRole and self._comparison.is_blind and column:
            return theme.colors().secondary
        return None

    def _on_changed(self) -> None:
        if self._letters:
            last = self.index(len(self._letters) - 1, WHY)
            self.dataChanged.emit(self.index(0, 0), last)

    def _is_edited(self, letter: Choice) -> bool:
        """Whether a person has made another setting of it."""
        setting = self._comparison.setting(letter)
        return setting is not None and setting != self._letters[letter].setting

    def _text(self, letter: Choice, column: int) -> str:
        if column == LETTER:
            return letter
        if self._comparison.is_blind:
            return self.tr("hidden while you listen") if column == WHAT else ""
        ranked = self._letters[letter].ranked
        if self._is_edited(letter):
            return self.tr("changed by hand") if column == WHAT else ""
        texts: dict[int, Callable[[], str]] = {
            WHAT: lambda: self._what(ranked),
            SCORE: lambda: self.tr("score {score}").format(score=f"{ranked.score:.2f}"),
            TERMS: lambda: terms_words(ranked.terms) or self.tr("nothing against it"),
            WHY: lambda: "" if ranked.is_default else _short(ranked.because),
        }
        return texts[column]()

    def _what(self, ranked: Ranked) -> str:
        if ranked.is_default or self._before is None:
            return self.tr("as before: {setting}").format(setting=setting_line(ranked.candidate))
        return difference_words(ranked.candidate, self._before.ranked.candidate)

    def _tip(self, letter: Choice, column: int) -> str | None:
        if column == LETTER:
            words = self.tr("Hear and show this one ({key})")
            return words.format(key=key_of(f"show_{letter.lower()}"))
        if self._comparison.is_blind or self._is_edited(letter):
            return None
        ranked = self._letters[letter].ranked
        if column in (SCORE, TERMS):
            terms = sorted(ranked.terms.items(), key=lambda term: -term[1])
            lines = [f"{measure_name(name)}: {value:.2f}" for name, value in terms]
            return "\n".join([self._score_help, *lines])
        if column == WHY:
            return ranked.because
        return setting_line(ranked.candidate)


def _short(because: str) -> str:
    """A reason without the setting that it is the reason for."""
    return because.partition("; ")[2] or because


def setting_line(candidate: Candidate) -> str:
    """A setting in a line."""
    parts = [
        choice_words("method", candidate.method),
        f"{candidate.duration_s:.1f} s",
        _curve_words(candidate.curve),
        *_place_words(candidate.earlier_s, candidate.later_s),
    ]
    return ", ".join(parts)


def difference_words(candidate: Candidate, before: Candidate) -> str:
    """What of a setting is different from the one of before."""
    translate = QCoreApplication.translate
    parts = []
    if candidate.method != before.method:
        parts.append(choice_words("method", candidate.method))
    if abs(candidate.duration_s - before.duration_s) >= 0.05:
        words = translate("ChoicesModel", "{now} s instead of {before} s")
        now, then = f"{candidate.duration_s:.1f}", f"{before.duration_s:.1f}"
        parts.append(words.format(now=now, before=then))
    if candidate.curve != before.curve:
        parts.append(_curve_words(candidate.curve))
    parts += _place_words(
        candidate.earlier_s - before.earlier_s, candidate.later_s - before.later_s
    )
    return ", ".join(parts) or setting_line(candidate)


def terms_words(terms: Mapping[str, float]) -> str:
    """What adds most to a score, in words."""
    counting = [(name, value) for name, value in terms.items() if value >= _LEAST_TERM]
    counting.sort(key=lambda term: -term[1])
    return ", ".join(f"{measure_name(n)} {value:.2f}" for n, value in counting[:_MOST_TERMS])


def measure_name(name: str) -> str:
    """What to call a term of a score, within a line."""
    title = measure_title(name) or name.replace("_", " ")
    return f"{title[:1].lower()}{title[1:]}"


def _curve_words(curve: str) -> str:
    names = curve_pair(curve)
    both = short_curve_name(names.fade_out), short_curve_name(names.fade_in)
    return both[0] if names.fade_out == names.fade_in else " / ".join(both)


def _place_words(earlier_s: float, later_s: float) -> list[str]:
    """Where the tracks are left and entered, against how they were."""
    translate = QCoreApplication.translate
    known = (
        (earlier_s, translate("ChoicesModel", "leaves {time} s earlier")),
        (-earlier_s, translate("ChoicesModel", "leaves {time} s later")),
        (later_s, translate("ChoicesModel", "enters {time} s further in")),
        (-later_s, translate("ChoicesModel", "enters {time} s less far in")),
    )
    return [words.format(time=f"{time_s:.1f}") for time_s, words in known if time_s >= 0.05]
