"""What participants read before they agree and at the end, as plain text: the same words wherever it is shown."""

from thymos.respond.trial.plan import Arm, TrialPlan

PARTS = {
    "companion": "talk with a computer program",
    "exercises": "do written exercises",
    "practice": "practice conversations",
    "questionnaires": "fill in questionnaires",
}
LEAVING = (
    "You may leave at any time, without giving a reason. You then choose whether what you gave so far is kept "
    "without your name or deleted."
)


def uses_in_words(arm: Arm) -> str:
    """What an arm may use."""
    return ", ".join(PARTS[part] for part in arm.uses) or "nothing beyond the questions"


def consent_screen(plan: TrialPlan) -> str:
    """What is asked, by chance in which group, what is measured when, how to leave; then the plan's own text."""
    groups = "\n".join(f"- {uses_in_words(arm)}" for arm in plan.arms)
    measures = "\n".join(f"- {one.title}" for one in plan.outcomes)
    parts = [
        plan.title,
        plan.question,
        f"If you agree, chance decides in which of these groups you are:\n{groups}",
        f"At each of {len(plan.times)} times ({', '.join(plan.times)}) you are asked about:\n{measures}",
        plan.consent.strip(),
        LEAVING,
        plan.safety.strip(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def debrief_screen(plan: TrialPlan, arm: str) -> str:
    """What the trial was about, and in which group the reader was."""
    own = f"You were in the group {arm!r}: {uses_in_words(plan.arm(arm))}."
    return "\n\n".join(part for part in (plan.title, plan.debrief.strip(), own, plan.safety.strip()) if part) + "\n"
