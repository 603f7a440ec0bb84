"""Work done off the request path."""
