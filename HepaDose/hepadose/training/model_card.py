"""The page that a reader of a model opens first, filled from its description and from what was measured."""

from __future__ import annotations

from typing import Any

import hepadose
from hepadose.evaluation.lesions import DETECTED_SHARE

CARD_FILE = "docs/README.md"
_DEVICES = {"cpu": "on a processor", "cuda": "on a graphics card"}
_AS_USED = "Measured with this model as users run it: with location, threshold, post-processing and all of the above."


def model_card(metadata: dict[str, Any], inference: dict[str, Any] | None = None) -> str:
    """Markdown text.

    Parameters
    ----------
    metadata : dict
        Content of a model's ``metadata.json``; what was not measured is said to be so.
    inference : dict, optional
        Content of its ``inference.json``: tells what else than the network decides.

    Returns
    -------
    str
    """
    about = metadata
    network = about["network"]
    lines = [
        f"# {about['name']} {about['version']}",
        "",
        about["description"],
        "",
        f"**Intended use.** {about['intended_use']} {hepadose.RESEARCH_USE}",
        "",
        f"**Learned from.** {about['training_data']}",
        "",
        "| what | |",
        "|---|---|",
        f"| Network | {network['class']} {_arguments(network['arguments'])} |",
        f"| Input | {_channels(about['channels'])} |",
        f"| Grid | {' × '.join(f'{value:g}' for value in about['spacing_mm'])} mm, tiles of "
        f"{' × '.join(str(value) for value in about['patch_size'])} voxels (k, j, i) |",
        f"| Finds | {', '.join(about['target_labels'])} |",
        *_beside_the_network(inference or {}),
        *_training(about.get("training")),
        *_agreement(about),
        "",
        "## Measured",
        "",
        *_measured(about.get("metrics") or []),
    ]
    return "\n".join(lines)


def _arguments(arguments: dict[str, Any]) -> str:
    return f"({', '.join(f'{key}={value}' for key, value in arguments.items())})" if arguments else "(defaults)"


def _channels(channels: list[dict[str, Any]]) -> str:
    return "; ".join(f"{c['name']}, {c['window_hu'][0]:g} to {c['window_hu'][1]:g} HU" for c in channels)


def _beside_the_network(inference: dict[str, Any]) -> list[str]:
    lines = []
    if "density" in inference:
        lines.append("| Where the network is not sure | the organ's own CT numbers decide |")
    if inference.get("edge") == "change":
        lines.append(
            "| Edge | the network points to the region; its edge is drawn at half the contrast of the change since the "
            "planning CT |"
        )
    return lines


def _agreement(about: dict[str, Any]) -> list[str]:
    found = about.get("agreement", {}).get("largest_probability_difference_onnxruntime_pytorch")
    return [] if found is None else [f"| onnxruntime against PyTorch | largest difference in probability {found:.1g} |"]


def _training(training: dict[str, Any] | None) -> list[str]:
    if not training:
        return []
    where = _DEVICES.get(training["device"], training["device"])
    return [
        f"| Training | {training['steps']} steps of {training['patches_per_step']} patches; "
        f"{training['hours']:g} h in all {where}, {training['precision']}; weights: {training['weights']} |"
    ]


def _measured(metrics: list[dict[str, Any]]) -> list[str]:
    if not metrics:
        return ["Nothing was measured for this export.", ""]
    return [_AS_USED, "", *(line for summary in metrics for line in _table(summary))]


def _table(summary: dict[str, Any]) -> list[str]:
    rows = summary["labels"]
    return [
        f"{summary['cases']} {summary['kind']}:",
        "",
        "| label | cases | mean Dice | lowest Dice | mean surface distance (mm) | largest (mm) | mean HD95 (mm) | "
        "largest (mm) | mean volume (ml) | found (ml) |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(_row(name, row) for name, row in rows.items()),
        *(line for name, row in rows.items() for line in _detection(name, row)),
        "",
    ]


def _row(name: str, row: dict[str, Any]) -> str:
    values = [
        f"{row['mean_dice']:.3f}",
        f"{row['lowest_dice']:.3f}",
        *(f"{row[key]:.2f}" for key in ("mean_assd_mm", "largest_assd_mm", "mean_hd95_mm", "largest_hd95_mm")),
        *(f"{row[key]:.1f}" for key in ("mean_true_ml", "mean_found_ml")),
    ]
    return f"| {name} | {row['cases']} | {' | '.join(values)} |"


def _detection(name: str, row: dict[str, Any]) -> list[str]:
    if "lesions" not in row:
        return []
    return [
        "",
        f"Single lesions of the label {name}, by the diameter of the sphere of the same volume; detected where at "
        f"least {DETECTED_SHARE:.0%} of the volume was found. False positives per case: "
        f"{row['false_positives_per_case']:.2f}.",
        "",
        "| diameter | lesions | detected |",
        "|---|---|---|",
        *(f"| {size['diameter']} | {size['lesions']} | {size['detected']} |" for size in row["lesions"]),
    ]
