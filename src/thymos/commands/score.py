"""``thymos score`` and ``thymos compare``: a user's own predictions against rater-level annotations."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from thymos.files import write_atomically

if TYPE_CHECKING:
    from thymos.io.loading import Reading

Annotation = Annotated[
    Path,
    typer.Argument(help="Ratings: CSV, TSV, Parquet, EmotionML or an audformat folder; long or one column a rater."),
]
GroupOption = Annotated[
    list[str] | None,
    typer.Option("--group", help="Column about the items (speaker, sex): scores and gap by its values."),
]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster", help="Column whose values are drawn whole for the intervals (default: first --group of 10+)."
    ),
]
RuleOption = Annotated[
    str | None, typer.Option(help="How ratings become a reference: plurality, majority, all_inclusive or mean.")
]
TrainOption = Annotated[
    Path | None, typer.Option("--train", help="Annotations of the training items: honest floors and leakage checks.")
]
TextOption = Annotated[
    str | None, typer.Option("--text", help="Column with the items' text: repeated texts, text floor.")
]
MetricOption = Annotated[list[str] | None, typer.Option("--metric", help="Only these metrics (repeat the option).")]
SchemeOption = Annotated[str | None, typer.Option("--scheme", help="Which scheme, when the annotations have several.")]
KindOption = Annotated[
    str | None, typer.Option("--kind", help="What the ratings are: categorical, multilabel, ordinal, dimensional.")
]
LabelsOption = Annotated[str | None, typer.Option("--labels", help="All legal labels, divided by commas.")]
LayoutOption = Annotated[str, typer.Option("--layout", help="auto, long, wide or counts (one column a label).")]
ItemOption = Annotated[str, typer.Option("--item", help="Column of the item ids, in both files.")]
RaterOption = Annotated[str, typer.Option("--rater", help="Column of the rater in long annotations.")]
ValueOption = Annotated[str | None, typer.Option("--value", help="Column of the rating in long annotations.")]
RatersOption = Annotated[
    str | None, typer.Option("--raters", help="Columns of the raters in wide annotations, by commas.")
]
PredictionOption = Annotated[str | None, typer.Option("--prediction", help="Column of the answer in the predictions.")]
MissOption = Annotated[str | None, typer.Option("--miss", help="A predicted label that means 'no answer'.")]
DelimiterOption = Annotated[
    str | None, typer.Option("--delimiter", help="Of CSV files; default a comma (.tsv: a tab).")
]
EncodingOption = Annotated[str, typer.Option("--encoding", help="Of CSV files.")]
PurposeOption = Annotated[
    str | None, typer.Option("--purpose", help="What the result is for; hiring, schooling and policing are refused.")
]
JsonOption = Annotated[Path | None, typer.Option("--json", help="Write everything as JSON; '-' prints it.")]
HtmlOption = Annotated[Path | None, typer.Option("--html", help="Write a self-contained HTML page.")]
ResamplesOption = Annotated[int, typer.Option("--resamples", min=100, help="Bootstrap samples of every interval.")]
SeedOption = Annotated[int, typer.Option("--seed", help="Of every random number.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("score")(score)
    app.command("compare")(compare)


def score(
    predictions: Annotated[
        Path, typer.Argument(help="Predictions: item and label, or item and one probability a class, or numbers.")
    ],
    annotations: Annotation,
    group: GroupOption = None,
    cluster: ClusterOption = None,
    rule: RuleOption = None,
    train: TrainOption = None,
    text: TextOption = None,
    metric: MetricOption = None,
    scheme: SchemeOption = None,
    kind: KindOption = None,
    labels: LabelsOption = None,
    layout: LayoutOption = "auto",
    item: ItemOption = "item",
    rater: RaterOption = "rater",
    value: ValueOption = None,
    raters: RatersOption = None,
    prediction: PredictionOption = None,
    miss: MissOption = None,
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = "utf-8",
    purpose: PurposeOption = None,
    json_file: JsonOption = None,
    html: HtmlOption = None,
    resamples: ResamplesOption = 10_000,
    seed: SeedOption = 0,
) -> None:
    """Score predictions against every rater's votes: with floor, human ceiling, interval, calibration, group gaps
    and leakage warnings.

    Examples:

        thymos score predictions.csv votes.csv

        thymos score probabilities.parquet votes.csv --group speaker --train train_votes.csv --text transcript

        thymos score valence.csv ratings.csv --kind dimensional --html valence.html

        thymos score predictions.csv wide.csv --raters anna,ben,chloe --rule majority --json result.json
    """
    from thymos.commands.evaluation_tables import print_evaluation
    from thymos.io.loading import load_predictions
    from thymos.measure.evaluation import evaluate

    reading = _reading(locals())
    rated, training, training_sha256 = _annotations(annotations, train, reading, purpose)
    with Console(stderr=True).status("reading") as status:
        evaluation = evaluate(
            load_predictions(predictions, rated.annotations.scheme(), reading),
            rated.annotations,
            rule=rule,
            items=rated.items,
            groups=group or (),
            clusters=cluster,
            training=training,
            metrics=metric,
            annotations_sha256=rated.sha256,
            training_sha256=training_sha256,
            resamples=resamples,
            seed=seed,
            notes=rated.notes,
            progress=status.update,
        )
    if html is not None:
        from thymos.report.evaluation_page import write_evaluation_page

        write_evaluation_page(evaluation, html)
    _finish(evaluation.to_dict(), json_file, html, lambda console: print_evaluation(evaluation, console))


def compare(
    first: Annotated[Path, typer.Argument(help="Predictions of system A.")],
    second: Annotated[Path, typer.Argument(help="Predictions of system B.")],
    annotations: Annotation,
    group: GroupOption = None,
    cluster: ClusterOption = None,
    rule: RuleOption = None,
    metric: MetricOption = None,
    scheme: SchemeOption = None,
    kind: KindOption = None,
    labels: LabelsOption = None,
    layout: LayoutOption = "auto",
    item: ItemOption = "item",
    rater: RaterOption = "rater",
    value: ValueOption = None,
    raters: RatersOption = None,
    prediction: PredictionOption = None,
    miss: MissOption = None,
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = "utf-8",
    purpose: PurposeOption = None,
    json_file: JsonOption = None,
    html: HtmlOption = None,
    resamples: ResamplesOption = 10_000,
    seed: SeedOption = 0,
) -> None:
    """Compare two systems on the same items: paired differences with intervals, corrected for several metrics.

    Examples:

        thymos compare baseline.csv ours.csv votes.csv

        thymos compare baseline.csv ours.csv votes.csv --group speaker --metric uar --metric accuracy
    """
    from thymos.commands.evaluation_tables import print_comparison
    from thymos.io.loading import load_predictions
    from thymos.measure.comparison import compare as compare_systems

    text = None
    reading = _reading(locals())
    rated, _, _ = _annotations(annotations, None, reading, purpose)
    names = (first.stem, second.stem) if first.stem != second.stem else (str(first), str(second))
    own = rated.annotations.scheme()
    with Console(stderr=True).status("reading") as status:
        comparison = compare_systems(
            load_predictions(first, own, reading, name=names[0]),
            load_predictions(second, own, reading, name=names[1]),
            rated.annotations,
            rule=rule,
            items=rated.items,
            groups=group or (),
            clusters=cluster,
            metrics=metric,
            annotations_sha256=rated.sha256,
            resamples=resamples,
            seed=seed,
            progress=status.update,
        )
    if html is not None:
        from thymos.report.evaluation_page import write_comparison_page

        write_comparison_page(comparison, html)
    _finish(comparison.to_dict(), json_file, html, lambda console: print_comparison(comparison, console))


def _reading(options: dict[str, Any]) -> "Reading":
    from thymos.errors import BadInput
    from thymos.io.loading import Reading
    from thymos.io.tables import LAYOUTS, Columns

    def listed(name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in options[name].split(",")) if options[name] else ()

    if options["layout"] not in LAYOUTS:
        raise BadInput(f"unknown layout {options['layout']!r}", mend=f"known: {', '.join(LAYOUTS)}")
    about = tuple(dict.fromkeys([*(options["group"] or ()), *([options["cluster"]] if options["cluster"] else [])]))
    columns = Columns(options["item"], options["rater"], options["value"], listed("raters"), about, options["text"])
    return Reading(
        columns, options["layout"], options["kind"], listed("labels"), options["scheme"], options["prediction"],
        options["miss"], options["delimiter"], options["encoding"],
    )  # fmt: skip


def _annotations(path: Path, train: Path | None, reading: "Reading", purpose: str | None) -> tuple[Any, Any, Any]:
    """The annotations, the training material and its hash."""
    from thymos.errors import BadInput
    from thymos.io.loading import align, load_annotations
    from thymos.measure.bounds import Training

    if purpose is not None:
        from thymos.corpora.card import check_intended_use

        check_intended_use(purpose)
    rated = load_annotations(path, reading)
    training, sha256 = None, None
    if train is not None:
        rated, learned = align(rated, load_annotations(train, reading))
        training, sha256 = Training(learned.annotations, learned.items), learned.sha256
    scheme = rated.annotations.scheme()
    if scheme.is_nominal and len(scheme.classes) == 1:
        # Said here, because the next complaint would be that the predictions use an unknown label.
        raise BadInput(
            f"every rating is {scheme.classes[0]!r}: a single class cannot be scored",
            where=path,
            mend="use ratings of at least two classes, or name all legal labels",
        )
    return rated, training, sha256


def _finish(result: dict[str, Any], json_file: Path | None, html: Path | None, show: Any) -> None:
    if str(json_file) == "-":
        print(json.dumps(result, ensure_ascii=False, indent=1, allow_nan=False))
        return
    console = Console()
    show(console)
    if json_file is not None:
        write_atomically(json_file, json.dumps(result, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
        console.print(f"JSON: {json_file}", highlight=False, soft_wrap=True)
    if html is not None:
        console.print(f"HTML: {html}", highlight=False, soft_wrap=True)
