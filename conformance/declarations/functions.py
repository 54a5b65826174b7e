"""Functions and procedures, by their signature and a digest of their body."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.declarations.base import DeclarationError, Requirement
from conformance.declarations.signatures import Signature

if TYPE_CHECKING:
    from collections.abc import Sequence

VOLATILITIES = ("immutable", "stable", "volatile")
SECURITIES = ("invoker", "definer")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Function(Requirement):
    """The database has this function; a property that is None is named in the verdict, not judged.

    Args:
        signature: name and argument types, `"total(integer, text)"`; names and defaults of
            arguments are allowed and ignored.
        body: the text between the quotes, as in `pg_proc.prosrc`.
        digest: the digest of the body, `"sha256:..."`, as a verdict shows it; instead of `body`.
        language: `"sql"`, `"plpgsql"`.
        returns: the type, or `"SETOF ..."`, `"TABLE(...)"` as PostgreSQL prints it.
        volatility: `"immutable"`, `"stable"` or `"volatile"`.
        strict: whether the function returns NULL when an argument is NULL.
        security: `"invoker"` or `"definer"`.
        settings: the settings of `CREATE FUNCTION ... SET`, `("search_path=public",)`.
        schema: the schema of the function; None: the models' default schema.
    """

    kind = "function"

    def __init__(  # noqa: PLR0913 - each is a part of CREATE FUNCTION
        self,
        signature: str,
        *,
        body: str | None = None,
        digest: str | None = None,
        language: str | None = None,
        returns: str | None = None,
        volatility: str | None = None,
        strict: bool | None = None,
        security: str | None = None,
        settings: Sequence[str] | None = None,
        schema: str | None = None,
    ) -> None:
        self.written = signature
        #: What follows the signature in CREATE FUNCTION; empty: the properties say it.
        self.definition = ""
        try:
            self.signature = Signature.parse(signature)
        except ValueError as error:
            raise DeclarationError(self._name, str(error)) from None
        self.body = body
        self.digest = digest
        self.language = language
        self.returns = returns
        self.volatility = volatility
        self.strict = strict
        self.security = security
        self.settings = None if settings is None else tuple(sorted(settings))
        self.schema = schema
        self._check()

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _check(self) -> None:
        subject = f"{self._name} {self.signature}"
        if self.body is not None and self.digest is not None:
            raise DeclarationError(subject, "has both body and digest; remove one of them")
        if self.digest is not None and _DIGEST.fullmatch(self.digest) is None:
            raise DeclarationError(
                subject, f"digest {self.digest!r} is not sha256: and 64 hexadecimal digits"
            )
        for what, value, known in (
            ("volatility", self.volatility, VOLATILITIES),
            ("security", self.security, SECURITIES),
        ):
            if value is not None and value not in known:
                raise DeclarationError(
                    subject, f"{what} {value!r} is not one of {', '.join(known)}"
                )


class Procedure(Function):
    """The database has this procedure. It takes the arguments of `Function`.

    `returns`, `volatility` and `strict` mean nothing for a procedure, and are not compared.
    """

    kind = "procedure"
