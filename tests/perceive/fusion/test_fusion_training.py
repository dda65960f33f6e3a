"""Networks on recordings: padding and neighbors change nothing, planted signals are found, rules have known values."""

import itertools
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from thymos.errors import BadInput
from thymos.perceive.fusion.frames import RULES, recording_probability, windows
from thymos.perceive.fusion.networks import ALONE, FUSIONS, FusionNetwork
from thymos.perceive.fusion.training import FusionTraining, Recording, train_fusion

SMALL = {"video": (6, 6), "vggish": (4, 4)}


def recordings(count=16, seed=0, frames=(8, 14), marks=True):
    """The second half of a recording of class 1 is higher in both streams."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        label, length = number % 2, int(rng.integers(*frames))
        labels = np.zeros(length, dtype=np.int64)
        labels[length // 2 :] = label
        streams = {
            name: (rng.normal(scale=0.5, size=(length, width)) + 2 * labels[:, None]).astype(np.float32)
            for name, width in (("video", 3), ("vggish", 2))
        }
        made.append(Recording(streams, label, labels if marks else None))
    return made


def build(fusion, streams=None):
    def network(widths):
        kept = {name: width for name, width in widths.items() if streams is None or name in streams}
        return FusionNetwork(kept, fusion, channels=SMALL)

    return network


@pytest.mark.parametrize("fusion", FUSIONS)
def test_padding_and_neighbors_do_not_change_scores(fusion):
    torch.manual_seed(0)
    network = FusionNetwork({"video": 3, "vggish": 2}, fusion, channels=SMALL).eval()
    streams = {"video": torch.randn(2, 9, 3), "vggish": torch.randn(2, 9, 2)}
    lengths = torch.tensor([5, 9])
    both = network(streams, lengths)
    alone = network({name: values[:1, :5] for name, values in streams.items()}, torch.tensor([5]))
    assert torch.allclose(both[:1, :5], alone, atol=1e-5)
    assert (both[0, 5:] == 0).all()


def test_wrong_streams_are_refused():
    network = FusionNetwork({"video": 3, "vggish": 2}, "gated", channels=SMALL)
    video = torch.zeros(1, 4, 3)
    with pytest.raises(BadInput, match="streams video are not video, vggish"):
        network({"video": video}, torch.tensor([4]))
    with pytest.raises(BadInput, match="streams have"):
        network({"video": video, "vggish": torch.zeros(1, 5, 2)}, torch.tensor([4]))
    with pytest.raises(BadInput, match=r"lengths \[5\] do not fit"):
        network({"video": video, "vggish": torch.zeros(1, 4, 2)}, torch.tensor([5]))
    with pytest.raises(BadInput, match="there is no fusion 'sum'"):
        FusionNetwork({"video": 3}, "sum")
    with pytest.raises(BadInput, match="2 streams are not one"):
        FusionNetwork({"video": 3, "vggish": 2}, ALONE)


@pytest.mark.parametrize("fusion", ["leader_follower", "joint_attention"])
def test_a_planted_signal_is_found(fusion):
    training = FusionTraining(epochs=8, window=10, hop=4, learning_rate=0.02)
    trained = train_fusion(recordings(), recordings(seed=1), build(fusion), training)
    test = recordings(seed=2)
    for recording, scores in zip(test, trained.scores(test), strict=True):
        assert scores.shape == (recording.frames, 2)
    gold = np.concatenate([recording.frame_labels for recording in test])
    given_answers = np.concatenate([scores.argmax(axis=1) for scores in trained.scores(test)])
    assert (gold == given_answers).mean() > 0.85
    assert trained.development[trained.best_epoch - 1] == max(trained.development[2:])


def test_the_loss_of_whole_recordings_and_repeatability():
    training = FusionTraining(supervision="recording", epochs=6, learning_rate=0.02, balanced=True)
    train = recordings(marks=False)
    found = [train_fusion(train, recordings(seed=1), build("gated"), training) for _ in range(2)]
    assert max(found[0].development) > 0.9
    one, other = (trained.scores(recordings(seed=2)) for trained in found)
    assert all(np.array_equal(left, right) for left, right in zip(one, other, strict=True))


def test_what_training_refuses():
    with pytest.raises(BadInput, match="a recording has no frame labels"):
        train_fusion(recordings(marks=False), recordings(), build("gated"))
    with pytest.raises(BadInput, match="training and development recordings"):
        train_fusion([], recordings(), build("gated"))
    odd = Recording({"video": np.zeros((3, 3), dtype=np.float32)}, 0, np.zeros(3, dtype=np.int64))
    with pytest.raises(BadInput, match="different streams or widths"):
        train_fusion(recordings(), [odd], build("gated"))
    with pytest.raises(BadInput, match="there is no supervision"):
        FusionTraining(supervision="clips")
    with pytest.raises(BadInput, match=r"streams have \[2, 3\] frames"):
        Recording({"a": np.zeros((2, 1), np.float32), "b": np.zeros((3, 1), np.float32)}, 0)
    with pytest.raises(BadInput, match="4 labels for 3 frames"):
        Recording({"a": np.zeros((3, 1), np.float32)}, 0, np.zeros(4, dtype=np.int64))


# -- windows and rules ------------------------------------------------------------------------------------------------


@given(st.integers(1, 200), st.integers(1, 50), st.integers(1, 50))
def test_windows_cover_both_ends_and_have_one_size(length, size, hop):
    found = windows(length, size, hop)
    assert found[0][0] == 0
    assert found[-1][1] == length
    assert {end - start for start, end in found} == {min(size, length)}
    assert all(later[0] - earlier[0] <= hop for earlier, later in itertools.pairwise(found))


def test_rules_have_known_values():
    logits = np.array([[0.0, 2.0], [0.0, -1.0], [0.0, -4.0], [1.0, 1.0]])
    sigmoid = 1 / (1 + np.exp(-np.array([2.0, -1.0, -4.0, 0.0])))
    assert recording_probability(logits, "vote") == 0.5
    assert recording_probability(logits, "mean_probability") == pytest.approx(sigmoid.mean())
    assert recording_probability(logits, "mean_logit") == pytest.approx(1 / (1 + np.exp(0.75)))


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=20), st.floats(-5, 5))
def test_rules_do_not_see_a_shift_of_both_scores_or_the_order(margins, shift):
    logits = np.column_stack([np.zeros(len(margins)), margins])
    for rule in RULES:
        found = recording_probability(logits, rule)
        assert 0 <= found <= 1
        assert recording_probability(logits[::-1], rule) == pytest.approx(found)
        if rule != "vote":  # rounding may turn a tie
            assert recording_probability(logits + shift, rule) == pytest.approx(found, abs=1e-9)


def test_what_rules_and_windows_refuse():
    for call in (
        partial(recording_probability, np.zeros((0, 2))),
        partial(recording_probability, np.zeros((3, 3))),
        partial(recording_probability, np.zeros((3, 2)), "median"),
        partial(windows, 0, 3, 1),
        partial(windows, 5, 3, 0),
    ):
        with pytest.raises(BadInput):
            call()
