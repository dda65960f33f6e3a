"""Evaluations against hand-computed numbers, and everything that must stand beside a score."""

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thymos.affect.annotations import Annotations
from thymos.affect.scheme import Construct, Kind, Scheme
from thymos.errors import BadInput
from thymos.measure.bounds import IN_SAMPLE, Training
from thymos.measure.evaluation import Evaluation, evaluate, table_sha256
from thymos.measure.predictions import Predictions

MOOD = Scheme("mood", Kind.CATEGORICAL, ("joy", "fear", "odd"), Construct.PERCEIVED, exclude=("odd",))
SETS = Scheme("sets", Kind.MULTILABEL, ("joy", "fear", "calm"), Construct.PERCEIVED)
VALENCE = Scheme("valence", Kind.DIMENSIONAL, ("valence",), Construct.PERCEIVED, (1, 9))
AXES = Scheme("va", Kind.DIMENSIONAL, ("valence", "arousal"), Construct.PERCEIVED, (1, 9))
# Three raters. Plurality: a joy, b joy, c fear, d fear; e is a tie of three (joy, fear and the excluded label).
VOTES = {"a": "jjj", "b": "jjf", "c": "fff", "d": "ffj", "e": "jfo"}
NAMES = {"j": "joy", "f": "fear", "o": "odd"}


def rated(votes: dict[str, str], scheme: Scheme = MOOD) -> Annotations:
    rows = [(item, f"r{k}", NAMES[letter]) for item, row in votes.items() for k, letter in enumerate(row)]
    return Annotations(pd.DataFrame(rows, columns=["item", "rater", "label"]), scheme)


def said(labels: dict[str, str | None]) -> Predictions:
    return Predictions("mine", "", labels=pd.Series(labels, dtype=object))


