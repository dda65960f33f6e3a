"""The judges themselves: what they learn, what they give back, saving, errors."""

import json
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from thymos.assess.expression.judge import (
    EMOTIONS,
    JUDGE_FILE,
    LABELS,
    NO_TEXT,
    NONE,
    ExpressionJudge,
    LanguageModelJudge,
    group_folds,
)
from thymos.errors import BadInput
from thymos.language.model import GenerationSettings, LanguageModel, OptionScores, Prompt, Reply
from thymos.perceive.conformance import tiny_encoder
from thymos.perceive.text_embedding import EncoderTextRecognizer, depth_encoder
from thymos.perceive.text_linear import LinearTextRecognizer

WORDS = {
    "anger": ("furious", "how dare you"), "sadness": ("wept", "lost forever"), "happiness": ("delighted", "wonderful"),
    "fear": ("trembling", "dread"), "surprise": ("wow", "never expected"), "disgust": ("revolting", "filthy"),
}  # fmt: skip
SMALL = LinearTextRecognizer(classifier="logistic", costs=(10.0,), characters=(2, 3), minimum_count=1, folds=2)


def replies(scenarios: int = 6, words: int = 2) -> pd.DataFrame:
    """Invented replies to scenarios, one an emotion, told apart by a word of their emotion."""
    rows = [
        {
            "text": f"bench {scenario} is {WORDS[emotion][scenario % words]}",
            "emotion": emotion,
            "skeleton": f"bench_{scenario}",
            "match": 1,
        }
        for scenario in range(scenarios)
        for emotion in EMOTIONS
    ]
    return pd.DataFrame(rows, index=pd.Index([f"reply/{k:03d}" for k in range(len(rows))], name="reply"))


@pytest.fixture(scope="module")
def judge() -> ExpressionJudge:
    texts = replies()
    return ExpressionJudge(SMALL, name="small", folds=3).fit(texts, texts["emotion"], texts["skeleton"])


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(st.text(max_size=60), min_size=1, max_size=5))
def test_probabilities_sum_to_one(judge: ExpressionJudge, texts: list[str]) -> None:
    table = judge.probabilities(texts)
    assert tuple(table.columns) == LABELS
    assert len(table) == len(texts)
    assert (table.to_numpy() >= 0).all()
    np.testing.assert_allclose(table.sum(axis=1), 1, atol=1e-9)


def test_a_blank_text_expresses_nothing(judge: ExpressionJudge) -> None:
    assert judge.predict(["", " \n", "It was revolting."]).tolist() == [NONE, NONE, "disgust"]
    assert LanguageModelJudge(Reader()).predict([" ", "dread"]).tolist() == [NONE, "sadness"]


def test_the_style_word_decides_and_the_index_is_kept(judge: ExpressionJudge) -> None:
    texts = pd.Series(["The soup was revolting.", "He was trembling."], index=["a", "b"])
    said = judge.predict(texts)
    assert said.to_dict() == {"a": "disgust", "b": "fear"}
    assert judge.matches(texts, ["disgust", "anger"]).to_dict() == {"a": True, "b": False}
    assert judge.probabilities(texts).idxmax(axis=1).to_dict() == said.to_dict()


@settings(max_examples=40, deadline=None)
@given(
    groups=st.integers(3, 12),
    folds=st.integers(2, 3),
    seed=st.integers(0, 99),
    texts=st.integers(1, 4),
)
def test_no_group_stands_on_both_sides_and_every_text_is_left_out_once(
    groups: int, folds: int, seed: int, texts: int
) -> None:
    codes = np.repeat(np.arange(groups), len(EMOTIONS) * texts)
    labels = np.tile(np.array(EMOTIONS, dtype=object), groups * texts)
    left_out = []
    for kept, left in group_folds(labels, codes, folds, seed):
        assert not set(codes[kept]) & set(codes[left])
        assert len(kept) + len(left) == len(codes)
        left_out.extend(left)
    assert sorted(left_out) == list(range(len(codes)))


def test_held_out_probabilities_come_from_other_scenarios() -> None:
    # The only hint is a word that one scenario alone has: seen it decides, held out it cannot.
    texts = replies(4)
    texts["text"] = [f"{row.skeleton}{row.emotion}" for row in texts.itertuples()]
    whole_words = LinearTextRecognizer(
        classifier="logistic", costs=(10.0,), characters=(40, 40), words=(1, 1), minimum_count=1, folds=2
    )
    fitted = ExpressionJudge(whole_words, folds=2).fit(texts, texts["emotion"], texts["skeleton"])
    assert (fitted.predict(texts) == texts["emotion"]).all()
    assert (fitted.held_out_.idxmax(axis=1) == texts["emotion"]).mean() < 0.5
    assert fitted.held_out_.index.equals(texts.index)


