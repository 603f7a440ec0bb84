"""What administrators look at and do: the same by JSON (`/api/v1/admin/…`) and as pages (`/admin`)."""
