"""From a short text to a language model: embedded, a folder, a Hugging Face id, or an endpoint."""

from pathlib import Path

from thymos.errors import BadInput
from thymos.language import embedded
from thymos.language.model import LanguageModel


def load_language_model(spec: str = "embedded", *, device: str = "auto", dtype: str = "float32") -> LanguageModel:
    """Load a language model."""
    from thymos.language.local import load_local

    if spec == "embedded":
        found = embedded.smollm2()
        return load_local(found.path, name=found.name, identity=found.identity, device=device, dtype=dtype)
    folder = Path(spec).expanduser()
    if folder.is_dir():
        return load_local(
            folder, name=folder.name, identity=embedded.folder_identity(folder), device=device, dtype=dtype
        )
    raise BadInput(f"unknown language model {spec!r}", mend="use 'embedded' or a folder")
