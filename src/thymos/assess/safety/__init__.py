"""How models set limits and what they refuse."""
