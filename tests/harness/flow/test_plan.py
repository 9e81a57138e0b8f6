from harness.flow.parse import loads

FLOW = "harness: 1\nname: A\nsteps:\n  - {click: File, name: Open the menu}\n  - type: %s\n"


def test_a_step_is_called_by_its_name_or_by_what_it_does() -> None:
    first, second = loads(FLOW % "Hello").steps
    assert first.title == "Open the menu"
    assert second.title == "type Hello"


def test_a_long_text_is_cut_in_a_title() -> None:
    title = loads(FLOW % ("word " * 40)).steps[1].title
    assert len(title) <= 70
    assert title.endswith("…")


def test_a_title_is_one_line() -> None:
    assert loads(FLOW % '"a\\nb"').steps[1].title == "type a b"
