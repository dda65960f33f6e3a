from thymos.perceive.conformance import check_recognizer
from thymos.perceive.text_linear import LinearTextRecognizer
from thymos.perceive.text_persian import PersianNormalizer


def test_contract_svm_and_logistic():
    for classifier in ("svm", "logistic"):
        check_recognizer(
            LinearTextRecognizer(classifier=classifier, costs=(0.1, 1.0), folds=2, normalizer=PersianNormalizer())
        )
