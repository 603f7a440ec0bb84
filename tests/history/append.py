"""Cycles among transactions over lists, found as Elle finds them (Kingsbury and Alvaro, VLDB 2020).

A `txn` is a list of ["append", key, value] and ["r", key, [value …]]; appended values are unique within a key.
Since a read gives the whole list, it gives the order of the versions, and with it who depends on whom:

    ww   B appended right after A                 wr   B read a list that ended with A's append
    rw   A read a list to which B appended next   process   B came after A in one process

    G0         a cycle of ww                      G1c        a cycle of ww and wr
    G_single   a cycle with exactly one rw        G2         a cycle with more of them
    (with _process behind the name: only with the order within processes)
    G1a        read what a failed transaction appended
    G1b        read a list that ends in the midst of another's transaction
    internal   a transaction does not see its own append
    duplicate  an element twice in a list
    incompatible_order   two reads of which neither begins with the other
    phantom    read, and appended by nobody
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any

from .ops import Anomaly, Op, successful

Graph = dict[str, dict[int, set[int]]]  # kind of edge: from: to


def check(ops: list[Op], own_writes: bool = True) -> list[Anomaly]:
    """Without `own_writes` a process is not promised to read what it has just appended itself (a tablet that looks
    at what the server has confirmed); all else of the order within a process holds."""
    txns = [op for op in ops if op.f == "txn"]
    writer, last_of = _writers(txns)
    done = successful(txns, "txn")
    found = [*_reads_amiss(txns, done, writer, last_of)]
    orders, clashes = _orders(done)
    found += clashes
    if found:
        return sorted(set(found), key=lambda one: (one.name, one.what))
    graph = _edges(txns, orders, writer)
    _order_within_processes(graph, txns, own_writes)
    return _cycles(graph, txns)


def _writers(txns: list[Op]) -> tuple[dict[tuple[Any, Any], int], dict[tuple[Any, int], Any]]:
    """Who appended an element; and the last that a transaction appended to a key."""
    writer, last_of = {}, {}
    for index, op in enumerate(txns):
        for word, key, value in op.value:
            if word == "append":
                writer[key, value] = index
                last_of[key, index] = value
    return writer, last_of


def _reads_amiss(
    txns: list[Op], done: list[Op], writer: dict[tuple[Any, Any], int], last_of: dict[tuple[Any, int], Any]
) -> Iterator[Anomaly]:
    for op in done:
        own: dict[Any, list[Any]] = defaultdict(list)
        for word, key, value in op.value:
            if word == "append":
                own[key].append(value)
                continue
            if len(set(value)) < len(value):
                yield Anomaly("duplicate", f"{op.process} read {key}: {value}")
            if own[key] and value[-len(own[key]) :] != own[key]:
                yield Anomaly("internal", f"{op.process} read {key}: {value} after its own append")
            for element in value:
                if (key, element) not in writer:
                    yield Anomaly("phantom", f"{op.process} read {element!r} in {key}")
                elif txns[writer[key, element]].outcome == "fail":
                    yield Anomaly("G1a", f"{op.process} read {element!r} in {key}, of a failed transaction")
            if value and (key, value[-1]) in writer:
                by = writer[key, value[-1]]
                if txns[by] is not op and last_of[key, by] != value[-1]:
                    yield Anomaly("G1b", f"{op.process} read {key} up to {value[-1]!r}, and no further")


def _orders(done: list[Op]) -> tuple[dict[Any, list[Any]], list[Anomaly]]:
    """The longest list read of each key; every other must be a beginning of it."""
    longest: dict[Any, list[Any]] = {}
    clashes = []
    reads = [(op, key, value) for op in done for word, key, value in op.value if word == "r"]
    for _, key, value in reads:
        if len(value) > len(longest.get(key, [])):
            longest[key] = value
    for op, key, value in reads:
        if longest.get(key, [])[: len(value)] != value:
            clashes.append(Anomaly("incompatible_order", f"{op.process} read {key}: {value}, not {longest[key]}"))
    return longest, clashes


def _edges(txns: list[Op], orders: dict[Any, list[Any]], writer: dict[tuple[Any, Any], int]) -> Graph:
    graph: Graph = {kind: defaultdict(set) for kind in ("ww", "wr", "rw", "process")}
    for key, order in orders.items():
        for one, following in zip(order, order[1:], strict=False):
            _add(graph, "ww", writer[key, one], writer[key, following])
    for index, op in enumerate(txns):
        if op.outcome != "ok":
            continue
        for word, key, value in op.value:
            if word != "r":
                continue
            theirs = [v for v in value if writer[key, v] != index]
            if theirs:
                _add(graph, "wr", writer[key, theirs[-1]], index)
            if len(orders.get(key, [])) > len(value):
                _add(graph, "rw", index, writer[key, orders[key][len(value)]])
    return graph


def _order_within_processes(graph: Graph, txns: list[Op], own_writes: bool) -> None:
    read: dict[str, int] = {}
    wrote: dict[str, int] = {}
    for index, op in enumerate(txns):
        if op.outcome != "ok":
            continue
        words = {word for word, _, _ in op.value}
        if op.process in read:
            _add(graph, "process", read[op.process], index)
        if op.process in wrote and (own_writes or "append" in words):
            _add(graph, "process", wrote[op.process], index)
        if "r" in words:
            read[op.process] = index
        if "append" in words:
            wrote[op.process] = index


def _add(graph: Graph, kind: str, one: int, other: int) -> None:
    if one != other:
        graph[kind][one].add(other)


# ---------------------------------------------------------------- cycles


def _cycles(graph: Graph, txns: list[Op]) -> list[Anomaly]:
    """The gravest of each kind of proof: without the order within processes first, then with it."""
    for kinds, suffix in (((), ""), (("process",), "_process")):
        found = _gravest(graph, kinds, suffix, txns)
        if found:
            return found
    return []


def _gravest(graph: Graph, more: tuple[str, ...], suffix: str, txns: list[Op]) -> list[Anomaly]:
    tries = [("G0", "ww", ("ww",)), ("G1c", "wr", ("ww", "wr")), ("G_single", "rw", ("ww", "wr")),
             ("G2", "rw", ("ww", "wr", "rw"))]  # fmt: skip
    found = []
    for name, edge, over in tries:
        if found and name == "G2":
            break
        knot = _knots(graph, {edge, *over, *more})
        for one, others in graph[edge].items():
            inside = [other for other in others if knot[one] == knot[other]]
            ways = (_path(graph, (*over, *more), other, one) for other in inside)
            way = next((w for w in ways if w is not None), None)
            if way is not None:
                told = " → ".join(f"{txns[i].process} at {txns[i].began}" for i in [one, *way])
                found.append(Anomaly(name + suffix, told))
                break
    return found


def _path(graph: Graph, kinds: tuple[str, ...], start: int, goal: int) -> list[int] | None:
    came: dict[int, int | None] = {start: None}
    waiting = deque([start])
    while waiting:
        here = waiting.popleft()
        if here == goal:
            way: list[int] = []
            step: int | None = here
            while step is not None:
                way.append(step)
                step = came[step]
            return way[::-1]
        for following in (n for kind in kinds for n in graph[kind].get(here, ())):
            if following not in came:
                came[following] = here
                waiting.append(following)
    return None


def _knots(graph: Graph, kinds: set[str]) -> dict[int, int]:
    """The strongly connected component of each transaction (Kosaraju's two passes): no cycle leaves one."""
    onward: dict[int, set[int]] = defaultdict(set)
    back: dict[int, set[int]] = defaultdict(set)
    for kind in kinds:
        for one, others in graph[kind].items():
            onward[one] |= others
            for other in others:
                back[other].add(one)
    nodes = onward.keys() | back.keys()
    order: list[int] = []
    seen: set[int] = set()
    for node in nodes:
        _walk(node, onward, seen, order)
    knot: dict[int, int] = {}
    seen = set()
    for node in reversed(order):
        members: list[int] = []
        _walk(node, back, seen, members)
        knot |= dict.fromkeys(members, node)
    return knot


def _walk(start: int, onward: dict[int, set[int]], seen: set[int], order: list[int]) -> None:
    """Depth first, without recursion; a node is put into `order` when all behind it are."""
    if start in seen:
        return
    seen.add(start)
    path = [(start, iter(onward.get(start, ())))]
    while path:
        node, following = path[-1]
        for other in following:
            if other not in seen:
                seen.add(other)
                path.append((other, iter(onward.get(other, ()))))
                break
        else:
            order.append(node)
            path.pop()
