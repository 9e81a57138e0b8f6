from __future__ import annotations

from sandbox_image.offers import HTML, IMAGE, LATIN, TEXT, TEXTS, Offer, canonical, wanted


def test_text_is_offered_under_every_name_it_goes_by_and_in_latin_1_where_that_has_it() -> None:
    forms = Offer({TEXT: "é".encode()}).forms()
    assert set(forms) == set(TEXTS)
    assert forms[LATIN] == (LATIN, b"\xe9")
    assert forms["text/plain;charset=utf-8"] == ("text/plain;charset=utf-8", b"\xc3\xa9")
    assert forms["TEXT"] == (TEXT, b"\xc3\xa9")


def test_text_that_latin_1_does_not_have_is_not_offered_in_it() -> None:
    assert set(Offer({TEXT: "é漢".encode()}).forms()) == set(TEXTS) - {LATIN}


def test_other_contents_are_offered_as_they_are() -> None:
    assert Offer({HTML: b"<b>", IMAGE: b"png"}).forms() == {HTML: (HTML, b"<b>"), IMAGE: (IMAGE, b"png")}


def test_of_a_foreign_offer_the_best_text_and_what_else_can_be_kept_is_wanted() -> None:
    there = ["TARGETS", "STRING", "UTF8_STRING", "text/html", "image/bmp", "image/png", "application/x-private"]
    assert wanted(there) == [TEXT, HTML, IMAGE]
    assert wanted(["STRING", "text/plain"]) == ["text/plain"]
    assert wanted(["TARGETS"]) == []


def test_text_is_kept_in_utf_8_whatever_it_came_as() -> None:
    assert canonical(LATIN, b"\xe9") == (TEXT, b"\xc3\xa9")
    assert canonical("text/plain", b"a\xff") == (TEXT, "a\N{REPLACEMENT CHARACTER}".encode())
    assert canonical(HTML, b"\xff") == (HTML, b"\xff")
