"""Telling others of what happens in a building: webhooks, and the maintenance systems it is tied to."""
