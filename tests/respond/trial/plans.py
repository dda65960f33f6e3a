"""A plan for tests, and variations of it."""

from typing import Any

import yaml

TEXT = """
name: three_arms
title: Writing and talking
question: Do exercises, and a companion beside them, lower low mood?
participants: simulated
arms:
  - {name: control}
  - {name: exercises_only, uses: [exercises]}
  - {name: both, uses: [exercises, companion]}
strata: {sex: [female, male]}
outcomes:
  - {name: mood, title: Low mood, low: 0, high: 27, questionnaire: phq9, primary: true}
  - {name: sleep, title: Trouble sleeping, low: 0, high: 28}
times: [before, middle, after]
sample_size: 150
"""
TEXTS = {"consent": "You can leave.", "debrief": "It was about writing.", "safety": "Call 112 in danger."}


def changed(**values: Any) -> str:
    """The plan with other values, as YAML."""
    return yaml.safe_dump(yaml.safe_load(TEXT) | values)


def human(**values: Any) -> str:
    """The plan for people, as YAML."""
    return changed(participants="human", **TEXTS, **values)
