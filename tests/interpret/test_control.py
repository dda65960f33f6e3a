"""Controls: their identity, what they make a model say, and that nothing of them stays behind."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thymos.errors import BadInput
from thymos.interpret import control as module
from thymos.interpret.circuits import Circuit, modulation_edits
from thymos.interpret.components import Components, measure_components
from thymos.interpret.control import (
    WORDINGS,
    CircuitModulation,
    Control,
    ControlledLanguageModel,
    Plain,
    Prompting,
    Steering,
)
from thymos.interpret.directions import Directions, random_directions
from thymos.interpret.scenarios import ELICITING, Event
from thymos.language.cache import CachedLanguageModel, ReplyCache
from thymos.language.endpoint import EndpointLanguageModel
from thymos.language.local import LocalLanguageModel
from thymos.language.model import GenerationSettings, Message
from thymos.language.tap import Edit, Place, Site, Tap
from thymos.testing.tiny_models import SLIDING_FAMILIES

SHORT = GenerationSettings(max_new_tokens=6)
TURNS = [
    [Message("user", "hi")],
    [Message("system", "Be kind."), Message("user", "Tell me how you feel about the rain.")],
    [Message("user", "I am sad!"), Message("assistant", "Oh."), Message("user", "It is night.")],
    [Message("user", "Nothing scares him more than an empty house.")],
]
OPTIONS = [[" sad", " so happy today", "!"]] * 4
CIRCUIT = Circuit("fear", {0: (3, 1), 2: (0,)}, {1: (40, 7, 9)})


@pytest.fixture
def directions(llama: Tap, invented_directions: Callable[[Tap], Directions]) -> Directions:
    """Random directions of the tiny Llama."""
    return invented_directions(llama)


@pytest.fixture
def components(llama: Tap, directions: Directions) -> Components:
    """Heads and neurons of the tiny Llama, with differences that are large enough to change replies."""
    asked = ["anger", "fear", "happiness", "fear"]
    return measure_components(llama, [f"{emotion} {k}" for k, emotion in enumerate(asked)], asked, directions)


@pytest.fixture
def controls(directions: Directions, components: Components) -> list[Control]:
    """One of each kind, none of them without effect."""
    return [
        Prompting("fear", 3),
        Steering(directions, "fear", 2.0),
        CircuitModulation(CIRCUIT, components, 20.0),
        CircuitModulation(CIRCUIT, components, 20.0, mode="set", positions="all"),
    ]


def texts(model: Any, turns: Any = TURNS) -> list[str]:
    return [reply.text for reply in model.chat(turns, SHORT)]


class TestIdentity:
    def test_of_prompting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        base = Prompting("fear", 2)
        names = [Prompting("fear", strength).identity() for strength in (0, 1, 2, 3)]
        assert len({*names, Prompting("anger", 2).identity()}) == 5
        assert base.identity() == Prompting("fear", 2.0).identity()
        assert Prompting("fear", 0).identity() == Prompting("anger", 0).identity()
        before = base.identity()
        monkeypatch.setitem(module.WORDINGS, 2, "Be {emotion}.")
        assert base.identity() != before

    def test_of_steering(self, directions: Directions) -> None:
        base = Steering(directions, "fear", 2.0)
        moved = dict(directions.vectors)
        moved[Place(Site.RESIDUAL, 2)] = moved[Place(Site.RESIDUAL, 2)] + 0.001
        changed: list[dict[str, Any]] = [
            {"emotion": "anger"},
            {"strength": 2.1},
            {"layers": (0,)},
            {"layers": (0, 2)},
            {"site": Site.RESIDUAL_MIDDLE},
            {"positions": "all"},
            {"positions": (0, -1)},
            {"directions": random_directions(directions)},
            {"directions": replace(directions, vectors=moved)},
        ]
        names = [base.identity(), *(replace(base, **change).identity() for change in changed)]
        assert len(set(names)) == len(names)
        # Of three layers the last one is steered; what is not used does not matter.
        elsewhere = {place: v if place.layer == 2 else v + 1 for place, v in directions.vectors.items()}
        for change in (
            {"label": "another name"},
            {"layers": (2,)},
            {"directions": replace(directions, vectors=elsewhere, model="other", scales={}, centers={})},
        ):
            assert replace(base, **change).identity() == base.identity()
        assert replace(base, strength=0).identity() == Steering(directions, "anger", 0, layers=(1,)).identity()

    def test_of_circuits(self, components: Components) -> None:
        base = CircuitModulation(CIRCUIT, components, 2.0)
        moved = components.head_means.copy()
        moved[1, 2, 0, 0] += 0.01
        changed: list[dict[str, Any]] = [
            {"circuit": Circuit("fear", {0: (3, 2), 2: (0,)}, CIRCUIT.neurons)},
            {"circuit": Circuit("fear", CIRCUIT.heads, {})},
            {"circuit": Circuit("anger", CIRCUIT.heads, CIRCUIT.neurons)},
            {"strength": -2.0},
            {"mode": "set"},
            {"positions": "prompt_end"},
            {"components": replace(components, head_means=moved)},
        ]

        def made(**change: Any) -> str:
            given = {"circuit": CIRCUIT, "components": components, "strength": 2.0} | change
            return CircuitModulation(**given).identity()

        names = [base.identity(), *(made(**change) for change in changed)]
        assert len(set(names)) == len(names)
        assert made(label="another name") == base.identity()
        assert made(components=replace(components, heads=components.heads + 1)) == base.identity()
        assert made(strength=0) == made(strength=0, circuit=Circuit("anger", {0: (1,)}, {}))

    def test_kinds_are_not_mixed_up(self, controls: list[Control], llama: Tap) -> None:
        names = [control.apply(llama.model).identity for control in (Plain(), *controls)]
        assert len({llama.model.identity, *names}) == len(names) + 1
        assert all(name.startswith(f"{llama.model.identity}+") for name in names)

    def test_edits_that_are_open_on_the_model_count(self, llama: Tap, controls: list[Control]) -> None:
        found = controls[1].apply(llama.model)
        before = found.identity
        with llama.editing([Edit.scale(Place(Site.RESIDUAL, 0), 2.0)]):
            assert found.identity != before
        assert found.identity == before

    def test_names(self, controls: list[Control], directions: Directions, llama: Tap) -> None:
        assert [control.name for control in controls[:3]] == ["prompting", "steering", "circuit modulation"]
        assert [control.emotion for control in controls] == ["fear"] * 4
        assert Plain().name == "no control"
        assert Steering(directions, "fear", label="random").apply(llama.model).name == "tiny llama, random"


class TestPrompting:
    def test_it_replaces_the_system_prompt(self) -> None:
        for turns in TURNS:
            system, *rest = Prompting("joy", 1).conversation(turns)
            assert system == Message("system", WORDINGS[1].format(emotion="joy"))
            assert rest == [turn for turn in turns if turn.role != "system"]

    def test_strength_two_is_what_directions_are_extracted_with(self) -> None:
        event = Event("a/neutral", "a", "work", "neutral", "I went home.\nIt rained.")
        assert WORDINGS[2] == ELICITING
        assert Prompting("anger", 2).conversation(event.asking(None)) == event.asking("anger")

    def test_the_model_is_asked_that_conversation(self, llama: Tap) -> None:
        control = Prompting("anger", 3)
        expected = texts(llama.model, [control.conversation(turns) for turns in TURNS])
        assert texts(control.apply(llama.model)) == expected != texts(llama.model)
        scores = control.apply(llama.model).score_batch(TURNS, OPTIONS)
        asked = llama.model.score_batch([control.conversation(turns) for turns in TURNS], OPTIONS)
        np.testing.assert_allclose(scores, asked, atol=1e-5)

    def test_a_raw_text_has_no_place_for_it(self, llama: Tap) -> None:
        found = Prompting("anger", 3).apply(llama.model)
        with pytest.raises(BadInput, match="prompting: a raw text has no system prompt; ask with a conversation"):
            found.generate(["I feel"], SHORT)
        with pytest.raises(BadInput, match="a raw text has no system prompt"):
            found.score("I feel", [" sad"])
        plain = llama.model.generate(["I feel"], SHORT)
        for control in (Prompting("anger", 0), Plain()):
            assert control.apply(llama.model).generate(["I feel"], SHORT) == plain

    @pytest.mark.parametrize("strength", [-1, 0.5, 4])
    def test_unknown_strengths_are_refused(self, strength: float) -> None:
        with pytest.raises(BadInput, match=f"the strength of prompting is {strength}; use 0, 1, 2 or 3"):
            Prompting("anger", strength)


class TestSteering:
    def test_the_middle_third_is_steered(self, directions: Directions) -> None:
        def chosen(count: int) -> tuple[int, ...]:
            vectors = {Place(Site.RESIDUAL, layer): np.eye(3) for layer in range(count)}
            return Steering(replace(directions, vectors=vectors), "fear").chosen_layers()

        assert chosen(28) == tuple(range(11, 21))  # as in the paper
        assert chosen(30) == tuple(range(12, 23))
        assert (chosen(2), chosen(3)) == ((1,), (2,))
        with pytest.raises(BadInput, match="steering: there is no layer to steer at residual_after_mlp; name layers"):
            chosen(1)

    def test_edits(self, directions: Directions) -> None:
        edits = Steering(
            directions, "happiness", 3.0, layers=(2, 0), site=Site.RESIDUAL_MIDDLE, positions="all"
        ).edits()
        assert [edit.place for edit in edits] == [Place(Site.RESIDUAL_MIDDLE, 2), Place(Site.RESIDUAL_MIDDLE, 0)]
        for edit in edits:
            assert (edit.operation, edit.times_rms, edit.positions) == ("add", True, "all")
            np.testing.assert_allclose(edit.value.numpy(), 3 * directions.vectors[edit.place][2], rtol=1e-6)

    def test_what_cannot_be_is_refused(self, directions: Directions, llama: Tap) -> None:
        for change, message in (
            ({"layers": ()}, "there is no layer to steer"),
            ({"layers": (7,)}, "there are no directions for residual_after_mlp 7"),
            ({"emotion": "joy"}, "there is no direction for 'joy'"),
            ({"site": Site.NEURONS}, "there is no layer to steer at neurons"),
        ):
            with pytest.raises(BadInput, match=message):
                replace(Steering(directions, "fear"), **change).apply(llama.model)


class TestControlled:
    def test_without_strength_it_is_the_plain_model(
        self, llama: Tap, directions: Directions, components: Components
    ) -> None:
        plain, scores = llama.model.chat(TURNS, SHORT), llama.model.score_batch(TURNS, OPTIONS)
        for control in (
            Plain(),
            Prompting("fear", 0),
            Steering(directions, "fear", 0),
            CircuitModulation(CIRCUIT, components, 0),
            CircuitModulation(CIRCUIT, components, 0, mode="set"),
        ):
            assert control.edits() == []
            found = control.apply(llama.model)
            assert found.chat(TURNS, SHORT) == plain
            for first, second in zip(found.score_batch(TURNS, OPTIONS), scores, strict=True):
                np.testing.assert_array_equal(first, second)

    def test_it_equals_editing_by_hand(
        self, llama: Tap, controls: list[Control], directions: Directions, components: Components
    ) -> None:
        steered = Edit.add(
            Place(Site.RESIDUAL, 2),
            2.0 * directions.vectors[Place(Site.RESIDUAL, 2)][1],
            positions="last",
            times_rms=True,
        )
        by_hand = [
            [steered],
            modulation_edits(CIRCUIT, components, 20.0),
            modulation_edits(CIRCUIT, components, 20.0, mode="set", positions="all"),
        ]
        plain = texts(llama.model)
        for control, edits in zip(controls[1:], by_hand, strict=True):
            found = control.apply(llama.model)
            with llama.editing(edits):
                replies = llama.model.chat(TURNS, SHORT)
                scores = llama.model.score_batch(TURNS, OPTIONS)
            assert found.chat(TURNS, SHORT) == replies
            assert [reply.text for reply in replies] != plain, "a control without effect tests nothing"
            for first, second in zip(found.score_batch(TURNS, OPTIONS), scores, strict=True):
                np.testing.assert_allclose(first, second, atol=1e-4)

    def test_sliding_models_are_steered_too(
        self, tiny: Callable[[str], Any], invented_directions: Callable[[Tap], Directions]
    ) -> None:
        for family in SLIDING_FAMILIES:
            tap = Tap(tiny(family))
            control = Steering(invented_directions(tap), "anger", 3.0)
            with tap.editing(control.edits()):
                expected = texts(tap.model)
            assert texts(control.apply(tap.model)) == expected != texts(tap.model)

    @pytest.mark.parametrize("batch_size", [1, 3, 64])
    def test_results_keep_the_order_of_the_prompts(
        self, llama: Tap, controls: list[Control], monkeypatch: pytest.MonkeyPatch, batch_size: int
    ) -> None:
        turns = [*TURNS[::-1], TURNS[0]]
        options = [[f" {word}" * (1 + number) for word in ("sad", "happy")] for number in range(len(turns))]
        monkeypatch.setattr(llama.model, "batch_size", batch_size)
        for control in controls[:3]:
            found = control.apply(llama.model)
            assert texts(found, turns) == [texts(found, [one])[0] for one in turns]
            scores = found.score_batch(turns, options)
            for one, choices, values in zip(turns, options, scores, strict=True):
                np.testing.assert_allclose(values, found.score(one, choices), atol=1e-4)
            seen = [index for batch in found.stream_replies(turns, SHORT) for index, _ in batch]
            assert sorted(seen) == list(range(len(turns)))

    def test_raw_texts_are_steered(self, llama: Tap, controls: list[Control]) -> None:
        control = controls[1]
        with llama.editing(control.edits()):
            expected = llama.model.generate(["I feel", "rain"], SHORT)
        assert control.apply(llama.model).generate(["I feel", "rain"], SHORT) == expected

    def test_between_results_the_model_is_plain(
        self, llama: Tap, controls: list[Control], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain, identity = texts(llama.model), llama.model.identity
        monkeypatch.setattr(llama.model, "batch_size", 1)

        def checked(batches: Iterator[Any]) -> int:
            count = 0
            for _ in batches:
                count += 1
                assert llama.hooks.edits == []
                assert (llama.model.identity, llama.model.share_prefixes) == (identity, True)
                assert texts(llama.model) == plain
            return count

        for control in controls[1:3]:
            found = control.apply(llama.model)
            assert checked(found.stream_replies(TURNS, SHORT)) == 4
            assert checked(found.stream_scores(TURNS, OPTIONS)) == 4
            stopped = found.stream_replies(TURNS, SHORT)
            next(stopped)
            del stopped
            assert texts(llama.model) == plain

    def test_an_error_leaves_the_model_plain(
        self, llama: Tap, controls: list[Control], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        plain = texts(llama.model)
        found = controls[1].apply(llama.model)
        with monkeypatch.context() as patched:
            patched.setattr(LocalLanguageModel, "stream_replies", lambda *_: iter([1 / 0] for _ in range(1)))
            with pytest.raises(ZeroDivisionError):
                texts(found)
        assert llama.hooks.edits == []
        assert texts(llama.model) == plain

    def test_a_prompt_that_does_not_fit_is_named_by_its_number(self, llama: Tap, controls: list[Control]) -> None:
        turns = [*TURNS[:2], [Message("user", "x" * 225)], TURNS[3]]
        for control in controls[1:]:
            found = control.apply(llama.model)
            with pytest.raises(
                BadInput, match=r"prompt 2: prompt and reply need \d+ tokens, tiny llama has room for 256"
            ):
                found.chat(turns, GenerationSettings(max_new_tokens=40))
            with pytest.raises(BadInput, match=r"prompt 2: prompt and reply need \d+ tokens"):
                found.score_batch(turns, [*OPTIONS[:2], ["!" * 60], OPTIONS[3]])

    def test_nothing_asked_is_nothing_said(self, llama: Tap, controls: list[Control]) -> None:
        for control in controls:
            assert control.apply(llama.model).chat([], SHORT) == []
            assert control.apply(llama.model).score_batch([], []) == []

    def test_controls_on_controls(self, llama: Tap, controls: list[Control]) -> None:
        prompting, steering = controls[:2]
        both = prompting.apply(steering.apply(llama.model))
        with llama.editing(steering.edits()):
            expected = texts(llama.model, [prompting.conversation(turns) for turns in TURNS])
        assert texts(both) == expected
        assert both.identity == f"{steering.apply(llama.model).identity}+{prompting.identity()}"
        with pytest.raises(BadInput, match="the hidden states of tiny llama, prompting cannot be reached"):
            steering.apply(prompting.apply(llama.model))


class TestCaching:
    def test_the_second_time_all_replies_are_there_and_no_control_meets_another(
        self, llama: Tap, controls: list[Control], tmp_path: Path
    ) -> None:
        cache = ReplyCache(tmp_path / "replies.sqlite")
        plain = CachedLanguageModel(llama.model, cache)
        replies = {"plain": texts(plain)}
        scores = {"plain": np.stack(plain.score_batch(TURNS, OPTIONS))}
        for number, control in enumerate(controls):
            found = CachedLanguageModel(control.apply(plain), cache)
            replies[str(number)] = texts(found)
            scores[str(number)] = np.stack(found.score_batch(TURNS, OPTIONS))
            assert (found.hits, found.misses) == (0, 8)
            assert texts(found) == replies[str(number)]
            np.testing.assert_array_equal(found.score_batch(TURNS, OPTIONS), scores[str(number)])
            assert (found.hits, found.misses) == (8, 8)
            again = CachedLanguageModel(control.apply(llama.model), cache)
            assert texts(again) == replies[str(number)]
            assert (again.hits, again.misses) == (4, 0)
        assert len({tuple(found) for found in replies.values()}) == len(replies)
        assert len({tuple(np.round(found, 2).ravel()) for found in scores.values()}) == len(scores)
        assert texts(plain) == replies["plain"]
        assert texts(llama.model) == replies["plain"]

    def test_a_cache_around_the_model_is_left_aside(self, llama: Tap, controls: list[Control], tmp_path: Path) -> None:
        cached = CachedLanguageModel(
            CachedLanguageModel(llama.model, ReplyCache(tmp_path / "a.sqlite")), ReplyCache(tmp_path / "b.sqlite")
        )
        for control in (Plain(), *controls):
            found = control.apply(cached)
            assert found.model is llama.model
            texts(found)
        assert (cached.hits, cached.misses, len(cached.cache)) == (0, 0, 0)


class TestEndpoints:
    def test_they_are_prompted_and_not_steered(
        self, server: Any, controls: list[Control], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        endpoint = EndpointLanguageModel("m", base_url=server.url)
        found = Prompting("anger", 2).apply(endpoint)
        assert isinstance(found, ControlledLanguageModel)
        assert found.name == f"{endpoint.name}, prompting"
        assert texts(found, TURNS[1:2]) == ["hello"]
        asked = server.requests[-1]["messages"]
        assert asked == [
            {"role": "system", "content": ELICITING.format(emotion="anger")},
            {"role": "user", "content": "Tell me how you feel about the rain."},
        ]
        assert texts(Plain().apply(endpoint), TURNS[1:2]) == ["hello"]
        assert server.requests[-1]["messages"][0]["content"] == "Be kind."
        assert found.scores_conversations == endpoint.scores_conversations
        for control in controls[1:]:
            with pytest.raises(BadInput, match=r"the hidden states of .* cannot be reached; use a model folder"):
                control.apply(endpoint)
