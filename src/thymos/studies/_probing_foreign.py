"""Probes of ``emotion_probing`` on another corpus, where the user has it: emotional replies of another model."""

import pandas as pd

from thymos.corpora.registry import corpus_folder, readers
from thymos.errors import ThymosError
from thymos.interpret.pooled_states import LAST, pooled_rows
from thymos.language.tap import Tap
from thymos.measure.text_floor import text_floor
from thymos.studies._probing_data import RAW, data, model_of, needs_local, places_of, sizes
from thymos.studies._probing_fits import KINDS, MLP, Scorer, best_depth, depth_tables, probe_name, refit
from thymos.studies._probing_floors import WORDS, words_table
from thymos.studies.contract import Context, Row, RowKind, Settings

FOREIGN = "sev"
SEV_SUBSET = "replies of another model (sev)"


def needs_foreign(settings: Settings) -> str:
    """Why the other corpus cannot be read."""
    if FOREIGN not in readers():
        return f"there is no reader for {FOREIGN}"
    try:
        corpus_folder(FOREIGN, settings.data)
    except ThymosError as error:
        return str(error)
    return needs_local(settings)


def foreign(ctx: Context) -> list[Row]:
    """Probes of raw text and the bag of words, trained on posts, on texts that were written to express an emotion."""
    corpus = ctx.corpus(FOREIGN)
    if "generations" not in corpus.tables:
        return []
    table = corpus.tables["generations"]
    kept = table[(table["part"] == "test") & (table["match"] == 1)]
    drawn = kept.groupby("emotion").sample(frac=1, random_state=ctx.settings.seed)
    drawn = drawn.groupby("emotion").head(sizes(ctx.settings).foreign)
    texts, clusters = drawn["text"].tolist(), [item.rpartition("/")[0] for item in drawn["item"]]
    gold = drawn["emotion"].replace({"happiness": "joy"}).to_numpy(dtype=object)
    depth = best_depth(depth_tables(ctx, RAW), MLP)

    def compute() -> pd.DataFrame:
        tap = Tap(model_of(ctx.settings.model))
        place = places_of(tap)[depth]
        states = pooled_rows(tap, tap.encode(texts), [place])[LAST][place]
        train = data(ctx).train
        read = {probe_name(kind, RAW, depth): refit(ctx, RAW, depth, kind).predict(states) for kind in KINDS}
        words = text_floor(train.texts, train.labels, texts, costs=(float(words_table(ctx)["cost"].iloc[0]),))
        return pd.DataFrame({"gold": gold, WORDS: words.predictions, **read})

    found, scorer = ctx.table("foreign", compute), Scorer(ctx, (ctx.settings.seed,))
    note = (
        "texts of Llama-3.2-3B that another model accepted; six emotions, neutral is always wrong; "
        + corpus.sha256[:12]
    )
    rows = [
        scorer.mean(
            (found["gold"] == found[system]).to_numpy(float), system, kind, subset=SEV_SUBSET, note=note,
            clusters=clusters,
        )
        for system, kind in (
            (WORDS, RowKind.FLOOR),
            *((probe_name(own, RAW, depth), RowKind.SYSTEM) for own in KINDS),
        )
    ]  # fmt: skip
    return [Row.from_dict(row.to_dict() | {"guarantee": "other corpus", "split": "test"}) for row in rows]
