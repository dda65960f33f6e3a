"""Conformance of the prompt set and of the hand-checked replies."""

import re
from collections import Counter

import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from thymos.assess.safety.boundaries import (
    FAMILIES,
    INTENSITIES,
    LANGUAGES,
    LIMIT_FAMILIES,
    THEMES,
    BoundaryPrompt,
    ask,
    boundary_prompts,
    checked_corpus,
    checked_replies,
    prompt_corpus,
    read_json,
)
from thymos.assess.safety.boundary_patterns import CHINESE
from thymos.errors import BadInput
from thymos.language.model import GenerationSettings, LanguageModel, Reply

# Frequent short words that hardly occur in the other languages of the set.
STOP_WORDS = {
    "en": {"the", "and", "you", "my", "is", "to", "of", "i'm", "with", "it's"},
    "es": {"el", "los", "que", "mi", "una", "con", "y", "es", "por", "muy"},
    "fr": {"le", "les", "je", "et", "une", "pas", "est", "tu", "avec", "des"},
    "de": {"ich", "und", "der", "die", "das", "nicht", "du", "mir", "ist", "mit"},
    "it": {"il", "che", "non", "mi", "di", "è", "per", "sono", "gli", "della"},
}


def words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", text.lower().replace("’", "'"))


def test_counts() -> None:
    prompts = boundary_prompts()
    assert len(prompts) == 1152
    assert Counter(p.kind for p in prompts) == {"boundary": 648, "benign": 504}
    assert Counter(p.language for p in prompts) == dict.fromkeys(LANGUAGES, 192)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_scenario_has_three_intensities_and_matched_benign_messages(language: str) -> None:
    by_scenario: dict[tuple[str, str], list[BoundaryPrompt]] = {}
    for prompt in boundary_prompts([language]):
        by_scenario.setdefault((prompt.theme, prompt.scenario), []).append(prompt)
    assert Counter(theme for theme, _ in by_scenario) == dict.fromkeys(THEMES, 12)
    for members in by_scenario.values():
        assert sorted(p.intensity for p in members if p.kind == "boundary") == sorted(INTENSITIES)
        assert sum(p.kind == "benign" for p in members) in (2, 3)


def test_languages_share_scenarios_and_nothing_else() -> None:
    scenarios = {language: {p.scenario for p in boundary_prompts([language])} for language in LANGUAGES}
    assert all(names == scenarios["en"] for names in scenarios.values())
    texts = [p.text for p in boundary_prompts()]
    assert len(set(texts)) == len(texts)


def test_ids_and_expectations_follow_from_the_fields() -> None:
    for p in boundary_prompts():
        assert p.id.startswith(f"{p.language}-{p.theme}-{p.scenario}-{p.kind}-")
        assert p.expected == ("set_boundary" if p.kind == "boundary" else "engage")
        assert (p.intensity == 0) == (p.kind == "benign")
        assert p.text == p.text.strip()
    ids = [p.id for p in boundary_prompts()]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_near_duplicates_within_a_language(language: str) -> None:
    texts = [p.text for p in boundary_prompts([language])]
    width = (1, 3) if language == "zh" else (3, 5)
    table = TfidfVectorizer(analyzer="char_wb" if language != "zh" else "char", ngram_range=width).fit_transform(texts)
    similarity = (table @ table.T).toarray()
    similarity[range(len(texts)), range(len(texts))] = 0
    assert similarity.max() < 0.9


@pytest.mark.parametrize("language", list(STOP_WORDS))
def test_stop_words_say_the_right_language(language: str) -> None:
    for p in boundary_prompts([language]):
        assert not CHINESE.search(p.text)
    joined = Counter(w for p in boundary_prompts([language]) for w in words(p.text))
    counts = {code: sum(joined[w] for w in stop) for code, stop in STOP_WORDS.items()}
    assert max(counts, key=lambda code: counts[code]) == language
    assert counts[language] > 1.5 * sorted(counts.values())[-2]


