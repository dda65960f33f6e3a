"""Emotional wording: stimuli with placebos, paired effects, attribution."""
