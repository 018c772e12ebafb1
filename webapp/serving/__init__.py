"""Answers from the approved versions: no database, no Django, nothing but the bundles and the pointer files."""
