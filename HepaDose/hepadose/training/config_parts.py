"""The parts of a training's configuration, with their defaults and units."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class LabelRule:
    """One label the network learns.

    Parameters
    ----------
    name : str
        Name of the label in the model.
    tissues : tuple of str
        What it consists of in synthetic abdomens: "liver", "tumor", "reaction" or names of single tissues.
    dataset_labels : tuple of str
        What it consists of in a folder of cases: names of labels in its ``dataset.json``.
    snomed_code, snomed_meaning : str
        Goes into the model's description.
    """

    name: str
    tissues: tuple[str, ...] = ()
    dataset_labels: tuple[str, ...] = ()
    snomed_code: str = ""
    snomed_meaning: str = ""


@dataclass(frozen=True)
class NetworkChoice:
    """Class name of a network and its arguments, see :mod:`hepadose.networks`."""

    name: str
    arguments: dict = field(default_factory=dict)


@dataclass(frozen=True)
class DataSettings:
    """Where cases come from, and what of them the network sees.

    Parameters
    ----------
    source : {"synthetic", "folder", "personal"}
    folder : str
        With ``imagesTr``, ``labelsTr`` and ``dataset.json`` as in the Medical Segmentation Decathlon or nnU-Net; of a
        personal training, the folder with the patient's case.
    patient_pattern : str
        Regular expression whose first group in a case's name is the patient; several cases of one patient never stand
        on both sides of the split. By default every case is a patient.
    spacing_mm : tuple of 3 float
        Spacing along i, j, k of the network's grid.
    window_hu : tuple of 2 float
        Mapped to 0 and 1 and clipped.
    channels : tuple of str
        "ct" or "ct_in_liver" (the liver alone, its median as zero; the window is then about zero), and "planning_ct",
        "planning_in_liver" or "change_in_liver" (what the CT shows more or less than the planning CT) where the network
        also sees the CT before treatment (synthetic data only).
    region : {"body", "liver"}
        Whether only the box around the liver is seen.
    margin_mm : float
        Kept around the liver.
    liver_error_mm : float
        In training, the liver of "ct_in_liver" is up to so much too small or too large all around, and gaps up to six
        times as wide are filled in half of the cases, as in a found one (synthetic data only).
    registration_error_mm : float
        Standard deviation along each axis of how far the CT before treatment is shifted against the other one.
    recent_cases, new_case_every_steps : int
        Patches come from the synthetic anatomies made last, and how often one is added. Each process that prepares
        patches keeps as many in memory.
    renderings_per_case : int
        Different CTs that an anatomy is rendered as while it is among the last; rendering takes as long as a step.
    validation_share : float
        Share of the patients of a folder that are kept for validation.
    outlined_folder, outlined_share : str, float
        Folder like that of ``folder`` whose label maps name many organs as TotalSegmentator does, and the share of
        training anatomies that are such a patient's, bent at random; the others are drawn (synthetic data only). Gray
        values of these CTs do not serve.
    outlined_source : str
        In words, for the model's card: how many patients, from where and under which license.
    tumor_change_share, tumor_scale : float, tuple of 2 float
        Share of the patches of a personal training in which the tumor is changed as by treatment, and the smallest and
        largest factor of its diameter.
    anatomy, rendering : dict
        Settings of the synthetic abdomen and of its CT that differ from the defaults.
    """

    source: str = "synthetic"
    folder: str = ""
    patient_pattern: str = ""
    spacing_mm: tuple[float, float, float] = (3.0, 3.0, 3.0)
    window_hu: tuple[float, float] = (-200.0, 250.0)
    channels: tuple[str, ...] = ("ct",)
    region: str = "body"
    margin_mm: float = 30.0
    liver_error_mm: float = 0.0
    registration_error_mm: float = 1.5
    recent_cases: int = 32
    new_case_every_steps: int = 4
    renderings_per_case: int = 2
    validation_share: float = 0.2
    outlined_folder: str = ""
    outlined_share: float = 0.0
    outlined_source: str = "outlined patients"
    tumor_change_share: float = 0.0
    tumor_scale: tuple[float, float] = (0.45, 1.35)
    anatomy: dict = field(default_factory=dict)
    rendering: dict = field(default_factory=dict)


@dataclass(frozen=True)
class PatchSettings:
    """Patches per step.

    Parameters
    ----------
    size : tuple of 3 int
        Voxels along k, j, i.
    batch : int
    foreground_share : float
        Share of patches placed on a label other than background; each label gets its turn.
    """

    size: tuple[int, int, int] = (96, 96, 96)
    batch: int = 2
    foreground_share: float = 0.67


@dataclass(frozen=True)
class AugmentationSettings:
    """Random changes of a patch.

    Parameters
    ----------
    flip : tuple of 3 float
        Probability to mirror along k, j, i. Mirrored patients have their liver on the left.
    rotation_deg, scale, bend_mm : float
        Standard deviations: of the angle about each axis, of the factor's logarithm, and of a smooth deformation.
    shift_hu : tuple of 2 float
        Mean and standard deviation of a shift of the whole patch in HU.
    contrast : float
        Standard deviation of the logarithm of a factor on the contrast about 50 HU.
    noise_hu : float
        Largest standard deviation of added noise.
    blur_voxels : float
        Largest standard deviation of a blur, given to half of the patches.
    thin_share : float
        Share of patches that are turned into a stack of 1 to 12 slices, continued by its outermost ones.
    invert_share : float
        Share of patches in which dark and bright change places, for channels that show the liver alone with its median
        as zero: what has changed is then learned, whether it became darker or brighter.
    """

    flip: tuple[float, float, float] = (0.0, 0.0, 0.0)
    rotation_deg: float = 6.0
    scale: float = 0.08
    bend_mm: float = 2.0
    shift_hu: tuple[float, float] = (0.0, 10.0)
    contrast: float = 0.08
    noise_hu: float = 10.0
    blur_voxels: float = 0.7
    thin_share: float = 0.0
    invert_share: float = 0.0


@dataclass(frozen=True)
class LossSettings:
    """Weights of "dice", "cross_entropy", "focal" and "dual_cross_entropy", and the constants of the last two."""

    weights: dict = field(default_factory=lambda: {"dice": 1.0, "cross_entropy": 1.0})
    focal_gamma: float = 2.0
    dual_alpha: float = 1.0


@dataclass(frozen=True)
class OptimizerSettings:
    """How weights are changed.

    Parameters
    ----------
    name : {"adamw", "adam", "sgd"}
    learning_rate, weight_decay, momentum : float
        Momentum is used by "sgd" only.
    schedule : {"constant", "cosine", "polynomial", "step", "plateau"}
        Cosine and polynomial follow the share of the budget that is used up.
    warmup_steps : int
        The learning rate rises linearly over these steps.
    power : float
        Of the polynomial.
    factor, every : float, int
        "step": the rate is multiplied by ``factor`` every ``every`` steps; "plateau": after ``every`` validations
        without a better one.
    clip_norm : float
        Largest norm of the gradient; 0 does not clip.
    average : float
        Decay per step of the running mean of the weights that is validated and exported; 0 takes the last weights.
    """

    name: str = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    momentum: float = 0.9
    schedule: str = "cosine"
    warmup_steps: int = 50
    power: float = 0.9
    factor: float = 0.5
    every: int = 5
    clip_norm: float = 5.0
    average: float = 0.995


@dataclass(frozen=True)
class RunSettings:
    """How long, and on what.

    Parameters
    ----------
    steps, seconds : int, float
        Budget; 0 is none, at least one is needed. Only steps give the same result every time.
    validation_cases : int
        Fixed synthetic cases; of a folder, all that were kept are used.
    validate_every_steps, patience : int
        Training stops after ``patience`` validations without a better one; 0 never.
    checkpoint_every_s : float
    seed : int
    workers : int
        Processes that prepare patches; 0 prepares them in between.
    threads : int
        Processor threads of the network; 0 leaves it to PyTorch.
    device : {"auto", "cpu", "cuda"}
    precision : {"auto", "float32", "bfloat16", "float16"}
        "auto" is 32 bits on a processor and 16 on a GPU. Processors with 16-bit units are about four times as fast with
        "bfloat16".
    """

    steps: int = 0
    seconds: float = 0.0
    validation_cases: int = 4
    validate_every_steps: int = 200
    patience: int = 0
    checkpoint_every_s: float = 60.0
    seed: int = 1
    workers: int = 1
    threads: int = 0
    device: str = "auto"
    precision: str = "auto"
