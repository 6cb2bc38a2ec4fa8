"""Everything that determines a training, as one JSON file and as checked data.

Reading it needs no PyTorch. What a file leaves out has the defaults below; what it misspells is refused.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from hepadose.errors import MissingInputError, SettingsError
from hepadose.training.config_parts import (
    AugmentationSettings,
    DataSettings,
    LabelRule,
    LossSettings,
    NetworkChoice,
    OptimizerSettings,
    PatchSettings,
    RunSettings,
)


@dataclass(frozen=True)
class TrainingConfig:
    """A whole training; see the parts."""

    name: str
    task: str
    labels: tuple[LabelRule, ...]
    network: NetworkChoice
    targets: tuple[str, ...] = ()
    """Names of the labels whose union is what the model finds; all of them if empty."""
    description: str = ""
    intended_use: str = ""
    data: DataSettings = field(default_factory=DataSettings)
    patches: PatchSettings = field(default_factory=PatchSettings)
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
    loss: LossSettings = field(default_factory=LossSettings)
    optimizer: OptimizerSettings = field(default_factory=OptimizerSettings)
    run: RunSettings = field(default_factory=RunSettings)
    inference: dict = field(default_factory=dict)
    """Becomes the model's ``inference.json``."""

    def __post_init__(self) -> None:
        _check(self)

    def to_json(self) -> str:
        """Text that :func:`config_from_json` reads back.

        Returns
        -------
        str
        """
        return json.dumps(asdict(self), indent=2)


def read_config(path: Path) -> TrainingConfig:
    """Read a training's file; the name of a configuration that HepaDose ships serves as well.

    Parameters
    ----------
    path : Path
        A JSON file, or only the name of a shipped configuration.

    Returns
    -------
    TrainingConfig

    Raises
    ------
    MissingInputError
        If there is no such file.
    SettingsError
        If an entry is unknown, missing or of the wrong kind.
    """
    shipped = Path(__file__).parent / "configs" / f"{Path(path).name}.json"
    chosen = Path(path) if Path(path).is_file() else shipped
    if not chosen.is_file():
        known = ", ".join(sorted(each.stem for each in shipped.parent.glob("*.json")))
        raise MissingInputError(f'There is no training file "{path}"; HepaDose itself has: {known}.')
    return config_from_json(chosen.read_text(encoding="utf-8"))


def config_from_json(text: str) -> TrainingConfig:
    """A training from its JSON text; see :func:`read_config` for the errors.

    Parameters
    ----------
    text : str

    Returns
    -------
    TrainingConfig

    Raises
    ------
    SettingsError
        If it is no JSON, or an entry is unknown, missing or of the wrong kind.
    """
    try:
        content = json.loads(text)
    except ValueError as problem:
        raise SettingsError(f"The training file is no JSON text: {problem}") from problem
    return _built(TrainingConfig, content, "the training file")


def _built(kind: type, content: Any, where: str) -> Any:
    if not isinstance(content, dict):
        raise SettingsError(f"{where} must be an object, got {content!r}.")
    hints = get_type_hints(kind)
    unknown = sorted(set(content) - set(hints))
    if unknown:
        raise SettingsError(f"Unknown in {where}: {', '.join(unknown)}; known are {', '.join(hints)}.")
    missing = [f.name for f in fields(kind) if _is_needed(f) and f.name not in content]
    if missing:
        raise SettingsError(f"Missing in {where}: {', '.join(missing)}.")
    return kind(**{key: _value(hints[key], value, key) for key, value in content.items()})


def _is_needed(entry) -> bool:
    return entry.default is MISSING and entry.default_factory is MISSING


def _value(hint: Any, value: Any, where: str) -> Any:
    if is_dataclass(hint):
        return _built(hint, value, f'"{where}"')
    if hint == tuple[LabelRule, ...]:
        if not isinstance(value, list):
            raise SettingsError(f'"{where}" must be a list of objects, got {value!r}.')
        return tuple(_built(LabelRule, each, f'"{where}"') for each in value)
    kinds = {int: int, float: (int, float), str: str, dict: dict}.get(hint, list)
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise SettingsError(f'"{where}" is of the wrong kind: {value!r}.')
    return tuple(value) if kinds is list else value


def _check(config: TrainingConfig) -> None:
    choices = {
        "data.source": (config.data.source, ("synthetic", "folder", "personal")),
        "data.region": (config.data.region, ("body", "liver")),
        "optimizer.name": (config.optimizer.name, ("adamw", "adam", "sgd")),
        "optimizer.schedule": (config.optimizer.schedule, ("constant", "cosine", "polynomial", "step", "plateau")),
        "run.device": (config.run.device, ("auto", "cpu", "cuda")),
        "run.precision": (config.run.precision, ("auto", "float32", "bfloat16", "float16")),
    }
    for name, (value, allowed) in choices.items():
        if value not in allowed:
            raise SettingsError(f"{name} is one of {', '.join(allowed)}, got {value!r}.")
    if set(config.targets) - {rule.name for rule in config.labels}:
        raise SettingsError(f"targets are names of labels, got {config.targets}.")
    if not config.labels or not config.data.channels:
        raise SettingsError("A training needs at least one label and one channel.")
    if config.run.steps <= 0 and config.run.seconds <= 0:
        raise SettingsError("A training needs a budget: run.steps or run.seconds.")
    if len(config.patches.size) != 3 or min(config.patches.size) < 1 or config.patches.batch < 1:
        raise SettingsError(f"Patches need three positive sizes and a batch of at least 1, got {config.patches}.")
