"""Tiny releases in the file layouts of the known corpora, with invented content: readers are tested on them."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from thymos.errors import BadInput
from thymos.testing.layouts import (
    answers,
    benchmarks,
    children,
    clips,
    conversations,
    dialogues,
    dyads,
    eeg,
    emotion_generations,
    emotion_tests,
    games,
    news,
    pictures,
    signals,
    support,
    taxonomies,
    texts,
    trials,
    voices,
    votes,
)

Writer = Callable[[Path, np.random.Generator], None]

# The first layout of a corpus is the official one.
WRITERS: Mapping[str, Mapping[str, Writer]] = {
    "affectnet": {"official": pictures.affectnet, "arrays": pictures.affectnet_arrays},
    "annomi": {"official": support.annomi},
    "armanemo": {"official": texts.armanemo},
    "bah": {"official": answers.bah, "features": answers.bah_features},
    "bigbench21": {"official": benchmarks.big_bench},
    "calmed": {"official": children.calmed},
    "ceap360vr": {"official": signals.ceap360vr},
    "ckplus": {"official": pictures.ckplus_sequences, "crops": pictures.ckplus},
    "cognitive_reframing": {"official": support.cognitive_reframing},
    "cremad_votes": {"official": votes.cremad, "audio": votes.cremad_audio},
    "crowd_envent": {"official": texts.crowd_envent, "windows_1252": texts.crowd_envent_windows},
    "dailydialog": {"official": conversations.dailydialog},
    "deap_features": {"official": eeg.deap_features},
    "diplomacy": {"official": games.diplomacy, "flat": games.diplomacy_flat},
    "dreamer": {"official": eeg.dreamer},
    "emobank": {"official": texts.emobank},
    "emodb": {"official": voices.emodb, "four_classes": voices.emodb_four},
    "emobench": {"official": emotion_tests.emobench},
    "emonet_taxonomy": {"official": taxonomies.emonet},
    "emonet_voice_bench": {"official": voices.emonet_voice_bench},
    "emorynlp": {"official": conversations.emorynlp, "tables": conversations.emorynlp_tables},
    "emoset": {"official": pictures.emoset},
    "emocause": {"official": dialogues.emocause},
    "empathetic_dialogues": {"official": dialogues.empathetic, "annotated": dialogues.empathetic_annotated},
    "epitome": {"official": support.epitome},
    "eqbench": {"official": emotion_tests.eqbench},
    "esc_preference_results": {"official": emotion_tests.esc_preference_results},
    "esconv": {"official": dialogues.esconv, "joined": dialogues.esconv_joined},
    "face_clips": {"official": clips.face_clips},
    "ferplus": {
        "official": votes.ferplus,
        "folders": votes.ferplus_folders,
        "pixels": votes.ferplus_pixels,
        "strips": votes.ferplus_strips,
    },
    "goemotions": {"official": texts.goemotions, "raw": texts.goemotions_raw},
    "gsm8k": {"official": benchmarks.word_problems},
    "iemocap": {"official": conversations.iemocap},
    "instruction_induction": {"official": benchmarks.instruction_induction},
    "jaffe": {"official": pictures.jaffe},
    "mahnob_features": {"official": eeg.mahnob_features},
    "manipulation_rct": {"official": trials.manipulation},
    "mdpe": {"official": answers.mdpe, "tables": answers.mdpe_tables},
    "meld": {"official": dialogues.meld},
    "mossbench": {"official": trials.mossbench, "flat": trials.mossbench_flat},
    "oasis": {"official": pictures.oasis},
    "omg_empathy": {"official": dyads.omg_empathy},
    "peld": {"official": dialogues.peld},
    "prc_emo_demonstrations": {"official": dialogues.demonstrations},
    "rafdb": {"official": pictures.rafdb},
    "ravdess": {"official": voices.ravdess, "flac": voices.ravdess_flac},
    "reasoning_sets": {"official": benchmarks.reasoning_sets},
    "reccon": {"official": emotion_tests.reccon},
    "ren20k": {"official": news.ren20k, "flat": news.ren20k_flat},
    "renh4k": {"official": news.renh4k, "headlines": news.renh4k_headlines},
    "semeval2007_affective_text": {
        "official": texts.affective_text,
        "individual": texts.affective_text_raters,
        "arrays": news.affective_text_arrays,
        "normalized": news.affective_text_normalized,
    },
    "sev": {"official": emotion_generations.sev},
    "simpleqa": {"official": benchmarks.simple_questions},
    "stress_predict": {"official": signals.stress_predict},
    "truthfulqa": {"official": benchmarks.truthful},
    "wesad": {"official": signals.wesad},
    "xstest": {"official": emotion_tests.xstest},
}


def layouts_of(slug: str) -> tuple[str, ...]:
    """The layouts that can be written for a corpus, the official one first."""
    if slug not in WRITERS:
        raise BadInput(f"there is no layout for corpus {slug!r}", mend=f"known: {', '.join(WRITERS)}")
    return tuple(WRITERS[slug])


def write_official_layout(slug: str, folder: str | Path, seed: int = 0, *, layout: str = "official") -> Path:
    """Write a tiny release of a corpus, with invented content.

    Args:
        slug: the corpus.
        folder: where to write; it is created, files in it are overwritten.
        seed: the same seed always writes the same files.
        layout: "official", or another name of ``layouts_of``.

    Returns:
        The folder.

    Example:
        >>> import tempfile
        >>> from thymos.corpora.registry import get_reader
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     len(get_reader("armanemo").read(write_official_layout("armanemo", folder)).items)
        56
    """
    known = layouts_of(slug)
    if layout not in known:
        raise BadInput(f"there is no layout {layout!r} for {slug!r}", mend=f"known: {', '.join(known)}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    WRITERS[slug][layout](folder, np.random.default_rng(seed))
    return folder
