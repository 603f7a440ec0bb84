"""Further promises, looked at by plain SQL as the oracle does, and with no code of the engine.

 1. No replica ever needed a repair: a digest that differs means that a pull left something out.
 2. Nothing was taken from a person who had no right to write at that moment, whatever they had before.
 3. What a person typed stays on their screen until the server's word on it has come and the cursor has passed it.
 4. An author's clock goes on from what it heard: a later edit has a later stamp than the last answer taken in.
 5. Of two values that were disagreed on the one with the later stamp was kept; between equal ones the device decides.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulation.devices import Device
    from tests.simulation.world import World

WRITERS = {"technician", "reviewer", "manager", "owner"}  # of elements, as the catalogue names them


class Broken(AssertionError):
    """A promise was not kept."""


# ---------------------------------------------------------------- at any moment


def check_device(world: World, device: Device) -> None:
    """After a sync that nothing cut: promises 1, 3 and 4 for what this device has open."""
    for scope in world.scopes:
        if scope in device.home._replicas:
            connection = device.home.replica(scope).connection.raw
            _never_repaired(device, scope, connection)
            _typed_is_shown(world, device, scope, connection)


def _never_repaired(device: Device, scope: str, connection: Any) -> None:
    found = connection.execute("select value from arxos_state where key = 'repairs'").fetchone()
    if found and int(found[0] or 0):
        raise Broken(f"{device.name} had to be repaired in {scope[-4:]}")


def _typed_is_shown(world: World, device: Device, scope: str, connection: Any) -> None:
    """The last word of this device on each text of an element, while it is on its way."""
    waiting = connection.execute(
        """
        select key, reason from arxos_change_log
        where state in ('pending', 'sent') order by key
        """
    ).fetchall()
    typed: dict[tuple[str, str], str] = {}
    for key, _ in waiting:
        entry = world.journal.keys.get((device.name, scope, device.life, key))
        if entry is None:
            continue
        for (table, id, field), value in entry.typed.items():
            if table == "element" and "." not in field and isinstance(value, str) and field != "systems":
                typed[id, field] = value
        for _, id in entry.deleted:
            typed = {place: value for place, value in typed.items() if place[0] != id}
    for (id, field), value in typed.items():
        found = connection.execute(f'select "{field}" from element where id = ?', (id,)).fetchone()
        if found is not None and found[0] != value:
            raise Broken(f"{device.name} shows {found[0]!r} at {field} of {id}; its person typed {value!r}")


# ---------------------------------------------------------------- stamps


def heard(device: Device) -> None:
    """After a sync that nothing cut: how far each log had come, and the last answer taken in."""
    for scope, replica in device.home._replicas.items():
        (key,) = replica.connection.raw.execute("select coalesce(max(key), 0) from arxos_change_log").fetchone()
        found = replica.connection.raw.execute("select value from arxos_state where key = 'cursor'").fetchone()
        answer, cursor = device.answers.get(scope, ("", None))
        taken_in = cursor is not None and found is not None and found[0] == cursor
        device.heard[scope] = (key, device.life, answer if taken_in else "")


def check_stamps(device: Device) -> None:
    """What was typed since is stamped later than the last answer."""
    for scope, (key, life, answer) in device.heard.items():
        if scope in device.home._replicas and life == device.life and answer:
            rows = device.home.replica(scope).connection.raw.execute(
                "select key, stamp from arxos_change_log where key > ?", (key,)
            )
            for later, stamp in rows:
                if stamp[:17] <= answer[:17]:
                    raise Broken(f"{device.name} stamped {later} with {stamp}, after it had heard of {answer}")


# ---------------------------------------------------------------- in the end


def check_world(world: World) -> None:
    for scope in world.scopes:
        _writers_might(world, scope)
        if not world.forgot:
            _later_stamp_kept(world, scope)


def _writers_might(world: World, scope: str) -> None:
    """Each transaction's author had the right when it arrived: by the world's own list of who was given which role.

    What happened in the very millisecond of a change of roles may have been on either side of it.
    """
    for row in world.ask("select user_id, received_at, sequence from change_log where scope = ?", scope):
        given = [
            role for at, person, where, role in world.servers.roles_given
            if person == str(row["user_id"]) and where == scope and at < str(row["received_at"])
        ]  # fmt: skip
        if given and given[-1] not in WRITERS and not world.forgot:
            raise Broken(f"{row['user_id']} wrote {row['sequence']} of {scope[-4:]} as {given[-1]}")


def _later_stamp_kept(world: World, scope: str) -> None:
    rows = world.ask(
        """
        select id, kept, other, kept_stamp, other_stamp, kept_device, other_device from conflict
        where building_id = ? and kind = 'field' and deleted is null
        """,
        scope,
    )
    for row in rows:
        kept, other = ((str(row[f"{of}_stamp"]), str(row[f"{of}_device"])) for of in ("kept", "other"))
        if kept[0][:17] == other[0][:17] and kept < other and _plain(row["kept"]) != _plain(row["other"]):
            raise Broken(f"of two values stamped {kept[0]} and {other[0]} the lesser was kept: {row['id']}")


def _plain(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value[:1] in "[{" else value
