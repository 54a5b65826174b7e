"""The reports as HTML pages: complete, escaped, of bearable size, and without any request."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from conformance.comparing.audits import Audited, Audits
from conformance.comparing.facts import Detail, FactKey, TypeName
from conformance.comparing.findings import Accepted, Finding, Left, NotChecked, Seen
from conformance.comparing.picture import picture_of
from conformance.comparing.verdict import Baseline, EngineUsed, Verdict
from conformance.gate.evidence.report import GateFinding
from conformance.intervals import Interval
from conformance.reports.files import write_gate, write_upgrade, write_verdict
from conformance.reports.html import audits as audits_page
from conformance.reports.html import gate as gate_page
from conformance.reports.html import upgrade as upgrade_page
from conformance.reports.html import verdict as verdict_page
from conformance.reports.html.environment import _read

from .samples import GATE, UPGRADE

ENGINE = EngineUsed("url", "database desk at db:5432", "17.5", "2.28.3", "community", "It is new.")
NOT_RUN = EngineUsed("embedded", "embedded")
HOSTILE = """<script>alert(1)</script>"'&<img src=x onerror=alert(2)>"""
INTERVAL = Finding(
    "hypertable:readings:chunk_interval", "hypertable", "readings", "chunk_interval", "different",
    "30 days", "7 days", "hypertable readings: chunk interval is 7 days", "Read from a view.",
)  # fmt: skip
COLUMN = Finding(
    "column:readings.value:exists", "column", "readings.value", "exists", "missing", True, None,
    "column readings.value is missing", "Create it.", "warning",
)  # fmt: skip
HISTORY = Finding(
    "rows:readings:history", "rows", "readings", "history", "different", None, ["BEGIN"],
    "rows of readings differ", "The shortest history:\n\n-- insert\nINSERT INTO t VALUES (1);\n",
)  # fmt: skip
VERSION = Finding(
    "extension:timescaledb:version", "extension", "timescaledb", "version", "different",
    "2.17 or later", "2.16.0", "extension timescaledb: version is 2.16.0", "Upgrade it.",
)  # fmt: skip


def facts(name="readings", source="readings"):
    return {
        FactKey("table", name, "", "exists"): True,
        FactKey("table", "sensors", "", "exists"): True,
        FactKey("column", name, "at", "exists"): True,
        FactKey("column", name, "at", "type"): TypeName("timestamp with time zone", "timestamptz"),
        FactKey("column", name, "at", "nullable"): False,
        FactKey("column", name, "value", "exists"): True,
        FactKey("primary_key", name, "", "columns"): ("at",),
        FactKey("unique", name, "uq", "columns"): ("at", "value"),
        FactKey("foreign_key", name, "fk", "columns"): ("value",),
        FactKey("foreign_key", name, "fk", "references"): "sensors (id)",
        FactKey("hypertable", name, "", "exists"): True,
        FactKey("hypertable", name, "", "time_column"): "at",
        FactKey("hypertable", name, "", "chunk_interval"): Interval.parse("7 days"),
        FactKey("compression", name, "", "segment_by"): ("value",),
        FactKey("policy", name, "compression", "compress_after"): Interval.parse("30 days"),
        FactKey("policy", name, "retention", "drop_after"): Interval.parse("1 year"),
        FactKey("continuous_aggregate", "daily", "", "exists"): True,
        FactKey("continuous_aggregate", "daily", "", "source"): source,
        FactKey("policy", "daily", "refresh", "start_offset"): Interval.parse("30 days"),
        FactKey("policy", "daily", "refresh", "end_offset"): Interval.parse("1 day"),
        FactKey("view", "latest", "", "exists"): Detail("a view"),
    }


