"""Which emotions a short text evokes in its readers, as a distribution: affect-enriched words and a language model."""
