"""SEV."""

import shutil

import pytest

from thymos.affect.schemes import get_scheme

EVENTS = "data/test_set.jsonl"
LABELED = "outputs/llama32_3b/01_emotion_elicited_generation_prompt_based/labeled"
ACCEPTED, REJECTED = f"{LABELED}/sev/accepted.jsonl", f"{LABELED}/sev/rejected.jsonl"
STEERED = "outputs/llama32_3b/03_emotion_steered_generation/test_set/labeled_results.jsonl"
EMOTIONS = get_scheme("sev6").labels


def test_an_item_is_a_scenario_with_one_of_its_events(release):
    corpus = release("sev").read()
    assert len(corpus.items) == 2 * 8 * 3
    item = corpus.items.loc["place_test_03/negative"]
    assert item["text"] == f"{item['scenario']}\n{item['event']}"
    assert (item["part"], item["valence"], item["skeleton"]) == ("test", "negative", "place_test_03")
    assert corpus.items.groupby("skeleton")["scenario"].nunique().eq(1).all()
    assert corpus.annotations is None


def test_the_official_split_keeps_scenarios_apart(release):
    split = release("sev").read().split()
    assert {part: len(ids) for part, ids in split.parts.items()} == {"train": 24, "test": 24}
    assert split.guarantee == "skeleton-independent"


def test_replies_carry_the_verdict_of_their_file(release):
    corpus = release("sev").read()
    generations, steered = corpus.tables["generations"], corpus.tables["steered"]
    assert list(generations.columns) == list(steered.columns) == ["part", "item", "emotion", "text", "match", "reason"]
    assert generations.groupby("part").size().to_dict() == {"test": 144, "train": 144}
    assert len(steered) == 8 * 3 * 6
    assert set(steered["part"]) == {"test"}
    assert set(generations["emotion"]) == set(steered["emotion"]) == set(EMOTIONS)
    refused = generations[generations["match"] == 0]
    assert 0 < len(refused) < len(generations) / 4
    assert refused["reason"].str.contains("there is no").all()
    assert (generations["part"] == generations["item"].map(corpus.items["part"])).all()


def test_a_copy_without_outputs(release):
    there = release("sev")
    whole = there.read()
    shutil.rmtree(there.folder / "outputs")
    corpus = there.read()
    assert dict(corpus.tables) == {}
    assert corpus.items.equals(whole.items)
    assert corpus.sha256 != whole.sha256


def test_a_copy_with_the_prompted_replies_of_one_part(release):
    there = release("sev")
    shutil.rmtree(there.folder / LABELED / "test_set")
    (there.folder / STEERED).unlink()
    corpus = there.read()
    assert set(corpus.tables) == {"generations"}
    assert set(corpus.tables["generations"]["part"]) == {"train"}


def test_accepted_replies_alone_would_look_like_a_judge_without_errors(release):
    there = release("sev")
    (there.folder / REJECTED).unlink()
    there.refused("labeled/sev: there is no file rejected.jsonl; get both, or remove the other")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (EVENTS, '"negative"', '"bad"', "line 1: field 'negative' is missing"),
        (EVENTS, '"theme": "Gardens"', '"theme": ""', "line 1: theme is empty"),
        (EVENTS, '"scenario": "I', '"scenario": 4, "first": "I', "line 1: scenario 4 is not a text"),
        (EVENTS, "place_test_01", "place_test_00", "data: scenario 'place_test_00' stands twice"),
        (ACCEPTED, '"emotion": "sadness"', '"emotion": "joy"', "line 1: unknown emotion 'joy'; legal: anger, sadness"),
        (ACCEPTED, '"match": 1', '"match": 2', "line 1: match 2 is not 0 or 1"),
        (ACCEPTED, '"match": 1', '"match": 0', "line 1: match is 0 in the file of accepted texts"),
        (ACCEPTED, '"valence": "positive"', '"valence": "good"', "item 'place_00/good' is not in data/sev.jsonl"),
        (ACCEPTED, '"event": "It went', '"event": "So it went', "line 1: the event is not that of item 'place_00/po"),
        (ACCEPTED, '"gen_text"', '"text"', "line 1: field 'gen_text' is missing"),
        (ACCEPTED, '"emotion": "happiness"', '"emotion": "sadness"', "two texts of sadness for item 'place_00/po"),
        (STEERED, '"match": 1', '"match": "yes"', "line 1, positive, sadness: match 'yes' is not 0 or 1"),
        (STEERED, '"surprise": "So', '"surprised": "So', "line 1, positive: field 'surprise' is missing"),
        (STEERED, '"place_test_00"', '"place_00"', "line 1: item 'place_00/positive' is not in data/test_set.jsonl"),
        (STEERED, '"valence_labels"', '"labels"', "line 1: field 'valence_labels' is missing"),
    ],
)  # fmt: skip
def test_bad_values(release, file, old, new, message):
    there = release("sev")
    there.edit(file, old, new)
    there.refused(message)


def test_a_steered_scenario_twice(release):
    there = release("sev")
    there.repeat_line(STEERED, 2)
    there.refused("two texts of anger for item 'place_test_01/positive'; keep one of them")


@pytest.mark.data
def test_the_real_verdicts(data_root):
    from thymos.corpora.registry import load_corpus

    corpus = load_corpus("sev", data_root)
    steered = corpus.tables["steered"]
    assert steered["match"].mean() == pytest.approx(0.9122, abs=5e-5)
    shares = steered.groupby("emotion")["match"].mean()
    published = {
        "happiness": 0.996,
        "fear": 0.969,
        "sadness": 0.960,
        "disgust": 0.938,
        "anger": 0.933,
        "surprise": 0.677,
    }
    assert shares.to_dict() == pytest.approx(published, abs=5e-4)
    by_valence = steered.groupby(steered["item"].map(corpus.items["valence"]))["match"].mean().to_dict()
    assert by_valence == pytest.approx({"positive": 0.942, "neutral": 0.914, "negative": 0.881}, abs=5e-4)
    unread = corpus.tables["generations"]["reason"].str.startswith("json-decode-error")
    assert unread.sum() == 2
