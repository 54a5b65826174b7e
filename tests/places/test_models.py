"""The line of a model that a fact is about."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from conformance.comparing.places import Place
from conformance.expected import expected_facts
from conformance.places.models import ModelPlaces
from conformance.places.repository import repository_root
from models import Base

ROOT = Path(__file__).parents[2]

STOCK = '''
"""A project's models, with a mixin and a Table of Core."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint, Column, ForeignKey, Index, Integer, MetaData, Table, Text, UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from conformance import Hypertable, Retention

metadata = MetaData()


class Base(DeclarativeBase):
    metadata = metadata


class Stamped:
    made: Mapped[datetime]


class Reading(Stamped, Base):
    __tablename__ = "reading"
    __table_args__ = (
        UniqueConstraint("at", "kind"),
        CheckConstraint("value >= 0", name="value_is_positive"),
        Index("ix_reading_kind_value", "kind", "value"),
        Hypertable(
            "at",
            chunk_interval="7 days",
        ),
        Retention(drop_after="1 year"),
    )

    at: Mapped[datetime] = mapped_column(primary_key=True)
    kind: Mapped[int] = mapped_column(ForeignKey("kinds.id"), primary_key=True)
    value: Mapped[float]
    text_: Mapped[str] = mapped_column("text")


kinds = Table(
    "kinds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name.with.dots", Text, unique=True),
)
archived = Table("kinds", metadata, Column("id", Integer, primary_key=True), schema="archive")
'''


@pytest.fixture
def stock(tmp_path, monkeypatch):
    """`stock(object, kind)`: the text of the line that is found."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "stock_of_places.py").write_text(STOCK, encoding="utf-8")
    module = importlib.import_module("stock_of_places")
    places = ModelPlaces(module.metadata, tmp_path)
    lines = Path(module.__file__).read_text(encoding="utf-8").splitlines()

    def find(kind, object_, attribute="exists"):
        place = places(kind, object_, attribute)
        assert place.file == "stock_of_places.py"
        return lines[place.line - 1].strip()

    yield find
    del sys.modules["stock_of_places"]


@pytest.mark.parametrize(
    ("kind", "object_", "attribute", "line"),
    [
        ("table", "reading", "exists", "class Reading(Stamped, Base):"),
        ("column", "reading.value", "type", "value: Mapped[float]"),
        ("column", "reading.text", "type", 'text_: Mapped[str] = mapped_column("text")'),
        # A mixin has the column.
        ("column", "reading.made", "type", "made: Mapped[datetime]"),
        ("unique", "reading.<at, kind>", "exists", "class Reading(Stamped, Base):"),
        (
            "check", "reading.ck_reading_value_is_positive", "exists",
            'CheckConstraint("value >= 0", name="value_is_positive"),',
        ),
        (
            "index", "reading.ix_reading_kind_value", "exists",
            'Index("ix_reading_kind_value", "kind", "value"),',
        ),
        ("hypertable", "reading", "exists", "Hypertable("),
        ("hypertable", "reading", "chunk_interval", 'chunk_interval="7 days",'),
        ("policy", "reading.retention", "exists", 'Retention(drop_after="1 year"),'),
        (
            "primary_key", "reading", "exists",
            "at: Mapped[datetime] = mapped_column(primary_key=True)",
        ),
        # Undeclared: the class is what should declare it.
        ("column", "reading.spread", "exists", "class Reading(Stamped, Base):"),
        ("compression", "reading", "exists", "class Reading(Stamped, Base):"),
        ("table", "kinds", "exists", "kinds = Table("),
        ("column", "kinds.id", "type", 'Column("id", Integer, primary_key=True),'),
        ("column", "kinds.name.with.dots", "type", 'Column("name.with.dots", Text, unique=True),'),
        ("rows", "reading", "insert", "class Reading(Stamped, Base):"),
    ],
)  # fmt: skip
def test_the_line_of_a_fact(stock, kind, object_, attribute, line):
    assert stock(kind, object_, attribute) == line


@pytest.mark.parametrize("kind", ["table", "migration", "job", "extension", "nonsense"])
def test_what_no_model_declares_stands_at_the_first_line(stock, kind):
    """GitLab and GitHub need a line."""
    assert stock(kind, "nowhere\n::error::x") == ""


def test_every_fact_of_the_desk_has_a_place():
    places = ModelPlaces(Base.metadata, ROOT)
    keys = expected_facts(Base.metadata, default_schema="public")
    found = {key: places(key.kind, key.object, key.attribute) for key in keys}
    for key, place in found.items():
        text = (ROOT / place.file).read_text(encoding="utf-8").splitlines()[place.line - 1]
        if key.kind == "column" and key.table in Base.metadata.tables:
            assert key.name in text
        if key.kind == "hypertable":
            assert "Hypertable(" in text or key.attribute in text
        if key.kind in ("check", "unique"):
            assert "Constraint(" in text or "Vocabulary(" in text, key.id
    natural = next(key for key in keys if key.name == "uq_curves_natural_key")
    assert found[natural].file == "models/curves.py"


def test_models_outside_of_the_repository_have_no_place(tmp_path):
    """A path of another repository would be an annotation of nothing."""
    assert ModelPlaces(Base.metadata, tmp_path)("table", "curves", "exists") is None


def test_the_root_is_where_git_says(tmp_path):
    inner = tmp_path / "backend" / "app"
    inner.mkdir(parents=True)
    assert repository_root(inner) == inner.resolve()
    # A worktree has a file instead of a folder.
    (tmp_path / ".git").write_text("gitdir: elsewhere")
    assert repository_root(inner) == tmp_path.resolve()


@pytest.mark.usefixtures("stock")
def test_a_file_that_has_changed_since_is_no_error(tmp_path):
    (tmp_path / "stock_of_places.py").write_text("not ( Python")
    place = ModelPlaces(sys.modules["stock_of_places"].metadata, tmp_path)("table", "reading")
    assert place in (None, Place("stock_of_places.py", 1))
