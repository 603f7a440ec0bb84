"""The same work done with other people's replicas, for the table and not for a verdict: docs/benchmarks.md, "Peers"."""
