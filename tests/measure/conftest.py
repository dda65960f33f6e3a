"""Property tests here may run on a machine that is busy with other work, so single examples have no deadline."""

from hypothesis import settings

settings.register_profile("measure", deadline=None, max_examples=50)
settings.load_profile("measure")
