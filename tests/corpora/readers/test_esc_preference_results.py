"""The example results of the preference-bias paper."""

import json

import pytest

from thymos.affect.schemes import get_scheme
from thymos.measure.classification import macro_f1, weighted_f1
from thymos.measure.preference import strategy_preference

FILE = "results.json"
STRATEGIES = get_scheme("esconv8").labels


def test_strategies_are_those_of_the_scheme(release):
    corpus = release("esc_preference_results").read()
    assert set(corpus.items["gold"]) == set(STRATEGIES)
    assert set(corpus.items["predicted"]) <= set(STRATEGIES)
    odd = corpus.items.loc["9"]
    assert (odd["predicted"], odd["predicted_as_released"]) == ("Others", "Wink")
    assert corpus.items["situation"].nunique() == 8
    assert corpus.items.loc["5", "situation"] == "situation-002"
    assert corpus.rated().plurality()["2"] == "Reflection of feelings"  # released as "Reflection Of Feelings"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"strg_gold": "Question"', '"strg_gold": "Wink"', "sample 1: unknown strategy 'Wink'; legal: Question"),
        ('"strg_gold": "Question"', '"strg_gold": null', "sample 1: unknown strategy None"),
        ('"sample_id": "7"', '"sample_id": "6"', "sample_id '6' stands twice"),
        ('"problem_type": "job crisis"', '"problem_type": 4', "sample 1: problem_type 4 is not a text"),
        ('"res_pred"', '"reply"', "sample 1: field 'res_pred' is missing"),
    ],
)
def test_bad_samples(release, old, new, message):
    there = release("esc_preference_results")
    there.edit(FILE, old, new)
    there.refused(message)


def test_a_prediction_that_is_no_text_counts_as_others(release):
    there = release("esc_preference_results")
    there.edit(FILE, '"strg_pred": "Wink"', '"strg_pred": null')
    assert there.read().items.loc["9", "predicted"] == "Others"


def test_an_empty_list(release):
    there = release("esc_preference_results")
    (there.folder / FILE).write_text("[]")
    there.refused("a list of samples is needed")


@pytest.mark.data
def test_the_reader_gives_the_numbers_of_the_authors_script(data_root):
    from thymos.corpora.registry import load_corpus

    items = load_corpus("esc_preference_results", data_root).items
    gold, predicted = items["gold"], items["predicted"]
    reference = json.loads((data_root / "esc_preference_results" / "reference_metrics.json").read_text())
    assert len(items) == reference["n"] == 1611
    result = strategy_preference(gold, predicted, labels=STRATEGIES)
    assert result.bias == pytest.approx(0.766576, abs=5e-7)
    assert macro_f1(gold, predicted, labels=STRATEGIES) == pytest.approx(0.218905, abs=5e-7)
    assert weighted_f1(gold, predicted, labels=STRATEGIES) == pytest.approx(0.224981, abs=5e-7)
    published = [reference["preference"][name.lower()] for name in STRATEGIES]
    assert result.p == pytest.approx(published, abs=1e-9)