SCHEMA = picture_of(facts(), {k: v for k, v in facts().items() if k.name != "value"})
CONFORMING = Verdict(ENGINE, facts=1192, tests=212, schema=SCHEMA, seconds=31.2)
DIFFERING = replace(
    CONFORMING,
    findings=(INTERVAL, COLUMN, HISTORY, VERSION),
    not_checked=(NotChecked("compression:readings:order_by", "the server cannot say"),),
    seen=(Seen("view", "latest", "a view"),),
    consequences=5,
    accepted=(Accepted(replace(INTERVAL, id="a:b:c"), "OPS-17", "2027-03-31"),),
    old=(replace(INTERVAL, message="an old one"),),
    left=(Left("celery_*", ("table celery_taskmeta",)),),
    baseline=Baseline("base.json", 1, ("x",), "Nothing new was written."),
    tried={"rows": 40},
    generated={"profile": "quick", "seed": 1},
)
STOPPED = Verdict(NOT_RUN, could_not_run=f"No server answers. {HOSTILE}")


AUDITS = Audits(
    (
        Audited("desk one", CONFORMING),
        Audited("desk two", DIFFERING),
        Audited("desk three", replace(DIFFERING, findings=(INTERVAL, COLUMN))),
        Audited(HOSTILE, STOPPED),
    ),
    seconds=4.5,
)


