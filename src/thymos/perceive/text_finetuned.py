"""Fine-tuning any Hugging Face encoder on labeled texts with ``transformers.Trainer``.

Defaults are those of the field for small sets [inferred]: AdamW, warm-up over a tenth of the steps, linear decay,
class weights, a stratified tenth of the training set as development part, the epoch with the best development macro
F1. Checkpoints allow an interrupted fit to go on; the result is saved as safetensors.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset
from transformers import AutoTokenizer, EvalPrediction, PrinterCallback, Trainer, TrainingArguments, set_seed
from transformers.trainer_utils import get_last_checkpoint

from thymos.errors import BadInput
from thymos.files import canonical_json, text_sha256
from thymos.language.encoders import TransformerEncoder
from thymos.language.folders import LOADING_ERRORS, quiet_transformers
from thymos.language.load import load_encoder
from thymos.measure.registry import score_function
from thymos.perceive.encoder_classifier import (
    EncoderClassifier,
    lower_states,
    padded_states,
    padded_tokens,
    upper_model,
)
from thymos.perceive.prior_shift import Calibration, fit_bias_corrected_temperature
from thymos.perceive.recognizer import Codes, Floats, TextRecognizer
from thymos.perceive.text_linear import text_folds
from thymos.perceive.text_persian import PersianNormalizer

WEIGHT_DECAY = 0.01
WARMUP = 0.1
EVALUATION_BATCH = 64
HEAD_LEARNING_RATE = 1e-3
MODEL_FOLDER = "model"


class FineTunedTextRecognizer(TextRecognizer):
    """An encoder that is tuned together with a linear head.

    Args:
        encoder: a folder, ``"hf:org/name"``, ``"multilingual-e5"`` or ``"minilm"``.
        normalizer: applied to every text first.
        pooling: ``"mean"`` over the tokens or ``"first"`` token.
        max_tokens: longer texts are cut off.
        learning_rate: of the encoder; 2e-5 suits models of 100 million parameters and more, 1e-4 small ones.
        epochs: passes over the training part.
        batch_size: texts a step.
        frozen_layers: this many lower layers stay as they are and are computed once.
        class_weights: weigh classes by the inverse of their frequency.
        development_share: share of the texts that is held out to choose the epoch and to calibrate.
        checkpoints: folder for checkpoints of an interrupted fit; empty keeps none. A fit with other data or
            parameters uses its own subfolder.
        device: ``"auto"`` (CUDA where there is one) or ``"cpu"``.
        seed: of the split, the head and the batches.

    Attributes:
        model_: the tuned EncoderClassifier.
        tokenizer_: the encoder's tokenizer.
        development_: macro F1 on the development part after each epoch.
        held_out_index_: positions of the training items that were held out.
        held_out_: their calibrated probabilities.
        calibration_: temperature and biases, fitted on the development part.
    """

    def __init__(
        self,
        *,
        encoder: str = "multilingual-e5",
        normalizer: PersianNormalizer | None = None,
        pooling: str = "mean",
        max_tokens: int = 128,
        learning_rate: float = 2e-5,
        epochs: int = 4,
        batch_size: int = 16,
        frozen_layers: int = 0,
        class_weights: bool = True,
        development_share: float = 0.1,
        checkpoints: str = "",
        device: str = "auto",
        seed: int = 0,
    ) -> None:
        self.encoder = encoder
        self.normalizer = normalizer
        self.pooling = pooling
        self.max_tokens = max_tokens
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.frozen_layers = frozen_layers
        self.class_weights = class_weights
        self.development_share = development_share
        self.checkpoints = checkpoints
        self.device = device
        self.seed = seed

    def _fit(self, texts: list[str], codes: Codes) -> None:
        self._check_parameters()
        texts = self._normalized(texts)
        train, development = development_split(texts, codes, self.development_share, self.seed)
        set_seed(self.seed)
        loaded = transformer_encoder(self.encoder, self.device)
        self.tokenizer_, self.prefix_ = loaded.tokenizer, loaded.prefix
        self.model_ = EncoderClassifier.around(loaded.model, len(self.classes_), pooling=self.pooling)
        self.model_.to(loaded.model.device)
        if self.class_weights:
            counts = np.bincount(codes[train], minlength=len(self.classes_))
            self.model_.class_weights = torch.tensor(len(train) / (len(counts) * counts), dtype=torch.float32)
        tokens = self._tokens(texts)
        tuned, inputs = self._trainable(tokens)
        parts = [TokenDataset([inputs[i] for i in part], codes[part]) for part in (train, development)]
        with checkpoint_folder(self._checkpoint_path(texts, codes)) as folder:
            trainer = self._trainer(tuned, parts, Path(folder))
            with quiet_transformers():
                trainer.train(resume_from_checkpoint=usable_checkpoint(folder))
            self.development_ = [
                float(entry["eval_macro_f1"]) for entry in trainer.state.log_history if "eval_macro_f1" in entry
            ]
        logits = self._logits(tuned, [inputs[i] for i in development])
        self.model_.eval()
        self.calibration_ = fit_bias_corrected_temperature(logits, codes[development])
        self.held_out_index_ = development
        self.held_out_ = self.calibration_(logits)

    def _predict_proba(self, texts: list[str]) -> Floats:
        return self.calibration_(self._logits(self.model_, self._tokens(self._normalized(texts))))

    def _normalized(self, texts: list[str]) -> list[str]:
        return texts if self.normalizer is None else self.normalizer.all(texts)

    def _tokens(self, texts: Sequence[str]) -> list[Any]:
        with_prefix = [self.prefix_ + text for text in texts]
        found: list[Any] = self.tokenizer_(with_prefix, truncation=True, max_length=self.max_tokens)["input_ids"]
        return found

    def _trainable(self, tokens: list[Any]) -> tuple[EncoderClassifier, list[Any]]:
        """The model that is trained and its inputs: tokens, or states where lower layers are frozen."""
        if not self.frozen_layers:
            return self.model_, tokens
        full = self.model_.encoder
        states = lower_states(full, self.frozen_layers, tokens, self.tokenizer_.pad_token_id or 0)
        tuned = EncoderClassifier(self.model_.config, upper_model(full, self.frozen_layers))
        # The same head and layers in both: training the upper model trains the whole one.
        tuned.head, tuned.class_weights = self.model_.head, self.model_.class_weights
        return tuned.to(full.device), states

    def _collate(self, rows: Sequence[dict[str, Any]]) -> dict[str, torch.Tensor]:
        inputs = collated([row["input_ids"] for row in rows], self.tokenizer_.pad_token_id or 0)
        return {**inputs, "labels": torch.tensor([row["labels"] for row in rows])}

    def _trainer(self, model: EncoderClassifier, parts: Sequence["TokenDataset"], folder: Path) -> Trainer:
        arguments = TrainingArguments(
            output_dir=str(folder),
            num_train_epochs=self.epochs,
            per_device_train_batch_size=self.batch_size,
            per_device_eval_batch_size=EVALUATION_BATCH,
            learning_rate=self.learning_rate,
            weight_decay=WEIGHT_DECAY,
            warmup_steps=WARMUP,
            train_sampling_strategy="group_by_length",
            eval_strategy="epoch",
            save_strategy="epoch",
            save_total_limit=2,
            load_best_model_at_end=True,
            metric_for_best_model="macro_f1",
            logging_strategy="no",
            report_to=[],
            remove_unused_columns=False,
            disable_tqdm=True,
            dataloader_pin_memory=False,
            use_cpu=self.device == "cpu",
            seed=self.seed,
            data_seed=self.seed,
        )
        head = list(model.head.parameters())
        others = [parameter for parameter in model.encoder.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(
            [
                {"params": others, "lr": self.learning_rate},
                {"params": head, "lr": max(self.learning_rate, HEAD_LEARNING_RATE)},
            ],
            weight_decay=WEIGHT_DECAY,
        )
        trainer = Trainer(
            model=model,
            args=arguments,
            data_collator=self._collate,
            train_dataset=parts[0],
            eval_dataset=parts[1],
            compute_metrics=macro_f1_of,
            optimizers=(optimizer, None),
        )
        trainer.remove_callback(PrinterCallback)
        return trainer

    def _logits(self, model: EncoderClassifier, inputs: Sequence[Any]) -> Floats:
        model.eval()
        logits = np.zeros((len(inputs), len(self.classes_)))
        order = sorted(range(len(inputs)), key=lambda index: -len(inputs[index]))
        for start in range(0, len(order), EVALUATION_BATCH):
            chosen = order[start : start + EVALUATION_BATCH]
            batch = collated([inputs[index] for index in chosen], self.tokenizer_.pad_token_id or 0)
            with torch.inference_mode():
                output = model(**{key: value.to(model.device) for key, value in batch.items()})
            logits[chosen] = output.logits.float().cpu().numpy()
        return logits

    def _checkpoint_path(self, texts: list[str], codes: Codes) -> Path | None:
        if not self.checkpoints:
            return None
        parameters = {key: repr(value) for key, value in self.get_params(deep=False).items() if key != "checkpoints"}
        identity = canonical_json([parameters, texts, codes.tolist()])
        return Path(self.checkpoints) / text_sha256(identity)[:16]

    def _check_parameters(self) -> None:
        where = type(self).__name__
        if not 0 < self.development_share < 1:
            raise BadInput(f"development_share is {self.development_share}", where=where, mend="use e.g. 0.1")
        if self.epochs < 1 or self.batch_size < 1 or self.learning_rate <= 0 or self.max_tokens < 8:
            raise BadInput("epochs, batch_size, learning_rate and max_tokens must be positive", where=where)

    # -- saving ---------------------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
        values = {
            "temperature": self.calibration_.temperature,
            "development": list(self.development_),
            "prefix": self.prefix_,
        }
        return values, {"bias": self.calibration_.bias}

    def _restore(self, values: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> None:
        self.calibration_ = Calibration(float(values["temperature"]), arrays["bias"])
        self.development_ = [float(score) for score in values["development"]]
        self.prefix_ = str(values["prefix"])

    def _save_files(self, folder: Path) -> None:
        def write(target: Path) -> None:
            self.model_.save_pretrained(target)
            self.tokenizer_.save_pretrained(target)

        with quiet_transformers():
            replace_folder(folder / MODEL_FOLDER, write)

    def _load_files(self, folder: Path) -> None:
        try:
            with quiet_transformers():
                self.tokenizer_ = AutoTokenizer.from_pretrained(folder / MODEL_FOLDER, local_files_only=True)
                self.model_ = EncoderClassifier.from_pretrained(
                    folder / MODEL_FOLDER, local_files_only=True, use_safetensors=True
                ).eval()
        except LOADING_ERRORS as error:
            raise BadInput(
                f"the tuned model cannot be loaded ({str(error).splitlines()[0]})",
                where=folder / MODEL_FOLDER,
                mend="save the recognizer again",
            ) from error


class TokenDataset(Dataset):
    """Inputs (token ids, or states with one row a token) with label codes."""

    def __init__(self, inputs: Sequence[Any], codes: Codes) -> None:
        self.inputs = inputs
        self.codes = codes

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, index: int) -> dict[str, Any]:
        # The name is the one by which the Trainer looks for lengths; states have one row a token, so len() is right.
        return {"input_ids": self.inputs[index], "labels": int(self.codes[index])}


def collated(inputs: Sequence[Any], pad_id: int) -> dict[str, torch.Tensor]:
    """A padded batch of token ids or of states."""
    if isinstance(inputs[0], np.ndarray):
        states, mask = padded_states(inputs)
        return {"inputs_embeds": states, "attention_mask": mask}
    tokens, mask = padded_tokens(inputs, pad_id)
    return {"input_ids": tokens, "attention_mask": mask}


def macro_f1_of(prediction: EvalPrediction) -> dict[str, float]:
    """Macro F1 of the Trainer's predictions."""
    gold, logits = np.asarray(prediction.label_ids), np.asarray(prediction.predictions)
    return {"macro_f1": score_function("macro_f1")(gold, logits.argmax(axis=1))}