def test_chinese_is_written_in_chinese_characters() -> None:
    for p in boundary_prompts(["zh"]):
        letters = [c for c in p.text if c.isalpha()]
        assert sum(bool(CHINESE.match(c)) for c in letters) / len(letters) > 0.9


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_messages_not_labels_and_not_essays(language: str) -> None:
    for p in boundary_prompts([language]):
        size = len(p.text) if language == "zh" else len(words(p.text))
        assert (10 if language == "zh" else 6) <= size <= 90


def test_no_template_openings() -> None:
    for language in LANGUAGES:
        openings = Counter(p.text[:12] for p in boundary_prompts([language]))
        assert openings.most_common(1)[0][1] <= 6


def test_unknown_language_is_named() -> None:
    with pytest.raises(BadInput, match="'tlh'"):
        boundary_prompts(["tlh"])


def test_corpora_ship_with_cards() -> None:
    prompts, checked = prompt_corpus(), checked_corpus()
    assert len(prompts.items) == 1152
    assert len(checked.items) == len(checked_replies())
    assert prompts.card.licence == checked.card.licence == "Apache-2.0"
    assert any("one rater" in trap for trap in checked.card.known_traps)
    assert len(prompts.sha256) == 64


def test_checked_replies_are_many_and_split() -> None:
    replies = checked_replies()
    assert len(replies) >= 200
    assert len({reply.id for reply in replies}) == len(replies)
    development, evaluation = checked_replies("development"), checked_replies("evaluation")
    assert len(development) + len(evaluation) == len(replies)
    assert not {r.text for r in development} & {r.text for r in evaluation}
    assert not {r.behavior for r in development if r.behavior} & {r.behavior for r in evaluation if r.behavior}


def test_checked_labels_are_consistent() -> None:
    prompts = {p.id: p for p in boundary_prompts()}
    for reply in checked_replies():
        assert reply.families <= set(FAMILIES)
        assert reply.refused == ("direct_refusal" in reply.families), reply.id
        assert reply.sets_boundary == bool(reply.families & set(LIMIT_FAMILIES)), reply.id
        if reply.source == "embedded model":
            assert prompts[reply.prompt].language == reply.language
        else:
            assert reply.behavior


def test_written_replies_are_parallel() -> None:
    written = [reply for reply in checked_replies() if reply.source == "written"]
    behaviors = {reply.behavior for reply in written}
    for behavior in behaviors:
        members = [reply for reply in written if reply.behavior == behavior]
        assert {reply.language for reply in members} == set(LANGUAGES)
        assert len({(reply.families, reply.refused, reply.sets_boundary, reply.engages) for reply in members}) == 1


def test_data_files_know_all_languages_and_families() -> None:
    for name, field in (("patterns.json", "patterns"), ("prototypes.json", "prototypes")):
        data = read_json(name)[field]
        assert set(data) == set(LANGUAGES)
        for entries in data.values():
            assert set(FAMILIES) <= set(entries)
            assert all(len(entries[family]) >= 3 for family in FAMILIES)


class Parrot(LanguageModel):
    """A model that says the last message back and remembers what it was asked."""

    name, identity = "parrot", "parrot"

    def stream_replies(self, prompts, settings):  # type: ignore[no-untyped-def]
        self.settings = settings
        yield [(index, Reply(prompt[-1].content)) for index, prompt in enumerate(prompts)]

    def stream_scores(self, prompts, options):  # type: ignore[no-untyped-def]
        raise NotImplementedError


def test_ask_sends_each_prompt_alone_and_greedily() -> None:
    prompts = boundary_prompts(["it"])[:3]
    model = Parrot()
    assert [reply.text for reply in ask(model, prompts)] == [p.text for p in prompts]
    assert model.settings == GenerationSettings(max_new_tokens=80, temperature=0.0)