def sampled(n: int = 60, seed: int = 3) -> tuple[Annotations, Predictions, pd.DataFrame]:
    """Votes of three raters and a system that is right more often than they are."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(["j", "f"], n, p=[0.6, 0.4])
    votes = {
        f"i{k}": "".join(t if rng.random() < 0.8 else rng.choice(["j", "f"]) for _ in range(3))
        for k, t in enumerate(truth)
    }
    labels = {f"i{k}": NAMES[t] if rng.random() < 0.85 else NAMES[rng.choice(["j", "f"])] for k, t in enumerate(truth)}
    items = pd.DataFrame(
        {
            "speaker": [f"s{k % 12}" for k in range(n)],
            "sex": ["fm"[k % 2] for k in range(n)],
            "text": [f"word{k}" for k in range(n)],
        },
        index=pd.Index([f"i{k}" for k in range(n)], name="item"),
    )
    return rated(votes), said(labels), items


def fast(*arguments: Any, **options: Any) -> Evaluation:
    return evaluate(*arguments, **{"resamples": 200, **options})


def codes(evaluation: Evaluation) -> set[str]:
    return {finding.code for finding in evaluation.findings}


class TestLabels:
    """Items a-d are scored: the reference is joy, joy, fear, fear, the answers are joy, fear, fear, fear."""

    evaluation = fast(said({"a": "joy", "b": "fear", "c": "fear", "d": "fear", "e": "joy"}), rated(VOTES))

    def test_scores_by_hand(self) -> None:
        # joy: 1 hit, 2 in gold, 1 predicted: F1 = 2/3. fear: 2 hits, 2 in gold, 3 predicted: F1 = 4/5.
        assert self.evaluation.result("accuracy").score.value == 0.75
        assert self.evaluation.result("macro_f1").score.value == pytest.approx((2 / 3 + 4 / 5) / 2)
        assert self.evaluation.result("weighted_f1").score.value == pytest.approx((2 / 3 + 4 / 5) / 2)
        assert self.evaluation.result("uar").score.value == 0.75

    def test_the_floor_by_hand(self) -> None:
        # Both classes are equally frequent, so "fear" (first in order) is the majority: accuracy 1/2, UAR 1/2.
        floor = self.evaluation.result("uar").floor
        assert floor.score.value == 0.5
        assert floor.note == IN_SAMPLE

    def test_the_ceiling_by_hand(self) -> None:
        # One vote against the other two. a, c: always right. b: joy against {joy, fear} is half right, twice; fear
        # against {joy, joy} is wrong: 1/3. d likewise. Mean of 1, 1/3, 1, 1/3.
        ceiling = self.evaluation.result("accuracy").ceiling
        assert ceiling is not None
        assert ceiling.score.value == pytest.approx(2 / 3)

    def test_coverage(self) -> None:
        coverage = self.evaluation.coverage
        assert (coverage.annotated, coverage.predicted, coverage.scored, coverage.dropped_by_rule) == (5, 5, 4, 1)
        assert coverage.kept == {"all_inclusive": 5, "plurality": 4, "majority": 4}

    def test_the_headline_names_floor_and_ceiling(self) -> None:
        assert self.evaluation.first.metric == "macro_f1"
        assert "floor" in self.evaluation.headline
        assert "one human rater" in self.evaluation.headline

    def test_provenance_stands_on_every_score(self) -> None:
        for result in self.evaluation.results:
            for score in (result.score, result.floor.score, result.ceiling and result.ceiling.score):
                assert score is None or score.provenance == self.evaluation.provenance
        assert self.evaluation.provenance.guarantee == "unknown: no training items given"

    def test_agreement_is_that_of_the_raters(self) -> None:
        (agreement,) = self.evaluation.agreement
        assert agreement.value == pytest.approx(rated(VOTES).agreement())
        assert (agreement.raters, agreement.ratings_per_item) == (3, 3.0)


class TestRules:
    def test_majority_needs_more_than_half(self) -> None:
        votes = {"a": "jjff", "b": "jjjf", "c": "fff"}
        evaluation = fast(said(dict.fromkeys("abc", "joy")), rated(votes), rule="majority")
        assert evaluation.coverage.scored == 2

    def test_the_reference_changes_the_score(self) -> None:
        votes = {"a": "jjfo", "b": "jjj", "c": "fff"}
        answers = said({"a": "fear", "b": "joy", "c": "fear"})
        assert fast(answers, rated(votes), rule="plurality").result("accuracy").score.value == pytest.approx(2 / 3)
        # Without the excluded vote joy has 2 of 3 votes.
        assert fast(answers, rated(votes), rule="majority").result("accuracy").score.value == pytest.approx(2 / 3)

    def test_all_inclusive_keeps_ties_as_label_sets(self) -> None:
        # K = 2: a {joy}, b {joy}, c {fear}, d {fear}, e has equal shares, so no label is above 1/K.
        answers = said({"a": "joy", "b": "fear", "c": "fear", "d": "fear", "e": "joy"})
        evaluation = fast(answers, rated(VOTES), rule="all_inclusive")
        # joy: 1 hit, 2 in gold, 2 predicted: 1/2. fear: 2 hits, 2 in gold, 3 predicted: 4/5.
        assert evaluation.result("multilabel_macro_f1").score.value == pytest.approx((1 / 2 + 4 / 5) / 2)
        assert evaluation.coverage.scored == 5

    @pytest.mark.parametrize(
        ("scheme", "rule", "sentence"),
        [
            (MOOD, "mean", "rule 'mean' does not fit categorical ratings"),
            (SETS, "plurality", "rule 'plurality' does not fit multilabel ratings"),
            (VALENCE, "majority", "rule 'majority' does not fit dimensional ratings"),
            (MOOD, "best", "unknown rule 'best'"),
        ],
    )
    def test_rules_that_do_not_fit(self, scheme: Scheme, rule: str, sentence: str) -> None:
        table = pd.DataFrame({"item": ["a", "b"], "rater": "x", "label": scheme.labels[0], "value": 1.0})
        with pytest.raises(BadInput, match=sentence):
            fast(said({"a": "joy", "b": "joy"}), Annotations(table, scheme), rule=rule)


class TestProbabilities:
    shares = pd.DataFrame({"joy": [0.9, 0.6, 0.2, 0.4, 0.5], "fear": [0.1, 0.4, 0.8, 0.6, 0.5]}, index=list("abcde"))
    evaluation = fast(Predictions("p", "", probabilities=shares), rated(VOTES))

    def test_soft_scores_by_hand_over_every_item(self) -> None:
        # Vote shares of joy: 1, 2/3, 0, 1/3, 1/2 (the excluded vote is left out).
        gold = [1, 2 / 3, 0, 1 / 3, 1 / 2]
        predicted = [0.9, 0.6, 0.2, 0.4, 0.5]
        brier = sum(2 * (g - p) ** 2 for g, p in zip(gold, predicted, strict=True)) / 5
        result = self.evaluation.result("brier")
        assert result.score.value == pytest.approx(brier)
        assert result.score.n == 5
        assert not result.higher_is_better

    def test_divergence_by_hand(self) -> None:
        gold = [1, 2 / 3, 0, 1 / 3, 1 / 2]
        predicted = [0.9, 0.6, 0.2, 0.4, 0.5]
        total = 0.0
        for g, p in zip(gold, predicted, strict=True):
            for x, y in ((g, p), (1 - g, 1 - p)):
                total += x * math.log(x / y) if x else 0.0
        assert self.evaluation.result("kld").score.value == pytest.approx(total / 5)

    def test_labels_are_the_most_probable_class(self) -> None:
        assert self.evaluation.result("accuracy").score.value == 1.0

    def test_calibration_by_hand(self) -> None:
        calibration = self.evaluation.calibration
        assert calibration is not None
        # Confidences 0.9, 0.6, 0.8, 0.6, all right: each bin is off by 1 - confidence.
        assert calibration.ece.value == pytest.approx((0.1 + 0.4 + 0.2 + 0.4) / 4)
        assert calibration.overconfidence == pytest.approx(0.725 - 1)
        assert sum(one.n for one in calibration.bins) == 4
        assert all(one.low < one.confidence <= one.high for one in calibration.bins)

    def test_the_soft_floor_is_the_mean_distribution(self) -> None:
        gold = [1, 2 / 3, 0, 1 / 3, 1 / 2]
        mean = sum(gold) / 5
        floor = self.evaluation.result("brier").floor
        assert floor.name == "mean distribution"
        assert floor.score.value == pytest.approx(sum(2 * (g - mean) ** 2 for g in gold) / 5)

    def test_over_the_floor_is_positive_when_an_error_is_smaller(self) -> None:
        result = self.evaluation.result("brier")
        assert result.over_floor.value == pytest.approx(result.floor.score.value - result.score.value)
        assert result.over_floor.low <= result.over_floor.value <= result.over_floor.high


class TestNumbers:
    ratings = pd.DataFrame(
        {
            "item": list("aabbcc"),
            "rater": list("xyxyxy"),
            "label": "valence",
            "value": [1.0, 3.0, 4.0, 6.0, 9.0, 7.0],
        }
    )
    predicted = pd.DataFrame({"valence": [3.0, 5.0, 7.0]}, index=list("abc"))
    evaluation = fast(Predictions("n", "", numbers=predicted), Annotations(ratings, VALENCE))

    def test_scores_by_hand(self) -> None:
        # Means 2, 5, 8 against 3, 5, 7: covariance 4, variances 6 and 8/3, equal means.
        assert self.evaluation.result("ccc").score.value == pytest.approx(2 * 4 / (6 + 8 / 3))
        assert self.evaluation.result("pearson").score.value == pytest.approx(1.0)
        assert self.evaluation.result("mae").score.value == pytest.approx(2 / 3)
        assert self.evaluation.result("rmse").score.value == pytest.approx(math.sqrt(2 / 3))

    def test_the_floor_is_the_mean(self) -> None:
        assert self.evaluation.result("ccc").floor.score.value == 0
        assert self.evaluation.result("rmse").floor.score.value == pytest.approx(math.sqrt(6))

    def test_the_ceiling_is_one_rater_against_the_other(self) -> None:
        ceiling = self.evaluation.result("mae").ceiling
        assert ceiling is not None
        assert ceiling.score.value == 2.0

    def test_several_axes_are_scored_one_by_one(self) -> None:
        table = pd.concat([self.ratings, self.ratings.assign(label="arousal", value=10 - self.ratings["value"])])
        numbers = pd.DataFrame({"valence": [3.0, 5.0, 7.0], "arousal": [8.0, 5.0, 2.0]}, index=list("abc"))
        evaluation = fast(Predictions("n", "", numbers=numbers), Annotations(table, AXES))
        assert evaluation.result("mae", "valence").score.value == pytest.approx(2 / 3)
        assert evaluation.result("mae", "arousal").score.value == 0
        assert {one.subset for one in evaluation.agreement} == {"valence", "arousal"}

    def test_predictions_outside_the_range_are_told(self) -> None:
        wild = Predictions("n", "", numbers=pd.DataFrame({"valence": [3.0, 5.0, 12.0]}, index=list("abc")))
        assert "out_of_range" in codes(fast(wild, Annotations(self.ratings, VALENCE)))

    def test_a_constant_prediction_is_told_and_scores_zero(self) -> None:
        flat = Predictions("n", "", numbers=pd.DataFrame({"valence": [5.0, 5.0, 5.0]}, index=list("abc")))
        evaluation = fast(flat, Annotations(self.ratings, VALENCE))
        assert evaluation.result("ccc").score.value == 0
        assert "constant_prediction" in codes(evaluation)
        assert not evaluation.first.beats_floor


class TestLabelSets:
    # Two raters: a {joy} and {joy, fear}; b {calm} twice. Shares of a: joy 2/3, fear 1/3, not above 1/3.
    ratings = pd.DataFrame(
        {"item": ["a", "a", "a", "b", "b"], "rater": list("xyyxy"), "label": ["joy", "joy", "fear", "calm", "calm"]}
    )
    sets = pd.DataFrame({"joy": [True, False], "fear": [True, False], "calm": [False, True]}, index=["a", "b"])
    evaluation = fast(Predictions("m", "", sets=sets), Annotations(ratings, SETS))

    def test_scores_by_hand(self) -> None:
        # joy and calm are right, fear is predicted once and never in gold.
        assert self.evaluation.result("multilabel_macro_f1").score.value == pytest.approx(2 / 3)
        assert self.evaluation.result("jaccard").score.value == pytest.approx((1 / 2 + 1) / 2)
        assert self.evaluation.rule == "all_inclusive"

    def test_the_ceiling_is_each_rater_against_the_other(self) -> None:
        # a: x {joy} against y {joy, fear} (shares 1/2 each): jaccard 1/2, and the same the other way; b: 1, 1.
        ceiling = self.evaluation.result("jaccard").ceiling
        assert ceiling is not None
        assert ceiling.score.value == pytest.approx(0.75)

    def test_agreement_is_told_label_by_label(self) -> None:
        assert [one.subset for one in self.evaluation.agreement] == ["joy", "fear", "calm"]


class TestFloorsFromTraining:
    def test_the_majority_comes_from_the_training_labels(self) -> None:
        training = Training(rated({"t1": "fff", "t2": "fff", "t3": "jjj"}), pd.DataFrame(index=["t1", "t2", "t3"]))
        votes = {"a": "jjj", "b": "jjj", "c": "jjj", "d": "fff"}
        evaluation = fast(
            said(dict.fromkeys("abcd", "joy")), rated(votes), training=training, metrics=["uar", "accuracy"]
        )
        floor = evaluation.result("accuracy").floor
        # "fear" for every item is right once in four; random guesses with seed 0 may do better and then stand here.
        assert floor.score.value >= 0.25
        assert floor.note == ""
        assert "floor_in_sample" not in codes(evaluation)

    def test_a_linear_text_model_is_a_floor_when_texts_are_given(self) -> None:
        train_votes = {f"t{k}": "jjj" if k % 2 else "fff" for k in range(12)}
        words = {"j": "sunny happy day", "f": "dark scary night"}
        train_items = pd.DataFrame(
            {"text": [words[v[0]] + f" {k}" for k, v in train_votes.items()]}, index=list(train_votes)
        )
        votes = {"a": "jjj", "b": "jjj", "c": "fff", "d": "fff"}
        items = pd.DataFrame({"text": ["a sunny day", "so happy", "a scary night", "dark"]}, index=list("abcd"))
        evaluation = fast(
            said({"a": "joy", "b": "fear", "c": "fear", "d": "joy"}),
            rated(votes),
            items=items,
            training=Training(rated(train_votes), train_items),
        )
        assert evaluation.result("accuracy").floor.name == "TF-IDF + linear"
        assert evaluation.result("accuracy").floor.score.value == 1.0
        assert not evaluation.first.beats_floor
        assert "BELOW" in evaluation.headline or "NOT shown" in evaluation.headline

    def test_numbers_learn_the_training_mean(self) -> None:
        ratings = TestNumbers.ratings
        training = Training(
            Annotations(
                pd.DataFrame({"item": ["t", "u"], "rater": "x", "label": "valence", "value": [9.0, 9.0]}), VALENCE
            ),
            pd.DataFrame(index=["t", "u"]),
        )
        evaluation = fast(
            Predictions("n", "", numbers=TestNumbers.predicted), Annotations(ratings, VALENCE), training=training
        )
        assert evaluation.result("mae").floor.score.value == pytest.approx((7 + 4 + 1) / 3)


class TestGroupsAndClusters:
    def test_groups_have_scores_and_a_gap(self) -> None:
        annotations, answers, items = sampled()
        evaluation = fast(answers, annotations, items=items, groups=["sex"])
        (gap,) = evaluation.groups
        by_name = {one.group: one.score for one in gap.groups}
        assert set(by_name) == {"f", "m"}
        values = {name: score.value for name, score in by_name.items() if score is not None}
        assert gap.gap == pytest.approx(max(values.values()) - min(values.values()))
        assert values[gap.best] >= values[gap.worst]
        assert gap.p is not None
        assert 0 < gap.p <= 1

    def test_ten_speakers_are_clusters_and_two_sexes_are_not(self) -> None:
        annotations, answers, items = sampled()
        by_speaker = fast(answers, annotations, items=items, groups=["sex", "speaker"])
        assert by_speaker.clusters == "speaker"
        assert by_speaker.first.score.clusters == 12
        by_sex = fast(answers, annotations, items=items, groups=["sex"])
        assert by_sex.clusters is None
        assert by_sex.first.score.clusters is None
        assert "independent_items" in codes(by_sex)

    def test_a_named_cluster_column_is_used(self) -> None:
        annotations, answers, items = sampled()
        assert fast(answers, annotations, items=items, clusters="sex").first.score.clusters == 2

    def test_a_missing_column_and_a_missing_value(self) -> None:
        annotations, answers, items = sampled()
        with pytest.raises(BadInput, match="there is no column 'age' about the items"):
            fast(answers, annotations, items=items, groups=["age"])
        items.loc["i3", "speaker"] = None
        with pytest.raises(BadInput, match="item 'i3' has no 'speaker'"):
            fast(answers, annotations, items=items, clusters="speaker")

    def test_a_group_of_one_item_has_no_interval(self) -> None:
        annotations, answers, items = sampled()
        items["band"] = ["only" if name == "i0" else items.loc[name, "sex"] for name in items.index]
        (gap,) = fast(answers, annotations, items=items, groups=["band"]).groups
        alone = next(one for one in gap.groups if one.group == "only")
        assert alone.score is None or alone.score.low is None
        assert "only" not in (gap.best, gap.worst)

    def test_no_gap_without_two_groups(self) -> None:
        annotations, answers, items = sampled()
        assert fast(answers, annotations, items=items.assign(one="x"), groups=["one"]).groups == ()


class TestFindings:
    def test_an_answer_that_is_the_reference(self) -> None:
        annotations, _, _ = sampled()
        handed_in = Predictions("cheat", "", labels=annotations.plurality())
        assert "equals_reference" in codes(fast(handed_in, annotations))

    def test_an_answer_that_is_a_rater(self) -> None:
        annotations, _, _ = sampled()
        copied = Predictions("copy", "", labels=annotations.ratings()["r1"])
        evaluation = fast(copied, annotations)
        finding = next(one for one in evaluation.findings if one.code == "equals_rater")
        assert "'r1'" in finding.text
        assert finding.level == "warning"

    def test_coverage_and_misses(self) -> None:
        annotations, answers, _ = sampled()
        assert answers.labels is not None
        labels = answers.labels.iloc[5:].copy()
        labels.iloc[0] = None
        labels["stranger"] = "joy"
        evaluation = fast(Predictions("m", "", labels=labels), annotations)
        assert {"not_predicted", "not_annotated", "misses"} <= codes(evaluation)
        assert evaluation.coverage.unknown == 1
        assert evaluation.coverage.not_predicted == sum(
            i in annotations.plurality().index for i in answers.labels.index[:5]
        )

    def test_an_excluded_label_counts_as_wrong(self) -> None:
        right = fast(said({"a": "joy", "b": "joy", "c": "fear"}), rated({"a": "jjj", "b": "jjj", "c": "fff"}))
        wrong = fast(said({"a": "joy", "b": "odd", "c": "fear"}), rated({"a": "jjj", "b": "jjj", "c": "fff"}))
        assert right.result("accuracy").score.value == 1
        assert wrong.result("accuracy").score.value == pytest.approx(2 / 3)
        assert "excluded_label" in codes(wrong)

    def test_a_constant_answer_and_a_silent_class(self) -> None:
        annotations, answers, _ = sampled()
        constant = said(dict.fromkeys(answers.items, "joy"))
        assert "constant_prediction" in codes(fast(constant, annotations))
        with_odd = said({**dict.fromkeys(answers.items, "joy"), "i0": "odd"})
        assert "never_predicted" in codes(fast(with_odd, annotations))

    def test_repeated_texts_and_every_leak(self) -> None:
        annotations, answers, items = sampled()
        doubled = items.copy()
        doubled.loc["i1", "text"] = "  WORD0 "
        assert "repeated_text" in codes(fast(answers, annotations, items=doubled))
        train_items = items.iloc[:2].set_axis(["i0", "t1"])
        train = Training(rated({"i0": "jjj", "t1": "fff"}), train_items)
        evaluation = fast(answers, annotations, items=items, groups=["speaker"], training=train)
        assert {"leak_item", "leak_group", "leak_text"} <= codes(evaluation)
        assert evaluation.provenance.guarantee == "training and test file: not speaker-independent"

    def test_a_clean_split_has_its_guarantee(self) -> None:
        annotations, answers, items = sampled()
        train_items = pd.DataFrame({"speaker": ["t1", "t2"], "sex": ["f", "m"]}, index=["x", "y"])
        train = Training(rated({"x": "jjj", "y": "fff"}), train_items)
        evaluation = fast(answers, annotations, items=items, groups=["speaker", "sex"], training=train)
        assert evaluation.provenance.guarantee == "speaker-independent, not sex-independent"
        without = Training(rated({"x": "jjj", "y": "fff"}), pd.DataFrame(index=["x", "y"]))
        assert "no groups known" in fast(answers, annotations, items=items, training=without).provenance.guarantee

    def test_warnings_come_first_and_notes_are_kept(self) -> None:
        annotations, answers, _ = sampled()
        evaluation = fast(Predictions("m", "", labels=answers.labels.iloc[3:]), annotations, notes=["read as labels"])
        levels = [one.level for one in evaluation.findings]
        assert levels == sorted(levels, reverse=True)
        assert any(one.code == "input" and one.text == "read as labels" for one in evaluation.findings)

    def test_one_rater_leaves_no_ceiling(self) -> None:
        evaluation = fast(said({"a": "joy", "b": "joy", "c": "fear"}), rated({"a": "j", "b": "j", "c": "f"}))
        assert evaluation.first.ceiling is None
        assert "no human ceiling" in evaluation.headline
        assert evaluation.agreement[0].value is None


class TestRefused:
    def test_a_single_class(self) -> None:
        with pytest.raises(BadInput, match="every reference label is 'joy': a single class cannot be scored"):
            fast(said({"a": "joy", "b": "fear"}), rated({"a": "jjj", "b": "jjj"}))

    def test_a_constant_reference(self) -> None:
        table = pd.DataFrame({"item": ["a", "b"], "rater": "x", "label": "valence", "value": 5.0})
        numbers = pd.DataFrame({"valence": [1.0, 2.0]}, index=["a", "b"])
        with pytest.raises(BadInput, match="every mean rating is 5"):
            fast(Predictions("n", "", numbers=numbers), Annotations(table, VALENCE))

    def test_ids_that_do_not_meet(self) -> None:
        with pytest.raises(BadInput, match="0 items have both a reference and a prediction") as caught:
            fast(said({"x1": "joy", "x2": "fear"}), rated(VOTES))
        assert "'x1'" in caught.value.mend

    def test_labels_for_numbers_and_numbers_for_labels(self) -> None:
        with pytest.raises(BadInput, match="the predictions are numbers, the ratings are labels"):
            fast(Predictions("n", "", numbers=TestNumbers.predicted), rated(VOTES))
        with pytest.raises(BadInput, match="the ratings are numbers, the predictions are not"):
            fast(said({"a": "joy", "b": "joy"}), Annotations(TestNumbers.ratings, VALENCE))

    def test_a_metric_that_does_not_fit(self) -> None:
        with pytest.raises(BadInput, match="metric 'ccc' does not fit"):
            fast(said(dict.fromkeys("abcd", "joy")), rated(VOTES), metrics=["ccc"])
        with pytest.raises(BadInput, match="there is no metric 'f17'"):
            fast(said(dict.fromkeys("abcd", "joy")), rated(VOTES), metrics=["f17"])

    def test_training_without_a_reference(self) -> None:
        train = Training(rated({"t": "jf"}), pd.DataFrame(index=["t"]))
        with pytest.raises(BadInput, match="no training item has a reference"):
            fast(said({"a": "joy", "c": "fear"}), rated(VOTES), training=train)


class TestForm:
    def test_the_json_form_is_plain_and_finite(self) -> None:
        annotations, answers, items = sampled()
        body = fast(answers, annotations, items=items, groups=["sex"]).to_dict()
        text = json.dumps(body, allow_nan=False)
        assert json.loads(text)["format"] == "thymos-evaluation"
        assert json.loads(text)["version"] == 1

    def test_only_the_wanted_metrics(self) -> None:
        annotations, answers, _ = sampled()
        evaluation = fast(answers, annotations, metrics=["uar", "micro_f1"])
        assert [one.metric for one in evaluation.results] == ["uar", "micro_f1"]
        with pytest.raises(BadInput, match="accuracy of 'all' was not measured"):
            evaluation.result("accuracy")

    def test_the_same_seed_gives_the_same_numbers(self) -> None:
        annotations, answers, items = sampled()
        options = {"items": items, "groups": ["speaker"]}
        assert fast(answers, annotations, **options).to_dict() == fast(answers, annotations, **options).to_dict()

    def test_segments_are_scored_one_by_one_and_inherit_their_groups(self) -> None:
        table = pd.DataFrame(
            {"item": list("aabb"), "rater": "x", "label": ["joy", "fear", "joy", "fear"], "start": [0, 1, 0, 1.5]}
        )
        table["end"] = table["start"] + 1
        answers = said({"a#t=0,1": "joy", "a#t=1,2": "joy", "b#t=0,1": "joy", "b#t=1.5,2.5": "fear"})
        items = pd.DataFrame({"speaker": ["s1", "s2"]}, index=["a", "b"])
        evaluation = fast(answers, Annotations(table, MOOD), items=items, groups=["speaker"], metrics=["accuracy"])
        assert evaluation.result("accuracy").score.value == 0.75
        (gap,) = evaluation.groups
        assert {one.group: one.score.value for one in gap.groups if one.score} == {"s1": 0.5, "s2": 1.0}

    def test_the_table_hash_ignores_the_order_of_rows(self) -> None:
        first = rated(VOTES)
        shuffled = Annotations(first.table.iloc[::-1], MOOD)
        assert table_sha256(first) == table_sha256(shuffled) != table_sha256(first.select(raters=["r0"]))

    def test_one_of_several_schemes_is_scored(self) -> None:
        mood = rated(VOTES).table
        both = Annotations(pd.concat([mood, TestNumbers.ratings.assign(scheme="valence")]), [MOOD, VALENCE])
        answers = said({"a": "joy", "b": "fear", "c": "fear", "d": "fear"})
        assert fast(answers, both, scheme="mood").result("accuracy").score.value == 0.75
        with pytest.raises(BadInput, match="there are several schemes"):
            fast(answers, both)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(8, 30))
def test_an_interval_holds_its_value_and_the_order_of_items_does_not_matter(seed: int, n: int) -> None:
    annotations, answers, _ = sampled(n, seed)
    assert answers.labels is not None
    if annotations.plurality().nunique() < 2:
        return
    evaluation = fast(answers, annotations, metrics=["accuracy", "uar"], resamples=100)
    shuffled = Predictions("mine", "", labels=answers.labels.sample(frac=1, random_state=seed))
    again = fast(shuffled, annotations, metrics=["accuracy", "uar"], resamples=100)
    for one, other in zip(evaluation.results, again.results, strict=True):
        assert one.score == other.score
        assert one.score.low is not None
        assert one.score.high is not None
        assert 0 <= one.score.low <= one.score.high <= 1
