"""Points for work that others have accepted: a ledger that is only added to."""
