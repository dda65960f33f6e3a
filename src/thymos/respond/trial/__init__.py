"""Controlled trials: plan, randomization, log, registered analysis, power; validated on simulated trials."""

from thymos.respond.trial.analysis import Effect, TrialResult, analyze_trial
from thymos.respond.trial.event_log import EventLog, TrialEvent
from thymos.respond.trial.plan import Arm, Outcome, TrialPlan, parse_plan, read_plan
from thymos.respond.trial.randomization import Randomizer, imbalance
from thymos.respond.trial.simulation import Power, power_by_simulation, simulate_trial

__all__ = [
    "Arm",
    "Effect",
    "EventLog",
    "Outcome",
    "Power",
    "Randomizer",
    "TrialEvent",
    "TrialPlan",
    "TrialResult",
    "analyze_trial",
    "imbalance",
    "parse_plan",
    "power_by_simulation",
    "read_plan",
    "simulate_trial",
]
