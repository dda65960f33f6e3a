import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.language.load import load_encoder
from thymos.perceive import text_embedding
from thymos.perceive.conformance import check_recognizer, example_items
from thymos.perceive.text_embedding import DepthEncoder, EncoderTextRecognizer, depth_encoder, fit_head


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Vectors of a test must not end in the user's cache."""
    monkeypatch.setenv("THYMOS_CACHE", str(tmp_path))
    depth_encoder.cache_clear()
    yield
    depth_encoder.cache_clear()


@pytest.mark.parametrize("head", ["discriminant", "logistic"])
@pytest.mark.parametrize("layers", ["last", "thirds"])
def test_it_keeps_the_contract(tiny_bert, head, layers):
    check_recognizer(EncoderTextRecognizer(encoder=tiny_bert, head=head, layers=layers, folds=2))


def test_the_last_third_is_the_encoders_own_vector(tiny_bert):
    texts = ["what a lovely bright morning 0", "the soup was dreadful 1"]
    plain = load_encoder(tiny_bert, cache=None)
    deep = DepthEncoder(plain)
    vectors = deep.encode(texts)
    assert vectors.shape == (2, 3 * plain.dimension)
    np.testing.assert_allclose(vectors[:, -plain.dimension :], plain.encode(texts), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors.reshape(2, 3, -1), axis=2), 1, atol=1e-5)
    assert deep.identity != plain.identity


def test_a_second_fit_encodes_nothing(tiny_bert, monkeypatch):
    items, labels = example_items()
    calls = []
    original = DepthEncoder.encode

    def counted(self, texts, **options):
        calls.append(len(texts))
        return original(self, texts, **options)

    monkeypatch.setattr(DepthEncoder, "encode", counted)
    recognizer = EncoderTextRecognizer(encoder=tiny_bert, folds=2)
    first = recognizer.fit(items, labels).predict_proba(items)
    encoded = sum(calls)
    assert encoded == items["text"].nunique()
    np.testing.assert_array_equal(recognizer.fit(items, labels).predict_proba(items), first)
    assert sum(calls) == encoded


def test_the_logistic_head_on_raw_vectors_equals_the_one_on_standardized_ones():
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    vectors, codes = rng.normal(3, [1, 5, 0.1], (90, 3)), np.arange(90) % 3
    weights, intercepts = fit_head(vectors, codes, "logistic", 0.5)
    scaled = StandardScaler().fit_transform(vectors)
    model = LogisticRegression(C=0.5, class_weight="balanced", max_iter=1000).fit(scaled, codes)
    np.testing.assert_allclose(vectors @ weights.T + intercepts, model.decision_function(scaled), atol=1e-8)


def test_the_discriminant_ignores_how_frequent_classes_are():
    rng = np.random.default_rng(0)
    codes = np.r_[np.zeros(4000, dtype=int), np.ones(200, dtype=int)]
    vectors = rng.normal(size=(4200, 2)) + 2 * codes[:, None]
    weights, intercepts = fit_head(vectors, codes, "discriminant", 0.0)
    # With a uniform prior the boundary lies halfway between the class means, (1, 1).
    values = np.ones(2) @ weights.T + intercepts
    assert values[0] == pytest.approx(values[1], abs=0.3)


@pytest.mark.parametrize("change", [{"head": "forest"}, {"layers": "first"}])
def test_bad_parameters_are_named(tiny_bert, change):
    items, labels = example_items()
    with pytest.raises(BadInput, match="unknown"):
        EncoderTextRecognizer(encoder=tiny_bert, **change).fit(items, labels)


def test_an_encoder_without_layers_is_named(monkeypatch):
    monkeypatch.setattr(text_embedding, "load_encoder", lambda spec: object())
    with pytest.raises(BadInput, match="no layers to read"):
        depth_encoder("odd")
