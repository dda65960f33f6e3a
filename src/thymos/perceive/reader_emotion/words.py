"""Words of a short text as the word branch sees them: lower case, letters only, function words out (card 18)."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

PADDING, UNKNOWN = 0, 1
FIRST_WORD = 2
# Function words only. Longer lists of the field hold words such as "cry", "fire" and "alone", which tell an emotion.
STOP_WORDS = frozenset(
    """
    a about above after again against all am an and any are aren as at be because been before being below
    between both but by can couldn d did didn do does doesn doing don down during each few for from further had
    hadn has hasn have haven having he her here hers herself him himself his how i if in into is isn it its
    itself just ll m ma me mightn more most mustn my myself needn no nor not now o of off on once only or other
    our ours ourselves out over own re s same shan she should shouldn so some such t than that the their theirs
    them themselves then there these they this those through to too under until up ve very was wasn we were
    weren what when where which while who whom why will with won wouldn y you your yours yourself yourselves
    """.split()  # noqa: SIM905
)


def words_of(text: str, *, keep_stop_words: bool = False) -> list[str]:
    """The words of a text in order, lower case, without digits and symbols.

    Args:
        text: any text; it may be empty.
        keep_stop_words: leave function words in.

    Example:
        >>> words_of("Storm kills 12 in the harbor!")
        ['storm', 'kills', 'harbor']
    """
    letters = "".join(character if character.isalpha() else " " for character in text.lower())
    words = letters.split()
    return words if keep_stop_words else [word for word in words if word not in STOP_WORDS]


class Vocabulary:
    """Words with numbers; 0 is padding and 1 stands for every word that is not known.

    Args:
        words: the known words, each once.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(dict.fromkeys(words))
        self.numbers = {word: number for number, word in enumerate(self.words, start=FIRST_WORD)}

    def __len__(self) -> int:
        return len(self.words) + FIRST_WORD

    def encode(self, texts: Sequence[Sequence[str]], longest: int) -> npt.NDArray[np.int64]:
        """Numbers of the first ``longest`` words of each text, shape (texts, longest), padded with 0 at the end.

        A text without words is one unknown word, so that attention has something to rest on.
        """
        encoded = np.full((len(texts), longest), PADDING, dtype=np.int64)
        for row, words in enumerate(texts):
            numbers = [self.numbers.get(word, UNKNOWN) for word in words[:longest]] or [UNKNOWN]
            encoded[row, : len(numbers)] = numbers
        return encoded
