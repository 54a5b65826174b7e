"""Types that are written as strings of a shape of their own: addresses and bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql as pg

from conformance.strategies.values.making import made

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from conformance.strategies.values.narrowing import Narrowing

#: As PostgreSQL writes them, which is how they are read back.
_HOSTS = ("0.0.0.0", "127.0.0.1", "255.255.255.255", "10.0.0.1/8", "::", "::1", "2001:db8::1/64")  # noqa: S104
_NETWORKS = ("0.0.0.0/0", "10.0.0.0/8", "192.168.1.7/32", "::/0", "2001:db8::/32", "::1/128")
#: Of a `bit varying` without a length.
_MOST_BITS = 70


def hosts(_: Any, narrowing: Narrowing, __: int | None) -> SearchStrategy[str]:
    """`inet`: an address, with its network's length unless that is all of it."""
    return _left(made(str, st.ip_addresses(v=4)) | st.sampled_from(_HOSTS), narrowing)


def networks(_: Any, narrowing: Narrowing, __: int | None) -> SearchStrategy[str]:
    """`cidr`: a network, without bits to the right of its length."""
    whole = made("{}/32".format, st.ip_addresses(v=4))
    return _left(whole | st.sampled_from(_NETWORKS), narrowing)


def hardware_addresses(kind: Any, narrowing: Narrowing, _: int | None) -> SearchStrategy[str]:
    """`macaddr` and `macaddr8`: six or eight bytes."""
    length = 8 if isinstance(kind, pg.MACADDR8) else 6
    found = st.binary(min_size=length, max_size=length)
    return _left(made(lambda item: item.hex(":"), found), narrowing)


def bits(kind: Any, narrowing: Narrowing, _: int | None) -> SearchStrategy[str]:
    """`bit(n)` has n of them, `bit varying(n)` at most n."""
    longest = kind.length or (_MOST_BITS if kind.varying else 1)
    shortest = 0 if kind.varying else longest
    return _left(st.text("01", min_size=shortest, max_size=longest), narrowing)


def _left(strategy: SearchStrategy[str], narrowing: Narrowing) -> SearchStrategy[str]:
    return strategy.filter(narrowing.allows) if narrowing.excluded else strategy
