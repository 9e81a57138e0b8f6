"""Nodes of the accessibility tree that a flow means."""

from __future__ import annotations

from collections.abc import Sequence

from harness.flow.parts import NodeMatch
from harness.flow.scene import Scene
from sandbox_image.wire import Node, ScreenPoint

_TOLD = 6  # nodes listed in a failure


async def locate_node(scene: Scene, wanted: NodeMatch, nth: int | None) -> ScreenPoint:
    """The middle of the node that is meant, once it is there and holds still. Raises StepFailed."""
    nodes: tuple[Node, ...] = ()
    previous: Node | None = None
    looks = scene.looks()
    while await looks.again():
        nodes = await find(scene, wanted)
        chosen = _chosen(nodes, nth)
        if chosen and chosen.box and previous and previous.box == chosen.box:
            scene.box = chosen.box
            scene.points.append(chosen.box.center)
            return chosen.box.center
        previous = chosen
    if not nodes:
        raise await scene.failed(f"there is no {wanted}")
    if _chosen(nodes, nth):
        raise await scene.failed(f"{wanted} was found but did not hold still, or has no place on the screen")
    raise await scene.failed(f"{wanted} was found {len(nodes)} times; narrow it down: {_named(nodes)}")


async def expect_node(scene: Scene, wanted: NodeMatch, *, gone: bool) -> None:
    """Wait until one is there, or none is. Raises StepFailed."""
    nodes: tuple[Node, ...] = ()
    looks = scene.looks()
    while await looks.again():
        nodes = await find(scene, wanted)
        if bool(nodes) != gone:
            scene.box = nodes[0].box if nodes else None
            return
    raise await scene.failed(f"{wanted} is still there: {_named(nodes)}" if gone else f"there is no {wanted}")


async def find(scene: Scene, wanted: NodeMatch) -> tuple[Node, ...]:
    """All nodes that match, in the order in which their programs have them."""
    name, regex = (wanted.name.source, wanted.name.regex) if wanted.name else (None, None)
    found = await scene.desktop.find_nodes(
        wanted.role,
        None if regex else name,
        name_regex=f"(?i){regex.pattern}" if regex else None,
        text=wanted.text,
        states=wanted.states,
        app=wanted.app,
        window=wanted.window,
    )
    return found.nodes


def _chosen(nodes: Sequence[Node], nth: int | None) -> Node | None:
    if nth:
        return nodes[nth - 1] if len(nodes) >= nth else None
    return nodes[0] if len(nodes) == 1 else None


def _named(nodes: Sequence[Node]) -> str:
    return ", ".join(f"{node.role} '{node.name}' of {node.app}" for node in nodes[:_TOLD])
