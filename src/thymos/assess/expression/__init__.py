"""Which emotion a model's text expresses: judges, and how far they agree with other judges."""