class Outline(HTMLParser):
    """What a page consists of."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.ids, self.links, self.levels, self.stack = [], [], [], [], []
        self.words = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if self.stack and self.stack[-1] not in ("style", "script"):
            self.words += data


VOID = {"meta", "link", "input", "br", "img", "hr"}
PAGES = {
    "conforming": lambda: verdict_page.render(CONFORMING),
    "differing": lambda: verdict_page.render(DIFFERING),
    "stopped": lambda: verdict_page.render(STOPPED),
    "bare": lambda: verdict_page.render(Verdict(ENGINE)),
    "audits": lambda: audits_page.render(AUDITS),
    "audits stopped": lambda: audits_page.render(replace(AUDITS, could_not_run=HOSTILE)),
    "gate": lambda: gate_page.render(GATE),
    "gate without revisions": lambda: gate_page.render(replace(GATE, revisions=(), findings=())),
    "gate stopped": lambda: gate_page.render(replace(GATE, could_not_run=HOSTILE)),
    "upgrade": lambda: upgrade_page.render(UPGRADE),
    "upgrade stopped": lambda: upgrade_page.render(replace(UPGRADE, could_not_run=HOSTILE)),
}


@pytest.mark.parametrize("make", PAGES.values(), ids=list(PAGES))
def test_a_page_is_well_formed(make):
    page = make()
    outline = Outline(page)
    assert outline.stack == []
    assert page.startswith("<!doctype html>\n")
    assert page.endswith("</html>\n")
    assert len(set(outline.ids)) == len(outline.ids)
    assert {link[1:] for link in outline.links if link.startswith("#")} <= set(outline.ids)
    assert outline.levels[0] == 1
    assert outline.levels.count(1) == 1
    # A heading is at most one level below the one before.
    steps = zip(outline.levels, outline.levels[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps)
    tables = [tag for tag, _ in outline.tags if tag == "table"]
    captions = [tag for tag, _ in outline.tags if tag == "caption"]
    in_pages = page.count('<div class="explained">')
    assert len(captions) >= len(tables) - 10 * in_pages
    assert [
        given for tag, given in outline.tags if tag == "svg" and "aria-label" not in given
    ] == []


@pytest.mark.parametrize("make", PAGES.values(), ids=list(PAGES))
def test_a_page_needs_nothing_else(make):
    """A link is followed by a reader alone; nothing is loaded."""
    outline = Outline(make())
    loading = ("src", "srcset", "action", "poster", "data", "background")
    given = [(tag, name) for tag, attributes in outline.tags for name in attributes]
    assert [pair for pair in given if pair[1] in loading or pair[1].startswith("on")] == []
    assert [given["href"] for tag, given in outline.tags if tag == "link"] == ["data:,"]
    assert [link for link in outline.links if not link.startswith(("#", "https://"))] == []
    assert "@import" not in _read("page.css")
    assert "url(" not in _read("page.css")
    assert len([tag for tag, _ in outline.tags if tag == "script"]) == 1


def assert_in_order(words, shown):
    place = 0
    for text in shown:
        assert text in words[place:], f"{text!r} is not there, or too early"
        place = words.index(text, place) + len(text)


def test_the_verdict_comes_first():
    words = Outline(verdict_page.render(DIFFERING)).words
    shown = [
        "The schema differs", "database desk at db:5432: PostgreSQL 17.5, TimescaleDB 2.28.3",
        "It is new.", "facts hold", "1,192", "5 more facts cannot hold", "The database as a whole",
        "extension:timescaledb:version", "hypertable:readings:chunk_interval",
        "As rows grow older", "Tables and views",
        "1 old finding in the baseline base.json, 1 mended. Nothing new was written.", "OPS-17",
        "2027-03-31", "an old one", "1 not checked: the server cannot say", "1 seen, not judged",
        "table celery_taskmeta", "40 rows (profile quick, seed 1)",
    ]  # fmt: skip
    assert_in_order(words, shown)
    assert "The schema conforms" in Outline(verdict_page.render(CONFORMING)).words
    assert "No server answers." in Outline(verdict_page.render(STOPPED)).words


def test_several_databases_are_one_table():
    page = audits_page.render(AUDITS)
    words = Outline(page).words
    shown = [
        "Audit of 4 databases", "1 of 4 databases could not be checked", "conforms1", "differ2",
        "could not run1", "No server answers. <script>", "desk two", "differs", "4", "desk one",
        "2.28.3", "conforms", "chunk interval is 7 days", "in desk two and desk three", "4.5 s",
    ]  # fmt: skip
    assert_in_order(words, shown)
    assert page.count('<article class="finding') == 4
    differing = replace(AUDITS, databases=AUDITS.databases[:2])
    assert "1 of 2 databases differs" in Outline(audits_page.render(differing)).words
    conforming = replace(AUDITS, databases=AUDITS.databases[:1])
    assert "All databases conform" in Outline(audits_page.render(conforming)).words


def test_findings_have_both_values_side_by_side():
    page = verdict_page.render(DIFFERING)
    assert "<dt>The models declare</dt><dd>30 days</dd>" in page
    assert "<dt>The database has</dt><dd>7 days</dd>" in page
    missing = page.partition(COLUMN.id)[2].partition("</article>")[0]
    assert COLUMN.message in missing
    assert "<dt>" not in missing


def test_many_findings_have_a_list_of_their_relations():
    many = tuple(replace(INTERVAL, id=f"a:b:{number}") for number in range(20))
    assert "Findings by relation" not in verdict_page.render(DIFFERING)
    page = verdict_page.render(replace(DIFFERING, findings=(*many, VERSION)))
    assert '<a href="#findings-whole">The database as a whole</a> <span class="count">1<' in page
    assert re.search(r'<a href="#findings-\d">readings</a> <span class="count">20<', page)


def test_two_databases_are_named_as_such():
    other = replace(INTERVAL, disagreement="unexpected")
    page = verdict_page.render(
        replace(DIFFERING, against="database b at h:5432", findings=(other,))
    )
    assert "Compared with database b at h:5432" in page
    assert "<dt>The other database has</dt><dd>missing</dd>" in page
    assert "<dt>This database has</dt><dd>7 days</dd>" in page
    assert "declare" not in page.partition('<section id="pages"')[0].partition("</style>")[2]


def test_a_history_is_ready_to_copy():
    page = verdict_page.render(DIFFERING)
    assert "<code>-- insert\nINSERT INTO t VALUES (1);</code></pre><button" in page
    assert "The shortest history:</p>" in page


def test_the_pages_of_the_findings_are_embedded():
    page = verdict_page.render(DIFFERING)
    anchor = re.search(
        r'<details class="card" id="(page-\d+)">\n<summary>hypertable</summary>', page
    )
    assert f'<a href="#{anchor[1]}">What this means</a>' in page
    assert "timescaledb_information.dimensions" in page
    assert "test_insert_new_keeps_the_first" in page.partition("<summary>rows</summary>")[2]


def test_a_failed_test_is_not_explained_as_a_check_constraint():
    failed = replace(COLUMN, id="check:test_upgrade", kind="check", object="test_upgrade")
    page = verdict_page.render(replace(DIFFERING, findings=(failed,)))
    assert "<summary>check:test_upgrade</summary>" in page
    assert "Properties of the migrations" in page
    assert "pg_constraint" not in page


def test_the_schema_is_drawn():
    page = verdict_page.render(DIFFERING)
    assert "too many for a picture" not in page
    words = Outline(page).words
    assert "readings (value) references sensors (id)" in words
    assert "daily is computed from readings" in words
    assert "A chunk holds 7 days. A chunk is compressed after 30 days." in words
    assert "Refreshed from 30 days ago to 1 day ago" in words
    assert '<g class="box hypertable error">' in page
    assert '<tr class="absent marked">\n<th scope="row">value</th>' in page
    assert "timestamptz <span" in page


def hostile_finding(**values):
    return replace(
        INTERVAL, id=f"hypertable:{HOSTILE}:exists", object=HOSTILE, message=HOSTILE,
        hint=f"{HOSTILE}\n\n{HOSTILE}", expected=HOSTILE, observed=[HOSTILE, 1, True, None],
        **values,
    )  # fmt: skip


def test_hostile_names_are_text():
    engine = replace(ENGINE, description=HOSTILE, note=HOSTILE)
    verdict = Verdict(
        engine, (hostile_finding(), hostile_finding(disagreement="unexpected", attribute="exists")),
        (NotChecked(HOSTILE, HOSTILE),), (Seen(HOSTILE, HOSTILE, HOSTILE),),
        accepted=(Accepted(hostile_finding(), HOSTILE, HOSTILE),), old=(hostile_finding(),),
        left=(Left(HOSTILE, (HOSTILE,)),), baseline=Baseline(HOSTILE, 1, (), HOSTILE),
        generated={HOSTILE: HOSTILE}, tried={"rows": 1},
        schema=picture_of({}, facts(HOSTILE, HOSTILE)),
    )  # fmt: skip
    outline = Outline(verdict_page.render(verdict))
    assert len([tag for tag, _ in outline.tags if tag == "script"]) == 1
    assert [tag for tag, _ in outline.tags if tag == "img"] == []
    assert HOSTILE in outline.words
    titles = {given["title"] for _, given in outline.tags if "title" in given}
    assert not any("<" in title for title in titles if "script" not in title)


def test_a_link_of_a_finding_is_a_page_on_the_web():
    """The address of a rule of squawk's; its name is from another program."""
    squawk = replace(GATE.findings[0], code='squawk:"><script>')
    outline = Outline(gate_page.render(replace(GATE, findings=(squawk,))))
    assert [link for link in outline.links if not link.startswith("#")] == [squawk.page]
    assert len([tag for tag, _ in outline.tags if tag == "script"]) == 1


