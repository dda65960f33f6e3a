"""Choosing a support strategy: contexts of supporter turns, and planners that learn from them."""
