"""What transcripts and the number of the question say about ambivalence: floors, TF-IDF, a frozen encoder."""

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from thymos.language.load import load_encoder
from thymos.measure.registry import score_function
from thymos.measure.resampling import Interval, paired_bootstrap
from thymos.studies._ambivalence_data import SIMULATED, TEST, Floats, Videos, score_rows, videos
from thymos.studies.contract import Context, Row, RowKind

ALWAYS, LENGTH, QUESTION = "always A/H", "transcript length", "question number"
TFIDF, TFIDF_QUESTION = "TF-IDF", "TF-IDF + question number"
ENCODER, ENCODER_QUESTION = "frozen encoder", "frozen encoder + question number"
COSTS = (0.1, 1.0, 10.0, 100.0)
GAINS = ((TFIDF, QUESTION), (TFIDF_QUESTION, QUESTION), (ENCODER_QUESTION, QUESTION), (ENCODER, TFIDF))


def question_columns(part: Videos) -> Floats:
    """One column a question, (videos, 7)."""
    return np.eye(7)[part.questions - 1]


def balanced(
    inputs: "Floats | sparse.csr_matrix", gold: npt.NDArray[np.int64], cost: float = 1.0
) -> LogisticRegression:
    """Logistic regression with balanced classes."""
    return LogisticRegression(C=cost, class_weight="balanced", max_iter=2000).fit(inputs, gold)


def question_rates(train: Videos, test: Videos) -> Floats:
    """The share of A/H among the training videos of the same question; the overall share for a question without any."""
    overall = float(train.gold.mean())
    rates = {question: float(train.gold[train.questions == question].mean()) for question in set(train.questions)}
    return np.array([rates.get(question, overall) for question in test.questions])


def length_probabilities(train: Videos, test: Videos) -> Floats:
    """Balanced logistic regression on the number of words."""
    words = [part.items["words"].to_numpy(dtype=np.float64)[:, None] for part in (train, test)]
    scale = max(float(words[0].std()), 1e-9)
    model = balanced(words[0] / scale, train.gold)
    return np.asarray(model.predict_proba(words[1] / scale)[:, 1])


def tfidf_probabilities(train: Videos, test: Videos, *, question: bool = False) -> Floats:
    """TF-IDF of words and pairs with balanced logistic regression, C = 1; as on the card."""
    words = TfidfVectorizer(ngram_range=(1, 2)).fit(train.texts)
    inputs = [words.transform(part.texts) for part in (train, test)]
    if question:
        inputs = [
            sparse.hstack([matrix, sparse.csr_matrix(question_columns(part))]).tocsr()
            for matrix, part in zip(inputs, (train, test), strict=True)
        ]
    return np.asarray(balanced(inputs[0], train.gold).predict_proba(inputs[1])[:, 1])


def floors(ctx: Context) -> list[Row]:
    """Always A/H, the length of the transcript, the question alone, TF-IDF with and without the question."""
    train, test = videos(ctx, "train"), videos(ctx, "test")
    found = floor_probabilities(train, test)
    rows: list[Row] = []
    for system, probabilities in found.items():
        kind = RowKind.BASELINE if system in (TFIDF, TFIDF_QUESTION) else RowKind.FLOOR
        own = score_rows(ctx, test, probabilities, system, kind)
        # A constant has no ranking: the swept area of it is an artifact of its thresholds.
        rows += own[:1] if system == ALWAYS else own
    return rows


def floor_probabilities(train: Videos, test: Videos) -> dict[str, Floats]:
    """Probability of A/H of every test video by floor."""
    return {
        ALWAYS: np.ones(len(test.gold)),
        LENGTH: length_probabilities(train, test),
        QUESTION: question_rates(train, test),
        TFIDF: tfidf_probabilities(train, test),
        TFIDF_QUESTION: tfidf_probabilities(train, test, question=True),
    }


def encoder_vectors(ctx: Context, part: Videos) -> Floats:
    """Vectors of transcripts by the frozen encoder, (videos, numbers), length 1."""
    encoder = load_encoder(ctx.settings.encoder or "minilm")
    return np.asarray(encoder.encode(part.texts), dtype=np.float64)


def encoder_probabilities(
    ctx: Context, train: Videos, development: Videos, test: Videos, *, question: bool
) -> tuple[Floats, float]:
    """Probabilities of the test videos, and the cost with the best macro F1 on development videos."""
    inputs = []
    for part in (train, development, test):
        vectors = encoder_vectors(ctx, part)
        inputs.append(np.hstack([vectors, question_columns(part)]) if question else vectors)
    macro_f1 = score_function("macro_f1")
    tried = {}
    for cost in COSTS:
        model = balanced(inputs[0], train.gold, cost)
        tried[cost] = macro_f1(development.gold, model.predict(inputs[1])), model
    best = max(COSTS, key=lambda cost: tried[cost][0])
    return np.asarray(tried[best][1].predict_proba(inputs[2])[:, 1]), best


def text_stream(ctx: Context) -> list[Row]:
    """A frozen sentence encoder with a balanced head, with and without the question, and paired gains."""
    train, development, test = (videos(ctx, part) for part in ("train", "val", "test"))
    found = floor_probabilities(train, test)
    rows = []
    for system, question in ((ENCODER, False), (ENCODER_QUESTION, True)):
        found[system], cost = encoder_probabilities(ctx, train, development, test, question=question)
        note = f"{ctx.settings.encoder or 'minilm'}; C {cost:g}, chosen on development videos"
        rows += score_rows(ctx, test, found[system], system, RowKind.SYSTEM, note=note)
    return rows + [gain_row(ctx, test, found, better, plain) for better, plain in GAINS]


def gain_row(ctx: Context, test: Videos, found: dict[str, Floats], better: str, plain: str) -> Row:
    """Difference of macro F1 between two systems on the same videos, with an interval over participants."""
    one, other = ((found[name] >= 0.5).astype(int) for name in (better, plain))
    pair = paired_bootstrap("macro_f1", test.gold, one, other, test.people, resamples=ctx.resamples)
    interval = Interval(pair.value, pair.low, pair.high, pair.clusters, pair.resamples, pair.n)
    note = f"paired, p {pair.p:.4f}" + (f"; {SIMULATED}" if test.simulated else "")
    return Row.of_interval(
        interval, system=f"{better} over {plain}", kind=RowKind.ABLATION, metric="macro_f1_gain", subset=TEST,
        split="official", guarantee=test.guarantee, note=note,
    )  # fmt: skip
