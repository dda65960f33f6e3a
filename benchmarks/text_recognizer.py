"""Ten thousand utterances through the recognizer of emotions that ships, beside the plain transformers pipeline.

Both run the same six layers of MiniLM over the same generated texts on one thread, each in a process of its own, so
that the peak of memory is that of this work alone. Ours: texts of like length share a batch, products in bfloat16. The
plain pipeline, as in tutorials: ``pipeline("text-classification")`` in single precision, one text at a time, which is
its default; a second one gets batches of 32 in the order of the texts.
"""

import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

TEXTS = 10_000
WORDS = (
    "the a that this you we they it was is feel so really not never always good bad day night friend work home money "
    "happy angry scared sorry proud love hate think know want see hear tell about because when then with without very"
)
MEGABYTE = 1e6


def texts(count: int = TEXTS) -> list[str]:
    """Made-up utterances; half of them shorter than 11 words, a few long ones, as in chats."""
    rng = np.random.default_rng(0)
    lengths = np.clip(np.rint(rng.lognormal(2.4, 0.7, size=count)), 1, 60).astype(int)
    return [" ".join(rng.choice(WORDS.split(), size=length)) for length in lengths]


def _ours(chosen: list[str], folder: str) -> np.ndarray:
    from thymos.perceive.shipped import shipped_recognizer

    return shipped_recognizer("emotions").predict_proba(chosen).to_numpy()  # type: ignore[attr-defined]


def _pipeline(batch_size: int) -> Any:
    def run(chosen: list[str], folder: str) -> np.ndarray:
        from transformers import pipeline

        classify = pipeline("text-classification", model=folder, top_k=None, function_to_apply="sigmoid", device="cpu")
        rows = classify(chosen, batch_size=batch_size, truncation=True, max_length=64)
        return np.array([[one["score"] for one in row] for row in rows])

    return run


SYSTEMS = {"thymos": _ours, "pipeline": _pipeline(1), "pipeline, batches of 32": _pipeline(32)}


def write_model(folder: Path) -> None:
    """The encoder with a classifier of 28 labels, as the pipeline wants it."""
    from transformers import BertConfig, BertForSequenceClassification

    from thymos.perceive.text_finetuned import transformer_encoder

    loaded = transformer_encoder("minilm", "cpu")
    model = BertForSequenceClassification(BertConfig(**{**loaded.model.config.to_dict(), "num_labels": 28}))
    model.bert.load_state_dict(loaded.model.state_dict(), strict=False)
    model.save_pretrained(folder)
    loaded.tokenizer.save_pretrained(folder)


def _child(name: str, folder: str, count: int, pipe: Any) -> None:
    import torch

    from aggregation import peak_bytes

    torch.set_num_threads(1)
    work = SYSTEMS[name]
    work(texts(16), folder)  # imports and weights
    chosen = texts(count)
    start = time.perf_counter()
    shape = work(chosen, folder).shape
    pipe.send({"seconds": time.perf_counter() - start, "peak_mb": peak_bytes() / MEGABYTE, "shape": list(shape)})


def main(count: int = TEXTS) -> dict[str, Any]:
    """Measure all, print, and return what was found."""
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        write_model(Path(folder))
        for name in SYSTEMS:
            context = multiprocessing.get_context("spawn")
            here, there = context.Pipe()
            process = context.Process(target=_child, args=(name, folder, count, there))
            process.start()
            there.close()
            try:
                rows[name] = here.recv()
            except EOFError:
                return {"skipped": f"the process of {name} ended without a result"}
            finally:
                process.join()
            found = rows[name]
            print(
                f"texts, {name}: {count / found['seconds']:.0f} a second ({found['seconds']:.1f} s), "
                f"peak {found['peak_mb']:.0f} MB"
            )
    ours = rows["thymos"]["seconds"]
    return {
        "texts": count,
        "rows": rows,
        "ratio": rows["pipeline"]["seconds"] / ours,
        "batched_ratio": rows["pipeline, batches of 32"]["seconds"] / ours,
    }


if __name__ == "__main__":
    main()
