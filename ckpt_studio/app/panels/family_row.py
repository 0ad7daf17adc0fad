"""The heading of the Assemble panel with the model family and what the model predicts."""

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ckpt_studio.app.session import Session
from ckpt_studio.core.families import architecture
from ckpt_studio.qt.combo_box import ComboBox
from ckpt_studio.qt.labels import ElidedLabel, label

_FAMILY_WIDTH = 330


class FamilyRow(QWidget):
    """Two combo boxes over the session; the first entry of each leaves it to recognition."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._family = ComboBox("targetArchitecture", self.tr("Model family"))
        self._prediction = ComboBox("targetPrediction", self.tr("Prediction"))
        self._family.setFixedWidth(_FAMILY_WIDTH)
        self._prediction.setSizeAdjustPolicy(ComboBox.SizeAdjustPolicy.AdjustToContents)
        self._predicts = label(self.tr("&Prediction"), "dim")
        self._predicts.setBuddy(self._prediction)
        caption = label(self.tr("&Model family"), "dim")
        caption.setBuddy(self._family)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(ElidedLabel(self.tr("Assemble"), "h1"), 1)
        for widget in (self._predicts, self._prediction, caption, self._family):
            row.addWidget(widget)
        self._family.currentIndexChanged.connect(self._choose_family)
        self._prediction.currentIndexChanged.connect(self._choose_prediction)
        session.recipe_changed.connect(self.refresh)
        session.files_changed.connect(self.refresh)
        session.plan_changed.connect(self._list_families)
        session.plan_failed.connect(self._list_families)
        self._family.entered.connect(self._list_families)
        self._listed = False  # reading the families takes longer than opening the window
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show what the session says."""
        self._show_families()
        self._show_predictions()

    @Slot()
    def _list_families(self) -> None:
        if not self._listed:
            self._listed = True
            self._show_families()

    def _show_families(self) -> None:
        recognised = self._session.recognised
        box = self._family
        with QSignalBlocker(box):
            box.clear()
            box.add(self._recognised_text(recognised), "")
            if self._listed:
                self._add_families(recognised)
            box.choose(self._session.recipe.target or "")
        box.setToolTip(box.currentText())

    def _add_families(self, recognised: str | None) -> None:
        """List the families that the model can be saved as, then those that it cannot, and why."""
        box, chosen = self._family, self._session.recipe.target
        model = architecture.family(recognised) if recognised else None
        possible: list[architecture.Architecture] = []
        others: list[architecture.Architecture] = []
        for family in architecture.families():
            fits = model is None or architecture.same_tensors(model, family)
            (possible if fits else others).append(family)
        box.add_heading(self.tr("Save as"))
        for family in possible:
            box.add(family.name, family.id)
        if model is None or not others:
            return
        box.add_heading(self.tr("Not possible with this model"))
        reason = self.tr("Its tensors are not those of {family}.").format(family=model.name)
        for family in others:
            box.add(family.name, family.id, reason, enabled=family.id == chosen)

    def _recognised_text(self, recognised: str | None) -> str:
        if recognised:
            name = architecture.family(recognised).name
            return self.tr("{family}  (recognised)").format(family=name)
        recipe = self._session.recipe
        known = recipe.model or recipe.base
        return self.tr("Not recognised") if known else self.tr("Not known yet")

    def _show_predictions(self) -> None:
        family = self._session.family
        known = tuple(architecture.predictions(family)) if family else ()
        box = self._prediction
        with QSignalBlocker(box):
            box.clear()
            usual = family.prediction if family else ""
            box.add(self.tr("{prediction}  (recognised)").format(prediction=usual), "")
            for prediction in known:
                box.add(prediction, prediction)
            box.choose(self._session.recipe.prediction or "")
        for widget in (self._predicts, box):
            widget.setVisible(len(known) > 1)

    def _choose_family(self) -> None:
        chosen = self._family.currentData() or None
        recipe = replace(self._session.recipe, target=chosen, prediction=None)
        self._session.change(recipe, self.tr("Model family"))

    def _choose_prediction(self) -> None:
        chosen = self._prediction.currentData() or None
        recipe = replace(self._session.recipe, prediction=chosen)
        self._session.change(recipe, self.tr("Prediction"))
