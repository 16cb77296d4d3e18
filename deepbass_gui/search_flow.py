"""From "Find a better one" to a choice by ear: what is searched, offered, kept or thrown away."""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from deepbass_engine.errors import DeepBassError
from deepbass_engine.mix.estimate import Estimate, time_text
from deepbass_engine.mix.transition_cache import TransitionStore
from deepbass_gui.comparison import CHOICES, Comparison, Setting
from deepbass_gui.document import Document
from deepbass_gui.edits import Pair
from deepbass_gui.jobs.searching import Searched, Searcher
from deepbass_gui.models.choices import Offer, Option, offer_of
from deepbass_gui.player import Player
from deepbass_gui.selection import Selection
from deepbass_gui.views.choices import ChoicesPanel
from deepbass_gui.views.searching import FindButton, SearchProgress


class SearchFlow(QObject):
    """Searches for better transitions and offers what was found.

    What is found for one transition is offered as A, B and C, the setting of before among them,
    and nothing is changed until a person does. All that are flagged take their best at once, as one
    step; each is then offered the same way when it is chosen.

    Attributes
    ----------
    searcher
        Does the searching.
    panel, button, progress
        Its parts of the window.

    Signals
    -------
    told(str, str)
        Something to say in the window: a level and the words.
    failed(Exception)
        A fault of the program itself.
    """

    told = Signal(str, str)
    failed = Signal(object)

    def __init__(
        self,
        document: Document,
        selection: Selection,
        player: Player,
        comparison: Comparison,
        store: TransitionStore,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._selection = selection
        self._comparison = comparison
        self._offers: dict[Pair, Offer] = {}
        self._offered: Pair | None = None
        self._actions: Mapping[str, QAction] = {}
        self.searcher = Searcher(document, store, player.stretches, self)
        self.panel = ChoicesPanel(comparison)
        self.panel.blind_requested.connect(self.toggle_blind)
        self.button = FindButton(document, selection)
        self.button.find_requested.connect(self.find_better)
        self.progress = SearchProgress(self.searcher)
        self.searcher.noted.connect(partial(self.told.emit, "warning"))
        self.searcher.estimated.connect(self._on_estimated)
        self.searcher.finished.connect(self._on_finished)
        self.searcher.stopped.connect(self._on_stopped)
        self.searcher.failed.connect(self._on_failed)
        comparison.changed.connect(self._on_comparison)
        selection.pair_changed.connect(self.show_offer)
        document.opened.connect(self._forget_all)

    def take_actions(self, actions: Mapping[str, QAction]) -> None:
        """Switch these on where they can do something."""
        self._actions = actions
        self._update_actions()

    def find_better(self) -> None:
        """Search for better settings of the chosen transition."""
        pair = self._selection.pair
        if pair is not None and self.is_ready():
            self.searcher.search([pair], self.button.settings)

    def find_better_flagged(self) -> None:
        """Search for better settings of all that are flagged, and take the best of each."""
        if self._document.plan is not None and self.is_ready():
            self.searcher.search_flagged(self.button.settings)

    def toggle_blind(self) -> None:
        """Listen blind to what is offered, or show what it is."""
        if self._comparison.is_blind:
            self._comparison.reveal()
        else:
            self.listen_blind()

    def listen_blind(self, seed: int | None = None) -> None:
        """Shuffle the letters of what is offered and hide what they are.

        Parameters
        ----------
        seed
            Decides the order; without it chance does.
        """
        if self._offered is None:
            return
        order = list(range(len(self._offers[self._offered].options)))
        random.Random(secrets.randbits(32) if seed is None else seed).shuffle(order)
        self._offered = None
        self._comparison.reset()  # all are heard as they were found
        self.show_offer(order)
        self.panel.table.setFocus()

    def shut_down(self) -> None:
        """Stop and wait for the thread."""
        self.searcher.shut_down()

    def is_ready(self) -> bool:
        """Whether a search can begin; says why where it can't."""
        if self.searcher.is_searching:
            self.told.emit("info", self.tr("A search goes on; Esc stops it."))
            return False
        if not self._document.is_settled:
            self.told.emit("info", self.tr("Files are still being read; try again then."))
            return False
        return True

    # What a search found

    @Slot(object)
    def _on_finished(self, searched: Searched) -> None:
        offers = [(found.pair, offer_of(found, self._document)) for found in searched.found]
        found = [offer for _, offer in offers if offer is not None]
        self._offers |= {offer.pair: offer for offer in found}
        if len(found) < len(offers):
            n = len(offers) - len(found)
            words = (
                self.tr(
                    "The transition was changed while better ones were looked for: what was found "
                    "no longer fits and is thrown away."
                )
                if n == 1
                else self.tr(
                    "{n} transitions were changed while better ones were looked for: what was "
                    "found no longer fits and is thrown away."
                )
            )
            self.told.emit("warning", words.format(n=n))
        if searched.is_for_flagged:
            self._take_best(found, len(offers))
        elif found:
            self._tell_of(found[0], searched.n_candidates)
        elif not offers:
            words = self.tr("This transition can't be measured, so nothing better was looked for.")
            self.told.emit("warning", words)
        if self._selection.pair in [offer.pair for offer in found]:
            self.show_offer()

    def _take_best(self, offers: list[Offer], n_flagged: int) -> None:
        """Let every transition have its best setting, as one step."""
        document = self._document
        project, n = document.settled_project, 0
        for offer in offers:
            analyses = document.analyses(offer.pair)
            if offer.best is not offer.before and analyses is not None:
                project = offer.best.setting.put_in(project, offer.pair, analyses)
                n += 1
        document.edit(self.tr("Better transitions"), project)
        if not n_flagged:
            words = self.tr("No transition is flagged.")
        elif not n:
            words = self.tr("{of} flagged, and nothing better was found.")
        else:
            words = self.tr("{n} of {of} flagged transitions are better now; Undo takes it back.")
        self.told.emit("info", words.format(n=n, of=n_flagged))

    def _tell_of(self, offer: Offer, n_candidates: int) -> None:
        before, best = offer.before.ranked.score, offer.best.ranked.score
        if offer.best is offer.before:
            words = self.tr("Of {n} settings none is better than the present one ({before}).")
        else:
            words = self.tr("Of {n} settings the best has a score of {best} instead of {before}.")
        text = words.format(n=n_candidates, best=f"{best:.2f}", before=f"{before:.2f}")
        self.told.emit("info", text)

    @Slot(object)
    def _on_estimated(self, estimate: Estimate) -> None:
        words = self.tr("Rendering with NSynth, to be compared: {time}. Esc stops the search.")
        self.told.emit("info", words.format(time=time_text(estimate.seconds)))

    @Slot()
    def _on_stopped(self) -> None:
        self.told.emit("info", self.tr("The search was stopped; everything is as it was."))

    @Slot(object)
    def _on_failed(self, error: Exception) -> None:
        if isinstance(error, DeepBassError):
            words = self.tr("No better one could be looked for. {why}")
            self.told.emit("error", words.format(why=error))
        else:
            self.failed.emit(error)

    # What is offered

    @Slot()
    def show_offer(self, order: list[int] | None = None) -> None:
        """Offer what was found for the chosen transition, where it still holds.

        Parameters
        ----------
        order
            Which has which letter, where listening is to be blind.
        """
        pair, document = self._selection.pair, self._document
        offer = self._offers.get(pair) if pair is not None else None
        analyses = document.analyses(pair) if pair is not None else None
        self._offered = None
        if pair is not None and offer is not None and analyses is not None:
            now = Setting.of(document.settled_project, pair, analyses)
            option = offer.holding(now)
            if option is not None and len(offer.options) > 1:
                self._offer(offer, option, order)
                return
            del self._offers[pair]  # another setting was made by hand, or there is no choice
        self.panel.show_options({})

    def _offer(self, offer: Offer, now: Option, order: list[int] | None) -> None:
        """Offer settings under letters; `now` is the one that the project has."""
        ranking = range(len(offer.options)) if order is None else order
        letters = {letter: offer.options[i] for letter, i in zip(CHOICES, ranking, strict=False)}
        settings = {letter: option.setting for letter, option in letters.items()}
        shown = next(letter for letter, option in letters.items() if option is now)
        self._comparison.offer(settings, shown, is_blind=order is not None)
        self._offered = offer.pair
        self.panel.show_options(letters)
        self._update_actions()

    @Slot()
    def _on_comparison(self) -> None:
        """Put the panel away where a person has chosen."""
        if self._offered is not None and not self._comparison.is_offered:
            if self._offered == self._selection.pair:
                del self._offers[self._offered]
            self._offered = None
            self.panel.show_options({})
        self._update_actions()

    @Slot()
    def _forget_all(self) -> None:
        """Another project is opened: what goes on for the one of before is of no use."""
        self.searcher.cancel()
        self._offers.clear()
        self._offered = None
        self.panel.show_options({})

    def _update_actions(self) -> None:
        is_offered = self._comparison.is_offered
        for name, is_on in {
            "show_c": CHOICES[2] in self._comparison.choices,
            "blind": is_offered,
            "keep": self._comparison.is_on,
        }.items():
            if name in self._actions:
                self._actions[name].setEnabled(is_on)
        if "blind" in self._actions:
            self._actions["blind"].setChecked(self._comparison.is_blind)
