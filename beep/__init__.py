"""Sputnik 1 as it was heard."""
