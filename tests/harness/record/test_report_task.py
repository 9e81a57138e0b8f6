from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

import harness
from harness.events import Answered, Called, Event, Said, TaskFinished, TaskResumed, TurnFinished, TurnStarted
from harness.record.folder import RunFolder
from harness.record.report import write_report
from harness.record.report_task import CallRow, TaskPage, TurnRow, is_long, task_page
from tests.support.reports import check_stands_alone, links
from tests.support.tasks import ANSWER, STARTED, finished, frame, paid, task


def kept(tmp_path: Path, events: Iterable[Event]) -> Path:
    with RunFolder.new(tmp_path, "a") as folder:
        for event in events:
            folder(event)
    folder.files.mkdir()
    (folder.files / "list.txt").write_text("milk")
    return folder.path


def report(tmp_path: Path, events: Iterable[Event]) -> str:
    return write_report(kept(tmp_path, events)).read_text()


def page(tmp_path: Path) -> TaskPage:
    events = list(task())
    return task_page(kept(tmp_path, events), STARTED, events)


def part(text: str, mark: str, end: str = "</section>") -> str:
    return text[text.index(mark) :].split(end, maxsplit=1)[0]


# --- the page ---------------------------------------------------------------------------------------------------


def test_a_report_stands_alone(tmp_path: Path) -> None:
    check_stands_alone(write_report(kept(tmp_path, task())))


def test_what_a_model_or_a_sandbox_wrote_is_text(tmp_path: Path) -> None:
    text = report(tmp_path, task())
    assert "&lt;script&gt;" in text
    assert "list.txt&lt;/b&gt;" in text
    assert links(text).tags.count("script") == 1


def test_task_answer_and_result_come_first(tmp_path: Path) -> None:
    text = report(tmp_path, task())
    assert text.index("Write a shopping list\nand save it as list.txt</h1>") < text.index('id="answer"')
    answer = part(text, 'id="answer"')
    assert ANSWER.replace("<", "&lt;").replace(">", "&gt;") in answer
    assert "&#34;items&#34;: 3" in answer
    assert text.index('id="answer"') < text.index('id="spent"') < text.index('id="turn-1"')
    assert 'id="failure"' not in text


def test_what_it_cost_is_told_in_all_and_by_kind(tmp_path: Path) -> None:
    spent = part(report(tmp_path, task()), 'id="spent"')
    for told in (
        "<b>3</b>turns of 100 allowed",
        "<b>$0.030</b>cost",
        "<b>3.1k</b>tokens",
        "<b>80 %</b>of what it read",
    ):
        assert told in spent
    assert "<b>1 min 5 s</b>of 1 h allowed, 6.0 s of it the model&#39;s" in spent.replace("model's", "model&#39;s")
    assert "from the cache 2.4k" in spent
    assert "written 150, 60 of it thinking" in spent


def test_a_price_that_is_not_known_is_told_as_that(tmp_path: Path) -> None:
    text = report(tmp_path, [STARTED, TurnStarted(turn=1), paid(1, "end_turn", None), finished()])
    assert "<b>unknown</b>cost: no price is known" in text


def test_each_turn_shows_what_was_thought_said_and_done(tmp_path: Path) -> None:
    text = report(tmp_path, task())
    first, second, third = (part(text, f'id="turn-{number}"', "</article>") for number in (1, 2, 3))
    assert '<details class="thought"><summary>Thought</summary><p>First I need to see the screen.</p>' in first
    assert first.index("I look around.") < first.index("look at the screen")
    assert "waited 12 s: rate limit" in second
    assert "cat &lt;&lt;EOF &gt;list.txt\nmilk\nbread\nEOF" in second
    assert second.count('class="mark failed"') == 3  # the turn, and two of its calls
    assert '<p class="told bad">(5000, 3) is not in the picture</p>' in second
    assert "1.0k in, 80 % cached" in second
    assert "<b>$0.010</b>" in second
    assert "<figure>" not in third


def test_places_are_marked_on_the_picture_that_the_model_had_seen(tmp_path: Path) -> None:
    text = report(tmp_path, task())
    turn = part(text, 'id="turn-2"', "</article>")
    seen, after, closer = turn.split("<figure>")[1:]
    assert f"frames/{frame('a').frame}.png" in seen
    assert "What it saw, and where it pointed" in seen
    assert 'cx="640" cy="400"' in seen
    assert "<polyline" in seen
    assert re.findall(r"<text [^>]*>(\d)</text>", seen) == ["2", "3"]
    assert f"frames/{frame('c', '#fed').frame}.png" in after
    assert "The screen after 2" in after
    assert "<svg" not in after + closer
    assert "A part of the screen after 3" in closer


def test_long_output_is_folded_behind_its_first_line(tmp_path: Path) -> None:
    fold = part(report(tmp_path, task()), '<details class="fold">', "</details>")
    assert "<span>line 0 &lt;script&gt;</span> <b>40 lines</b>" in fold
    assert "line 39" in fold