def development_split(
    texts: Sequence[str], codes: Codes, share: float, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(train, development) positions: about ``share`` of the texts, stratified, equal texts on one side."""
    return text_folds(texts, codes, max(2, round(1 / share)), seed)[0]


def transformer_encoder(spec: str, device: str) -> TransformerEncoder:
    """A freshly loaded encoder, so that tuning it changes no other."""
    encoder = load_encoder(spec, cache=None, device=device)
    if not isinstance(encoder, TransformerEncoder):
        raise BadInput(f"encoder {spec!r} cannot be tuned", mend="name a transformers encoder")
    return encoder


@contextlib.contextmanager
def checkpoint_folder(path: Path | None) -> Iterator[str]:
    """The folder for checkpoints: the given one, kept when the work is interrupted, or a temporary one."""
    if path is None:
        with tempfile.TemporaryDirectory() as name:
            yield name
        return
    path.mkdir(parents=True, exist_ok=True)
    yield str(path)
    # Reached only when the work went through: the finished model is kept by whoever asked for it.
    shutil.rmtree(path, ignore_errors=True)


def usable_checkpoint(folder: str) -> str | None:
    """The newest checkpoint that was written whole: the Trainer writes its state file last."""
    while (newest := get_last_checkpoint(folder)) is not None:
        if (Path(newest) / "trainer_state.json").is_file():
            return newest
        shutil.rmtree(newest)
    return None


def replace_folder(target: Path, write: Callable[[Path], None]) -> None:
    """Write a folder under a temporary name and put it in the place of an older one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as name:
        fresh = Path(name) / target.name
        write(fresh)
        if target.exists():
            target.rename(Path(name) / "old")
        fresh.rename(target)