def with_refusals() -> pd.DataFrame:
    """Twelve scenarios, of which the release refused a third: plain texts, whatever emotion was asked for."""
    texts = replies(12, words=1)
    texts["match"] = (~texts["skeleton"].isin(["bench_8", "bench_9", "bench_10", "bench_11"])).astype(int)
    plain = [f"{row.skeleton} is as usual" for row in texts.itertuples()]
    return texts.assign(text=texts["text"].where(texts["match"] == 1, plain))


def test_refused_texts_teach_what_no_emotion_is() -> None:
    texts = with_refusals()
    fitted = ExpressionJudge(SMALL, folds=3).fit(texts, texts["emotion"], texts["skeleton"], texts["match"])
    expected = texts["emotion"].where(texts["match"] == 1, NONE)
    assert (fitted.held_out_.idxmax(axis=1) == expected).all()
    assert fitted.predict(["The lamp is as usual", "The lamp is revolting"]).tolist() == [NONE, "disgust"]
    assert not fitted.matches(["The lamp is as usual"] * 6, EMOTIONS).any()


def test_without_them_every_text_gets_an_emotion_and_refused_ones_are_still_judged() -> None:
    texts = with_refusals()
    judge = ExpressionJudge(SMALL, folds=3, learn_none=False)
    fitted = judge.fit(texts, texts["emotion"], texts["skeleton"], texts["match"])
    assert (fitted.held_out_[NONE] == 0).all()
    np.testing.assert_allclose(fitted.held_out_.sum(axis=1), 1)
    assert fitted.predict(["The lamp is as usual"])[0] in EMOTIONS
    accepted = texts[texts["match"] == 1]
    alone = ExpressionJudge(SMALL, folds=3).fit(accepted, accepted["emotion"], accepted["skeleton"])
    pd.testing.assert_frame_equal(alone.probabilities(texts), fitted.probabilities(texts))


def test_a_saved_judge_is_the_same_judge(judge: ExpressionJudge, tmp_path) -> None:
    judge.measured_ = pd.DataFrame({"system": ["small"], "metric": ["accuracy"], "value": [0.875], "n": [8]})
    judge.training_ = {"corpus": "invented", "version": "1"}
    folder = judge.save(tmp_path / "judge", notes="Trained on invented replies.")
    back = ExpressionJudge.load(folder)
    texts = ["It was filthy there.", "Wow, a letter."]
    pd.testing.assert_frame_equal(back.probabilities(texts), judge.probabilities(texts), atol=1e-12)
    pd.testing.assert_frame_equal(back.measured_, judge.measured_)
    assert (back.name, back.folds, back.seed, back.learn_none) == ("small", 3, 0, True)
    assert back.training_ == judge.training_
    assert back.recognizer.get_params() == judge.recognizer.get_params()
    assert "Trained on invented replies." in (folder / "README.md").read_text()
    assert {path.name for path in folder.iterdir()} == {
        JUDGE_FILE, "README.md", "recognizer.json", "weights.safetensors",
    }  # fmt: skip


def test_a_head_on_vectors_holds_no_word_of_its_training_texts(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("THYMOS_CACHE", str(tmp_path / "cache"))
    depth_encoder.cache_clear()
    texts = replies(4)
    encoder = tiny_encoder(tmp_path / "encoder", texts["text"].tolist())
    recognizer = EncoderTextRecognizer(encoder=str(encoder), head="logistic", costs=(1.0,), folds=2)
    fitted = ExpressionJudge(recognizer, folds=2).fit(texts, texts["emotion"], texts["skeleton"])
    folder = fitted.save(tmp_path / "judge")
    saved = b"".join(path.read_bytes() for path in folder.iterdir())
    assert not any(word.encode() in saved for words in WORDS.values() for word in words)
    again = ExpressionJudge.load(folder).probabilities(texts)
    np.testing.assert_allclose(again, fitted.probabilities(texts), atol=1e-6)
    depth_encoder.cache_clear()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"texts": []}, "items: there is no item; pass at least one text"),
        ({"texts": "one text"}, "one text where several are needed"),
        ({"emotions": ["anger"] * 36}, "no text expresses sadness; pass texts of all six emotions"),
        ({"emotions": ["joy", *replies()["emotion"][1:]]}, "emotions, row 0: unknown emotion 'joy'; legal: anger"),
        ({"emotions": ["anger"]}, "lengths differ"),
        ({"emotions": "anger"}, "one emotion where several are needed"),
        ({"groups": ["one"] * 36}, "1 groups cannot make 3 folds; lower folds or add groups"),
        ({"groups": [None, *replies()["skeleton"][1:]]}, "groups, row 0: the group is missing"),
        ({"groups": ["a", "b", "c"]}, "lengths differ"),
        ({"matches": [0] * 36}, "no text expresses anger"),
    ],
)  # fmt: skip
def test_what_cannot_be_learned_from_is_named(change, message) -> None:
    texts = replies()
    given = {"texts": texts["text"], "emotions": texts["emotion"], "groups": texts["skeleton"], **change}
    with pytest.raises(BadInput, match=message):
        ExpressionJudge(SMALL, folds=3).fit(**given)


