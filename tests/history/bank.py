"""A bank: money moves between accounts, and whoever looks sees all of it.

Facts: `accounts`, what each holds at the beginning. A `transfer` is [from, to, amount], two rows written in one
transaction. A `read` or `final` gives {account: balance}, all looked at in one transaction of the reader.

    wrong_total      the sum differs: half of a transfer was seen, or a row of it was lost
    missing          an account is not there
    unpaid           a process looks after its own transfer was acknowledged, and it cannot be in what it sees
    diverged         at rest, replicas differ
    wrong_balance    at rest, what the acknowledged transfers moved is not what the balances say
"""

from __future__ import annotations

from collections import Counter

from .ops import Anomaly, Op, final_reads, successful

UNKNOWN_MAX = 16  # transfers of which nobody knows: every choice of them is tried at the end

Balances = dict[str, int]


def check(ops: list[Op], accounts: Balances) -> list[Anomaly]:
    found = _in_reads(ops, accounts)
    found += _own(ops, accounts)
    last = {tuple(sorted(op.value.items())) for op in final_reads(ops)}
    if len(last) > 1:
        return [*found, Anomaly("diverged", f"at rest {[dict(one) for one in last]}")]
    if not found and dict(last.pop()) not in _possible(ops, accounts):
        return [Anomaly("wrong_balance", "at rest, the balances are not what the transfers give")]
    return found


def _in_reads(ops: list[Op], accounts: Balances) -> list[Anomaly]:
    found = []
    for op in successful(ops, "read", "final"):
        if op.value.keys() != accounts.keys():
            missing = sorted(accounts.keys() - op.value.keys())
            found.append(Anomaly("missing", f"{op.process} at {op.began} did not see {missing}"))
        elif sum(op.value.values()) != sum(accounts.values()):
            found.append(Anomaly("wrong_total", f"{op.process} at {op.began} saw {op.value}"))
    return found


def _own(ops: list[Op], accounts: Balances) -> list[Anomaly]:
    """Who alone pays out of an account sees at most what is left after what they paid, plus what may have come in."""
    found = []
    transfers = [op for op in ops if op.f == "transfer" and op.outcome != "fail"]
    for account, held in accounts.items():
        payers = {op.process for op in transfers if op.value[0] == account}
        if len(payers) != 1:
            continue
        (payer,) = payers
        for read in successful(ops, "read", "final"):
            if read.process != payer or account not in read.value:
                continue
            paid = sum(o.value[2] for o in transfers if o.value[0] == account and o.outcome == "ok" and o.before(read))
            came = sum(o.value[2] for o in transfers if o.value[1] == account and o.began < (read.ended or 0))
            if read.value[account] > held - paid + came:
                found.append(Anomaly("unpaid", f"{payer} at {read.began} saw {read.value[account]} in {account}"))
    return found


def _possible(ops: list[Op], accounts: Balances) -> list[Balances]:
    """What may stand at the end: every acknowledged transfer, and any choice of those nobody knows of."""
    certain = Counter(accounts)
    for op in successful(ops, "transfer"):
        _move(certain, op)
    unknown = [op for op in ops if op.f == "transfer" and op.outcome == "info"]
    assert len(unknown) <= UNKNOWN_MAX, "too many transfers are in doubt to try every choice"
    reached = {tuple(certain[a] for a in accounts)}
    for op in unknown:
        for before in list(reached):
            after = Counter(dict(zip(accounts, before, strict=True)))
            _move(after, op)
            reached.add(tuple(after[a] for a in accounts))
    return [dict(zip(accounts, one, strict=True)) for one in reached]


def _move(balances: Counter[str], op: Op) -> None:
    source, target, amount = op.value
    balances[source] -= amount
    balances[target] += amount
