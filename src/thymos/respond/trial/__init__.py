"""Controlled trials: plan, randomization, log, registered analysis, power; validated on simulated trials."""

from thymos.respond.trial.analysis import Effect, TrialResult, analyze_trial
from thymos.respond.trial.book import TrialBook
from thymos.respond.trial.event_log import EventLog, TrialEvent
from thymos.respond.trial.participants import Participant, participants_of, trial_data
from thymos.respond.trial.plan import Analysis, Arm, Outcome, TrialPlan, parse_plan, read_plan
from thymos.respond.trial.power import Power, ancova_power, power_by_simulation
from thymos.respond.trial.randomization import Randomizer, imbalance
from thymos.respond.trial.screens import consent_screen, debrief_screen
from thymos.respond.trial.simulation import Scenario, SimulatedTrial, simulate, simulate_trial

__all__ = [
    "Analysis",
    "Arm",
    "Effect",
    "EventLog",
    "Outcome",
    "Participant",
    "Power",
    "Randomizer",
    "Scenario",
    "SimulatedTrial",
    "TrialBook",
    "TrialEvent",
    "TrialPlan",
    "TrialResult",
    "analyze_trial",
    "ancova_power",
    "consent_screen",
    "debrief_screen",
    "imbalance",
    "parse_plan",
    "participants_of",
    "power_by_simulation",
    "read_plan",
    "simulate",
    "simulate_trial",
    "trial_data",
]
