"""Where emotion is inside a language model: directions, heads and neurons, circuits, probes, and control."""
