"""Recipes: what is done to a call, step by step."""