@pytest.mark.parametrize(
    ("outcome", "title"),
    [
        ("limit", "Limit reached"),
        ("refused", "Refused"),
        ("stuck", "Stuck"),
        ("stopped", "Stopped"),
        ("failed", "Failed"),
    ],
)
def test_what_kept_it_from_finishing_comes_first_with_the_last_screen(tmp_path: Path, outcome: str, title: str) -> None:
    events = [event for event in task() if not isinstance(event, TaskFinished)]
    text = report(tmp_path, [*events, finished(outcome, "why it ended")])
    failure = part(text, 'id="failure"')
    assert f"<h2>{title}</h2>" in failure
    assert "why it ended" in failure
    assert 'href="#turn-3"' in failure
    assert f"frames/{frame('c', '#fed').frame}.png" in failure


KEYS = """<script>
for (const key of ["n", "n", "ArrowRight", "p", "x"]) dispatchEvent(new KeyboardEvent("keydown", {key}));
document.body.dataset.keys = document.activeElement.id;
scrollTo({top: 0, behavior: "instant"});
dispatchEvent(new KeyboardEvent("keydown", {key: "n"}));
document.body.dataset.again = document.activeElement.id;
</script>"""


@pytest.mark.container
async def test_keys_go_from_turn_to_turn_in_a_browser(tmp_path: Path) -> None:
    run = kept(tmp_path, task())
    path = write_report(run)
    path.write_text(path.read_text() + KEYS)
    async with harness.sandbox() as desktop:
        await desktop.put(run, "run")
        shown = await desktop.bash(
            "chromium --headless --force-prefers-reduced-motion --window-size=1000,500 --dump-dom run/report.html",
            limit=200_000,
        )
    assert 'data-keys="turn-2" data-again="turn-1"' in shown.output


# --- what is left of one ----------------------------------------------------------------------------------------


CUT_OFF = [index for index, event in enumerate(task()) if index > 1 and not isinstance(event, TaskFinished)][:-1]


@pytest.mark.parametrize("left", CUT_OFF)
def test_a_task_that_was_cut_off_anywhere_has_a_report(tmp_path: Path, left: int) -> None:
    text = report(tmp_path, list(task())[:left])
    assert "Did not finish" in text
    assert "The record ends before the task did" in text


def test_a_task_without_its_pictures_has_a_report(tmp_path: Path) -> None:
    run = kept(tmp_path, task())
    for path in (run / "frames").iterdir():
        path.unlink()
    assert "<figure" not in write_report(run).read_text()


def test_a_task_that_was_resumed_says_where(tmp_path: Path) -> None:
    events = [*list(task())[:12], TaskResumed(turn=1), TurnStarted(turn=2), Said(turn=2, text="Again."), paid(2)]
    text = report(tmp_path, events)
    assert text.index("Turn 1<") < text.index("Here the task was resumed") < text.index('id="turn-2"')
    assert "Did not finish" in text


# --- its rows ---------------------------------------------------------------------------------------------------


def called(told: str, **given: object) -> CallRow:
    return CallRow(1, Called.model_validate({
        "turn": 1, "call": "a", "tool": "x", "action": "", "told": told, "input": given,
    }))  # fmt: skip


@pytest.mark.parametrize(
    ("row", "given"),
    [
        (called("$ ls", command="ls"), ""),
        (called("$ a b", command="a\nb"), "a\nb"),
        (called("str replace /a", command="str_replace", path="/a", old_str="x", new_str="y"), "x\ny"),
        (called("left click at 1,2", coordinate=[1, 2]), ""),
        (called("pay(sum=1, to=…", sum=1, to="somebody", items=["a"]), 'somebody\n[\n  "a"\n]'),
    ],
)
def test_what_words_leave_out_is_given_in_full(row: CallRow, given: str) -> None:
    assert row.given.replace("1\n", "", 1) == given


def test_a_turn_is_as_good_as_the_worst_of_its_calls() -> None:
    turn = TurnRow(1)
    assert turn.status == "unfinished"
    turn.paid = paid(1)
    assert turn.status == "passed"
    turn.calls["a"] = called("x")
    assert turn.status == "unfinished"
    turn.calls["a"].end = Answered(turn=1, call="a", text="", failed=True)
    assert turn.status == "failed"


def test_a_turn_is_named_by_what_was_done_or_said(tmp_path: Path) -> None:
    turns = page(tmp_path).turns
    assert turns[1].title == "look at the screen"
    assert turns[3].title == ANSWER


def test_sums_are_of_all_turns(tmp_path: Path) -> None:
    told = page(tmp_path)
    assert [type(paid) for paid in told.paid] == [TurnFinished] * 3
    assert (told.thinking_seconds, told.dearest) == (6.0, 0.01)
    assert told.cost == pytest.approx(0.03)


@pytest.mark.parametrize(("text", "long"), [("a", False), ("a\n" * 8, True), ("a\n" * 7, False), ("a" * 701, True)])
def test_what_is_long_in_lines_or_characters_is_long(text: str, *, long: bool) -> None:
    assert is_long(text) == long
