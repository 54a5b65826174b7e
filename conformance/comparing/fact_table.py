"""Many facts in little memory: grouped by object."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, MutableMapping, Sequence, Set
from typing import Any

from conformance.comparing.facts import FactKey, Facts, Objects, Value

#: Kind, table and name of a fact's key.
ObjectKey = tuple[str, str, str]
_key = tuple.__new__


class FactTable(MutableMapping[FactKey, Value]):
    """Facts as a dictionary has them, kept as the attributes of objects.

    A thousand tables have 140,000 facts of 20,000 objects. Their keys would take most of the memory
    and of the time of a comparison; here a key exists while it is looked at.

    Attributes:
        objects: kind, table and name -> attribute -> value. No object is without attributes.
    """

    __slots__ = ("objects",)

    def __init__(self, facts: Facts | Mapping[FactKey, Value] | None = None) -> None:
        self.objects: dict[ObjectKey, dict[str, Value]] = {}
        if isinstance(facts, FactTable):
            self.objects = {parts: {**found} for parts, found in facts.objects.items()}
        elif facts is not None:
            self.merge(facts)

    @classmethod
    def of(cls, facts: Facts) -> FactTable:
        """The facts themselves, or a table of them."""
        return facts if isinstance(facts, cls) else cls(facts)

    def add(self, kind: str, table: str, name: str, attributes: dict[str, Value]) -> None:
        """Add an object, or attributes of one; the dictionary belongs to this table from now on."""
        known = self.objects.setdefault((kind, table, name), attributes)
        if known is not attributes:
            known.update(attributes)

    def extend(self, objects: Objects) -> None:
        """Add each of the objects."""
        for item in objects:
            self.add(*item)

    def merge(self, facts: Facts | Mapping[FactKey, Value]) -> None:
        """Add all facts; what a given table has belongs to this one from now on."""
        if isinstance(facts, FactTable):
            for parts, attributes in facts.objects.items():
                self.add(*parts, attributes)
        else:
            for key, value in facts.items():
                self[key] = value

    def renamed(self, names: Mapping[ObjectKey, ObjectKey]) -> FactTable:
        """The same facts, in which some objects have other keys."""
        if not names:
            return self
        facts = FactTable()
        for parts, attributes in self.objects.items():
            facts.objects[names.get(parts, parts)] = attributes
        return facts

    def without(self, objects: Set[ObjectKey]) -> FactTable:
        """The same facts, of all objects but these."""
        if not objects:
            return self
        facts = FactTable()
        facts.objects = {
            parts: found for parts, found in self.objects.items() if parts not in objects
        }
        return facts

    def __getitem__(self, key: FactKey) -> Value:
        return self.objects[key[:3]][key[3]]

    def get(self, key: FactKey, default: Any = None) -> Any:
        """The value of the fact, or the default."""
        attributes = self.objects.get(key[:3])
        return default if attributes is None else attributes.get(key[3], default)

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, FactKey):
            return False
        attributes = self.objects.get(key[:3])
        return attributes is not None and key[3] in attributes

    def __setitem__(self, key: FactKey, value: Value) -> None:
        attributes = self.objects.get(key[:3])
        if attributes is None:
            self.objects[key[:3]] = {key[3]: value}
        else:
            attributes[key[3]] = value

    def __delitem__(self, key: FactKey) -> None:
        attributes = self.objects[key[:3]]
        del attributes[key[3]]
        if not attributes:
            del self.objects[key[:3]]

    def __len__(self) -> int:
        return sum(map(len, self.objects.values()))

    def __iter__(self) -> Iterator[FactKey]:
        for (kind, table, name), attributes in self.objects.items():
            for attribute in attributes:
                yield _key(FactKey, (kind, table, name, attribute))

    def items(self) -> ItemsView[FactKey, Value]:
        """The keys and values."""
        return _Items(self)

    def __repr__(self) -> str:
        return f"FactTable({dict(self)!r})"


class _Items(ItemsView[FactKey, Value]):
    """As the base class iterates, without looking each key up."""

    _mapping: FactTable

    def __iter__(self) -> Iterator[tuple[FactKey, Value]]:
        for (kind, table, name), attributes in self._mapping.objects.items():
            for attribute, value in attributes.items():
                yield _key(FactKey, (kind, table, name, attribute)), value


class Keys(Sequence[FactKey]):
    """The keys of facts, equal to a tuple of them."""

    def __init__(self, facts: FactTable) -> None:
        self._facts = facts

    def __len__(self) -> int:
        return len(self._facts)

    def __iter__(self) -> Iterator[FactKey]:
        return iter(self._facts)

    def __getitem__(self, index: Any) -> Any:
        return tuple(self)[index]

    def __contains__(self, key: object) -> bool:
        return key in self._facts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Keys | tuple) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(tuple(self))
