"""A building as a file: asked for, made off the request path, fetched, and gone after a week."""
