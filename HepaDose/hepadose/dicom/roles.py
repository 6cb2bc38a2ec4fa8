"""Find the structure that plays a part (liver, body, target) by the many names people give it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from hepadose.dicom.rtstruct import Structure
from hepadose.errors import AmbiguousInputError, MissingInputError


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


SYNONYMS: dict[str, frozenset[str]] = {
    "liver": _word_set(
        "liver leber higado foie fegato figado hepar lever watroba jatra pecen karaciger maj ficat maksa hati"
    ),
    "body": _word_set("body external outline skin patient korper haut koerper aussenkontur"),
    "gtv": _word_set("gtv igtv"),
    "ptv": _word_set("ptv"),
    "reaction": _word_set("flr reaction reaktion focalliverreaction"),
}
"""Names of each role, without accents and case, in the languages of the hospitals we know of."""

_NOT_THE_WHOLE_LIVER = _word_set(
    "gtv igtv ptv ctv itv prv minus less sub subtract ohne without excl exkl tumor tumour met mets lesion ring opt "
    "dose gy iso avoid help hilf dummy lobe lappen segment seg vein vene artery duct cirrhosis couch left right links "
    "rechts remnant reaction flr spared margin wall crop not dvh out"
)
"""Words that make a name with "liver" in it mean something else than the whole organ ("Liver-GTV", "Liver 20 Gy")."""

INTERPRETED_TYPES = {"body": "EXTERNAL", "gtv": "GTV", "ptv": "PTV"}


def find_structure(structures: Iterable[Structure], wanted: str) -> Structure:
    """The structure that plays a role, or has a given name.

    Parameters
    ----------
    structures : RtStruct or iterable of Structure
        Of one structure set.
    wanted : str
        A role ("liver", "body", "gtv", "ptv", "reaction"), or a structure's own name, in any case.

    Returns
    -------
    Structure
        Drawn structures win over empty ones; an exact name wins over a name that contains the role's word. Names
        that mean a part of the liver, or the liver without something ("Liver-GTV"), never fit the role "liver".

    Raises
    ------
    MissingInputError
        If none fits; lists the names there are.
    AmbiguousInputError
        If several fit equally well; lists them.

    Examples
    --------
    >>> empty = [Structure(n, name, "", (0, 0, 0), ()) for n, name in enumerate(["Liver-GTV", "Hígado"])]
    >>> find_structure(empty, "liver").name
    'Hígado'
    """
    structures = tuple(structures)
    scores = [(_score(structure, wanted), structure) for structure in structures]
    best = max((score for score, _ in scores), default=0)
    fitting = [structure for score, structure in scores if score == best and score > 0]
    drawn = [structure for structure in fitting if not structure.is_empty] or fitting
    if len(drawn) == 1:
        return drawn[0]
    if not drawn:
        names = ", ".join(f'"{structure.name}"' for structure in structures) or "none"
        raise MissingInputError(f'No structure fits "{wanted}"; there are: {names}. Give the name of the one meant.')
    names = ", ".join(f'number {structure.number} "{structure.name}"' for structure in drawn)
    raise AmbiguousInputError(f'Several structures fit "{wanted}": {names}; give the name of the one meant.')


def has_structure(structures: Iterable[Structure], wanted: str) -> bool:
    """Whether :func:`find_structure` would find one that is drawn."""
    try:
        return not find_structure(structures, wanted).is_empty
    except (MissingInputError, AmbiguousInputError):
        return False


def _score(structure: Structure, wanted: str) -> int:
    """How well a structure fits: 5 its very name … 0 not at all."""
    if structure.name.strip() == wanted.strip():
        return 5
    role = wanted.casefold()
    words = _words(structure.name)
    if _plain(structure.name) == _plain(wanted) and role not in SYNONYMS:
        return 4
    synonyms = SYNONYMS.get(role, frozenset())
    if "".join(words) in synonyms:
        return 4
    if not synonyms.intersection(words):
        return 1 if synonyms and structure.interpreted_type == INTERPRETED_TYPES.get(role) else 0
    if role == "liver" and (_NOT_THE_WHOLE_LIVER.intersection(words) or "-" in structure.name.strip("-")):
        return 0
    return 3 if structure.interpreted_type == INTERPRETED_TYPES.get(role) else 2


def _plain(text: str) -> str:
    """Without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().strip())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def _words(name: str) -> list[str]:
    """The words of a name: split at signs, digits and capitals ("LiverMinusGTV_2" → liver, minus, gtv)."""
    spaced = re.sub(r"([a-z])([A-Z])", r"\1 \2", unicodedata.normalize("NFC", name))
    return re.findall(r"[a-z]+", _plain(spaced))
