"""What the isodose match says in words."""

from __future__ import annotations

import html
from typing import Any

import numpy as np
from slicer.i18n import tr as _

from hepadose.flr.result import FlrResult
from hepadose.report.text import dose_unit, interval, number, quantity_words, verdict


def answer_html(live: Any, result: FlrResult | None) -> str:
    """The answer in large letters; the interval follows when it is computed."""
    if result is None:
        best_gy = float(live.curve.levels_gy[int(np.nanargmax(live.curve.boundary_iou))])
        head = number(best_gy, 1, dose_unit(live.context))
        rest = _("interval follows …")
    else:
        head = number(result.best.refined_gy, 1, dose_unit(result.dose))
        rest = _("95 % interval {interval}").format(interval=interval(result.best.interval_gy))
    lines = [f'<span style="font-size:large"><b>{html.escape(head)}</b></span> ({html.escape(rest)})']
    lines.append(html.escape(quantity_words(live.context)))
    if result is not None:
        lines += _more_lines(result)
    return "<br>".join(lines)


def _more_lines(result: FlrResult) -> list[str]:
    equal = "; ".join(f"{number(value, 1, 'Gy')} {label}" for label, value in result.best_equivalents.items())
    figures = _("Boundary IoU {biou}, reaction {reaction}, liver {liver}").format(
        biou=number(result.best.boundary_iou, 2),
        reaction=number(result.reaction_ml, 1, "ml"),
        liver=number(result.liver_ml, 0, "ml"),
    )
    lines = [figures] + ([_("The same level: {levels}").format(levels=equal)] if equal else [])
    return [html.escape(line) for line in [*lines, verdict(result.findings)[1]]]


def level_text(live: Any, level_gy: float, *, at_best: bool) -> str:
    """Agreement of one level with the reaction, and its volume; empty where there is no curve."""
    curve = live.curve
    if curve is None:
        return ""
    index = int(np.argmin(np.abs(curve.levels_gy - level_gy)))
    text = _("{level} isodose in the liver: Boundary IoU {biou}, DSC {dice}, {volume}").format(
        level=number(float(curve.levels_gy[index]), 1, dose_unit(live.context)),
        biou=number(float(curve.boundary_iou[index]), 2),
        dice=number(float(curve.dice[index]), 2),
        volume=number(float(curve.region_ml[index]), 0, "ml"),
    )
    return _("Shown, the best level: {text}").format(text=text) if at_best else _("Shown: {text}").format(text=text)
