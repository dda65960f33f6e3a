"""``thymos score`` and ``thymos compare``: a user's own predictions against rater-level annotations."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from thymos.files import write_atomically

if TYPE_CHECKING:
    from thymos.io.loading import Reading
    from thymos.measure.comparison import Comparison
    from thymos.measure.evaluation import Evaluation, Result

# Narrow enough for a terminal of 80 columns.
TABLE: dict[str, Any] = {"title_justify": "left", "box": box.SIMPLE_HEAD, "padding": 0, "pad_edge": False}

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


def _span(value: float, low: float | None, high: float | None) -> str:
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} [{low:.3f}, {high:.3f}]"


def _of(score: Any) -> str:
    return _span(score.value, score.low, score.high)


def print_evaluation(evaluation: "Evaluation", console: Console) -> None:
    """The terminal form: first line, scores between floor and ceiling, groups, warnings."""
    console.print(escape(evaluation.headline), style="bold", highlight=False)
    coverage = evaluation.coverage
    kept = ", ".join(f"{rule} keeps {count}" for rule, count in coverage.kept.items())
    console.print(
        f"{coverage.scored} of {coverage.annotated} annotated items scored by {evaluation.rule} ({kept})",
        style="dim",
        highlight=False,
    )
    title = f"{evaluation.system} ({evaluation.provenance.guarantee})"
    table = Table(title=escape(title), **TABLE)
    several = len({result.subset for result in evaluation.results}) > 1
    table.add_column("metric", no_wrap=True)
    for name in ("score [95 % interval]", "floor", "human", "over the floor", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    for result in evaluation.results:
        table.add_row(*_row(result, several))
    floors = "; ".join(dict.fromkeys(result.floor.name for result in evaluation.results))
    table.caption = escape(f"floor: the best of the trivial systems ({floors}). human: one rater. ↓: lower is better")
    table.caption_justify = "left"
    console.print(table)
    if evaluation.calibration is not None:
        found = evaluation.calibration
        direction = "too sure" if found.overconfidence > 0 else "not sure enough"
        console.print(
            f"calibration error {escape(_of(found.ece))}: {direction} by {abs(found.overconfidence):.3f} on average",
            highlight=False,
        )
    for one in evaluation.agreement:
        shown = f"{one.value:.3f}" if one.value is not None else f"- ({one.note})"
        subset = "" if one.subset == "all" else f" of {one.subset}"
        who = f"{one.raters} raters" if one.identified else "unknown raters"
        console.print(
            escape(f"agreement{subset}: {one.measure} {shown}, {who}, {one.ratings_per_item:.1f} ratings an item"),
            highlight=False,
        )
    for gap in evaluation.groups:
        console.print(_group_table(gap))
    for finding in evaluation.findings:
        style = "yellow" if finding.level == "warning" else "dim"
        console.print(escape(f"{finding.level}: {finding.text}"), style=style, highlight=False)


def _row(result: "Result", several: bool) -> list[str]:
    name = result.metric if not several or result.subset == "all" else f"{result.metric} ({result.subset})"
    arrow = "" if result.higher_is_better else " ↓"
    over = result.over_floor
    ceiling = "-" if result.ceiling is None else f"{result.ceiling.score.value:.3f}"
    mark = "" if result.beats_floor else "!"
    return [
        escape(name + arrow),
        escape(_of(result.score)),
        f"{result.floor.score.value:.3f}",
        ceiling,
        escape(f"{over.value:.3f} [{over.low:.3f}, {over.high:.3f}]{mark}"),
        str(result.score.n),
    ]


def _group_table(gap: Any) -> Table:
    chance = "" if gap.p is None else f", as large by chance with p = {gap.p:.3f}"
    subset = "" if gap.subset == "all" else f" of {gap.subset}"
    who = f"{gap.best} over {gap.worst}{chance}"
    table = Table(title=escape(f"{gap.metric}{subset} by {gap.column}"), **TABLE)
    table.caption = escape(f"gap {_span(gap.gap, gap.gap_low, gap.gap_high)}: {who}")
    table.caption_justify = "left"
    table.min_width = 78
    table.add_column(gap.column)
    table.add_column(gap.metric, justify="right", no_wrap=True)
    table.add_column("n", justify="right")
    table.add_column("note")
    for one in gap.groups[:20]:
        table.add_row(escape(one.group), escape(_of(one.score)) if one.score else "-", str(one.n), escape(one.note))
    if len(gap.groups) > 20:
        table.caption = f"{table.caption}; {len(gap.groups) - 20} smaller groups are in the JSON and the HTML page"
    return table


def print_comparison(comparison: "Comparison", console: Console) -> None:
    """The terminal form of a comparison."""
    console.print(escape(comparison.verdict), style="bold", highlight=False)
    table = Table(title=f"A = {escape(comparison.a)}, B = {escape(comparison.b)}", **TABLE)
    table.add_column("metric", no_wrap=True)
    for name in ("A", "B", "A - B [95 % interval]", "p", "p (Holm)"):
        table.add_column(name, justify="right", no_wrap=True)
    several = len({one.subset for one in comparison.differences}) > 1
    for one in comparison.differences:
        name = one.metric if not several or one.subset == "all" else f"{one.metric} ({one.subset})"
        table.add_row(
            escape(name),
            f"{one.a:.3f}",
            f"{one.b:.3f}",
            escape(f"{one.difference:.3f} [{one.low:.3f}, {one.high:.3f}]"),
            f"{one.p_permutation:.4f}",
            f"{one.p_holm:.4f}",
        )
    console.print(table)
    if comparison.mcnemar is not None:
        test = comparison.mcnemar
        console.print(
            f"McNemar: only A right {test.only_a}, only B right {test.only_b}, p = {test.p:.4f}", highlight=False
        )
    for part in comparison.groups:
        console.print(_difference_table(part))
    for finding in comparison.findings:
        style = "yellow" if finding.level == "warning" else "dim"
        console.print(escape(f"{finding.level}: {finding.text}"), style=style, highlight=False)


def _difference_table(part: Any) -> Table:
    table = Table(title=escape(f"{part.metric} by {part.column}"), **TABLE)
    table.add_column(part.column)
    table.add_column("A - B [95 % interval]", justify="right", no_wrap=True)
    table.add_column("p (Holm)", justify="right")
    table.add_column("n", justify="right")
    for one in part.groups[:20]:
        shown = f"{one.difference:.3f} [{one.low:.3f}, {one.high:.3f}]" if one.low is not None else "-"
        table.add_row(escape(one.group), escape(shown), "-" if one.p_holm is None else f"{one.p_holm:.4f}", str(one.n))
    return table