def test_a_comment_of_a_megabyte_is_cut():
    comment = "x" * 1_000_000
    finding = replace(INTERVAL, observed=comment, message=comment, hint=comment)
    page = verdict_page.render(replace(DIFFERING, findings=(finding,)))
    assert len(page) < 120_000
    assert "… (1,000,000 characters in all)" in page


def test_a_large_schema_is_cut():
    many = {}
    for number in range(400):
        many |= {k: v for k, v in facts(f"t{number:03}").items() if k.table == f"t{number:03}"}
    finding = replace(INTERVAL, object="t399")
    others = [replace(COLUMN, id=f"column:t000.c{n}:exists", object="t000") for n in range(999)]
    verdict = Verdict(ENGINE, (finding, *others), schema=picture_of({}, many))
    page = verdict_page.render(verdict)
    assert page.count('<article class="relation card') == 150
    assert 'id="relation-399"' in page
    assert "400 relations, as the database has them. 150 of these are shown below" in page
    assert "They are too many for a picture." in page
    assert "…and 799 more findings" in page
    assert "<svg" not in page
    assert len(page) < 1_000_000


def test_locks_are_drawn_over_time():
    page = gate_page.render(GATE)
    words = Outline(page).words
    assert "ACCESS EXCLUSIVE on market_data and 5 chunks, 1.5 s" in words
    assert "transaction waits 150 ms" in words
    assert "rewrites market_data and 5 chunks" in words
    assert "statement 2, market_data: 6,004 lock-table entries" in words
    assert "the table is small" in words
    assert "2. ALTER TABLE market_data\nADD COLUMN vwap double precision" in words
    assert "alembic_version" not in words


