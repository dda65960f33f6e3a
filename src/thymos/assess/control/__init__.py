"""Emotional control of language models under test: does the emotion show, and what else changes?"""
