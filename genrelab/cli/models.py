"""``genrelab train``, ``genrelab evaluate`` and ``genrelab predict``."""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from genrelab import datasets
from genrelab.cli.base import (
    AsJson,
    Config,
    Labels,
    Load,
    Quiet,
    counted,
    naming,
    one_line_errors,
    print_json,
    read_data,
    read_pairs,
    write_file,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from genrelab.metrics import Report
    from genrelab.models.predictor import Explanation

STDIN = "-"
CURVE = " ▁▂▃▄▅▆▇█"
CURVE_WIDTH = 40
HEADLINE = ("f1_macro", "f1_micro", "f1_samples", "jaccard", "map")

Data = Annotated[
    str, typer.Option(help="A data set by name, or a folder of text files of your own.")
]
Loss = Annotated[
    str | None,
    typer.Option(
        help="bce, balanced, log, pos_weight, focal, asymmetric or smoothed; tfidf and minilm know "
        "bce and balanced. The model's own if left out."
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Parameter of the classifier, e.g. max_epochs=20."
    ),
]
Track = Annotated[
    bool, typer.Option("--track", help="Keep the run in MLflow (or set GENRELAB_TRACK=1).")
]


def _track(
    name: str,
    parameters: dict[str, object],
    dataset: datasets.Dataset,
    report: "Report | None",
    scores: "np.ndarray | None" = None,
    history: "pd.DataFrame | None" = None,
) -> None:
    from genrelab import tracking

    data = {"name": dataset.name, "rows": len(dataset), "sha256": dataset.data_hash}
    run = tracking.track(
        name,
        parameters=parameters,
        report=report,
        Y=None if scores is None else dataset.labels,
        scores=scores,
        history=history,
        data=data,
    )
    typer.echo(f"tracked as run {run}", err=True)


def train(
    out: Annotated[
        Path | None, typer.Argument(help="Folder to write; one that holds a model is replaced.")
    ] = None,
    model: Annotated[
        str, typer.Option(help="tfidf, minilm, ffn, recurrent, attention or finetune.")
    ] = "tfidf",
    data: Data = "script_features",
    labels: Labels = None,
    load: Load = None,
    loss: Loss = None,
    options: Set = None,
    judge: Annotated[
        bool,
        typer.Option(
            "--judge", help="Cross-validate first (ten folds, inner tuning); numbers on the card."
        ),
    ] = False,
    default: Annotated[
        bool, typer.Option("--default", help="Make the model that ships with the package again.")
    ] = False,
    track: Track = False,
    config: Config = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Train a model and save it as a folder of safetensors and JSON.

    Thresholds are tuned on out-of-fold scores. The folder works with `genrelab predict --model`
    and `genrelab evaluate`.

    For example:

        genrelab train horror-model --data my_texts --labels labels.csv

        genrelab train plots --model ffn --data films --load view=synopsis --loss focal --track
    """
    from genrelab import tracking
    from genrelab.models import predictor, training

    with one_line_errors():
        if default:
            model, data, out, judge = "tfidf", "script_features", predictor.DEFAULT, True
        if out is None:
            raise ValueError("nothing would be kept: name a folder to write, or give --default.")
        predictor.check_target(out)
        track = track or tracking.wanted()
        dataset, chosen = read_data(data, labels, load), read_pairs(options)
        with naming("--set", chosen):
            made, fitted = training.train(
                model, dataset, loss=loss, options=chosen, progress=not quiet
            )
        report, scores = None, None
        if judge:
            report, scores, interval = _cross_validated(model, dataset, loss, chosen, quiet)
            made.facts["metrics"].update(_card(report, interval))
        made.save(out)
        said = {"model": model, "loss": loss, "data": data, **chosen}
        if track:
            history = getattr(fitted, "history_", None)
            _track(f"train {model}", said, dataset, report, scores, history)
        facts = {"folder": str(out), "labels": list(made.label_names), **made.facts}
    if as_json:
        print_json(facts)
    else:
        typer.echo(f"{model} on {len(dataset):,} rows, {len(made.label_names)} labels: {out}")
        typer.echo(", ".join(f"{name} {value}" for name, value in made.facts["metrics"].items()))


def _card(report: "Report", interval: tuple[float, float]) -> dict[str, object]:
    kept = {name: round(float(report.summary[name]), 4) for name in HEADLINE}
    how = "out of fold: five folds, groups kept whole, twice; thresholds tuned inside"
    return {"how": how, **kept, "f1_macro_95": [round(end, 4) for end in interval]}


def _cross_validated(
    model: str,
    dataset: datasets.Dataset,
    loss: str | None,
    options: dict[str, object],
    quiet: bool,
) -> tuple["Report", "np.ndarray", tuple[float, float]]:
    """Return the headline report, one repeat's scores and the interval of macro-F1."""
    import numpy as np

    from genrelab.evaluation import cross_validate
    from genrelab.metrics import report
    from genrelab.models import training
    from genrelab.thresholds import ThresholdTuner

    single = dataset.card.single_label
    result = cross_validate(
        training.build(model, dataset, loss=loss, options=options),
        training.inputs(model, dataset, progress=not quiet),
        dataset.labels,
        groups=dataset.groups,
        tuner=None if single else ThresholdTuner(at_least_one=True),
        label_names=dataset.label_names,
        name=model,
        progress=not quiet,
    )
    if single:
        # One class a row: the likeliest, whatever the thresholds.
        result.untuned[:] = np.eye(len(dataset.label_names), dtype=np.int8)[result.scores.argmax(2)]
    found = report(
        dataset.labels, result.predictions[0], result.scores[0], label_names=dataset.label_names
    )
    found.summary.update({name: result.headline[name] for name in result.headline})
    return found, result.scores[0], result.interval()


def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            help="A model folder, or a name: tfidf, minilm, ffn, recurrent, attention, finetune."
        ),
    ],
    data: Data = "script_features",
    labels: Labels = None,
    load: Load = None,
    loss: Loss = None,
    options: Set = None,
    track: Track = False,
    config: Config = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Judge a model on a data set by the course's report.

    A name is cross-validated: five folds, groups kept whole, twice, thresholds tuned inside the
    training rows; out-of-fold predictions are pooled over a repeat, then the repeats averaged. A
    folder predicts every row as it is.

    For example:

        genrelab evaluate tfidf

        genrelab evaluate horror-model --data my_texts --labels labels.csv --json
    """
    from genrelab import tracking

    with one_line_errors():
        track = track or tracking.wanted()
        dataset = read_data(data, labels, load)
        interval = None
        if Path(model).is_dir():
            report, scores = _predicted(Path(model), dataset)
        else:
            chosen = read_pairs(options)
            with naming("--set", chosen):
                report, scores, interval = _cross_validated(model, dataset, loss, chosen, quiet)
        if track:
            said = {"model": model, "loss": loss, "data": data, **read_pairs(options)}
            _track(f"evaluate {model}", said, dataset, report, scores)
    if as_json:
        lines = report.per_label.astype(object).where(report.per_label.notna(), None)
        print_json(
            {
                "model": model,
                "data": dataset.name,
                "rows": len(dataset),
                "how": "cross-validation" if interval else "a saved model, as it is",
                "summary": {name: float(value) for name, value in report.summary.items()},
                "f1_macro_95": interval and list(interval),
                "per_label": lines.to_dict("records"),
            }
        )
        return
    typer.echo(report)
    if interval:
        low, high = interval
        typer.echo(f"macro-F1 with a 95 % interval over other films: {low:.3f} to {high:.3f}")


def _predicted(folder: Path, dataset: datasets.Dataset) -> tuple["Report", "np.ndarray"]:
    """Return the report of a saved model on rows that it may not have seen."""
    import warnings

    import numpy as np

    from genrelab.metrics import report
    from genrelab.models.predictor import GenrePredictor

    predictor = GenrePredictor.load(folder)
    if set(predictor.label_names) != set(dataset.label_names):
        raise ValueError(
            f"{folder} predicts {', '.join(predictor.label_names)}; {dataset.name} has "
            f"{', '.join(dataset.label_names)}. Expected the same labels."
        )
    if predictor.facts["data"].get("sha256") == dataset.data_hash:
        warnings.warn(
            f"{folder} was trained on these very rows: the numbers flatter it. Use other rows, or "
            "evaluate a model by name.",
            stacklevel=2,
        )
    order = [predictor.label_names.index(name) for name in dataset.label_names]
    scores = predictor.predict_proba(list(dataset.texts), dataset.ids)
    guesses = [predictor.genres(row) for row in scores]
    guess = datasets.base.label_matrix(guesses, dataset.label_names)
    scores = np.ascontiguousarray(scores[:, order])
    return report(dataset.labels, guess, scores, label_names=dataset.label_names), scores


def predict(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Text files; - is standard input.")
    ],
    model: Annotated[
        Path | None,
        typer.Option(help="Folder that `genrelab train` wrote; the model that ships if left out."),
    ] = None,
    timeline: Annotated[
        Path | None,
        typer.Option(
            help="Draw where in the text each genre speaks: a PNG file, or a folder for several.",
            metavar="FILE.png|FOLDER",
        ),
    ] = None,
    csv_out: Annotated[
        Path | None,
        typer.Option("--csv", help="Write a submission: id, labels (Crime|Drama).", metavar="OUT"),
    ] = None,
    encoding: Annotated[str, typer.Option(help="Of the files.")] = "utf-8",
    config: Config = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Predict the genres of texts: which, how surely, and which scenes speak for them.

    A genre is predicted where its probability reaches its threshold; at least one always is. A
    script page's footer, which names the genres, is cut off before reading. Files are written only
    once all texts are read.

    For example:

        genrelab predict script.txt --timeline script.png

        genrelab predict scripts/*.txt --csv submission.csv --timeline pictures/

        pdftotext -layout script.pdf - | genrelab predict - --json
    """
    from genrelab.models.predictor import GenrePredictor

    with one_line_errors():
        outputs = _outputs(files, timeline, csv_out)
        texts = [_read_input(name, encoding) for name in files]
        predictor = GenrePredictor.load(model)
        pairs = list(zip(files, texts, strict=True))
        shown = counted(pairs, "reading", quiet or len(files) == 1)
        found = [predictor.explain(text, name) for name, text in shown]
        pictures = [_draw(name, each) for name, each in zip(files, found, strict=True) if outputs]
        if csv_out is not None:
            write_file(csv_out, _submission(files, found))
        for path, picture in zip(outputs, pictures, strict=True):
            write_file(path, picture)
    if as_json:
        print_json([_as_json(name, each) for name, each in zip(files, found, strict=True)])
        return
    for name, each in zip(files, found, strict=True):
        _show(name, each)
    for path in [*([csv_out] if csv_out else []), *outputs]:
        typer.echo(f"written: {path}", err=True)


