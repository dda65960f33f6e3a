"""Learning from every rater: targets by aggregation rule, losses, temperatures, and one head a rater."""
