"""Directions: planted ones are found, groups fall out, controls are at chance, files come back or say what is wrong."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.numpy import save_file

from thymos.errors import BadInput
from thymos.interpret.directions import (
    Directions,
    centroids,
    cross_context_hits,
    direction_similarity,
    fit_directions,
    hits,
    layer_similarity,
    random_directions,
    shuffle_labels,
    split_half_similarity,
    unit,
)
from thymos.language.tap import Place, Site

EMOTIONS = ("anger", "sadness", "happiness", "fear", "surprise", "disgust")
WIDTH = 40
PLACE, MIDDLE = Place(Site.RESIDUAL, 0), Place(Site.RESIDUAL_MIDDLE, 0)


def planted(groups: int = 60, noise: float = 0.3, offsets: float = 5.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """States of situations that all move alike under an emotion, and the six movements, which sum to 0."""
    rng = np.random.default_rng(1_000)
    moves = rng.standard_normal((len(EMOTIONS), WIDTH))
    moves -= moves.mean(axis=0)
    rng = np.random.default_rng(seed)
    situations = offsets * rng.standard_normal((groups, 1, WIDTH))
    states = situations + moves + noise * rng.standard_normal((groups, len(EMOTIONS), WIDTH))
    return states, moves


def of_layers(vectors: dict[Place, Any], emotions: tuple[str, ...] = ("anger",)) -> Directions:
    """Directions with given vectors, nothing else in them."""
    made = {place: unit(np.atleast_2d(np.asarray(vector, dtype=float))) for place, vector in vectors.items()}
    width = next(iter(made.values())).shape[1]
    return Directions(emotions, made, dict.fromkeys(made, np.zeros(width)), dict.fromkeys(made, 1.0))


class TestCentroids:
    def test_golden(self) -> None:
        # Two groups, two emotions: differences 2 and 4 along the first axis, so the mean is 3, half of it each way.
        states = np.array([[[1.0, 7.0], [3.0, 7.0]], [[-2.0, 1.0], [2.0, 1.0]]])
        np.testing.assert_allclose(centroids(states), [[-1.5, 0.0], [1.5, 0.0]])

    def test_planted_movements_are_found_with_their_size(self) -> None:
        states, moves = planted(groups=400)
        # noise .3 over 400 groups: standard error .015 a number
        assert np.abs(centroids(states) - moves).max() < 6 * 0.015

    def test_without_noise_groups_fall_out_altogether(self) -> None:
        states, moves = planted(groups=7, noise=0)
        np.testing.assert_allclose(centroids(states), moves, atol=1e-12)

    def test_it_is_the_papers_order_of_steps(self) -> None:
        states, _ = planted(groups=9)
        inside = states - states.mean(axis=1, keepdims=True)
        means = inside.mean(axis=0)
        np.testing.assert_allclose(centroids(states), means - means.mean(axis=0), atol=1e-12)

    def test_only_groups_accepted_whole_are_used(self) -> None:
        states, _ = planted(groups=5)
        accepted = np.ones((5, 6), dtype=bool)
        accepted[1, 3] = accepted[4] = False
        np.testing.assert_array_equal(centroids(states, accepted), centroids(states[[0, 2, 3]]))

    @pytest.mark.parametrize(
        ("states", "accepted", "message"),
        [
            (np.zeros((2, 6)), None, r"states have shape \(2, 6\); pass groups x emotions x width"),
            (np.zeros((2, 1, 3)), None, r"states have shape \(2, 1, 3\)"),
            (np.zeros((0, 2, 3)), None, "there are no groups"),
            (np.zeros((2, 2, 3)), [[True, False], [False, True]], "no group has every emotion accepted; use all"),
            (np.zeros((2, 2, 3)), [True, True], r"accepted has shape \(2,\) and the states \(2, 2, 3\)"),
        ],
    )
    def test_what_cannot_be_is_refused(self, states: Any, accepted: Any, message: str) -> None:
        with pytest.raises(BadInput, match=f"directions: {message}"):
            centroids(states, accepted)

    @given(
        arrays(np.float64, (4, 3, 5), elements=st.floats(-10, 10)),
        arrays(np.float64, (4, 1, 5), elements=st.floats(-1e3, 1e3)),
        st.floats(0.01, 100),
    )
    @settings(max_examples=50, deadline=None)
    def test_a_vector_added_to_a_group_changes_nothing_and_scale_scales(
        self, states: np.ndarray, offsets: np.ndarray, factor: float
    ) -> None:
        found = centroids(states)
        np.testing.assert_allclose(found.sum(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(centroids(states + offsets), found, atol=1e-9)
        np.testing.assert_allclose(centroids(states * factor), found * factor, atol=1e-9 * factor)
        large = np.linalg.norm(found, axis=1) > 1e-3
        np.testing.assert_allclose(unit(centroids(states * factor))[large], unit(found)[large], atol=1e-6)


def test_vectors_have_length_one_or_none() -> None:
    np.testing.assert_allclose(unit(np.array([[3.0, 4.0], [0.0, 0.0]])), [[0.6, 0.8], [0, 0]])


class TestFitting:
    def test_directions_centers_and_scales(self) -> None:
        states, moves = planted(groups=400)
        found = fit_directions({PLACE: states.astype(np.float32)}, EMOTIONS, model="tiny")
        assert (np.einsum("ed,ed->e", found.vectors[PLACE], unit(moves)) > 0.99).all()
        np.testing.assert_allclose(np.linalg.norm(found.vectors[PLACE], axis=1), 1)
        np.testing.assert_allclose(found.centers[PLACE], states.mean(axis=(0, 1)), atol=1e-5)
        assert found.scales[PLACE] == pytest.approx(np.mean(np.sqrt((states**2).mean(-1))), rel=1e-5)
        assert (found.emotions, found.model) == (EMOTIONS, "tiny")

    def test_everything_is_taken_from_accepted_groups(self) -> None:
        states, _ = planted(groups=6)
        accepted = np.ones((6, 6), dtype=bool)
        accepted[0, 0] = False
        found, expected = (
            fit_directions({PLACE: states}, EMOTIONS, accepted),
            fit_directions({PLACE: states[1:]}, EMOTIONS),
        )
        for table in ("vectors", "centers", "scales"):
            np.testing.assert_array_equal(getattr(found, table)[PLACE], getattr(expected, table)[PLACE])

    def test_what_cannot_be_is_refused(self) -> None:
        states, _ = planted(groups=3)
        with pytest.raises(BadInput, match=r"residual_after_mlp 0: 6 states a group for 2 emotions"):
            fit_directions({PLACE: states}, ("anger", "fear"))
        with pytest.raises(BadInput, match="there are no states"):
            fit_directions({}, EMOTIONS)
        with pytest.raises(BadInput, match="an emotion is named twice"):
            fit_directions({PLACE: states}, ("anger",) * 6)
        with pytest.raises(BadInput, match="states have shape"):
            fit_directions({PLACE: states[0]}, EMOTIONS)

    def test_unknown_emotions_and_places_are_named(self) -> None:
        found = fit_directions({PLACE: planted(groups=3)[0]}, EMOTIONS)
        assert found.vector(PLACE, "fear") @ found.vectors[PLACE][3] == pytest.approx(1)
        with pytest.raises(BadInput, match=r"there is no direction for 'joy'; known: anger, sadness"):
            found.vector(PLACE, "joy")
        with pytest.raises(BadInput, match="there are no directions for residual_after_attention 0"):
            found.vector(MIDDLE, "fear")


class TestHits:
    def test_planted_directions_tell_new_situations_apart(self) -> None:
        train, test = planted(offsets=0.5)[0], planted(offsets=0.5, seed=1)[0]
        found = fit_directions({PLACE: train}, EMOTIONS)
        plain = hits(test, found.vectors[PLACE], found.centers[PLACE])
        assert plain.shape == (60, 6)
        assert plain.mean() > 0.9
        assert hits(test, found.vectors[PLACE], found.centers[PLACE], paired=True).mean() == 1

    def test_large_situations_hide_emotions_unless_they_are_known(self) -> None:
        train, test = planted(offsets=50)[0], planted(offsets=50, seed=1)[0]
        vectors, center = unit(centroids(train)), train.mean(axis=(0, 1))
        assert hits(test, vectors, center).mean() < 0.4
        assert hits(test, vectors, center, paired=True).mean() == 1

    def test_golden(self) -> None:
        states = np.array([[[2.0, 0.0], [0.0, 1.0]], [[0.0, 2.0], [1.0, 3.0]]])
        assert hits(states, np.eye(2), np.zeros(2)).tolist() == [[True, True], [False, True]]
        # Each group's own mean away, the second group's first state is (-.5, -.5): a tie, which the first emotion has.
        assert hits(states, np.eye(2), np.zeros(2), paired=True).tolist() == [[True, True], [True, False]]

    def test_shuffled_labels_and_random_directions_are_near_chance(self) -> None:
        test = planted(seed=1, offsets=0.5)[0]
        accuracies: dict[str, list[float]] = {"shuffled": [], "random": []}
        for seed in range(30):
            train = planted(seed=seed + 2, offsets=0.5)[0]
            found = fit_directions({PLACE: train}, EMOTIONS)
            shuffled = unit(centroids(shuffle_labels(train, seed)))
            accuracies["shuffled"].append(hits(test, shuffled, found.centers[PLACE]).mean())
            accuracies["random"].append(
                hits(test, random_directions(found, seed).vectors[PLACE], np.zeros(WIDTH)).mean()
            )
        for values in accuracies.values():
            assert abs(np.mean(values) - 1 / 6) < 0.06
            assert max(values) < 0.6

    def test_states_of_other_emotions_are_refused(self) -> None:
        states = planted(groups=3)[0]
        with pytest.raises(BadInput, match=r"states have shape \(3, 5, 40\) for 6 directions"):
            hits(states[:, :5], np.zeros((6, WIDTH)), np.zeros(WIDTH))

    def test_other_contexts(self) -> None:
        states = planted(offsets=0.5)[0]
        contexts = ["work", "travel", "health"] * 20
        found = cross_context_hits(states, contexts)
        assert found.mean() > 0.9
        left = np.array(contexts) == "travel"
        expected = hits(states[left], unit(centroids(states[~left])), states[~left].mean(axis=(0, 1)))
        np.testing.assert_array_equal(found[left], expected)

    def test_a_direction_of_one_context_alone_does_not_carry_over(self) -> None:
        # In the second context the emotions move the other way round.
        states, moves = planted(groups=20, offsets=0.2)
        states[10:] += moves[::-1] - moves
        found = cross_context_hits(states, ["a"] * 10 + ["b"] * 10)
        assert found.mean() < 0.4

    def test_contexts_that_cannot_be_are_refused(self) -> None:
        states = planted(groups=3)[0]
        with pytest.raises(BadInput, match="2 contexts for 3 groups"):
            cross_context_hits(states, ["a", "b"])
        with pytest.raises(BadInput, match="there is only one context"):
            cross_context_hits(states, ["a"] * 3)


class TestControls:
    def test_shuffling_keeps_groups_and_states(self) -> None:
        states = planted(groups=30)[0]
        found = shuffle_labels(states, 3)
        np.testing.assert_array_equal(found, shuffle_labels(states, 3))
        assert (found != states).any()
        for before, after in zip(states, found, strict=True):
            assert {tuple(row) for row in before} == {tuple(row) for row in after}

    def test_random_directions_keep_everything_but_the_vectors(self) -> None:
        found = fit_directions({PLACE: planted(groups=5)[0], MIDDLE: planted(groups=5, seed=4)[0]}, EMOTIONS, model="m")
        control = random_directions(found, 1)
        assert (control.emotions, control.centers, control.scales, control.model) == (
            found.emotions,
            found.centers,
            found.scales,
            "m",
        )
        assert set(control.vectors) == set(found.vectors)
        for place, vectors in control.vectors.items():
            np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1)
            assert np.abs(np.einsum("ed,ed->e", vectors, found.vectors[place])).max() < 0.7
        assert (control.vectors[PLACE] != control.vectors[MIDDLE]).all()
        np.testing.assert_array_equal(control.vectors[PLACE], random_directions(found, 1).vectors[PLACE])
        assert (control.vectors[PLACE] != random_directions(found, 2).vectors[PLACE]).all()

    def test_random_directions_do_not_depend_on_the_order_of_places(self) -> None:
        found = fit_directions({PLACE: planted(groups=5)[0], MIDDLE: planted(groups=5)[0]}, EMOTIONS)
        turned = Directions(EMOTIONS, dict(reversed(found.vectors.items())), found.centers, found.scales)
        np.testing.assert_array_equal(random_directions(found).vectors[PLACE], random_directions(turned).vectors[PLACE])


class TestSimilarity:
    def test_halves_agree_where_there_is_something(self) -> None:
        names = [f"scenario {k // 3}" for k in range(60)]
        assert split_half_similarity(planted()[0], names).min() > 0.9
        nothing = np.random.default_rng(0).standard_normal((60, 6, WIDTH))
        assert abs(split_half_similarity(nothing, names).mean()) < 0.3

    def test_a_scenario_stays_in_one_half(self) -> None:
        # Two scenarios with opposite movements: the halves must be opposite, whichever is the first.
        states, moves = planted(groups=6, noise=0)
        states[3:] -= 2 * moves
        for seed in range(5):
            found = split_half_similarity(states, ["a"] * 3 + ["b"] * 3, seed)
            np.testing.assert_allclose(found, -1)

    def test_halves_that_cannot_be_are_refused(self) -> None:
        states = planted(groups=3)[0]
        with pytest.raises(BadInput, match="there are fewer than two groups"):
            split_half_similarity(states, ["a"] * 3)
        with pytest.raises(BadInput, match="2 groups for 3 rows"):
            split_half_similarity(states, ["a", "b"])

    def test_layers(self) -> None:
        found = of_layers({Place(Site.RESIDUAL, 10): [1, 0], Place(Site.RESIDUAL, 2): [1, 1]})
        half = 0.5**0.5
        np.testing.assert_allclose(layer_similarity(found, Site.RESIDUAL), [[1, half], [half, 1]])
        with pytest.raises(BadInput, match="there are no directions for residual_after_attention"):
            layer_similarity(found, Site.RESIDUAL_MIDDLE)

    def test_two_sets(self) -> None:
        first, second = of_layers({PLACE: [1, 0]}), of_layers({PLACE: [-3, 4]})
        np.testing.assert_allclose(direction_similarity(first, second, PLACE), [-0.6])
        with pytest.raises(BadInput, match="the two sets name other emotions"):
            direction_similarity(first, of_layers({PLACE: [1, 0]}, ("fear",)), PLACE)
        with pytest.raises(BadInput, match="there are no directions for"):
            direction_similarity(first, second, MIDDLE)


class TestReference:
    def test_it_averages_the_stable_layers_of_both_sites(self) -> None:
        # 28 layers: the paper's stable band is 21 to 25. Outside of it another axis.
        axes = np.eye(3)
        vectors = {
            Place(site, layer): axes[number] if 21 <= layer <= 25 else axes[2]
            for number, site in enumerate((Site.RESIDUAL_MIDDLE, Site.RESIDUAL))
            for layer in range(28)
        }
        np.testing.assert_allclose(of_layers(vectors).reference("anger"), unit(np.array([1.0, 1.0, 0.0])))

    def test_signs_are_those_of_the_last_layer(self) -> None:
        last, other = np.array([1.0, 0.2]), np.array([-1.0, 0.2])
        vectors = {Place(Site.RESIDUAL, layer): last if layer in (8, 6) else other for layer in range(10)}
        found = of_layers(vectors).reference("anger", band=(0.5, 0.9))
        expected = unit(2 * unit(last) - 2 * unit(other))
        np.testing.assert_allclose(found, expected)
        assert found[0] > 0.99

    def test_without_a_layer_in_the_band_it_is_the_last(self) -> None:
        found = of_layers({Place(Site.RESIDUAL, 0): [1, 0], Place(Site.RESIDUAL, 1): [0, 1]})
        np.testing.assert_allclose(found.reference("anger"), [0, 1])

    def test_it_needs_the_residual_stream(self) -> None:
        found = of_layers({MIDDLE: [1, 0]})
        with pytest.raises(BadInput, match="there are no directions in the residual stream"):
            found.reference("anger")
        with pytest.raises(BadInput, match="there is no direction for 'joy'"):
            of_layers({PLACE: [1, 0]}).reference("joy")


class TestFiles:
    def test_round_trip(self, tmp_path: Path) -> None:
        states = {Place(Site.RESIDUAL, layer): planted(groups=4, seed=layer)[0] for layer in (0, 2, 11)}
        states[Place(Site.FINAL_NORM)] = planted(groups=4)[0]
        saved = fit_directions(states, EMOTIONS, model="smol:float32")
        found = Directions.load(saved.save(tmp_path / "d.safetensors"))
        assert (found.emotions, found.model) == (EMOTIONS, "smol:float32")
        assert set(found.vectors) == set(found.centers) == set(found.scales) == set(states)
        assert found.layers(Site.RESIDUAL) == [0, 2, 11]
        for place in states:
            np.testing.assert_allclose(found.vectors[place], saved.vectors[place], atol=1e-7)
            np.testing.assert_allclose(found.centers[place], saved.centers[place], rtol=1e-6)
            assert found.scales[place] == pytest.approx(saved.scales[place])
        again = Directions.load(found.save(tmp_path / "e.safetensors"))
        for place in states:
            np.testing.assert_array_equal(again.vectors[place], found.vectors[place])

    def test_a_comma_in_a_name_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="a name holds a comma"):
            of_layers({PLACE: [1, 0]}, ("anger, cold",)).save(tmp_path / "d.safetensors")

    @pytest.mark.parametrize("damage", ["missing", "half", "empty", "foreign", "no centers", "shape", "nan", "scale"])
    def test_what_is_no_directions_is_named(self, tmp_path: Path, damage: str) -> None:
        path = fit_directions({PLACE: planted(groups=3)[0]}, EMOTIONS).save(tmp_path / "d.safetensors")
        metadata = {"emotions": ",".join(EMOTIONS), "format": "thymos directions 1"}
        name = f"{PLACE.site}/{PLACE.layer}"
        arrays = {
            f"vectors/{name}": np.zeros((6, 4), dtype=np.float32),
            f"centers/{name}": np.zeros(4, dtype=np.float32),
            f"scales/{name}": np.ones(1, dtype=np.float32),
        }
        if damage == "missing":
            path.unlink()
        elif damage in ("half", "empty"):
            content = path.read_bytes()
            path.write_bytes(content[: len(content) // 2] if damage == "half" else b"")
        elif damage == "foreign":
            save_file({"weight": np.zeros(3, dtype=np.float32)}, path)
        elif damage == "no centers":
            save_file({f"vectors/{name}": arrays[f"vectors/{name}"]}, path, metadata)
        elif damage == "shape":
            save_file(arrays | {f"vectors/{name}": np.zeros((5, 4), dtype=np.float32)}, path, metadata)
        elif damage == "nan":
            save_file(arrays | {f"vectors/{name}": np.full((6, 4), np.nan, dtype=np.float32)}, path, metadata)
        else:
            save_file(arrays | {f"scales/{name}": np.zeros(0, dtype=np.float32)}, path, metadata)
        message = "there is no such file" if damage == "missing" else "these are no directions"
        with pytest.raises(BadInput, match=message) as caught:
            Directions.load(path)
        assert "d.safetensors" in str(caught.value)
        assert "\n" not in str(caught.value)