def _read_input(name: str, encoding: str) -> str:
    """Return a file's text, or say in one line why it is none."""
    from genrelab.datasets.folder import decode

    if name == STDIN:
        return decode(sys.stdin.buffer.read(), "standard input", encoding)
    path = Path(name)
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        raise ValueError(f"{name}: {found}; expected a text file, or - for standard input.")
    return decode(path.read_bytes(), name, encoding)


def _outputs(files: Sequence[str], timeline: Path | None, csv_out: Path | None) -> list[Path]:
    """Return where each timeline goes; refuse two that would land in one place or line."""
    stems = [_stem(name) for name in files]
    if csv_out is not None and csv_out.is_dir():
        raise ValueError(f"{csv_out} is a folder; expected a CSV file to write.")
    if csv_out is not None and len(set(stems)) < len(stems):
        twice = min(stem for stem in stems if stems.count(stem) > 1)
        raise ValueError(f"two texts would have the id {twice!r} in {csv_out}. Rename one.")
    if timeline is None:
        return []
    if timeline.suffix.lower() == ".png":
        if len(files) > 1:
            raise ValueError(
                f"{timeline} is one picture, and there are {len(files)} texts. Name a folder."
            )
        return [timeline]
    if timeline.suffix and not timeline.is_dir():
        raise ValueError(f"{timeline}: expected a name in .png, or a folder.")
    paths = [timeline / f"{stem}.png" for stem in stems]
    repeated = {path for path in paths if paths.count(path) > 1}
    if repeated:
        raise ValueError(f"two texts would be drawn into {min(repeated)}. Rename one.")
    return paths


