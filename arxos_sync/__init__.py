"""The sync engine: values and functions. It reads no clock, dice, disk or socket."""
