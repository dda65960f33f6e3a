"""Scoring the options of whole items: thymos against lm-evaluation-harness, same model, same items, same run.

The items are our own layered ones (English), asked as raw text: a dialogue, a question, four listed options, and each
option's full text as a continuation. The harness runs every option with its whole context; thymos computes the context
once. The harness gets the batch size that suits it best of several; both share process, model, threads.

    python benchmarks/harness_options.py
"""

import time
from typing import Any

import numpy as np
import torch

from thymos.errors import Unavailable
from thymos.language import load_language_model

ITEMS = 40
ROUNDS = 2
HARNESS_BATCHES = (1, 4, 16)
RATIO_FLOOR, DIFFERENCE_CEILING = 3.0, 1e-3


def questions() -> tuple[list[str], list[list[str]]]:
    """Contexts and options of the first English items; options start with a space, as the harness wants them."""
    from thymos.assess.engine.prompting import build_prompt
    from thymos.assess.layered.layered_items import load_layered_items, to_benchmark_item

    items = [to_benchmark_item(item) for item in load_layered_items(("en",))[:ITEMS]]
    contexts = [build_prompt(item)[-1].content for item in items]
    return contexts, [[f" {option}" for option in item.options] for item in items]


def harness_scores(harness: Any, contexts: list[str], options: list[list[str]]) -> list[list[float]]:
    """Log-likelihoods by the harness, in the order of the options."""
    from lm_eval.api.instance import Instance

    requests = [
        Instance("loglikelihood", {}, (context, option), number)
        for context, texts in zip(contexts, options, strict=True)
        for number, option in enumerate(texts)
    ]
    flat = iter(value for value, _ in harness.loglikelihood(requests, disable_tqdm=True))
    return [[next(flat) for _ in texts] for texts in options]


def main() -> dict[str, Any]:
    """Run the comparison, print a small table, and return its numbers."""
    name = "harness_options"
    try:
        from lm_eval.models.huggingface import HFLM
    except ImportError:
        print(f"{name}: skipped (lm-eval is not installed: pip install 'thymos[bench]')")
        return {"benchmark": name, "skipped": "lm-eval is not installed"}
    try:
        model: Any = load_language_model("embedded", cache=None)
    except Unavailable as error:
        print(f"{name}: skipped ({error})")
        return {"benchmark": name, "skipped": str(error)}
    contexts, options = questions()
    harness = {
        size: HFLM(pretrained=model.model, tokenizer=model.tokenizer, batch_size=size) for size in HARNESS_BATCHES
    }
    seconds: dict[int, list[float]] = {size: [] for size in HARNESS_BATCHES}
    ours: list[float] = []
    model.score_batch(contexts[:4], options[:4])  # warms up
    for _ in range(ROUNDS):
        for size, peer in harness.items():
            start = time.perf_counter()
            theirs = harness_scores(peer, contexts, options)
            seconds[size].append(time.perf_counter() - start)
        start = time.perf_counter()
        scores = model.score_batch(contexts, options)
        ours.append(time.perf_counter() - start)
    best = min(seconds, key=lambda size: min(seconds[size]))
    difference = max(float(np.abs(np.array(a) - b).max()) for a, b in zip(theirs, scores, strict=True))
    ratio = min(seconds[best]) / min(ours)
    result = {
        "benchmark": name,
        "model": model.name,
        "threads": torch.get_num_threads(),
        "device": str(model.device),
        "items": len(contexts),
        "options": sum(map(len, options)),
        "harness_seconds": {str(size): min(values) for size, values in seconds.items()},
        "harness_batch_size": best,
        "thymos_seconds": min(ours),
        "ratio": ratio,
        "max_abs_difference": difference,
        "passed": ratio >= RATIO_FLOOR and difference <= DIFFERENCE_CEILING,
    }
    print(f"Scoring {result['options']} options of {len(contexts)} items ({model.name}, best of {ROUNDS})")
    for size, values in seconds.items():
        print(f"  lm-eval, batch size {size:<3} {min(values):8.2f} s  {len(contexts) / min(values):7.1f} items/s")
    print(f"  thymos                  {min(ours):8.2f} s  {len(contexts) / min(ours):7.1f} items/s")
    print(f"  ratio                   {ratio:8.2f}    (at least {RATIO_FLOOR:g})")
    print(f"  largest difference      {difference:8.1e}    (at most {DIFFERENCE_CEILING:g})")
    print(f"  {'passed' if result['passed'] else 'NOT PASSED'}")
    return result


if __name__ == "__main__":
    main()