def _stem(name: str) -> str:
    return "stdin" if name == STDIN else Path(name).stem


def _draw(name: str, found: "Explanation") -> bytes:
    from genrelab import plots

    title = f"{_stem(name)}: {', '.join(found.genres)}"
    return plots.genre_timeline(
        found.scores, found.label_names, marked=found.genres, title=title
    ).png


def _submission(files: Sequence[str], found: "Sequence[Explanation]") -> bytes:
    import io

    lines = io.StringIO()
    rows = csv.writer(lines, lineterminator="\n")
    rows.writerow(["id", "labels"])
    rows.writerows(
        [_stem(name), "|".join(each.genres)] for name, each in zip(files, found, strict=True)
    )
    return lines.getvalue().encode()


def _genres(found: "Explanation") -> list[dict[str, object]]:
    number = found.label_names.index
    return [
        {
            "label": genre,
            "probability": round(float(found.probabilities[number(genre)]), 4),
            "threshold": round(float(found.thresholds[number(genre)]), 4),
        }
        for genre in found.genres
    ]


def _as_json(name: str, found: "Explanation") -> dict[str, object]:
    return {
        "file": name,
        "genres": _genres(found),
        "scores": dict(zip(found.label_names, found.scores.T.round(4).tolist(), strict=True)),
        "scenes": found.scenes,
        "receipt": found.receipt,
    }


def _show(name: str, found: "Explanation") -> None:
    console = Console(highlight=False)
    table = Table("genre", "probability", "threshold", "from the first page to the last", box=None)
    for genre in _genres(found):
        column = found.scores[:, found.label_names.index(genre["label"])]
        table.add_row(
            genre["label"],
            f"{genre['probability']:.2f}",
            f"{genre['threshold']:.2f}",
            _sparkline(column),
        )
    console.print(f"[bold]{_stem(name)}[/bold]", table, sep="\n")
    for genre, loud in found.scenes.items():
        console.print(f"scenes that speak most for {genre}:{'' if loud else ' none adds to it'}")
        for scene in loud:
            heading = scene["heading"] or "(before the first heading)"
            place = f"{scene['from']:.0%}"
            console.print(f"  {place:>4}  no. {scene['scene']}, {heading}", markup=False)


def _sparkline(scores: "np.ndarray") -> str:
    import numpy as np

    parts = np.array_split(scores, min(CURVE_WIDTH, len(scores)))
    return "".join(CURVE[round(float(part.mean()) * (len(CURVE) - 1))] for part in parts)
