"""A process that runs the suite, or a part of it, and answers with the verdict.

`python -m conformance.checking.process` imports what every run needs, and reads an order from
standard input, one line of JSON. It writes lines of JSON to standard output: `{"step": ...}` before
each check, and at the end `{"verdict": ...}`, or `{"could_not_run": ...}` with exit code 2. The
process ends when its standard input closes, because then its parent has ended.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, Self

from conformance.errors import ConformanceError, why_no_verdict
from conformance.process.standard_library import command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.checking.choices import Choices
    from conformance.comparing.verdict import Verdict
    from conformance.engines.started import Session
    from conformance.process.progress import Progress

#: Seconds that a terminated process gets to clean up.
_GRACE = 20


def has_second_core() -> bool:
    """Whether another process can work at the same time."""
    return len(os.sched_getaffinity(0)) > 1 if hasattr(os, "sched_getaffinity") else True


class SuiteProcess:
    """The suite in another process, which `__enter__` starts.

    pytest must be imported before Hypothesis, and needs a process of its own. It imports what it
    needs while its caller still prepares the order.
    """

    def __init__(self) -> None:
        self._steps: list[str] = []
        self._answer: dict[str, Any] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command(__spec__.name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            # Ctrl-C in a terminal would meet a Python that is just starting, which prints a fatal
            # error and its traceback. `__exit__` ends the process.
            process_group=0,
        )
        try:
            self._reader = threading.Thread(target=self._read, daemon=True)
            self._reader.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if stream is not None:
                    stream.close()

    def order(
        self,
        choices: Choices,
        arguments: Sequence[str],
        *,
        server: str | None = None,
        database: str | None = None,
    ) -> None:
        """Say what to run, once.

        Args:
            choices: the choices for the run.
            arguments: further arguments of pytest.
            server: the URL of a server, with the password: run in copies of a database on this
                server instead of starting an engine.
            database: the name of that database.
        """
        order = {
            "choices": choices.as_data(),
            "arguments": list(arguments),
            "server": server,
            "database": database,
        }
        # The order may contain a password, and other users cannot read standard input.
        with suppress(BrokenPipeError):
            print(json.dumps(order), file=self._process.stdin, flush=True)

    def verdict(self, progress: Progress) -> dict[str, Any]:
        """Wait for the verdict's JSON.

        Args:
            progress: called with the check that is running.

        Raises:
            ConformanceError: the process has no verdict.
        """
        while self._reader.is_alive():
            self._reader.join(0.2)
            progress(self._steps[-1] if self._steps else "waiting for the other half")
        code = self._process.wait()
        answer = self._answer or {}
        if "verdict" not in answer:
            reason = answer.get("could_not_run") or f"The suite ended with exit code {code}."
            raise ConformanceError(reason)
        found: dict[str, Any] = answer["verdict"]
        return found

    def _read(self) -> None:
        for line in self._process.stdout or ():
            said = json.loads(line)
            if "step" in said:
                self._steps.append(said["step"])
            else:
                self._answer = said


def verdict_of(data: dict[str, Any]) -> Verdict:
    """The verdict of `SuiteProcess.verdict`; what the project says of findings comes later."""
    from conformance.comparing.findings import Finding, Left, NotChecked, Seen
    from conformance.comparing.verdict import TRIED, EngineUsed, Verdict

    counts = data["counts"]
    return Verdict(
        EngineUsed(**data["engine"]),
        tuple(Finding(**item) for item in data["findings"]),
        tuple(NotChecked(**item) for item in data["not_checked"]),
        tuple(Seen(**item) for item in data["seen"]),
        data["accounted"],
        facts=counts["facts"],
        tests=counts["tests"],
        consequences=counts["consequences"],
        tried={what: counts[what] for what in TRIED},
        generated=data["generated"],
        left=tuple(Left(item["pattern"], tuple(item["objects"])) for item in data["left"]),
        seconds=data["seconds"],
        stages=data["stages"],
        schema=data["schema"],
    )


def main() -> int:
    """Carry out the order; return the exit code."""
    from conformance.process.interrupts import interruptible

    with _standard_output_alone() as answer:

        def tell(**said: object) -> None:
            print(json.dumps(said), file=answer, flush=True)

        try:
            import conformance.checking.run  # noqa: F401 - while the caller prepares the order

            order = json.loads(sys.stdin.readline())
            # A copy, because pytest replaces standard input.
            caller = os.dup(sys.stdin.fileno())
            threading.Thread(target=_end_with_the_caller, args=(caller,), daemon=True).start()
            with interruptible(lambda step: tell(step=step)) as progress:
                verdict = _run(order, progress)
        # Exit codes 0 and 1 mean a verdict; any exception exits with 2.
        except BaseException as error:
            with suppress(OSError):
                tell(could_not_run=why_no_verdict(error))
            return 2
        tell(verdict=verdict.as_data())
    return 0


def _end_with_the_caller(caller: int) -> None:
    while os.read(caller, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _standard_output_alone() -> Iterator[IO[str]]:
    """Reserve standard output for the answer; redirect other output to standard error."""
    # The caller may have ended before it read the answer.
    with suppress(BrokenPipeError), os.fdopen(os.dup(1), "w", encoding="utf-8") as answer:
        os.dup2(2, 1)
        yield answer


def _run(order: dict[str, Any], progress: Progress) -> Verdict:
    from conformance.checking.choices import Choices
    from conformance.checking.run import check_on, make_ready

    choices = Choices.from_data(order["choices"])
    make_ready(choices)
    session = _session(order, choices)
    try:
        return check_on(session, choices, order["arguments"], progress)
    finally:
        session.engine.stop()


def _session(order: dict[str, Any], choices: Choices) -> Session:
    from conformance.engines.server.url import UrlEngine
    from conformance.engines.started import Session, start_session

    if order["database"] is None:
        return start_session(choices.project.engine, choices.project.image)
    engine = UrlEngine(order["server"])
    engine.start()
    try:
        engine.start_from(engine.url_of(order["database"]))
    except BaseException:
        engine.stop()
        raise
    return Session(engine)


if __name__ == "__main__":
    sys.exit(main())
