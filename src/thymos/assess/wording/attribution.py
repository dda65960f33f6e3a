"""Which words of a stimulus move the answer? Input gradient times embedding, for language models on this machine.

The contribution of a token is the derivative of the right answer's log-likelihood when the token's embedding is
scaled: a first-order reading, in nats, of how much the answer gains from the token being there. A word contributes
what its tokens do. The same words in shuffled order tell what belongs to the words alone and what to the sentence.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from thymos.assess.engine.benchmark import BenchmarkItem
from thymos.assess.engine.inspect_model import inner_model
from thymos.assess.engine.prompting import PromptVariant, build_prompt
from thymos.errors import BadInput, Unavailable
from thymos.language.local import LocalLanguageModel
from thymos.language.model import LanguageModel, Prompt, as_plain
from thymos.measure.resampling import bootstrap_interval

Progress = Callable[[int, int], None]


def local_model(model: LanguageModel) -> LocalLanguageModel:
    """The model on this machine behind a reply cache.

    Raises:
        Unavailable: the model is behind an endpoint, or its tokenizer does not say where its tokens stand.
    """
    inner = inner_model(model)
    if not isinstance(inner, LocalLanguageModel):
        raise Unavailable(f"{model.name} is not on this machine, so it has no gradients")
    if not inner.tokenizer.is_fast:
        raise Unavailable(f"the tokenizer of {model.name} does not say where its tokens stand in the text")
    return inner


def token_contributions(
    model: LocalLanguageModel, prompt: Prompt, answer: str
) -> tuple[str, list[tuple[int, int]], np.ndarray]:
    """Gradient times embedding of every prompt token, for the log-likelihood of the answer.

    Args:
        model: a local model.
        prompt: raw text, or a conversation that goes through the chat template.
        answer: what follows the prompt; tokenized on its own, as ``LanguageModel.score`` does.

    Returns:
        The prompt's text as the model sees it, (start, end) of each token in it, and the contributions in nats.
    """
    if isinstance(prompt, str):
        text, special = prompt, True
    else:
        text = model.tokenizer.apply_chat_template(as_plain(prompt), add_generation_prompt=True, tokenize=False)
        special = False
    encoded = model.tokenizer(text, add_special_tokens=special, return_offsets_mapping=True)
    ids: list[int] = list(encoded["input_ids"])
    if ids != model.encode_prompt(prompt):
        raise Unavailable(f"{model.name} encodes this prompt in a way of its own")
    target = model.encode_option(answer)
    embeddings, total = _answer_log_likelihood(model, ids, target)
    (gradient,) = torch.autograd.grad(total, embeddings)
    contributions = (gradient * embeddings.detach()).sum(-1)[0, : len(ids)].double().cpu().numpy()
    return text, [(int(start), int(end)) for start, end in encoded["offset_mapping"]], contributions


def _answer_log_likelihood(model: LocalLanguageModel, prompt: list[int], answer: list[int]) -> tuple[Any, Any]:
    """Embeddings of prompt and answer, shape (1, tokens, width), and the answer's log-likelihood given them."""
    ids = torch.tensor([prompt + answer], device=model.device)
    # The weights may be inference tensors or frozen; only the embeddings need a gradient.
    embeddings = model.model.get_input_embeddings()(ids).detach().requires_grad_(True)
    with torch.enable_grad():
        logits = model.model(inputs_embeds=embeddings, use_cache=False).logits[0, len(prompt) - 1 : -1]
        chosen = logits.float().log_softmax(-1).gather(-1, ids[0, len(prompt) :, None])
        return embeddings, chosen.sum()


def word_contributions(model: LanguageModel, prompt: Prompt, stimulus: str, answer: str) -> pd.DataFrame:
    """Contribution of each word of a stimulus that stands in a prompt.

    Args:
        model: on this machine; a reply cache around it is passed by.
        prompt: holds the stimulus word for word; the last occurrence counts.
        stimulus: the text whose words are read.
        answer: the right answer.

    Returns:
        Columns position (0, 1, ...), word (lower case, without punctuation at its ends), contribution (nats) and
        share (of the absolute contributions of the stimulus, 0 to 1).

    Raises:
        BadInput: the stimulus is not in the prompt.
        Unavailable: see :func:`local_model`.
    """
    stimulus = stimulus.strip()
    text, places, contributions = token_contributions(local_model(model), prompt, answer)
    start = text.rfind(stimulus) if stimulus else -1
    if start < 0:
        raise BadInput("the stimulus is not in the prompt", where="attribution", mend="build the prompt with it")
    rows = []
    # Tokens hold the blank before a word or are this blank, so a word reaches from the end of the one before it.
    end = start - 1 if text[:start].endswith(" ") else start
    for position, word in enumerate(stimulus.split()):
        begin, end = end, text.index(word, end) + len(word)
        inside = [low < end and high > begin for low, high in places]
        rows.append({"position": position, "word": _bare(word), "contribution": float(contributions[inside].sum())})
    table = pd.DataFrame(rows)
    size = table["contribution"].abs().sum()
    return table.assign(share=table["contribution"].abs() / size if size > 0 else 0.0)


