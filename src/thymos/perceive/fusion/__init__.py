"""Joining streams of precomputed features: over frames with attention or gates, or pooled over time."""
