"""Stands in for SGLang, which cannot be imported without a GPU's libraries."""
