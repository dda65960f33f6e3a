"""Who gets which arm: drawn by seed, balanced in blocks within strata, and only told one at a time."""

from collections.abc import Mapping, Sequence

import numpy as np

from thymos.errors import BadInput
from thymos.files import text_sha256
from thymos.respond.trial.plan import TrialPlan


class Randomizer:
    """Gives arms to participants in the order in which they come.

    The list of a stratum depends on plan, seed and stratum only, so the same trial can be checked afterwards; nobody
    who enrolls people should see the seed.

    Args:
        plan: of the trial.
        seed: keep it secret until the end.
    """

    def __init__(self, plan: TrialPlan, seed: int) -> None:
        self.plan, self.seed = plan, seed

    def arm(self, place: int, stratum: Mapping[str, str] | None = None) -> str:
        """The arm of the participant at a place, from 0, within a stratum.

        Raises:
            BadInput: a stratum that is not in the plan.
        """
        return self.arms(place + 1, stratum)[place]

    def arms(self, count: int, stratum: Mapping[str, str] | None = None) -> list[str]:
        """The first arms of a stratum."""
        rng = np.random.default_rng(
            int(text_sha256(f"{self.plan.hash}/{self.seed}/{self.key(stratum or {})}")[:15], 16)
        )
        names = [arm.name for arm in self.plan.arms for _ in range(arm.share)]
        found: list[str] = []
        while len(found) < count:
            if self.plan.allocation == "simple":
                found.append(names[int(rng.integers(len(names)))])
                continue
            size = self.plan.blocks[int(rng.integers(len(self.plan.blocks)))]
            block = names * (size // len(names))
            found += [block[place] for place in rng.permutation(size)]
        return found[:count]

    def key(self, stratum: Mapping[str, str]) -> str:
        """The name of a stratum; BadInput for one that is not in the plan."""
        if set(stratum) != set(self.plan.strata):
            raise BadInput(f"strata are {', '.join(self.plan.strata) or 'none'}", where="stratum")
        for name, value in stratum.items():
            if value not in self.plan.strata[name]:
                raise BadInput(
                    f"{name} is {value!r}", where="stratum", mend=f"use one of: {', '.join(self.plan.strata[name])}"
                )
        return "/".join(f"{name}={stratum[name]}" for name in sorted(stratum))


def imbalance(arms: Sequence[str], plan: TrialPlan) -> float:
    """Largest difference between two arms' counts, each divided by its share."""
    counts = [sum(one == arm.name for one in arms) / arm.share for arm in plan.arms]
    return max(counts) - min(counts)
