"""Language models on this machine, through transformers: batched generation and scoring with a shared prefix."""

import copy
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)

from thymos.errors import BadInput, Unavailable
from thymos.files import canonical_json, require_folder
from thymos.language.folders import LOADING_ERRORS, choose_device, quiet_transformers
from thymos.language.model import (
    GenerationSettings,
    LanguageModel,
    OptionScores,
    Prompt,
    Reply,
    as_plain,
    move_trailing_spaces,
)

# Options of one prompt are scored together until their expanded prefix cache would hold this many positions.
SCORING_POSITIONS = 16_384


class LocalLanguageModel(LanguageModel):
    """A causal language model held in memory by transformers.

    Weights stay in float32 unless asked otherwise, and generation is greedy unless a temperature is given, so that
    a reply does not depend on which other prompts share its batch (up to ties that differ by rounding).

    Args:
        model: a transformers causal language model; ``model`` and ``tokenizer`` stay open to whoever needs more
            than chat and score, such as hooks on hidden states.
        tokenizer: its tokenizer.
        name: a short name for tables.
        identity: see :class:`LanguageModel`.
        batch_size: conversations that are generated together.
    """

    def __init__(self, model: Any, tokenizer: Any, *, name: str, identity: str, batch_size: int = 32) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.name = name
        self.identity = f"{identity}:{str(model.dtype).removeprefix('torch.')}"
        self.batch_size = batch_size

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.device

    @property
    def context_length(self) -> int | None:
        """How many tokens the model can attend to, or None where its configuration does not say."""
        return getattr(self.model.config.get_text_config(), "max_position_embeddings", None)

    def encode_prompt(self, prompt: Prompt) -> list[int]:
        """Token ids of a prompt: raw text with the tokenizer's own special tokens, or the chat template's text.

        Raises:
            Unavailable: when a conversation is given and the model has no chat template.
            BadInput: when the prompt gives no token, or the chat template refuses it.
        """
        if isinstance(prompt, str):
            ids = self.tokenizer(prompt)["input_ids"]
        else:
            if not self.tokenizer.chat_template:
                raise Unavailable(f"{self.name} has no chat template; use generate with a prompt of your own")
            try:
                text = self.tokenizer.apply_chat_template(as_plain(prompt), add_generation_prompt=True, tokenize=False)
            except Exception as error:  # templates are programs: they raise whatever they like
                raise BadInput(
                    f"the chat template of {self.name} refuses this conversation ({error})",
                    mend="check the order of the roles",
                ) from error
            # The template writes the special tokens itself.
            ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        if not ids:
            raise BadInput("the prompt has no tokens", where=self.name, mend="pass a non-empty text")
        return list(ids)

    def encode_option(self, option: str) -> list[int]:
        """Token ids of an option, tokenized on its own and without special tokens."""
        ids = self.tokenizer(option, add_special_tokens=False)["input_ids"]
        if not ids:
            raise BadInput(f"the option {option!r} has no tokens", where=self.name, mend="use another text")
        return list(ids)

    def stream_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings
    ) -> Iterator[list[tuple[int, Reply]]]:
        """Generate in batches of similar length, longest first; see :class:`LanguageModel`."""
        encoded = [self.encode_prompt(prompt) for prompt in prompts]
        for index, ids in enumerate(encoded):
            self._check_length(len(ids) + settings.max_new_tokens, f"prompt {index}")
        # Longest first: a batch that does not fit the memory fails at once and not after an hour.
        order = sorted(range(len(prompts)), key=lambda index: -len(encoded[index]))
        for start in range(0, len(order), self.batch_size):
            chosen = order[start : start + self.batch_size]
            seeds = [request_seed(settings.seed, encoded[index]) for index in chosen]
            replies = self._generate_batch([encoded[index] for index in chosen], seeds, settings)
            yield list(zip(chosen, replies, strict=True))

    @torch.inference_mode()
    def _generate_batch(self, rows: list[list[int]], seeds: list[int], settings: GenerationSettings) -> list[Reply]:
        padding = self.padding_id
        width = max(len(row) for row in rows)
        ids = torch.tensor([[padding] * (width - len(row)) + row for row in rows], device=self.device)
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows], device=self.device)
        stopping = StoppingCriteriaList()
        if settings.stop:
            stopping.append(StopTexts(self.tokenizer, settings.stop, width))
        processors = LogitsProcessorList()
        if settings.temperature > 0:
            processors.append(SeededSampling(seeds, settings.temperature, settings.top_p))
        out = self.model.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=settings.max_new_tokens,
            # The sampling processor leaves one finite logit a row, so that "greedy" takes the sampled token.
            do_sample=False,
            num_beams=1,
            temperature=None,
            top_p=None,
            top_k=None,
            logits_processor=processors,
            stopping_criteria=stopping,
            pad_token_id=padding,
        )
        return [
            self._reply(tokens, len(row), settings) for tokens, row in zip(out[:, width:].tolist(), rows, strict=True)
        ]

    def _reply(self, tokens: list[int], prompt_tokens: int, settings: GenerationSettings) -> Reply:
        ends = [place for place, token in enumerate(tokens) if token in self.end_ids]
        kept = tokens[: ends[0]] if ends else tokens
        while kept and kept[-1] == self.padding_id:  # a row that a stop text ended waits for its neighbors as padding
            kept = kept[:-1]
        text = self.tokenizer.decode(kept, skip_special_tokens=True)
        cuts = [place for stop in settings.stop if (place := text.find(stop)) >= 0]
        finished = bool(ends or cuts)
        return Reply(
            text=text[: min(cuts)] if cuts else text,
            prompt_tokens=prompt_tokens,
            completion_tokens=len(kept),
            finish_reason="stop" if finished else "length",
        )

    def stream_scores(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
    ) -> Iterator[list[tuple[int, OptionScores]]]:
        """Score prompt by prompt: the prompt runs once and its cache is shared by the options."""
        for index, (prompt, texts) in enumerate(zip(prompts, options, strict=True)):
            prefix, moved = move_trailing_spaces(prompt, texts)
            prefix_ids = self.encode_prompt(prefix)
            rows = [self.encode_option(option) for option in moved]
            self._check_length(len(prefix_ids) + max(map(len, rows)), f"prompt {index}")
            yield [
                (
                    index,
                    OptionScores(
                        log_likelihoods=self._score_rows(prefix_ids, rows),
                        token_counts=np.array([len(row) for row in rows], dtype=np.int64),
                        byte_counts=np.array([len(option.encode()) for option in texts], dtype=np.int64),
                    ),
                )
            ]

    @torch.inference_mode()
    def _score_rows(self, prefix: list[int], rows: list[list[int]]) -> np.ndarray:
        """Sum of token log-likelihoods of each row after the prefix, in nats."""
        device = self.device
        first = self.model(input_ids=torch.tensor([prefix], device=device), use_cache=True, logits_to_keep=1)
        opening = first.logits[0, -1].float().log_softmax(-1)
        totals = opening[torch.tensor([row[0] for row in rows], device=device)].double().cpu().numpy()
        longer = [place for place, row in enumerate(rows) if len(row) > 1]
        if not longer:
            return totals
        at_once = max(1, SCORING_POSITIONS // (len(prefix) + max(map(len, rows))))
        for start in range(0, len(longer), at_once):
            chosen = longer[start : start + at_once]
            last = start + at_once >= len(longer)
            totals[chosen] += self._continue(first.past_key_values, len(prefix), [rows[i] for i in chosen], last)
        return totals

    def _continue(self, cache: Any, prefix_length: int, rows: list[list[int]], last: bool) -> np.ndarray:
        """Log-likelihood of each row's second and later tokens, on a copy of the prefix cache for every row."""
        device = self.device
        expanded = cache if last else copy.deepcopy(cache)
        expanded.batch_repeat_interleave(len(rows))
        width = max(map(len, rows)) - 1
        padding = self.padding_id
        inputs = torch.tensor([row[:-1] + [padding] * (width + 1 - len(row)) for row in rows], device=device)
        targets = torch.tensor([row[1:] + [padding] * (width + 1 - len(row)) for row in rows], device=device)
        real = torch.tensor([[1] * (len(row) - 1) + [0] * (width + 1 - len(row)) for row in rows], device=device)
        # Padding stands behind the text, where a causal model cannot see it, so it only has to be left out of sums.
        mask = torch.cat([torch.ones(len(rows), prefix_length, dtype=real.dtype, device=device), real], dim=1)
        logits = self.model(input_ids=inputs, attention_mask=mask, past_key_values=expanded, use_cache=True).logits
        chosen = logits.float().log_softmax(-1).gather(-1, targets[..., None])[..., 0]
        return (chosen.double() * real).sum(-1).cpu().numpy()

    @property
    def end_ids(self) -> set[int]:
        """Tokens that end a reply."""
        named = self.model.generation_config.eos_token_id
        ids = named if isinstance(named, list) else [named]
        return {int(token) for token in [*ids, self.tokenizer.eos_token_id] if token is not None}

    @property
    def padding_id(self) -> int:
        """The token that fills up a batch; its choice does not matter, because it is masked."""
        for candidate in (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id):
            if candidate is not None:
                return int(candidate)
        return 0

    def _check_length(self, tokens: int, where: str) -> None:
        limit = self.context_length
        if limit is not None and tokens > limit:
            raise BadInput(
                f"prompt and reply need {tokens} tokens, {self.name} has room for {limit}",
                where=where,
                mend="shorten the prompt or lower max_new_tokens",
            )


class SeededSampling(LogitsProcessor):
    """Samples one token a row by the Gumbel-max trick, with a generator of its own for every row.

    The row's noise depends only on its seed and the step, so a sampled reply does not change with its batch.
    """

    def __init__(self, seeds: Sequence[int], temperature: float, top_p: float) -> None:
        self.generators = [np.random.default_rng(seed) for seed in seeds]
        self.temperature = temperature
        self.top_p = top_p

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Keep only the sampled token of each row finite."""
        logits = (scores.float() / self.temperature).log_softmax(-1)
        if self.top_p < 1:
            ranked, places = logits.sort(-1, descending=True)
            before = ranked.exp().cumsum(-1) - ranked.exp()  # probability of all better tokens
            ranked = ranked.masked_fill(before >= self.top_p, -torch.inf)
            logits = torch.empty_like(logits).scatter(-1, places, ranked)
        noise = np.stack([generator.gumbel(size=scores.shape[-1]) for generator in self.generators])
        sampled = (logits + torch.from_numpy(noise).to(logits)).argmax(-1, keepdim=True)
        return torch.full_like(scores, -torch.inf).scatter(-1, sampled, 0.0)


class StopTexts(StoppingCriteria):
    """Ends a row once its new text holds a stop text; the prompt in front of it does not count."""

    def __init__(self, tokenizer: Any, stop: Sequence[str], prompt_width: int) -> None:
        self.tokenizer = tokenizer
        self.stop = tuple(stop)
        self.prompt_width = prompt_width
        # A token adds at least one byte, so a stop text that the last token completes starts within this many tokens.
        self.reach = max(len(text.encode()) for text in stop) + 4

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> torch.Tensor:
        """Which rows are done."""
        new = input_ids[:, self.prompt_width :][:, -self.reach :]
        texts = self.tokenizer.batch_decode(new, skip_special_tokens=True)
        done = [any(stop in text for stop in self.stop) for text in texts]
        return torch.tensor(done, device=input_ids.device)


def request_seed(seed: int, tokens: Sequence[int]) -> int:
    """Seed of one request: from the user's seed and the prompt itself, so that batches can be cut anywhere."""
    return int.from_bytes(hashlib.sha256(canonical_json([seed, list(tokens)]).encode()).digest()[:8], "big")


def load_local(
    folder: str | Path,
    *,
    name: str,
    identity: str,
    device: str = "auto",
    dtype: str = "float32",
    batch_size: int = 32,
) -> LocalLanguageModel:
    """Load a causal language model from a Hugging Face folder; safetensors only, and no code from the folder is run.

    Args:
        folder: holds config.json, a tokenizer and safetensors.
        name: a short name for tables.
        identity: see :class:`LanguageModel`.
        device: ``"auto"`` (CUDA where there is one), ``"cpu"``, ``"cuda"`` ...
        dtype: ``"float32"``, ``"bfloat16"`` or ``"float16"``.
        batch_size: conversations that are generated together.

    Raises:
        BadInput: when the folder holds no loadable causal language model.
    """
    folder = require_folder(folder)
    if dtype not in ("float32", "bfloat16", "float16"):
        raise BadInput(f"unknown dtype {dtype!r}", mend="use float32, bfloat16 or float16")
    try:
        with quiet_transformers():
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            model = AutoModelForCausalLM.from_pretrained(
                folder, dtype=getattr(torch, dtype), local_files_only=True, use_safetensors=True
            )
    except LOADING_ERRORS as error:
        raise BadInput(
            f"no causal language model can be loaded from here ({str(error).splitlines()[0]})",
            where=folder,
            mend="the folder needs config.json, tokenizer files and *.safetensors",
        ) from error
    return LocalLanguageModel(
        model.to(choose_device(device)), tokenizer, name=name, identity=identity, batch_size=batch_size
    )