def attribute_stimulus(
    model: LanguageModel,
    items: Sequence[BenchmarkItem],
    variant: PromptVariant,
    *,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Word contributions of a variant's stimulus on each item, for the item's first right answer.

    Returns:
        The columns of :func:`word_contributions`, and item, task, cluster, condition.
    """
    if not variant.stimulus.strip():
        raise BadInput("the prompt variant has no stimulus", where=f"variant {variant.name}")
    tables = []
    for done, item in enumerate(items, start=1):
        right = item.answers[0]
        answer = item.labels[item.options.index(right)] if item.options else right
        table = word_contributions(model, build_prompt(item, variant), variant.stimulus, answer)
        about = {"item": item.id, "task": item.task, "cluster": item.cluster, "condition": variant.name}
        tables.append(table.assign(**about))
        if progress is not None:
            progress(done, len(items))
    if not tables:
        raise BadInput("there is no item", where=f"variant {variant.name}")
    return pd.concat(tables, ignore_index=True)


def contribution_by_word(
    stimulus: pd.DataFrame, control: pd.DataFrame | None = None, *, resamples: int = 10_000, seed: int = 0
) -> pd.DataFrame:
    """Mean contribution of each word with its interval over items, and the difference to a control.

    Args:
        stimulus: from :func:`attribute_stimulus`.
        control: the same words in shuffled order on the same items, or None.
        resamples: bootstrap samples, over clusters.
        seed: of the resampling.

    Returns:
        One row a word, in the order of the stimulus: word, contribution, low, high, share, items; with a control
        also control, difference, difference_low, difference_high. A word that stands twice counts once, summed.

    Raises:
        BadInput: the control has other items or other words.
    """
    own, shares = (_items_by_words(stimulus, column) for column in ("contribution", "share"))
    clusters = stimulus.drop_duplicates("item").set_index("item").loc[own.index, "cluster"].tolist()
    other = None
    if control is not None:
        other = _items_by_words(control, "contribution")
        if set(other.index) != set(own.index) or set(other.columns) != set(own.columns):
            raise BadInput("the control has other items or words than the stimulus", where="attribution")
        other = other.loc[own.index, own.columns]
    rows = []
    for word in own.columns:
        interval = bootstrap_interval("mean", (own[word].to_numpy(),), clusters, resamples=resamples, seed=seed)
        row = {
            "word": word,
            "contribution": interval.value,
            "low": interval.low,
            "high": interval.high,
            "share": float(shares[word].mean()),
            "items": interval.n,
        }
        if other is not None:
            gap = (own[word] - other[word]).to_numpy()
            paired = bootstrap_interval("mean", (gap,), clusters, resamples=resamples, seed=seed)
            row |= {
                "control": float(other[word].mean()),
                "difference": paired.value,
                "difference_low": paired.low,
                "difference_high": paired.high,
            }
        rows.append(row)
    return pd.DataFrame(rows)


def emotional_share_gap(table: pd.DataFrame, emotional: Collection[str]) -> pd.DataFrame:
    """How much more an emotional word weighs than another word of its stimulus, on each item.

    Args:
        table: from :func:`attribute_stimulus`.
        emotional: the emotional words, in lower case.

    Returns:
        Columns item, cluster and gap: mean share of an emotional word minus mean share of another word, -1 to 1.

    Raises:
        BadInput: all words are emotional, or none.
    """
    marked = table["word"].isin(list(emotional))
    if marked.all() or not marked.any():
        raise BadInput("there must be emotional words and others", where="attribution")
    means = table.assign(marked=marked).pivot_table(index=["item", "cluster"], columns="marked", values="share")
    return (means[True] - means[False]).rename("gap").reset_index()


def _items_by_words(table: pd.DataFrame, column: str) -> pd.DataFrame:
    if table.empty:
        raise BadInput("there is no attribution", where="attribution")
    wide = table.pivot_table(index="item", columns="word", values=column, aggfunc="sum", sort=False)
    if wide.isna().to_numpy().any():
        raise BadInput("the items do not hold the same words", where="attribution", mend="pass one stimulus")
    return wide


def _bare(word: str) -> str:
    return word.strip(".,;:!?\"'()").lower() or word
