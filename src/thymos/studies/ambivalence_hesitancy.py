"""Is ambivalence or hesitancy seen in answers to seven questions, beyond which question was asked? (card 10)

BAH is the user's to bring: its arms (floors that always stand there, words, fusion of features of frames, adapting to a
participant) run where it is at hand. Everywhere, adapting to a person is tried on acted speech: an emotion task, and
called so.
"""

from thymos.studies._ambivalence_claims import CLAIMS, PLOTS
from thymos.studies._ambivalence_data import BAH, without_bah
from thymos.studies._ambivalence_frames import fusion_rows, without_frames
from thymos.studies._ambivalence_people import personalized, voices
from thymos.studies._ambivalence_text import floors, text_stream
from thymos.studies._stand_in_voices import VOICES
from thymos.studies.contract import Arm, RowKind, Study

STUDY = Study(
    slug="ambivalence_hesitancy",
    card=10,
    title="Ambivalence and hesitancy in answers to seven questions, and adapting to a person",
    question="Do words, and fused streams of face, sound and words, tell ambivalence from its absence beyond the "
    "number of the question, and does adapting to a person without labels help?",
    paper="BAH dataset for ambivalence/hesitancy recognition in videos for behavioural change, arXiv 2505.19328",
    corpora=(VOICES,),
    optional=(BAH,),
    headline=("macro_f1", "within_question_auc", "uar", "uar_gain", "macro_f1_gain", "roc_auc"),
    arms=(
        Arm("text floors", RowKind.FLOOR, floors, "Always A/H, length, question number, TF-IDF.", needs=without_bah),
        Arm("text", RowKind.SYSTEM, text_stream, "A frozen encoder, with and without the question.", needs=without_bah),
        Arm("fusion", RowKind.SYSTEM, fusion_rows, "Streams of frames alone and fused.", needs=without_frames),
        Arm("participants", RowKind.SYSTEM, personalized, "Adapting to each test participant.", needs=without_bah),
        Arm("voices", RowKind.SYSTEM, voices, "Adapting to actors: acted emotions, floor to oracle."),
    ),
    claims=CLAIMS,
    plots=PLOTS,
    decisions=(
        "The official v1 lists (616/110/392 videos) are the split; published tables are on v2 and never comparable.",
        (
            "Average precision has two definitions: the standard one, and the authors' trapezoid over 1,000 thresholds "
            "(swept). The area under the curve never stands without the mean area within questions."
        ),
        "Probabilities are cut at 0.5 everywhere; what is chosen (C, epoch) is chosen on development videos.",
        (
            "Fusion networks have the shapes of the benchmark code; their streams are precomputed features. The gate "
            "projects to 128 numbers a stream as the benchmark's network does (the card says 256, the default of its "
            "module). Cross-attention runs on the first two streams, as the benchmark does."
        ),
        (
            "The benchmark lays out the last self-attention of the two transformers along all frames of the batch, so "
            "that predictions depend on their neighbors in the batch; here it runs along the cross-attentions of one "
            "frame [inferred], and axis='batch' gives the released form."
        ),
        "A batch normalization does not see padding; gradients are clipped at norm 5 [ours].",
        (
            "Adaptation is transductive: a person's unlabeled items are those that are scored. Networks have a layer "
            "normalization in place of SHOT's batch normalization [ours]: people have few items. Controls are adapted "
            "to another person, which tells knowing the person from merely training on."
        ),
        (
            "Acted speech: every actor plays every emotion equally often, which favors methods that match whole "
            "distributions (MMD) or want all classes used (SHOT, NRC); people in BAH have few videos, unequally shared."
        ),
        "Published adaptation is at frame level, with a method by selected subjects besides; ours is by recording.",
    ),
)
