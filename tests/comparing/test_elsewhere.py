"""The finding of a missing table says where a namesake with its columns is."""

from __future__ import annotations

from conformance.comparing.capabilities import Capabilities
from conformance.comparing.comparison import compare
from conformance.comparing.elsewhere import with_tables_elsewhere
from conformance.comparing.facts import EXISTS, FactKey

LOST, FAR, OTHER = (FactKey("table", name, "", EXISTS) for name in ("curves", "Desk.ticks", "z"))
COMPARED = compare(dict.fromkeys((LOST, FAR, OTHER), True), {}, Capabilities())
HINT = (
    "Read from pg_class. If somebody ran ALTER TABLE ... SET SCHEMA, run {} in a migration, or "
    "name the schema in the models. Otherwise create the table in a migration."
)


def changed(places):
    """The findings that differ, by the table."""
    found = with_tables_elsewhere(COMPARED, places, "public").findings
    assert found.keys() == COMPARED.findings.keys()
    return {
        key.table: finding for key, finding in found.items() if finding != COMPARED.findings[key]
    }


def test_the_statement_moves_the_table_back():
    found = changed({"curves": ("attic", "curves"), "Desk.ticks": ("public", "ticks")})
    assert found.keys() == {"curves", "Desk.ticks"}
    assert found["curves"].message == (
        f"{COMPARED.findings[LOST].message}; attic.curves has the same columns"
    )
    assert found["curves"].hint == HINT.format("ALTER TABLE attic.curves SET SCHEMA public")
    assert found["Desk.ticks"].hint == HINT.format('ALTER TABLE public.ticks SET SCHEMA "Desk"')
    assert found["curves"].id == "table:curves:exists"


def test_a_table_without_a_finding_of_its_own_is_passed_over():
    found = changed({"unknown": ("attic", "unknown"), "curves": ("Attic", "curves")})
    assert [*found] == ["curves"]
    assert found["curves"].hint == HINT.format('ALTER TABLE "Attic".curves SET SCHEMA public')


def test_without_such_tables_the_comparison_stays():
    assert with_tables_elsewhere(COMPARED, {}, "public") is COMPARED


def test_its_foreign_keys_are_counted_with_the_table():
    referring = {
        "desks": ("attic.curves.fk_desk",),
        "days": ("attic.curves.fk_day", "attic.other.fk_day"),
    }
    keys = {name: FactKey("table", name, "", "referred_to_by") for name in referring}
    expected = {LOST: True, **dict.fromkeys(keys.values(), ())}
    observed = {key: referring[name] for name, key in keys.items()}
    compared = compare(expected, observed, Capabilities())
    found = with_tables_elsewhere(compared, {"curves": ("attic", "curves")}, "public")
    assert found.findings.keys() == {LOST, keys["days"]}
    assert found.consequences == {keys["desks"]: found.findings[LOST]}
