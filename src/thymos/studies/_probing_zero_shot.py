"""What the model says when it is asked for the emotion: in JSON, and by the likelihood of the emotion words."""

import json
import re

import numpy as np
import pandas as pd

from thymos.language.model import GenerationSettings, Message
from thymos.studies._probing_data import EMOTIONS, data, model_of
from thymos.studies._probing_fits import Scorer
from thymos.studies.contract import Context, Row, RowKind

JSON_PROMPT, NAMED, LIKELIHOOD, CALIBRATED = (
    "zero-shot, JSON",
    "zero-shot, the same replies, one emotion word named",
    "zero-shot, option likelihood",
    "zero-shot, option likelihood, word prior taken off",
)
ZERO_SHOT = (JSON_PROMPT, NAMED, LIKELIHOOD, CALIBRATED)
VALID = "balanced test, valid answers"
CHOICES = ", ".join(EMOTIONS)
# The paper's prompt is in a figure; this wording is ours [inferred]: the one of four with most valid replies of the
# embedded model to 49 development posts (2; 0 for the others).
ASKING_JSON = (
    "Comment: {text}\n\nWhich emotion does the writer of this comment express? Choose one of these: " + CHOICES + ". "
    'Answer with JSON only, in this form: {"emotion": "..."}'
)
# The post comes last, so that what stands before it is computed once.
ASKING_WORD = (
    "Which emotion does the writer of a comment express? Choose one of these: " + CHOICES + ". "
    "Answer with this one word only.\n\nComment: {text}"
)
REPLY_TOKENS = 20
NO_TEXT = "N/A"
"""Stands for the post when the model's liking for the words themselves is measured."""
OBJECT = re.compile(r"\{[^{}]*\}")
WORD = re.compile(r"[a-z]+")


def parse_emotion(reply: str) -> str:
    """The emotion of a JSON reply; empty where there is no valid answer. Strict, and blind to the right answer.

    Valid is one object with the key ``emotion`` and one of the seven words as its value, in any case; text around it,
    such as a code fence, does no harm. Two objects, another word or a list are no answer.

    Example:
        >>> parse_emotion('Sure! {"emotion": "Joy"}')
        'joy'
        >>> parse_emotion('{"emotion": "joyful"}')
        ''
    """
    objects = OBJECT.findall(reply)
    if len(objects) != 1:
        return ""
    try:
        answer = json.loads(objects[0]).get("emotion")
    except ValueError:
        return ""
    said = answer.strip().casefold() if isinstance(answer, str) else ""
    return said if said in EMOTIONS else ""


def named_emotion(reply: str) -> str:
    """The one emotion word of a reply in any form; empty where it names none or several.

    Example:
        >>> named_emotion("The writer expresses anger, so: Anger.")
        'anger'
        >>> named_emotion("It may be joy or surprise.")
        ''
    """
    named = set(WORD.findall(reply.casefold())) & set(EMOTIONS)
    return named.pop() if len(named) == 1 else ""


def zero_shot_table(ctx: Context) -> pd.DataFrame:
    """One row a test post: the reply and what it answers, and the likeliest word with and without the word prior."""

    def compute() -> pd.DataFrame:
        test = data(ctx).test
        model = model_of(ctx.settings.model)
        # replace, not format: the question holds braces, and so may posts.
        asked = [(Message("user", ASKING_JSON.replace("{text}", text)),) for text in test.texts]
        settings = GenerationSettings(max_new_tokens=REPLY_TOKENS)
        replies = [reply.text for reply in model.chat(asked, settings, progress=ctx.progress("zero-shot, JSON"))]
        words = [(Message("user", ASKING_WORD.replace("{text}", text)),) for text in (*test.texts, NO_TEXT)]
        options = [list(EMOTIONS)] * len(words)
        scores = np.stack(model.score_batch(words, options, progress=ctx.progress("zero-shot, likelihood")))
        names = np.array(EMOTIONS, dtype=object)
        return pd.DataFrame(
            {
                "item": test.items,
                "gold": test.labels,
                "reply": replies,
                JSON_PROMPT: [parse_emotion(reply) for reply in replies],
                NAMED: [named_emotion(reply) for reply in replies],
                LIKELIHOOD: names[scores[:-1].argmax(axis=1)],
                CALIBRATED: names[(scores[:-1] - scores[-1]).argmax(axis=1)],
            }
        )

    return ctx.table("zero_shot", compute)


def zero_shot_rows(ctx: Context) -> list[Row]:
    """Accuracy of each way of asking; of the replies also the share with an answer, and accuracy on these."""
    table, scorer = zero_shot_table(ctx), Scorer(ctx, ())
    notes = {
        JSON_PROMPT: "one JSON object with one of the seven words; another reply counts as wrong",
        NAMED: "exactly one of the seven words, in any form; another reply counts as wrong",
        LIKELIHOOD: "no reply is parsed",
        CALIBRATED: "log-likelihoods after the same question about no text are subtracted",
    }
    rows = []
    for system, note in notes.items():
        right = (table["gold"] == table[system]).to_numpy()
        answered = (table[system] != "").to_numpy()
        shares = table[system].replace("", "no answer").value_counts(normalize=True)
        said = f"{note}; most frequent: {shares.index[0]} ({shares.iloc[0]:.0%})"
        rows.append(scorer.mean(right, system, RowKind.BASELINE, note=said))
        if system in (JSON_PROMPT, NAMED):
            rows.append(scorer.mean(answered, system, RowKind.BASELINE, "coverage_rate", note=note))
            rows.append(scorer.mean(right[answered], system, RowKind.BASELINE, subset=VALID))
    return rows
