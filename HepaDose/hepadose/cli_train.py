"""The command line for whoever makes models: ``hepadose train``, ``evaluate``, ``export``, ``personalize``."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hepadose.training.config import TrainingConfig
    from hepadose.training.loop import TrainingNews

EXIT_OK = 0
_SECONDS_BETWEEN_LINES = 30.0


def add_training_commands(commands: argparse._SubParsersAction) -> None:
    """Add the commands that make models.

    Parameters
    ----------
    commands : argparse subparsers
        Those of ``hepadose``.
    """
    train = commands.add_parser("train", help="train a network on synthetic abdomens or on labeled CTs")
    train.set_defaults(run=_run_train)
    train.add_argument("config", type=Path, help="training file (JSON), or the name of one that HepaDose ships")
    train.add_argument("--output", "-o", type=Path, required=True, help="folder; an earlier training here goes on")
    train.add_argument(
        "--start-from", type=Path, metavar="SAFETENSORS", help="weights to begin with, of another training or a model"
    )
    train.add_argument("--seconds", type=float, metavar="S", help="stop this sitting after so long")

    _add_personalize(commands)

    evaluate = commands.add_parser("evaluate", help="how good is a network or a model on cases it has never seen?")
    evaluate.set_defaults(run=_run_evaluate)
    evaluate.add_argument(
        "judged", type=Path, help="folder of a training, which may still be running, or of an exported model"
    )
    evaluate.add_argument("--cases", type=int, default=40, metavar="N", help="synthetic cases")
    evaluate.add_argument(
        "--model", type=Path, metavar="FOLDER", help="judge this exported model of the training as users run it"
    )
    evaluate.add_argument(
        "--data", type=Path, metavar="FOLDER", help="judge on labeled CTs (imagesTr, labelsTr, dataset.json)"
    )
    evaluate.add_argument("--output", "-o", type=Path, required=True, metavar="CSV")

    export = commands.add_parser("export", help="write a trained network as a model that HepaDose can use")
    export.set_defaults(run=_run_export)
    export.add_argument("training", type=Path, help="folder of the training, which may still be running")
    export.add_argument("model", type=Path, help="folder of the model")
    export.add_argument("--model-version", default="0.1.0", metavar="V")
    export.add_argument("--last", action="store_true", help="the last weights instead of the best ones")
    export.add_argument("--cases", type=int, default=0, metavar="N", help="measure on so many cases for the model card")
    export.add_argument("--data", type=Path, metavar="FOLDER", help="measure on these labeled CTs as well")
    export.add_argument("--data-name", default="labeled CTs", metavar="WORDS", help="what the model card calls them")


def _add_personalize(commands: argparse._SubParsersAction) -> None:
    personal = commands.add_parser("personalize", help="let a tumor model go on learning from one patient")
    personal.set_defaults(run=_run_personalize)
    personal.add_argument("ct", type=Path, help="CT before treatment: DICOM folder or image file")
    personal.add_argument("segments", type=Path, help="liver and tumors on it, as 3D Slicer saves them (.seg.nrrd)")
    personal.add_argument("--output", "-o", type=Path, required=True, help="the patient's own folder; personal data")
    personal.add_argument("--model", default="liver-tumour", help="the general model: a name or a folder")
    personal.add_argument("--liver", default="liver", metavar="NAME")
    personal.add_argument("--tumor", action="append", metavar="NAME", help='again for each; else names like "Tumor 1"')
    personal.add_argument("--recipe", choices=("ours", "paper"), default="ours")
    personal.add_argument("--seconds", type=float, default=240.0, metavar="S", help="budget of our recipe")


def _run_personalize(options: argparse.Namespace) -> int:
    from hepadose.batch.personal import read_personal_case
    from hepadose.segmentation.models import find_model
    from hepadose.training.personal.recipe import Recipe
    from hepadose.training.personal.run import personalize

    base = find_model(options.model)
    case = read_personal_case(options.ct, options.segments, options.liver, options.tumor)
    with _asked_to_stop() as is_asked:
        made = personalize(
            base,
            case,
            options.output,
            recipe=Recipe(options.recipe),
            seconds=options.seconds,
            tell=_line_printer(),
            should_stop=is_asked,
        )
    print(
        f"{made.steps} steps in {made.seconds:.0f} s; use it with: hepadose segment CT --model {made.model}\n"
        "The folder holds personal data: keep it with the patient's, never pass it on, delete it as a whole."
    )
    return EXIT_OK


def _run_train(options: argparse.Namespace) -> int:
    from hepadose.training.config import read_config
    from hepadose.training.loop import train

    config = read_config(options.config)
    end = time.monotonic() + options.seconds if options.seconds else float("inf")
    with _asked_to_stop() as is_asked:
        progress = train(
            config, options.output, _line_printer(), lambda: is_asked() or time.monotonic() > end, options.start_from
        )
    share = progress.share_used(config)
    print(
        f"{progress.step} steps in {progress.elapsed_s / 60:.0f} min, {share:.0%} of the budget; best Dice "
        f"{progress.best_dice:.3f} at step {progress.best_step}. The same command goes on from here."
    )
    return EXIT_OK


@contextmanager
def _asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Ctrl-C and a polite kill end the training after the step at hand; a second one ends it at once."""
    asked: list[int] = []
    before: dict = {}

    def ask(number: int, frame: object) -> None:
        """Take a signal as a wish; the second one is an order."""
        if asked:
            raise KeyboardInterrupt
        asked.append(number)
        _say("Stopping after this step; what was learned is saved.")

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, ask)
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _line_printer() -> Callable[[TrainingNews], None]:
    """Prints a line now and then, and after each validation."""
    last = 0.0

    def tell(news: TrainingNews) -> None:
        """Print what is new, unless a line was printed just now."""
        nonlocal last
        now = time.monotonic()
        if news.dice is None and now - last < _SECONDS_BETWEEN_LINES:
            return
        last = now
        done, share = news.progress, max(news.share_used, 1e-6)
        left_min = done.elapsed_s * (1.0 / share - 1.0) / 60.0
        found = "".join(f", Dice of {name} {value:.4f}" for name, value in (news.dice or {}).items())
        _say(f"{share:4.0%}  step {done.step}, loss {news.loss:.4f}{found}, about {left_min:.0f} min left")

    return tell


