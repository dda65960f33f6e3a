"""Language models on this machine, through transformers: batched generation and scoring with a shared prefix."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from thymos.errors import BadInput, Unavailable
from thymos.files import canonical_json, require_folder
from thymos.language.decoding import Sampler, StopTexts, TextPieces, decode_batch, decode_stream
from thymos.language.folders import LOADING_ERRORS, choose_device, quiet_transformers
from thymos.language.known_beginnings import KnownBeginnings
from thymos.language.model import (
    Conversation,
    GenerationSettings,
    LanguageModel,
    OptionScores,
    Prompt,
    Reply,
    as_plain,
    move_trailing_spaces,
)
from thymos.language.packed_options import can_pack, packed_likelihoods
from thymos.language.prefix_tree import (
    Level,
    PassRows,
    PrefixState,
    attends_to_everything,
    one_level,
    plan_batches,
    plan_levels,
    plan_widths,
)

# Rows run together until their key-value cache would hold this many positions (46 KB each for the embedded model).
CACHE_POSITIONS = 32_768


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
        batch_size: prompts that run together.
    """

    def __init__(self, model: Any, tokenizer: Any, *, name: str, identity: str, batch_size: int = 64) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.name = name
        self.identity = f"{identity}:{str(model.dtype).removeprefix('torch.')}"
        self.batch_size = batch_size
        # The tap turns this off while it reads or edits: rows of a batch must be whole prompts then.
        self.share_prefixes = True
        self.known = KnownBeginnings()
        # Where the tap keeps its hooks: one set a model, however many taps look at it.
        self.hooks: Any = None

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
        """Generate in batches of prompts that begin alike; see :class:`LanguageModel`."""
        encoded = [self.encode_prompt(prompt) for prompt in prompts]
        for index, ids in enumerate(encoded):
            self.check_length(len(ids) + settings.max_new_tokens, f"prompt {index}")
        for chosen in self._batches(encoded, settings.max_new_tokens):
            rows = [encoded[index] for index in chosen]
            new = decode_batch(
                self.model,
                rows,
                Sampler([request_seed(settings.seed, row) for row in rows], settings),
                StopTexts(self.tokenizer, settings.stop),
                max_new_tokens=settings.max_new_tokens,
                end_ids=self.end_ids,
                padding=self.padding_id,
                share=self.share_prefixes,
                numbers=PassRows(tuple(chosen), len(encoded)),
            )
            yield [
                (index, self._reply(tokens, len(row), settings))
                for index, tokens, row in zip(chosen, new, rows, strict=True)
            ]

    def _stream_text(self, conversation: Conversation, settings: GenerationSettings) -> Iterator[str]:
        row = self.encode_prompt(conversation)
        self.check_length(len(row) + settings.max_new_tokens, "conversation")
        pieces = TextPieces(self.tokenizer, settings.stop)
        tokens = decode_stream(
            self.model,
            row,
            Sampler([request_seed(settings.seed, row)], settings),
            max_new_tokens=settings.max_new_tokens,
            end_ids=self.end_ids,
            padding=self.padding_id,
            known=self.known if self.share_prefixes and attends_to_everything(self.model) else None,
        )
        for token in tokens:
            piece = pieces.add(token)
            if piece:
                yield piece
            if pieces.stopped:
                return
        rest = pieces.rest()
        if rest:
            yield rest

    def _batches(self, encoded: Sequence[Sequence[int]], extra: int) -> list[list[int]]:
        """Batches of places; one prompt a batch where the model's attention does not allow padding in between."""
        batch_size = self.batch_size if attends_to_everything(self.model) else 1
        return plan_batches(encoded, batch_size, CACHE_POSITIONS, extra=extra)

    def _reply(self, tokens: list[int], prompt_tokens: int, settings: GenerationSettings) -> Reply:
        ends = [place for place, token in enumerate(tokens) if token in self.end_ids]
        kept = tokens[: ends[0]] if ends else tokens
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
        """Score in batches: what prompts share is computed once, and each prompt once for all its options."""
        prefixes: list[list[int]] = []
        rows: list[list[list[int]]] = []
        for index, (prompt, texts) in enumerate(zip(prompts, options, strict=True)):
            prefix, moved = move_trailing_spaces(prompt, texts)
            prefixes.append(self.encode_prompt(prefix))
            rows.append([self.encode_option(option) for option in moved])
            self.check_length(len(prefixes[-1]) + max(map(len, rows[-1])), f"prompt {index}")
        for chosen in self._batches(prefixes, 0):
            totals = self._score_batch(
                [prefixes[index] for index in chosen],
                [rows[index] for index in chosen],
                PassRows(tuple(chosen), len(prefixes)),
            )
            yield [
                (
                    index,
                    OptionScores(
                        log_likelihoods=values,
                        token_counts=np.array([len(row) for row in rows[index]], dtype=np.int64),
                        byte_counts=np.array([len(option.encode()) for option in options[index]], dtype=np.int64),
                    ),
                )
                for index, values in zip(chosen, totals, strict=True)
            ]

    @torch.inference_mode()
    def _score_batch(
        self, prefixes: list[list[int]], rows: list[list[list[int]]], numbers: PassRows | None = None
    ) -> list[np.ndarray]:
        """For each prompt, the sum of token log-likelihoods of each of its options, in nats."""
        *shared, last = plan_levels(prefixes) if self.share_prefixes else [one_level(prefixes)]
        state = PrefixState(self.model, self.padding_id)
        state.run(shared)
        totals: list[np.ndarray] = [np.empty(0)] * len(prefixes)
        for places in plan_widths([len(chunk) for chunk in last.chunks]):
            part = last.select(places)
            begun = state.copy()
            begun.rows = None if self.share_prefixes or numbers is None else numbers.select(places)
            values = self._score_part(begun, part, [rows[place] for place in places])
            for place, value in zip(places, values, strict=True):
                totals[place] = value
        return totals

    def _score_part(self, state: PrefixState, level: Level, rows: list[list[list[int]]]) -> list[np.ndarray]:
        """The same for prompts whose last level is of similar length, after the levels above."""
        opening = state.run([level]).float().log_softmax(-1)
        totals = [
            opening[place, torch.tensor([row[0] for row in options], device=self.device)].double().cpu().numpy()
            for place, options in enumerate(rows)
        ]
        if self.share_prefixes and can_pack(self.model):
            return [total + values for total, values in zip(totals, packed_likelihoods(state, rows), strict=True)]
        longer = [
            (place, number) for place, options in enumerate(rows) for number, row in enumerate(options) if row[1:]
        ]
        # Options of similar length together, so that little padding is computed.
        longer.sort(key=lambda key: len(rows[key[0]][key[1]]))
        padded = attends_to_everything(self.model)
        while longer:
            longest = len(rows[longer[-1][0]][longer[-1][1]])
            part = longer[-max(1, CACHE_POSITIONS // (longest + state.mask.shape[1])) :]
            if not padded:
                # A sliding window would count the padding between prompt and option as tokens.
                part = [key for key in part if len(rows[key[0]][key[1]]) == longest]
            del longer[-len(part) :]
            values = self._continue(state if not longer else state.copy(), part, rows)
            for (place, number), value in zip(part, values, strict=True):
                totals[place][number] += value
        return totals

    def _continue(self, state: PrefixState, part: list[tuple[int, int]], rows: list[list[list[int]]]) -> list[float]:
        """Log-likelihood of the second and later tokens of these (prompt, option) pairs, in nats."""
        options = [rows[place][number] for place, number in part]
        state.select([place for place, _ in part])
        logits = state.extend([row[:-1] for row in options], every_logit=True)
        return [
            # Tokens stand at the right end, behind the padding.
            logits[place, -len(row) + 1 :]
            .float()
            .log_softmax(-1)
            .gather(-1, torch.tensor(row[1:], device=self.device)[:, None])
            .double()
            .sum()
            .item()
            for place, row in enumerate(options)
        ]

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

    def check_length(self, tokens: int, where: str) -> None:
        """Raise BadInput unless the model has room for so many tokens."""
        limit = self.context_length
        if limit is not None and tokens > limit:
            raise BadInput(
                f"prompt and reply need {tokens} tokens, {self.name} has room for {limit}",
                where=where,
                mend="shorten the prompt or lower max_new_tokens",
            )


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
    batch_size: int = 64,
) -> LocalLanguageModel:
    """Load a causal language model from a Hugging Face folder; safetensors only, and no code from the folder is run.

    Args:
        folder: holds config.json, a tokenizer and safetensors.
        name: a short name for tables.
        identity: see :class:`LanguageModel`.
        device: ``"auto"`` (CUDA where there is one), ``"cpu"``, ``"cuda"`` ...
        dtype: ``"float32"``, ``"bfloat16"`` or ``"float16"``.
        batch_size: prompts that run together.

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
