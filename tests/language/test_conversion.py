"""Conversions of packed models, on tiny files in the same layout that the tests write themselves."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from thymos.errors import BadInput
from thymos.language.conversion import (
    BLOCK,
    PackedEncoder,
    convert_multilingual_e5,
    convert_smollm2,
    dequantize_q4_0,
    read_packed_encoder,
    tensor_names,
    unigram_tokenizer,
)
from thymos.language.encoders import load_encoder_folder
from thymos.language.local import load_local
from thymos.language.model import GenerationSettings, Message

PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁sad", "▁so", "s", "a", "d", "～", "1", "▁happy", "<mask>"]
CHARACTERS = {"\x01": "", "\t": " ", "\u200c": " ", "①": "1", "ａ": "a", "\u00a0": " "}
SIZES = {"hidden": 32, "layers": 2, "heads": 4, "feed_forward": 64, "vocabulary": 20, "positions": 16, "types": 2}


def quantize(weights: np.ndarray) -> bytes:
    """Q4_0, one block at a time: float16 scale, then weights 0..15 in the low and 16..31 in the high nibbles."""
    packed = b""
    for block in weights.reshape(-1, BLOCK):
        scale = np.float16(np.abs(block).max() / 7)
        steps = np.clip(np.round(block / np.float32(scale)) + 8, 0, 15).astype(np.uint8)
        packed += scale.tobytes() + bytes(int(steps[j]) | int(steps[j + 16]) << 4 for j in range(16))
    return packed


def write_packed_encoder(path: Path) -> dict[str, np.ndarray]:
    """A random E5S1 file; returns the exact weights by their names in the file."""
    random = np.random.default_rng(0)
    hidden, wide = SIZES["hidden"], SIZES["feed_forward"]
    shapes: dict[str, tuple[int, ...]] = {
        "emb.word": (SIZES["vocabulary"], hidden),
        "emb.pos": (SIZES["positions"], hidden),
        "emb.type": (SIZES["types"], hidden),
        "emb.ln.w": (hidden,),
        "emb.ln.b": (hidden,),
    }
    for layer in range(SIZES["layers"]):
        for part in ("q", "k", "v", "ao"):
            shapes |= {f"l{layer}.{part}.w": (hidden, hidden), f"l{layer}.{part}.b": (hidden,)}
        shapes |= {f"l{layer}.fi.w": (wide, hidden), f"l{layer}.fi.b": (wide,)}
        shapes |= {f"l{layer}.fo.w": (hidden, wide), f"l{layer}.fo.b": (hidden,)}
        for part in ("aln", "oln"):
            shapes |= {f"l{layer}.{part}.w": (hidden,), f"l{layer}.{part}.b": (hidden,)}
    head = b"E5S1" + struct.pack("<I", 1) + struct.pack("<7i", *SIZES.values()) + struct.pack("<fi", 1e-12, BLOCK)
    encoded = [piece.encode() for piece in PIECES]
    head += struct.pack("<5i", len(PIECES), 0, 2, 1, 3) + struct.pack("<Q", sum(map(len, encoded)))
    head += np.cumsum([0, *map(len, encoded)]).astype("<u4").tobytes()
    # longer pieces are likelier, as in a trained vocabulary
    head += np.array([0, 0, 0, 0, -5, -3, -3, -6, -6, -6, -6, -6, -2, 0], "<f4").tobytes() + b"".join(encoded)
    mapped = b"".join(
        struct.pack("<IB", ord(sign), len(to)) + b"".join(struct.pack("<I", ord(c)) for c in to)
        for sign, to in sorted(CHARACTERS.items())
    )
    head += struct.pack("<iI", len(CHARACTERS), len(mapped)) + mapped + struct.pack("<i", len(shapes))
    exact, entries, blobs = {}, [], []
    for name, shape in shapes.items():
        weights = random.normal(size=shape).astype(np.float32)
        if (name.endswith(".w") and len(shape) == 2) or name == "emb.word":
            data, kind = quantize(weights), 1
            exact[name] = dequantize_q4_0(data).reshape(shape)
        else:
            data, kind = weights.tobytes(), 0
            exact[name] = weights
        entries.append((name, kind, weights.size, len(data)))
        blobs.append(data)
    offset = len(head) + sum(2 + len(name) + 21 for name, *_ in entries)
    for name, kind, count, length in entries:
        head += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", kind, count, offset, length)
        offset += length
    path.write_bytes(head + b"".join(blobs))
    return exact


@pytest.fixture(scope="module")
def packed_file(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, np.ndarray]]:
    path = tmp_path_factory.mktemp("packed") / "tiny.bin"
    return path, write_packed_encoder(path)


@pytest.fixture(scope="module")
def packed(packed_file: tuple[Path, dict[str, np.ndarray]]) -> PackedEncoder:
    return read_packed_encoder(packed_file[0])


@given(arrays.arrays(np.uint8, st.tuples(st.integers(0, 4), st.just(16))), st.floats(-4, 4, width=16))
def test_dequantization_equals_the_plain_loop(nibbles: np.ndarray, scale: float) -> None:
    data = b"".join(np.float16(scale).tobytes() + row.tobytes() for row in nibbles)
    expected = []
    for row in nibbles.tolist():
        expected += [(byte & 15) - 8 for byte in row] + [(byte >> 4) - 8 for byte in row]
    np.testing.assert_array_equal(dequantize_q4_0(data), np.array(expected, np.float32) * np.float32(scale))


def test_the_header_is_read(packed: PackedEncoder) -> None:
    assert packed.sizes == SIZES
    assert [piece for piece, _ in packed.vocabulary] == PIECES
    assert packed.vocabulary[5][1] == -3
    assert packed.special_ids == {"begin": 0, "end": 2, "padding": 1, "unknown": 3}
    assert packed.character_map == CHARACTERS
    assert packed.layer_norm_eps == pytest.approx(1e-12)
    assert set(packed.tensors) == set(tensor_names(SIZES["layers"]))


def test_every_weight_arrives_in_its_place(packed_file: tuple[Path, dict[str, np.ndarray]], tmp_path: Path) -> None:
    from safetensors.torch import load_file

    path, exact = packed_file
    convert_multilingual_e5(path, tmp_path)
    saved = load_file(tmp_path / "model.safetensors")
    names = tensor_names(SIZES["layers"])
    assert set(saved) == set(names.values())
    for theirs, ours in names.items():
        np.testing.assert_array_equal(saved[ours].numpy(), exact[theirs], err_msg=theirs)


def test_the_converted_folder_loads_and_encodes(
    packed_file: tuple[Path, dict[str, np.ndarray]], tmp_path: Path
) -> None:
    convert_multilingual_e5(packed_file[0], tmp_path)
    encoder = load_encoder_folder(tmp_path, name="tiny", identity="tiny", device="cpu")
    assert (encoder.dimension, encoder.max_tokens) == (32, 16)
    assert encoder.tokenizer.convert_ids_to_tokens(encoder.tokenizer("so sad")["input_ids"]) == [
        "<s>",
        "▁so",
        "▁sad",
        "</s>",
    ]
    assert np.linalg.norm(encoder.encode(["so sad", ""]), axis=1) == pytest.approx([1, 1], abs=1e-6)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("so sad", ["▁so", "▁sad"]),
        ("  so   sad", ["▁so", "▁sad"]),
        ("so\tsad", ["▁so", "▁sad"]),
        ("so\u200csad", ["▁so", "▁sad"]),
        ("so\u00a0sad", ["▁so", "▁sad"]),
        ("s\x01ad", ["▁sad"]),
        ("①", ["▁", "1"]),
        ("sａd", ["▁sad"]),
        ("～", ["▁", "～"]),
        ("~", ["▁", "<unk>"]),
        ("", []),
    ],
)
def test_the_tokenizer_normalizes_like_sentencepiece(packed: PackedEncoder, text: str, expected: list[str]) -> None:
    tokenizer = unigram_tokenizer(packed)
    ids = tokenizer.encode(text).ids
    assert (ids[0], ids[-1]) == (0, 2)
    assert [PIECES[i] for i in ids[1:-1]] == expected


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.bin"
    path.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(BadInput, match=r"other\.bin: not an E5S1 model file"):
        read_packed_encoder(path)


def write_gguf(path: Path, *, chat_template: str | None) -> dict[str, Any]:
    """A random one-layer Llama with a byte-level vocabulary, in GGUF; returns what the tests compare with."""
    import gguf
    from tokenizers import pre_tokenizers

    hidden, wide, heads, groups = 32, 64, 4, 2
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *alphabet, "ĠĠ", "sa", "sad"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(hidden)
    writer.add_block_count(1)
    writer.add_feed_forward_length(wide)
    writer.add_head_count(heads)
    writer.add_head_count_kv(groups)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(hidden // heads)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3, 3] + [1] * (len(tokens) - 3))
    writer.add_token_merges(["Ġ Ġ", "s a", "sa d"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    if chat_template is not None:
        writer.add_chat_template(chat_template)
    random = np.random.default_rng(0)
    tensors = {
        "token_embd.weight": (len(tokens), hidden),
        "output_norm.weight": (hidden,),
        "blk.0.attn_norm.weight": (hidden,),
        "blk.0.ffn_norm.weight": (hidden,),
        "blk.0.attn_q.weight": (hidden, hidden),
        "blk.0.attn_k.weight": (hidden // heads * groups, hidden),
        "blk.0.attn_v.weight": (hidden // heads * groups, hidden),
        "blk.0.attn_output.weight": (hidden, hidden),
        "blk.0.ffn_gate.weight": (wide, hidden),
        "blk.0.ffn_up.weight": (wide, hidden),
        "blk.0.ffn_down.weight": (hidden, wide),
    }
    weights = {name: random.normal(size=shape).astype(np.float32) for name, shape in tensors.items()}
    for name, values in weights.items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return weights


TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def test_a_gguf_file_becomes_a_folder_that_loads_chats_and_scores(tmp_path: Path) -> None:
    path, folder = tmp_path / "tiny.gguf", tmp_path / "folder"
    folder.mkdir()
    weights = write_gguf(path, chat_template=TEMPLATE)
    convert_smollm2(path, folder)
    model = load_local(folder, name="tiny", identity="tiny", device="cpu")
    state = model.model.state_dict()
    for theirs, ours in {
        "token_embd.weight": "model.embed_tokens.weight",
        "blk.0.ffn_down.weight": "model.layers.0.mlp.down_proj.weight",
        "blk.0.attn_v.weight": "model.layers.0.self_attn.v_proj.weight",
        "output_norm.weight": "model.norm.weight",
    }.items():
        np.testing.assert_array_equal(state[ours].numpy(), weights[theirs])
    assert torch.equal(state["lm_head.weight"], state["model.embed_tokens.weight"]), "input and output share weights"
    assert getattr(model.model.config, "quantization_config", None) is None
    text = model.tokenizer.decode(model.encode_prompt([Message("user", "sad")]))
    assert text == "<|im_start|>user\nsad<|im_end|>\n<|im_start|>assistant\n"
    assert model.end_ids == {2}
    assert model.context_length == 64
    assert model.chat([[Message("user", "sad")]], GenerationSettings(max_new_tokens=3))[0].completion_tokens <= 3
    assert model.score("so", [" sad", " s"]).shape == (2,)


def test_digits_stand_alone_and_do_not_take_the_space_before_them(tmp_path: Path) -> None:
    path, folder = tmp_path / "tiny.gguf", tmp_path / "folder"
    folder.mkdir()
    write_gguf(path, chat_template=TEMPLATE)
    convert_smollm2(path, folder)
    tokenizer = load_local(folder, name="tiny", identity="tiny", device="cpu").tokenizer
    pieces = tokenizer.convert_ids_to_tokens(tokenizer("sad  12")["input_ids"])
    # With byte-level words alone the second space would go with "12", and the pair of spaces be torn apart.
    assert pieces == ["sad", "ĠĠ", "1", "2"]


def test_a_gguf_file_without_chat_template_is_refused(tmp_path: Path) -> None:
    path, folder = tmp_path / "base.gguf", tmp_path / "folder"
    folder.mkdir()
    write_gguf(path, chat_template=None)
    with pytest.raises(BadInput, match=r"base\.gguf: the GGUF file has no chat template"):
        convert_smollm2(path, folder)
    assert not list(folder.iterdir())
