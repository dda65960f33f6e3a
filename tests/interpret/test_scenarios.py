"""The bundled scenarios keep what their card promises, and events of either source are drawn alike."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from thymos.corpora.registry import load_corpus
from thymos.errors import BadInput
from thymos.interpret.scenarios import (
    ELICITING,
    EMOTIONS,
    PARTS,
    PLAIN,
    VALENCES,
    Event,
    events_of,
    sample_events,
    scenario_corpus,
    scenario_events,
)
from thymos.language.model import Message
from thymos.testing import check_corpus, synthetic_corpus, write_official_layout

EVENTS = [event for part in PARTS for event in scenario_events(part)]
# Stems of words that name a feeling or show one outright; matched at the start of a word.
FEELINGS = [
    "angr",
    "anger",
    "annoy",
    "furi",
    "rage",
    "sad",
    "sorrow",
    "griev",
    "grief",
    "miser",
    "cried",
    "cry",
    "weep",
    "wept",
    "happ",
    "joy",
    "glad",
    "delight",
    "cheer",
    "pleas",
    "afraid",
    "fear",
    "scar",
    "terrif",
    "frighten",
    "panic",
    "anxi",
    "worr",
    "nervous",
    "surpris",
    "astonish",
    "amaz",
    "shock",
    "disgust",
    "revolt",
    "gross",
    "disappoint",
    "upset",
    "proud",
    "pride",
    "sham",
    "embarrass",
    "guilt",
    "jealous",
    "env",
    "lonel",
    "excit",
    "thrill",
    "enjoy",
    "lov",
    "hat",
    "hope",
    "relie",
    "grateful",
    "thank",
    "smil",
    "laugh",
    "grin",
    "frown",
    "emotion",
    "feel",
    "felt",
    "mood",
]
# Words that begin like a feeling and name none.
HARMLESS = re.compile(r"hats?$|envelope|crystal|happen|scarf|scarves|saddle")


def feelings(text: str) -> list[str]:
    """Words of a text that name a feeling."""
    words = re.findall(r"[a-z]+", text.lower())
    return [word for word in words if word.startswith(tuple(FEELINGS)) and not HARMLESS.match(word)]


def sentences(event: Event) -> tuple[str, str]:
    """The scenario and the outcome."""
    scenario, outcome = event.text.split("\n")
    return scenario, outcome


class TestBundledTexts:
    def test_counts(self) -> None:
        for part in PARTS:
            events = scenario_events(part)
            scenarios = {event.scenario: event.theme for event in events}
            assert (len(events), len(scenarios)) == (480, 160)
            assert sorted(Counter(scenarios.values()).values()) == [20] * 8
            assert [event.valence for event in events] == list(VALENCES) * 160
        assert {event.theme for event in scenario_events("test")} == {
            event.theme for event in scenario_events("extraction")
        }

    def test_ids_are_unique_and_say_what_they_are(self) -> None:
        assert len({event.id for event in EVENTS}) == len(EVENTS)
        for part in PARTS:
            for event in scenario_events(part):
                assert event.id == f"{event.scenario}/{event.valence}"
                assert re.fullmatch(rf"{event.theme.replace(' ', '-')}-{part}-\d\d", event.scenario)

    def test_no_sentence_stands_twice(self) -> None:
        scenarios = Counter({event.scenario: sentences(event)[0] for event in EVENTS}.values())
        outcomes = Counter(sentences(event)[1] for event in EVENTS)
        repeated = {text: count for text, count in (scenarios + outcomes).items() if count > 1}
        assert repeated == {}
        assert len(scenarios) == 320

    def test_every_outcome_of_a_scenario_tells_the_same_situation(self) -> None:
        openings: dict[str, set[str]] = {}
        for event in EVENTS:
            openings.setdefault(event.scenario, set()).add(sentences(event)[0])
        assert all(len(texts) == 1 for texts in openings.values())

    def test_no_word_names_a_feeling(self) -> None:
        found = {event.id: words for event in EVENTS if (words := feelings(event.text))}
        # The one feels a lump with the hand; the others laugh about a diary, which is what happens to the narrator.
        assert found == {"health-extraction-08/negative": ["felt"], "relationships-extraction-07/negative": ["laughed"]}

    def test_the_list_of_feelings_finds_some(self) -> None:
        text = "They were angry, scared and sad; his hatred shocked the pleased crowd, hats in hand."
        assert feelings(text) == ["angry", "scared", "sad", "hatred", "shocked", "pleased"]

    def test_nobody_is_quoted_and_nothing_is_exclaimed(self) -> None:
        assert [event.id for event in EVENTS if re.search(r"[!?\"“”]", event.text)] == []
        assert all(text.endswith(".") and text[0].isupper() for event in EVENTS for text in sentences(event))

    def test_lengths(self) -> None:
        outcomes: dict[str, list[int]] = {}
        for event in EVENTS:
            scenario, outcome = (len(text.split()) for text in sentences(event))
            assert 10 <= scenario <= 18, event.id
            assert 10 <= outcome <= 20, event.id
            outcomes.setdefault(event.scenario, []).append(outcome)
        assert max(max(lengths) - min(lengths) for lengths in outcomes.values()) <= 5

    def test_no_near_duplicates_across_halves(self) -> None:
        for which in (0, 1):
            texts = {part: [sentences(event)[which] for event in scenario_events(part)] for part in PARTS}
            vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), use_idf=False)
            vectors.fit(texts["extraction"] + texts["test"])
            cosines = vectors.transform(texts["test"]) @ vectors.transform(texts["extraction"]).T
            assert cosines.max() < 0.8
        # The measure itself finds what it should.
        pair = vectors.transform(["The nets came up full by noon.", "The nets came up full by noon today."])
        assert (pair[0] @ pair[1].T).toarray().item() > 0.8


class TestCorpus:
    def test_it_conforms_and_keeps_scenarios_apart(self) -> None:
        corpus = scenario_corpus()
        check_corpus(corpus)
        split = corpus.splits["official"]
        assert "scenario" in split.apart
        assert split.guarantee == "scenario-independent"
        parts = [set(corpus.items.loc[list(split.parts[part]), "scenario"]) for part in PARTS]
        assert [len(part) for part in parts] == [160, 160]
        assert not parts[0] & parts[1]

    def test_its_events_are_the_bundled_ones(self) -> None:
        corpus = scenario_corpus()
        for part in PARTS:
            assert events_of(corpus, part) == scenario_events(part)

    def test_its_hash_repeats(self) -> None:
        assert scenario_corpus().sha256 == scenario_corpus().sha256


class TestSev:
    def test_events_are_those_of_the_release(self, tmp_path: Path) -> None:
        write_official_layout("sev", tmp_path / "sev")
        corpus = load_corpus("sev", tmp_path)
        for part in ("train", "test"):
            events = events_of(corpus, part)
            assert len(events) == 24
            assert len({event.scenario for event in events}) == 8
            assert Counter(event.valence for event in events) == dict.fromkeys(VALENCES, 8)
            for event in events:
                row = corpus.items.loc[event.id]
                assert (event.text, event.theme, event.scenario) == (row["text"], row["theme"], row["skeleton"])
                assert event.id == f"{event.scenario}/{event.valence}"
        assert not {e.scenario for e in events_of(corpus, "train")} & {e.scenario for e in events_of(corpus, "test")}

    def test_another_corpus_is_refused(self) -> None:
        corpus = synthetic_corpus("text", n_items=20)
        with pytest.raises(BadInput, match=r"column '\w+' is missing; use sev or emotion_scenarios"):
            events_of(corpus, next(iter(next(iter(corpus.splits.values())).parts)))


class TestAsking:
    EVENT = Event("a/positive", "a", "work", "positive", "I {went} home.\nIt rained.")

    def test_an_emotion_is_asked_for_in_the_system_prompt(self) -> None:
        found = self.EVENT.asking("anger")
        assert found == (Message("system", ELICITING.replace("{emotion}", "anger")), Message("user", self.EVENT.text))

    def test_no_emotion_is_asked_for(self) -> None:
        system, user = self.EVENT.asking(None)
        assert (system.content, user.content) == (PLAIN, self.EVENT.text)
        assert not any(emotion in PLAIN for emotion in EMOTIONS)


class TestSampling:
    EXTRACTION = scenario_events("extraction")

    def test_an_unknown_part_is_refused(self) -> None:
        with pytest.raises(BadInput, match=r"there is no part 'train'; use extraction or test"):
            scenario_events("train")  # type: ignore[arg-type]

    @settings(max_examples=50, deadline=None)
    @given(st.integers(0, 200), st.integers(0, 5))
    def test_scenarios_are_whole_and_themes_balanced(self, scenarios: int, seed: int) -> None:
        found = sample_events(self.EXTRACTION, scenarios, seed)
        drawn = {event.scenario: event.theme for event in found}
        assert len(drawn) == min(scenarios, 160)
        assert len(found) == 3 * len(drawn)
        counts = Counter(drawn.values())
        assert max(counts.values(), default=0) - min(counts[t] for t in {e.theme for e in self.EXTRACTION}) <= 1
        ids = {event.id for event in found}
        assert found == [event for event in self.EXTRACTION if event.id in ids]

    @settings(max_examples=50, deadline=None)
    @given(st.integers(1, 100), st.integers(0, 60), st.integers(0, 5))
    def test_more_scenarios_hold_the_fewer(self, fewer: int, more: int, seed: int) -> None:
        found = sample_events(self.EXTRACTION, fewer, seed)
        assert found == sample_events(self.EXTRACTION, fewer, seed)
        assert set(found) <= set(sample_events(self.EXTRACTION, fewer + more, seed))

    def test_seeds_differ(self) -> None:
        drawn = [tuple(sample_events(self.EXTRACTION, 16, seed)) for seed in range(4)]
        assert len(set(drawn)) == 4

    def test_an_unbalanced_set_gives_what_it_has(self) -> None:
        events = [
            Event(f"{theme}{k}/neutral", f"{theme}{k}", theme, "neutral", "a\nb")
            for theme, count in (("a", 1), ("b", 5))
            for k in range(count)
        ]
        assert Counter(event.theme for event in sample_events(events, 4)) == {"a": 1, "b": 3}
        assert sample_events(events, 10) == events

    def test_every_scenario_is_drawn_some_time(self) -> None:
        drawn = {event.scenario for seed in range(60) for event in sample_events(self.EXTRACTION, 16, seed)}
        # 16 of 160 in 60 draws: one is missed with probability .9 ** 60 = .002
        assert len(drawn) > 155
        assert np.mean([name.endswith("01") for name in drawn]) < 0.1
