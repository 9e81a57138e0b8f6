from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sandbox_image.clip import Clip, Tail


def clipped(pieces: list[bytes], limit: int) -> tuple[list[bytes], int]:
    told: list[bytes] = []
    clip = Clip(limit, told.append)
    for piece in pieces:
        clip.feed(piece)
    return told, clip.close()


@given(st.lists(st.binary(max_size=30), max_size=30), st.integers(2, 200))
def test_output_is_whole_or_first_and_last_bytes_with_the_rest_counted(pieces: list[bytes], limit: int) -> None:
    whole = b"".join(pieces)
    told, omitted = clipped(pieces, limit)
    if not omitted:
        assert b"".join(told) == whole
        return
    notice = next(index for index, piece in enumerate(told) if piece.startswith(b"\n[... "))
    first, last = b"".join(told[:notice]), b"".join(told[notice + 1 :])
    assert whole.startswith(first)
    assert whole.endswith(last)
    assert len(first) + omitted + len(last) == len(whole)
    assert len(first) + len(last) <= limit < len(whole) + 7  # characters at the two cuts


def test_the_first_half_comes_before_the_end() -> None:
    told: list[bytes] = []
    clip = Clip(10, told.append)
    clip.feed(b"abc")
    clip.feed(b"defgh")
    assert told == [b"abc", b"de"]


def test_no_character_is_cut_in_two() -> None:
    told, omitted = clipped(["世界世界世界".encode()], 10)
    assert [piece.decode() for piece in told] == ["世", "\n[... 12 bytes of output left out ...]\n", "界"]
    assert omitted == 12


def test_a_tail_holds_no_more_than_twice_its_limit() -> None:
    tail = Tail(100)
    for _ in range(1000):
        tail.feed(b"x" * 50)
        assert len(tail._kept) <= 250  # noqa: SLF001 - the bound is the point
    assert (tail.take(), tail.omitted) == (b"x" * 100, 49_900)


def test_output_that_nobody_has_any_more_counts_with_what_was_fed_since_the_first_half() -> None:
    told: list[bytes] = []
    clip = Clip(10, told.append)
    clip.feed(b"abcdefgh")
    clip.skip(100)
    clip.feed(b"uvwxyz")
    assert clip.close() == 104
    assert told == [b"abcde", b"\n[... 104 bytes of output left out ...]\n", b"vwxyz"]
