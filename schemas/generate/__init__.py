"""One module a kind of generated file; each has `files(catalogue)`."""