def test_an_unfitted_judge_and_no_texts_are_refused(judge: ExpressionJudge, tmp_path) -> None:
    with pytest.raises(BadInput, match="has not learned anything yet; call fit first"):
        ExpressionJudge(SMALL).predict(["a"])
    with pytest.raises(BadInput, match="has not learned anything yet"):
        ExpressionJudge(SMALL).save(tmp_path / "judge")
    assert not (tmp_path / "judge").exists()
    with pytest.raises(BadInput, match="there is no item"):
        judge.probabilities([])
    with pytest.raises(BadInput, match="lengths differ"):
        judge.matches(["a", "b"], ["anger"])


def test_damaged_judges_are_refused(judge: ExpressionJudge, tmp_path) -> None:
    folder = judge.save(tmp_path / "judge")
    (folder / JUDGE_FILE).write_text('{"name": "x"}')
    with pytest.raises(BadInput, match=r"judge\.json: not a saved judge"):
        ExpressionJudge.load(folder)
    (folder / JUDGE_FILE).unlink()
    with pytest.raises(BadInput, match="there is no such file"):
        ExpressionJudge.load(folder)
    clone(SMALL).fit(["ab", "ab b", "cd", "cd d"], ["x", "x", "y", "y"]).save(folder)
    settings = {"name": "x", "folds": 3, "seed": 0, "learn_none": True, "measured": [], "training": {}}
    (folder / JUDGE_FILE).write_text(json.dumps(settings))
    with pytest.raises(BadInput, match="other labels than the six emotions"):
        ExpressionJudge.load(folder)


# -- a language model as a judge --------------------------------------------------------------------------------------


class Reader(LanguageModel):
    """Finds the emotion whose words are in the prompt likely, and likes the word sadness whatever is asked."""

    name = identity = "reader"

    def stream_replies(
        self, prompts: Sequence[Prompt], settings: GenerationSettings
    ) -> Iterator[list[tuple[int, Reply]]]:
        raise NotImplementedError

    def stream_scores(
        self, prompts: Sequence[Prompt], options: Sequence[Sequence[str]]
    ) -> Iterator[list[tuple[int, OptionScores]]]:
        self.prompts = list(prompts)
        for index, (prompt, texts) in enumerate(zip(prompts, options, strict=True)):
            scores = [-9.0 + 5 * (text == " sadness") for text in texts]
            for place, text in enumerate(texts):
                scores[place] += 2 * any(word in str(prompt) for word in WORDS[text.strip()])
            ones = np.ones(len(texts), dtype=np.int64)
            yield [(index, OptionScores(np.array(scores), ones, ones))]


def test_a_language_model_is_asked_for_each_text_and_its_liking_can_be_taken_off() -> None:
    model, texts = Reader(), pd.Series(["revolting {soup},\nrevolting.", "He was trembling."], index=["a", "b"])
    plain = LanguageModelJudge(model)
    assert plain.predict(texts).tolist() == ["sadness", "sadness"]
    assert plain.name == "reader, options"
    assert len(model.prompts) == 2
    assert model.prompts[0].startswith('"revolting {soup}, revolting."')
    corrected = LanguageModelJudge(model, correct_prior=True)
    assert corrected.predict(texts).to_dict() == {"a": "disgust", "b": "fear"}
    assert len(model.prompts) == 3
    assert f'"{NO_TEXT}"' in model.prompts[-1]


def test_a_language_models_probabilities_are_those_of_its_scores() -> None:
    plain = LanguageModelJudge(Reader()).probabilities(["dread"])
    np.testing.assert_allclose(plain[list(EMOTIONS)].iloc[0], np.exp([0, 5, 0, 2, 0, 0]) / (4 + np.exp(5) + np.exp(2)))
    assert plain[NONE].tolist() == [0]
    corrected = LanguageModelJudge(Reader(), correct_prior=True).probabilities(["dread"])
    np.testing.assert_allclose(corrected[list(EMOTIONS)].iloc[0], np.exp([0, 0, 0, 2, 0, 0]) / (5 + np.exp(2)))


def test_a_question_needs_a_place_for_the_text() -> None:
    with pytest.raises(BadInput, match=r"no place for the text; write \{text\} into it"):
        LanguageModelJudge(Reader(), question="Which emotion?")
    with pytest.raises(BadInput, match="there is no item"):
        LanguageModelJudge(Reader()).predict([])
