"""SIGTERM or SIGHUP while something has to be cleaned up, in processes of their own."""

import signal
import subprocess
import sys

import pytest

BLOCK = """
import asyncio, signal, sys
from harness.sandbox.termination import orderly_termination, termination_exits
async def own(name):
    with orderly_termination():
        try:
            print("up", name, flush=True)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            print("cleaned", name, flush=True)
"""


def run(program: str, ups: int = 1, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
    with subprocess.Popen(
        [sys.executable, "-c", BLOCK + program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        for _ in range(ups):
            assert process.stdout.readline().startswith("up")
        process.send_signal(number)
        rest = process.stdout.read()
        return process.wait(30), rest


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_is_open_is_cleaned_up_and_the_process_ends_by_the_signal_as_it_would_have(
    number: signal.Signals,
) -> None:
    assert run("asyncio.run(own('a'))", number=number) == (-number, "cleaned a\n")


def test_a_program_that_outlives_its_terminal_goes_on() -> None:
    program = """
async def main():
    with orderly_termination():
        print("up", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print("went on", flush=True)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
asyncio.run(main())
"""
    assert run(program, number=signal.SIGHUP) == (0, "went on\n")


def test_the_process_ends_when_the_last_of_several_is_cleaned_up() -> None:
    code, said = run("async def main(): await asyncio.gather(own('a'), own('b'))\nasyncio.run(main())", ups=2)
    assert code == -signal.SIGTERM
    assert sorted(said.split()) == ["a", "b", "cleaned", "cleaned"]


def test_a_program_with_a_handler_of_its_own_keeps_it() -> None:
    program = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\nasyncio.run(own('a'))"
    assert run(program) == (7, "cleaned a\n")


def test_without_a_signal_the_default_action_is_back_afterwards() -> None:
    program = """
async def main():
    with orderly_termination():
        pass
asyncio.run(main())
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
print("up", flush=True)
signal.pause()
"""
    assert run(program) == (-signal.SIGTERM, "")


def test_in_another_thread_nothing_is_handled() -> None:
    program = """
import threading
def other():
    async def main():
        with orderly_termination():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    asyncio.run(main())
thread = threading.Thread(target=other)
thread.start(); thread.join()
print("up", flush=True)
signal.pause()
"""
    assert run(program) == (-signal.SIGTERM, "")


BLOCKING = """
def block(name):
    with termination_exits():
        try:
            print("up", name, flush=True)
            signal.pause()
        finally:
            print("cleaned", name, flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_blocking_program_leaves_its_blocks_first_and_ends_by_the_signal_as_well(number: signal.Signals) -> None:
    program = "with termination_exits():\n    block('a')\n    print('not reached')"
    assert run(BLOCKING + program, number=number) == (-number, "cleaned a\n")


def test_a_blocking_program_with_a_handler_of_its_own_keeps_it() -> None:
    program = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\nblock('a')"
    assert run(BLOCKING + program) == (7, "cleaned a\n")


def test_a_second_signal_does_not_disturb_what_is_being_cleaned_up() -> None:
    program = """
with termination_exits():
    try:
        print("up", flush=True)
        signal.pause()
    finally:
        signal.raise_signal(signal.SIGTERM)
        print("cleaned", flush=True)
"""
    assert run(program) == (-signal.SIGTERM, "cleaned\n")
