"""Do features of answers, and vectors of the person, tell lies from truth, or who speaks? (card 24)

MDPE is the user's to bring, and so is Diplomacy (lies of players, CC BY 4.0): their arms run where they are at hand.
What the released protocol gives away, persons in both parts, vectors that identify them, epochs picked on what is
reported, is measured everywhere on acted speech: an emotion task, and called so. Nobody's honesty can be read from
these scores: chance is stated beside every one of them.
"""

from thymos.studies._deception_answers import MDPE, answers, without_mdpe
from thymos.studies._deception_claims import CLAIMS, PLOTS
from thymos.studies._deception_messages import DIPLOMACY, messages, without_diplomacy
from thymos.studies._deception_voices import voices
from thymos.studies._stand_in_voices import VOICES
from thymos.studies.contract import Arm, RowKind, Study

STUDY = Study(
    slug="deception",
    card=24,
    title="Lies told by pooled features and vectors of the person, and what shared persons give away",
    question="Do pooled features with personality and emotion vectors detect lies when subjects are apart, and how "
    "much of the released protocol's score is memory of persons?",
    paper="MDPE: a multimodal deception dataset with personality and emotional characteristics, arXiv 2407.12274",
    corpora=(VOICES,),
    optional=(MDPE, DIPLOMACY),
    headline=("uar", "uar_gain", "lie_f1", "macro_f1", "macro_f1_gain", "roc_auc"),
    arms=(
        Arm("voices", RowKind.FLOOR, voices, "Both protocols on acted emotions, with the floor and the leak gaps."),
        Arm(
            "answers", RowKind.SYSTEM, answers, "MDPE: sets, fusion, questionnaires, two protocols.", needs=without_mdpe
        ),
        Arm(
            "messages",
            RowKind.SYSTEM,
            messages,
            "Diplomacy: text, side vector, bags of words; games apart.",
            needs=without_diplomacy,
        ),
    ),
    claims=CLAIMS,
    plots=PLOTS,
    decisions=(
        "Split 'released' as the benchmark code draws it; its test part is the part on which epochs are compared.",
        "Subjects apart: five folds of subjects; both protocols are scored on the same answers, so the gap is paired.",
        (
            "The released batches pool over padding and sort every modality by its own length, so that rows of "
            "modalities do not belong together; here a vector is the mean of real frames of its own answer."
        ),
        "Inputs are standardized on training items [ours]; the release takes features as they are.",
        (
            "On MDPE the head has the released constants and stops on the training loss; on acted speech it has at "
            "most 60 epochs at rate 5e-4; on Diplomacy it stops on the development loss, classes balanced."
        ),
        (
            "Diplomacy: the official test part is two games, so one game after the other is left out besides; the next "
            "game chooses epoch and threshold. Lexical counts are ours, not the authors' lexicon."
        ),
        (
            "Acted speech: two recordings of each emotion and actor are held out, shuffled with the actor's number as "
            "seed; the vector of a person is 60 random numbers, which carry identity and nothing else. With persons "
            "shared an actor's other readings of the same sentence are in training, too: that is part of the gap."
        ),
    ),
)
