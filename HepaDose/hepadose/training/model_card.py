"""The page that a reader of a model opens first, filled from its description and from what was measured."""

from __future__ import annotations

from typing import Any

import hepadose

CARD_FILE = "docs/README.md"


def model_card(metadata: dict[str, Any]) -> str:
    """Markdown text.

    Parameters
    ----------
    metadata : dict
        Content of a model's ``metadata.json``; what was not measured is said to be so.
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
        *_agreement(about),
        "",
        "## Measured",
        "",
        *_measured(about.get("metrics") or {}),
        "",
    ]
    return "\n".join(lines)


def _arguments(arguments: dict[str, Any]) -> str:
    return f"({', '.join(f'{key}={value}' for key, value in arguments.items())})" if arguments else "(defaults)"


def _channels(channels: list[dict[str, Any]]) -> str:
    return "; ".join(f"{c['name']}, {c['window_hu'][0]:g} to {c['window_hu'][1]:g} HU" for c in channels)


def _agreement(about: dict[str, Any]) -> list[str]:
    found = about.get("agreement", {}).get("largest_probability_difference_onnxruntime_pytorch")
    return [] if found is None else [f"| onnxruntime against PyTorch | largest difference in probability {found:.1g} |"]


def _measured(metrics: dict[str, Any]) -> list[str]:
    rows = metrics.get("labels", {})
    if not rows:
        return ["Nothing was measured for this export."]
    return [
        f"{metrics['cases']} {metrics['kind']}.",
        "",
        "| label | cases | mean Dice | lowest Dice | mean surface distance (mm) | largest (mm) |",
        "|---|---|---|---|---|---|",
        *(
            f"| {name} | {row['cases']} | {row['mean_dice']:.3f} | {row['lowest_dice']:.3f} | "
            f"{row['mean_assd_mm']:.2f} | {row['largest_assd_mm']:.2f} |"
            for name, row in rows.items()
        ),
    ]
