"""A report card through the model server, with faults in the way, is the report card of the model in process."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from thymos.assess.cards.assessment import Wishes, assess
from thymos.assess.cards.assessment_context import SUITES
from thymos.assess.cards.report_card import ReportCard
from thymos.language.endpoint import EndpointLanguageModel
from thymos.language.local import LocalLanguageModel, load_local


@pytest.fixture(scope="session")
def tiny(tiny_llama: Path, tmp_path_factory: pytest.TempPathFactory) -> LocalLanguageModel:
    """The random Llama with room for whole benchmark prompts; the ``served`` fixture serves this one here."""
    folder = tmp_path_factory.mktemp("roomy") / "tiny"
    shutil.copytree(tiny_llama, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 8192}))
    return load_local(folder, name="tiny", identity="tiny-roomy", batch_size=8)


def test_the_card_is_the_same(
    served: Any, tiny: LocalLanguageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = replace(SUITES["quick"], layered=2, boundaries=4, boundary_tokens=6, stimulus_items=2)
    monkeypatch.setitem(SUITES, "quick", sizes)
    (tmp_path / "empty").mkdir()
    faults = ("429", "500", "cut", "429")
    served.faults.plan = {number: faults[number % 4] for number in range(2, 100, 9)}
    outside = EndpointLanguageModel("tiny", served.url, timeout=20, concurrency=4).discover()
    cards = []
    for place, model in enumerate((tiny, outside)):
        wishes = Wishes("quick", tmp_path / str(place), tmp_path / "empty", resamples=200)
        card = assess([model], wishes)
        assert isinstance(card, ReportCard)
        cards.append([section.scores for section in card.sections])
    assert served.faults.requests > 100
    assert len(set(served.faults.plan)) == 11
    assert cards[0] == cards[1]
    ways = {score.answering for scores in cards[1] for score in scores}
    assert ways == {"likelihood", "reply"}
