"""MDPE where a user has it: each set of features, their fusion, both questionnaires, under both protocols."""

from collections.abc import Mapping
from functools import partial

import numpy as np

from thymos.corpora.corpus import Corpus
from thymos.corpora.readers.mdpe import LIE, answer_features, feature_sets
from thymos.errors import Unavailable
from thymos.perceive.fusion.pooled_head import HeadTraining, TrainedHead, pooled_frames, train_head
from thymos.studies._deception_rows import Codes, Floats, Scored, answer_rows, floor_rows, gain_row, without
from thymos.studies.contract import Context, Row, RowKind

MDPE = "mdpe"
RELEASED, DISJOINT = "released", "subjects apart"
DEFAULT_SETS = ("baichuan13B-base", "clipVIT-B16", "chinese-hubert-base")  # of the released command
QUESTIONNAIRES = ("personality", "emotion")
WHOLE = "answers"
without_mdpe = partial(without, MDPE)


def sets_of(corpus: Corpus) -> tuple[str, ...]:
    """The three sets of the released command where they are all there, else every set of the copy."""
    known = feature_sets(corpus)
    return DEFAULT_SETS if set(DEFAULT_SETS) <= set(known) else tuple(known)


def answer_vectors(corpus: Corpus, items: list[str], sets: tuple[str, ...]) -> dict[str, Floats]:
    """Pooled features of every set and the questionnaires, (answers, numbers) by name."""
    vectors = {name: np.stack([pooled_frames(answer_features(corpus, item, name)) for item in items]) for name in sets}
    subjects = corpus.items["subject"][items]
    for name in QUESTIONNAIRES:
        if name in corpus.tables:
            vectors[name] = corpus.tables[name].loc[list(subjects)].to_numpy(dtype=np.float64)
    return vectors


def systems_of(sets: tuple[str, ...], vectors: Mapping[str, Floats]) -> dict[str, tuple[str, ...]]:
    """System to what it joins."""
    found: dict[str, tuple[str, ...]] = {name: (name,) for name in sets}
    fused = " + ".join(sets)
    found[fused] = sets
    known = [name for name in QUESTIONNAIRES if name in vectors]
    for name in known:
        found[f"{fused} + {name}"] = (*sets, name)
    if len(known) == 2:
        found[f"{fused} + {' + '.join(known)}"] = (*sets, *known)
        found[" + ".join(known)] = tuple(known)
    return found


def common_answers(corpus: Corpus, sets: tuple[str, ...]) -> list[str]:
    """Answers that every set has."""
    found = [item for item, names in corpus.items["sets"].items() if set(sets) <= set(str(names).split())]
    if not found:
        raise Unavailable(f"{corpus.slug}: no answer has all of {', '.join(sets)}")
    return [str(item) for item in found]


def held_out_probabilities(ctx: Context, corpus: Corpus, items: list[str], vectors: Floats, protocol: str) -> Floats:
    """Probability of a lie of every ``val`` answer of the released split, from training answers of the protocol.

    Subjects apart: five folds of subjects, all answers of the other folds train.
    """
    place = {item: number for number, item in enumerate(items)}
    gold = (corpus.items["label"][items] == LIE).to_numpy(dtype=np.int64)
    held = np.zeros(len(items), dtype=bool)
    held[[place[item] for item in corpus.split("released")["val"] if item in place]] = True
    training = HeadTraining(seed=ctx.settings.seed, epochs=5 if ctx.settings.quick else 300)
    found = np.full(len(items), np.nan)
    if protocol == RELEASED:
        found[held] = lies(train_head(vectors[~held], gold[~held], training), vectors[held])
    else:
        for part in corpus.split("subject_folds").parts.values():
            inside = np.zeros(len(items), dtype=bool)
            inside[[place[item] for item in part if item in place]] = True
            if (held & inside).any():
                head = train_head(vectors[~inside], gold[~inside], training)
                found[held & inside] = lies(head, vectors[held & inside])
    return found[held]


def lies(head: TrainedHead, vectors: Floats) -> Floats:
    """Probability of a lie."""
    return np.asarray(head.probabilities(vectors)[:, 1])


def answers(ctx: Context) -> list[Row]:
    """Every system under both protocols on the same answers, floors, and the leak gap of each."""
    corpus = ctx.corpus(MDPE)
    sets = sets_of(corpus)
    items = common_answers(corpus, sets)
    vectors = answer_vectors(corpus, items, sets)
    released = set(corpus.split("released")["val"])
    held = [item for item in items if item in released]
    gold: Codes = (corpus.items["label"][held] == LIE).to_numpy(dtype=np.int64)
    subjects = corpus.items["subject"][held].to_numpy(dtype=object)
    tested = {
        protocol: Scored(
            gold, subjects, f"mdpe {WHOLE}, {protocol}", protocol, guarantee, corpus.simulated, (ctx.settings.seed,)
        )
        for protocol, guarantee in ((RELEASED, "not subject-independent"), (DISJOINT, "subject-independent"))
    }
    rows: list[Row] = []
    for one in tested.values():
        rows += floor_rows(ctx, one)
    given: dict[tuple[str, str], Codes] = {}
    for system, names in ctx.track(systems_of(sets, vectors).items(), "fusion of answers"):
        joined = np.hstack([vectors[name] for name in names])
        found = {protocol: held_out_probabilities(ctx, corpus, items, joined, protocol) for protocol in tested}
        kind = RowKind.BASELINE if len(names) == 1 else RowKind.SYSTEM
        for protocol, one in tested.items():
            given[system, protocol] = (found[protocol] >= 0.5).astype(int)
            rows += answer_rows(ctx, one, system, kind, given[system, protocol], found[protocol])
        both = Scored(gold, subjects, f"mdpe {WHOLE}", "both", "the same answers under both", corpus.simulated)
        cut = [given[system, protocol] for protocol in (RELEASED, DISJOINT)]
        name = f"leak gap, {system}: {RELEASED} minus {DISJOINT}"
        rows.append(gain_row(ctx, both, name, *cut, kind=RowKind.CONTROL))
    fused = " + ".join(sets)
    for (system, protocol), answered in given.items():
        if system.startswith(f"{fused} + "):
            rows.append(gain_row(ctx, tested[protocol], f"{system} over {fused}", answered, given[fused, protocol]))
    return rows
