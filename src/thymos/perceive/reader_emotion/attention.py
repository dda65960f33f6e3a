"""What attention rests on: min-max attention of a document, and whether it stands higher on emotion words (card 18)."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from thymos.errors import BadInput
from thymos.measure.ranking import within_group_auc

Floats = npt.NDArray[np.float64]


class WordAttention(NamedTuple):
    """Attention word by word, documents one after the other.

    Attributes:
        documents: row of the document of each word.
        words: the words.
        attention: min-max attention, 0 (least of its document) .. 1 (most).
    """

    documents: npt.NDArray[np.int64]
    words: tuple[str, ...]
    attention: Floats


def min_max(attention: Floats, counts: Sequence[int]) -> Floats:
    """Attention of each document from 0 to 1 over its words; 0.5 where all words have the same.

    Args:
        attention: shape (documents, longest).
        counts: words of each document; what stands behind them is 0 in the result.
    """
    scaled = np.zeros_like(attention)
    for row, count in enumerate(counts):
        own = attention[row, :count]
        if count and own.max() - own.min() > 1e-12:
            scaled[row, :count] = (own - own.min()) / (own.max() - own.min())
        else:
            scaled[row, :count] = 0.5
    return scaled


def word_attention(texts: Sequence[Sequence[str]], attention: Floats) -> WordAttention:
    """Pair words with their min-max attention; words beyond the longest text of the network are left out.

    Args:
        texts: words of each document.
        attention: of ``attention_of``, shape (documents, longest).
    """
    if len(texts) != len(attention):
        raise BadInput(f"there are {len(texts)} texts and {len(attention)} rows of attention", where="attention")
    counts = [min(len(words), attention.shape[1]) for words in texts]
    scaled = min_max(attention, counts)
    return WordAttention(
        np.repeat(np.arange(len(texts)), counts),
        tuple(word for words, count in zip(texts, counts, strict=True) for word in words[:count]),
        np.concatenate([scaled[row, :count] for row, count in enumerate(counts)]) if counts else np.zeros(0),
    )


def document_aucs(found: WordAttention, lexicon: Collection[str], leave_out: Collection[str] = ()) -> dict[int, float]:
    """Area under the ROC curve of attention against lexicon membership, inside each document that has both kinds.

    Areas inside documents, not over all words: attention sums to 1 in each document, so that a word of a short one has
    more of it whatever it means.

    Args:
        found: see ``word_attention``.
        lexicon: emotion words.
        leave_out: words that are not counted at all.

    Raises:
        BadInput: no document has words inside and outside of the lexicon.
    """
    kept = np.array([word not in leave_out for word in found.words], dtype=bool)
    inside = np.array([word in lexicon for word in found.words], dtype=float)
    if not kept.any():
        raise BadInput("no word is left", where="attention")
    areas = within_group_auc(inside[kept], found.attention[kept], found.documents[kept])
    return {int(document): area for document, area in areas.by_group.items()}


def attention_similarity(first: WordAttention, second: WordAttention) -> Floats:
    """Cosine of the min-max attention of two networks, document by document; the documents must be the same."""
    if first.words != second.words:
        raise BadInput("the two networks looked at different words", where="attention")
    similarities = []
    for document in np.unique(first.documents):
        own = first.documents == document
        one, other = first.attention[own], second.attention[own]
        lengths = np.linalg.norm(one) * np.linalg.norm(other)
        similarities.append(float(one @ other / lengths) if lengths > 0 else 0.0)
    return np.array(similarities)
