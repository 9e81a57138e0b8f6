"""Nodes of the accessibility tree that a flow means."""

from __future__ import annotations

from collections.abc import Sequence

from harness.flow.parts import NodeMatch
from harness.flow.scene import Scene
from harness.sandbox.desktop.requests import sendable
from harness.text import spelled
from sandbox_image.wire import FindNodes, Node, NodeQuery, NodeScope, NodesFound, ScreenPoint, WaitNode

_TOLD = 6  # nodes listed in a failure


async def locate_node(scene: Scene, wanted: NodeMatch, nth: int | None) -> ScreenPoint:
    """The middle of the node that is meant, once it is there and holds still. Raises StepFailed."""
    nodes: tuple[Node, ...] = ()
    previous: Node | None = None
    asked = _asked(wanted)
    looks = scene.looks()
    while await looks.again(None if nodes else _coming(asked)):
        nodes = await _find(scene, asked)
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
    asked = _asked(wanted)
    looks = scene.looks()
    while await looks.again(None if gone else _coming(asked)):
        nodes = await _find(scene, asked)
        if bool(nodes) != gone:
            scene.box = nodes[0].box if nodes else None
            return
    raise await scene.failed(f"{wanted} is still there: {_named(nodes)}" if gone else f"there is no {wanted}")


def _asked(wanted: NodeMatch) -> FindNodes:
    name, regex = (wanted.name.source, wanted.name.regex) if wanted.name else (None, None)
    with sendable():
        query = NodeQuery(
            role=wanted.role,
            name=None if regex else name,
            name_regex=spelled(regex) if regex else None,
            text=wanted.text,
            states=wanted.states,
        )
        return FindNodes(scope=NodeScope(app=wanted.app, window=wanted.window), query=query)


def _coming(asked: FindNodes) -> WaitNode:
    return WaitNode(scope=asked.scope, query=asked.query)


async def _find(scene: Scene, asked: FindNodes) -> tuple[Node, ...]:
    """All nodes that match, in the order in which their programs have them."""
    reply, _ = await scene.perform(asked)
    (found,) = reply.results
    return found.nodes if isinstance(found, NodesFound) else ()


def _chosen(nodes: Sequence[Node], nth: int | None) -> Node | None:
    if nth:
        return nodes[nth - 1] if len(nodes) >= nth else None
    return nodes[0] if len(nodes) == 1 else None


def _named(nodes: Sequence[Node]) -> str:
    return ", ".join(f"{node.role} '{node.name}' of {node.app}" for node in nodes[:_TOLD])
