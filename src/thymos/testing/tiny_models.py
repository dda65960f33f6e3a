"""Tiny random language models of the families that the tap knows, as folders that load like any other.

A model has three layers and some ten thousand weights, none of them 0 or 1, so that nothing holds by luck. Its
tokenizer is byte-level and has a chat template. Everything is built here: no weights are downloaded.
"""

from pathlib import Path
from typing import Any

from thymos.errors import BadInput

FAMILIES = ("llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3")
SLIDING_FAMILIES = ("gemma2", "gemma3")
"""Those whose first and third layer attend through a window of WINDOW tokens."""
WINDOW = 8
VOCABULARY = 320
SENTENCES = (
    "I feel so happy today, thank you for asking!",
    "She was sad and angry when the rain began.",
    "user assistant system: tell me how you feel about it.",
    "Nothing scares him more than an empty house at night.",
)
"""What the tokenizer is trained on."""
CHAT_TEMPLATE = (
    "{% for message in messages %}<|start|>{{ message['role'] }}\n{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)
SPECIAL_TOKENS = ("<|pad|>", "<|start|>", "<|end|>")

# Sizes that no two dimensions share, so that a wrong axis does not fit.
_SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "initializer_range": 0.3,  # larger than usual, so that random replies differ from prompt to prompt
    "bos_token_id": None,
    "eos_token_id": SPECIAL_TOKENS.index("<|end|>"),
    "pad_token_id": SPECIAL_TOKENS.index("<|pad|>"),
}
_SLIDING = {"sliding_window": WINDOW, "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]}
# Random Gemmas with one matrix for both ends say the last token again, whatever is done to them.
_UNTIED = {"tie_word_embeddings": False}
_OWN_SIZES: dict[str, dict[str, Any]] = {
    "llama": {},
    "qwen2": {},
    "qwen3": {"head_dim": 12},
    "gemma": {"head_dim": 12, **_UNTIED},
    "gemma2": {"head_dim": 12, "query_pre_attn_scalar": 12, **_UNTIED, **_SLIDING},
    "gemma3": {"head_dim": 12, "query_pre_attn_scalar": 12, **_UNTIED, **_SLIDING},
}
_CLASSES = {
    "llama": ("LlamaConfig", "LlamaForCausalLM"),
    "qwen2": ("Qwen2Config", "Qwen2ForCausalLM"),
    "qwen3": ("Qwen3Config", "Qwen3ForCausalLM"),
    "gemma": ("GemmaConfig", "GemmaForCausalLM"),
    "gemma2": ("Gemma2Config", "Gemma2ForCausalLM"),
    "gemma3": ("Gemma3TextConfig", "Gemma3ForCausalLM"),
}


def write_tiny_model(folder: str | Path, family: str = "llama", *, seed: int = 0, **changes: Any) -> Path:
    """Write a tiny random model with its tokenizer and chat template.

    Args:
        folder: made where it is missing.
        family: one of FAMILIES.
        seed: of the weights.
        changes: of the family's configuration, e.g. ``num_hidden_layers=1``.

    Returns:
        The folder, for ``load_language_model`` or ``load_local``.

    Raises:
        BadInput: an unknown family.

    Example:
        >>> import tempfile
        >>> from thymos.language.local import load_local
        >>> folder = write_tiny_model(tempfile.mkdtemp(), "qwen2")
        >>> load_local(folder, name="tiny", identity="tiny", device="cpu").context_length
        256
    """
    folder = Path(folder)
    tokenizer = tiny_tokenizer()
    tiny_network(family, seed=seed, **changes).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_network(family: str, *, seed: int = 0, **changes: Any) -> Any:
    """The network alone, a transformers model; see :func:`write_tiny_model`."""
    import torch
    import transformers

    if family not in FAMILIES:
        raise BadInput(f"there is no tiny {family!r}", where="tiny models", mend=f"use {', '.join(FAMILIES)}")
    config_name, model_name = _CLASSES[family]
    config = getattr(transformers, config_name)(**{**_SIZES, **_OWN_SIZES[family], **changes})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = getattr(transformers, model_name)(config)
        with torch.no_grad():
            # Norms and biases begin as 1 and 0.
            for weight in model.parameters():
                if weight.ndim == 1:
                    weight.add_(0.2 * torch.randn_like(weight))
    return model


def tiny_tokenizer() -> Any:
    """A byte-level tokenizer of VOCABULARY tokens at most, with CHAT_TEMPLATE."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<|pad|>", eos_token="<|end|>")
    wrapped.chat_template = CHAT_TEMPLATE
    return wrapped