def test_a_finding_leads_to_its_statement():
    page = gate_page.render(GATE)
    assert '<a href="#statement-0-2">Statement 2 and its locks</a>' in page
    assert '<li id="statement-0-2">' in page


@pytest.mark.parametrize(
    ("kind", "said"), [("sequence-near-end", "broken"), ("migration", "different")]
)
def test_what_no_model_declares_is_expected(kind, said):
    limit = Finding("i", kind, "o", "a", said, 1000, 7, "Few are left", "Raise the limit.")
    for verdict, here in ((DIFFERING, "The"), (replace(DIFFERING, against="app"), "This")):
        words = Outline(verdict_page.render(replace(verdict, findings=(limit,)))).words
        assert_in_order(words, ["Expected", "1,000", f"{here} database has", "7"])


def test_drift_of_a_table_stands_with_its_other_findings():
    subjects = (
        "column:app.devices.note:exists", "index:app.devices.ix:columns", "app.devices",
        "table:app.devices:exists", "type:phase:labels", "",
    )  # fmt: skip
    found = tuple(GateFinding("drift", "7", item, "A.", "B.") for item in subjects)
    page = gate_page.render(replace(GATE, findings=found))
    heads = re.findall(r"<h3>7:? ?([^<]*?) <span", page)
    assert heads == ["app.devices", "phase", ""]


def test_drift_has_both_values_side_by_side():
    fact = Finding("i", "column", "t.c", "type", "different", "text", "bigint", "Differs", "Mend.")
    drift = GateFinding("drift", "7", "column:t.c:type", "Differs.", "Mend.", fact=fact)
    report = replace(GATE, findings=(drift,))
    words = Outline(gate_page.render(report)).words
    assert_in_order(words, ["The models declare", "text", "The database has", "bigint"])
    (found,) = report.as_data()["findings"]
    assert found["fact"] == {"expected": "text", "observed": "bigint"}


def test_changes_of_an_upgrade_are_grouped_by_importance():
    words = Outline(upgrade_page.render(UPGRADE)).words
    shown = [
        "The upgrade makes harmful changes", "harmful changes", "in place",
        "pg_dump is not installed", "Important changes", "Lost", "rows of curves",
        "the view is dropped next week",
        "New known gaps", "Other changes", "Renamed by TimescaleDB: 1",
    ]  # fmt: skip
    assert_in_order(words, shown)


def test_pages_are_written_beside_the_other_reports(tmp_path):
    write_verdict(DIFFERING, tmp_path)
    write_gate(GATE, tmp_path, {})
    write_upgrade(UPGRADE, tmp_path)
    for name in ("verdict", "gate", "upgrade"):
        assert (tmp_path / f"{name}.html").read_text("utf-8").startswith("<!doctype html>")


# Contrast, as the Web Content Accessibility Guidelines 2.2 define it (1.4.3): 4.5 for text.


def luminance(colour):
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_can_be_read(scheme):
    block = re.findall(r":root \{(.*?)\}", Path(_CSS).read_text("utf-8"), re.DOTALL)[scheme]
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))
    pairs = [
        (ink, ground)
        for ink in ("ink", "muted", "link", "good", "bad", "warn", "note")
        for ground in ("page", "surface", "sunken")
    ] + [(tone, f"{tone}-tint") for tone in ("good", "bad", "warn", "note")]
    poor = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in pairs}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}


_CSS = Path(verdict_page.__file__).with_name("page.css")
