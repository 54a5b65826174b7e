"""The release notes of TimescaleDB that were read, and what each of their bug fixes became here.

Every bug fix was looked at. A fix that changes rows or results, or that keeps a constraint, has an
entry in the registry or a line in `left_out.py`. The others are errors, crashes, speed,
permissions, builds, jobs and the like.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """The bug fixes that the notes of one release name, by the numbers of their pull requests.

    Attributes:
        version: the release.
        entries: the number, and the code of the entry that shows the defect.
        left_out: the number, and the ticket of the line in `left_out.py`.
        others: fixes of another kind.
    """

    version: str
    entries: dict[int, str]
    left_out: dict[int, int]
    others: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many bug fixes the notes name."""
        return len(self.entries) + len(self.left_out) + len(self.others)


def _release(version: str, words: list[str]) -> Release:
    entries = {int(n): code for n, sign, code in (w.partition("=") for w in words) if sign}
    left_out = {int(n): int(t or n) for n, sign, t in (w.partition("~") for w in words) if sign}
    return Release(version, entries, left_out, tuple(int(w) for w in words if w.isdigit()))


#: Releases whose bug fixes could not be read when the registry was last revised.
UNREAD = ("2.30.3", "2.31.1", "2.32.0", "2.32.1")

#: A paragraph for each release: `number=code` of an entry; `number~` of a line in `left_out.py`,
#: with the ticket of that line if it is another one; and the numbers of the others.
_READ = """
2.31.2: 11015

2.31.0: 10693=collation-of-an-index 10701=order-after-a-merge 10715=truncate-of-a-chunk
10718=truncate-and-references 10797=default-after-a-merge 10783=drop-without-refresh
10508=merge-without-refresh 10454~ 10558~ 10617~ 10630~ 10635~ 10651~ 10747~ 10748~ 10795~ 10778~
10791~ 10830~ 10418 10616 10639 10749 10763 10765 10806 10808 10817 10827 10883 10844

2.30.2: 10682=collation-of-a-filter 10665 10668 10609 10613 10636 10585

2.30.1: 10580=bloom-of-one-key 10583=bloom-of-a-null 10592=prepared-limit 10593

2.30.0: 10058=order-after-new-settings 9905=join-by-bucket 10128~ 10515~ 10499~ 10506~ 10325 10408
9920 10513 10524 10535 10536 10539

2.29.2: 9921=is-null-of-a-comparison 10416~ 10423~10421 10430~10429 10189 10363

2.29.1: 10327 10339 10340 10352 10360 10369 10379 10386

2.29.0: 10221=last-bucket-of-a-refresh 10280=direct-returning 10281=direct-exclusion 10052~ 10282~
10315~ 10324~ 10013 10071 10143 10199 10213 10278 10286 10302 10313

2.28.5: 11015

2.28.4: 11015

2.28.3: 10082=null-of-a-function 10182=order-and-collation 10230=update-and-collation
10254=delete-unlike-a-null-array 10178~10130 10209~ 10179 10212 10257 10265

2.28.2: 10137~ 10126 10133 10164

2.28.1: 10056=direct-check 10060=first-by-two-orders 10089=delete-where-nothing-exists 9913 10091
10059 10061 10069 10073 10094

2.28.0: 9745=unique-index-of-a-chunk 9955=order-by-two 9976=date-and-moment 9977=copy-where
10003=update-of-a-segment 10026=skipping-the-maximum 9890~ 9984~9926 9986~9974 9708 9914 9929 9967
9981 9982 9988 10024 10025

2.27.3: 11015

2.27.2: 9902=group-by-two 9908~9907 9895

2.27.1: 9828~ 9830~ 9795 9799 9800 9801 9824

2.27.0: 9731=order-after-recompression 9413~ 9482~9445 9705~ 9363 9414 9417 9479 9490 9500 9519
9561 9590 9596 9604 9610 9632 9640 9680 9692 9706 9709 9710 9711 9697 9743 9767 9747 9744 9736 9717
9707

2.26.4: 9655=merge-of-settings 9641=transition-after-a-drop 9656~ 9660~ 9360 9515 9550 9605 9607
9612 9614 9615 9616 9623 9625 9639 9646 9652 9654 9674

2.26.3: 9563~8844 9571~ 9511 9557 9551

2.26.2: 9392=limit-in-another-zone 9510~ 9460 9485 9486 9487 9522

2.26.1: 9455

2.26.0: 9344=space-and-cast 9378=reference-to-an-index 9381=direct-from-compressed 9401~ 9413~ 7629
9356 9376 9414 9417

2.25.2: 9276=null-outside-the-order 9293=gapfill-in-a-lateral 9324=lock-of-a-referred-row
9339=order-after-direct 9294~ 9308~ 9314~ 9277 9279 9281 9283 9290 9292 9303 9321 9327 9331

2.25.1: 9226~ 9215 9223 9256 9257

2.25.0: 9024=default-after-a-vacuum 9155=generated-after-a-drop 9129=time-bucket-and-clock-change
9058~ 9120~ 8706 8986 8989 8990 9007 9045 9056 9061 9069 9102 9121 9144 9177 9176 9175

2.24.0: 8933~ 8988~ 8839 8853 8942 8958 8969

2.23.1: 8875~ 8873 8879 8882

2.23.0: 8704=delete-from-a-chunk 8735~ 8561 8567 8654 8728 8739 8742 8743 8746 8753 8758 8774 8782
8799 8807

2.22.1: 8599~ 8607~ 7766 8550 8593 8638 8644 8657 8659 8693 8707

2.22.0: 8500=generated-key 8545~ 8422 8493 8558 8559

2.21.4: 8667

2.21.3: 8471~

2.21.2: 8426=skipping-after-recompression 8418 8434

2.21.1: 8336=reference-to-a-hypertable

2.21.0: 8323~ 8153 8164 8294 8307

2.20.3: 8216~ 8230~ 8107 8211 8236

2.20.2: 8200~

2.20.1: 8151~ 7292 8126 8153 8162 8163 8171

2.20.0: 8031=count-of-deleted 8106~ 7862 7909 7928 7982 8008 8033 8061 7515 8067 8074 8099 8127

2.19.3: 7893 7903 7912 7910 7913 7935 7954 7964

2.19.2: 7911 7902

2.19.1: 7816=order-of-a-chunk 7834 7837 7850 7890

2.19.0: 7673=rows-after-a-conflict 7714=null-or-default 7665 7747 7748 7764 7768 7799

2.18.2: 7686~ 7694 7695 7711 7712

2.18.1: 7645=delete-unlike 7673=rows-after-a-conflict 7649~ 7600 7637 7653 7665

2.18.0: 7557=null-in-the-order 7598=nan-in-a-filter 7584~ 7378 7409 7410 7426 7432 7434 7488 7514
7517 7527 7566

2.17.2: 7384 7388

2.17.1: 7342~ 7335

2.17.0: 7187 7191 7195 7201 7227 7229 7230 7234 7258 7270 7286 7290 7301 7318 7320
"""


def _releases() -> tuple[Release, ...]:
    paragraphs = (paragraph.partition(":") for paragraph in _READ.split("\n\n"))
    return tuple(_release(version.strip(), rest.split()) for version, _, rest in paragraphs)


NOTES: tuple[Release, ...] = _releases()
