"""Scoring eight options after a prefix of 300 tokens: the naive loop against thymos's shared prefix.

The naive loop runs the whole text, prefix and option, through the model once for every option. Both run in this
process, on the same model and threads, alternating; the best of the rounds counts.

    python benchmarks/score_options.py
"""

import time
from typing import Any

import numpy as np
import torch

from thymos.errors import Unavailable
from thymos.language import load_language_model

PREFIX_TOKENS = 300
ROUNDS = 3
RATIO_FLOOR, DIFFERENCE_CEILING = 4.0, 1e-4
OPTIONS = (" joy", " sadness", " anger", " fear", " disgust", " surprise", " trust and calm", " nothing in particular")
TEXT = (
    "She had waited for the letter all week, and when it came she could not open it. Her sister sat beside her, "
    "said nothing, and held her hand until the kettle began to sing. "
)


def prefix_of(model: Any, tokens: int) -> str:
    """A text that the model's tokenizer cuts into exactly this many tokens."""
    ids = model.encode_prompt(TEXT * (tokens // 20))[:tokens]
    text = model.tokenizer.decode(ids)
    if len(model.encode_prompt(text)) != tokens:
        raise RuntimeError("the text does not survive the tokenizer's round trip")
    return text


@torch.inference_mode()
def naive_scores(model: Any, prefix: str, options: tuple[str, ...]) -> np.ndarray:
    """Sum of token log-likelihoods of each option, one full forward pass an option."""
    prefix_ids = model.encode_prompt(prefix)
    totals = []
    for option in options:
        ids = model.encode_option(option)
        logits = model.model(torch.tensor([prefix_ids + ids], device=model.device)).logits[0]
        rows = logits[len(prefix_ids) - 1 : -1].float().log_softmax(-1)
        totals.append(float(rows[torch.arange(len(ids)), torch.tensor(ids)].double().sum()))
    return np.array(totals)


def main() -> dict[str, Any]:
    """Run the comparison, print a small table, and return its numbers."""
    try:
        model: Any = load_language_model("embedded", cache=None)
    except Unavailable as error:
        print(f"score_options: skipped ({error})")
        return {"benchmark": "score_options", "skipped": str(error)}
    prefix = prefix_of(model, PREFIX_TOKENS)
    naive, ours = naive_scores(model, prefix, OPTIONS), model.score(prefix, OPTIONS)  # also warms both up
    naive_seconds, our_seconds = [], []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        naive_scores(model, prefix, OPTIONS)
        middle = time.perf_counter()
        model.score(prefix, OPTIONS)
        naive_seconds.append(middle - start)
        our_seconds.append(time.perf_counter() - middle)
    ratio = min(naive_seconds) / min(our_seconds)
    difference = float(np.abs(naive - ours).max())
    result = {
        "benchmark": "score_options",
        "model": model.name,
        "threads": torch.get_num_threads(),
        "device": str(model.device),
        "prefix_tokens": PREFIX_TOKENS,
        "options": len(OPTIONS),
        "naive_seconds": min(naive_seconds),
        "thymos_seconds": min(our_seconds),
        "ratio": ratio,
        "max_abs_difference": difference,
        "passed": ratio >= RATIO_FLOOR and difference <= DIFFERENCE_CEILING,
    }
    print(
        f"Scoring {len(OPTIONS)} options after {PREFIX_TOKENS} tokens "
        f"({model.name}, {result['device']}, {result['threads']} threads, best of {ROUNDS})"
    )
    print(f"  naive loop            {min(naive_seconds) * 1000:9.1f} ms")
    print(f"  thymos, shared prefix {min(our_seconds) * 1000:9.1f} ms")
    print(f"  ratio                 {ratio:9.2f}    (at least {RATIO_FLOOR:g})")
    print(f"  largest difference    {difference:9.1e}    (at most {DIFFERENCE_CEILING:g})")
    print(f"  {'passed' if result['passed'] else 'NOT PASSED'}")
    return result


if __name__ == "__main__":
    main()