def _run_evaluate(options: argparse.Namespace) -> int:
    from hepadose.training.evaluate import evaluate_bundle, evaluate_training
    from hepadose.training.scores import summary_lines, summary_of, write_scores

    judged, tell = options.judged, _case_counter()
    if options.model is not None:
        scores = evaluate_bundle(options.model, _config_of(judged), options.cases, tell, options.data)
    elif _is_model(judged):
        scores = evaluate_bundle(judged, None, options.cases, tell, options.data)
    else:
        scores = evaluate_training(judged, options.cases, tell=tell, folder=options.data)
    write_scores(scores, options.output)
    print("\n".join(summary_lines(summary_of(scores, ""))))
    return EXIT_OK


def _config_of(training: Path) -> TrainingConfig:
    from hepadose.training.config import read_config
    from hepadose.training.loop import CONFIG_FILE

    return read_config(training / CONFIG_FILE)


def _is_model(folder: Path) -> bool:
    from hepadose.segmentation.bundle_metadata import METADATA_FILE

    return (folder / METADATA_FILE).is_file()


def _run_export(options: argparse.Namespace) -> int:
    from hepadose.training.checkpoint import BEST_WEIGHTS, LAST_WEIGHTS
    from hepadose.training.export import export_training, state_metrics

    weights = LAST_WEIGHTS if options.last else BEST_WEIGHTS
    done = export_training(options.training, options.model, options.model_version, weights)
    state_metrics(options.model, list(_measurements(options)))
    print(
        f"Model written to {done.folder}: {done.weights_bytes / 1e6:.2f} MB of weights; onnxruntime and PyTorch differ "
        f"by {done.largest_probability_difference:.1g} in probability at most."
    )
    return EXIT_OK


def _measurements(options: argparse.Namespace) -> Iterator[dict]:
    from hepadose.training.evaluate import evaluate_bundle
    from hepadose.training.scores import summary_of

    config = _config_of(options.training)
    for kind, judged in _kinds(config) if options.cases else ():
        yield summary_of(evaluate_bundle(options.model, judged, options.cases, _case_counter()), kind)
    if options.data is not None:
        scores = evaluate_bundle(options.model, config, tell=_case_counter(), folder=options.data)
        yield summary_of(scores, options.data_name)


def _kinds(config: TrainingConfig) -> Iterator[tuple[str, TrainingConfig]]:
    """What a model is judged on; synthetic CTs also without those whose CT numbers no patient has."""
    from hepadose.training.abdomen import RenderingSettings

    if config.data.source != "synthetic":
        yield "cases of patients never seen in training", config
        return
    yield "synthetic patients never seen in training", config
    rendering = {**config.data.rendering, "random_intensity_share": 0.0}
    if RenderingSettings(**config.data.rendering).random_intensity_share:
        plausible = replace(config, data=replace(config.data, rendering=rendering))
        yield "synthetic patients never seen in training, all with CT numbers as patients have them", plausible


def _case_counter() -> Callable[[int], None]:
    return lambda done: _say(f"Case {done} done.")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
