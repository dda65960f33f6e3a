"""Greedy generation: thymos against plain transformers ``generate`` at the same batch size, same prompts, same run.

Prompts are our own layered items asked through the chat template. Both make the same tokens; a reply that ends early
counts with the tokens it has, and both stop at the model's end token. The best of the rounds counts.

    python benchmarks/generate.py
"""

import time
from typing import Any

import torch

from thymos.errors import Unavailable
from thymos.language import load_language_model
from thymos.language.model import GenerationSettings

PROMPTS = 64
NEW_TOKENS = 24
BATCH_SIZE = 32
ROUNDS = 2
RATIO_FLOOR = 1.0


@torch.inference_mode()
def plain_generate(model: Any, rows: list[list[int]]) -> list[str]:
    """The replies of ``transformers``' own loop, prompts sorted by length, padded on the left."""
    order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
    texts = [""] * len(rows)
    for start in range(0, len(rows), BATCH_SIZE):
        part = order[start : start + BATCH_SIZE]
        width = max(len(rows[place]) for place in part)
        ids = torch.tensor([[model.padding_id] * (width - len(rows[place])) + rows[place] for place in part])
        mask = torch.tensor([[0] * (width - len(rows[place])) + [1] * len(rows[place]) for place in part])
        made = model.model.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=NEW_TOKENS,
            do_sample=False,
            pad_token_id=model.padding_id,
        )
        for place, tokens in zip(part, made[:, width:].tolist(), strict=True):
            texts[place] = model.tokenizer.decode(tokens, skip_special_tokens=True)
    return texts


def main() -> dict[str, Any]:
    """Run the comparison, print a small table, and return its numbers."""
    name = "generate"
    try:
        model: Any = load_language_model("embedded", cache=None, batch_size=BATCH_SIZE)
    except Unavailable as error:
        print(f"{name}: skipped ({error})")
        return {"benchmark": name, "skipped": str(error)}
    from thymos.assess.engine.prompting import build_prompt
    from thymos.assess.layered.layered_items import load_layered_items, to_benchmark_item

    items = [to_benchmark_item(item) for item in load_layered_items(("en",))[:PROMPTS]]
    prompts = [build_prompt(item) for item in items]
    rows = [model.encode_prompt(prompt) for prompt in prompts]
    settings = GenerationSettings(max_new_tokens=NEW_TOKENS)
    model.chat(prompts[:2], settings)  # warms up
    plain_seconds, our_seconds = [], []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        plain = plain_generate(model, rows)
        middle = time.perf_counter()
        replies = model.chat(prompts, settings)
        plain_seconds.append(middle - start)
        our_seconds.append(time.perf_counter() - middle)
    tokens = sum(reply.completion_tokens for reply in replies)
    equal = sum(reply.text == text for reply, text in zip(replies, plain, strict=True)) / len(replies)
    ratio = min(plain_seconds) / min(our_seconds)
    result = {
        "benchmark": name,
        "model": model.name,
        "threads": torch.get_num_threads(),
        "device": str(model.device),
        "prompts": len(prompts),
        "batch_size": BATCH_SIZE,
        "tokens": tokens,
        "plain_seconds": min(plain_seconds),
        "thymos_seconds": min(our_seconds),
        "ratio": ratio,
        "equal_replies": equal,
        # Ties that differ by rounding may turn a reply; more than a few would be a fault.
        "passed": ratio >= RATIO_FLOOR and equal >= 0.95,
    }
    print(f"Generating {tokens} tokens for {len(prompts)} prompts, batch size {BATCH_SIZE} ({model.name})")
    print(f"  transformers generate {min(plain_seconds):8.2f} s  {tokens / min(plain_seconds):7.1f} tokens/s")
    print(f"  thymos                {min(our_seconds):8.2f} s  {tokens / min(our_seconds):7.1f} tokens/s")
    print(f"  ratio                 {ratio:8.2f}    (at least {RATIO_FLOOR:g})")
    print(f"  equal replies         {equal:8.1%}    (at least 95 %)")
    print(f"  {'passed' if result['passed'] else 'NOT PASSED'}")
    return result


if __name__ == "__main__":
    main()
