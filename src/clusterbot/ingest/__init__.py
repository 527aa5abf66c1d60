"""Untrusted pages and files -> corpus documents."""
