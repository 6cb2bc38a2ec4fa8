"""Time and peak memory of a segmentation from file to mask, for each runtime, against a larger architecture.

The CT: a synthetic abdomen on 512 × 512 × 150 voxels of 0.8 × 0.8 × 2.5 mm as a compressed NIfTI file. Each run is a
new process of the command line. Bars: 20 s and 4 GB on two cores. The peer, in the same run: nnU-Net's plain U-Net of
six stages with 118 outputs at 3 mm and tiles of 112 × 112 × 128, like TotalSegmentator's fast mode, with random weights
in PyTorch over the same volume with the same overlap; reading, resampling and writing are not counted for it.

    python Testing/benchmarks/segment_time.py [--model liver] [--no-peer] [--threads 2]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import numpy as np
import SimpleITK as sitk

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from hepadose.images import Image
from hepadose.segmentation.models import find_model, model_folders
from hepadose.segmentation.preprocess import model_grid, to_grid
from hepadose.segmentation.tiles import tile_starts

SIZE_IJK, SPACING_MM = (512, 512, 150), (0.8, 0.8, 2.5)
BAR_S, BAR_GB = 20.0, 4.0
PEER_TILE, PEER_FEATURES, PEER_OUTPUTS = (112, 112, 128), (32, 64, 128, 256, 320, 320), 118


def benchmark_ct(seed: int = 7) -> Image:
    """A rendered abdomen on the fine grid, with noise of its own."""
    from hepadose.training.abdomen import random_abdomen, render_ct

    coarse = render_ct(random_abdomen(seed), seed)
    center = coarse.ijk_to_points((np.array(coarse.shape[::-1]) - 1) / 2)
    origin = center - (np.array(SIZE_IJK) - 1) / 2 * np.array(SPACING_MM)
    grid = Image(np.broadcast_to(np.uint8(0), SIZE_IJK[::-1]), SPACING_MM, tuple(origin))
    fine = to_grid(coarse, grid, outside=-1000.0)
    noise = np.random.default_rng(seed).normal(0.0, 15.0, fine.shape).astype(np.float32)
    return fine.with_array(np.rint(np.clip(fine.array + noise, -1024, 3000)).astype(np.int16))


def model_folder(name: str, working: Path) -> tuple[Path, str]:
    """A model of this computer; else one of the same network with random weights, for which every voxel may count."""
    if name in {folder.name for folder in model_folders()} or Path(name).is_dir():
        return find_model(name), name
    import hepadose.training
    from hepadose.networks import build
    from hepadose.training.config import read_config
    from hepadose.training.export import export_bundle, metadata_of

    config = read_config(Path(hepadose.training.__file__).parent / "configs" / "liver.json")
    module = build(config.network.name, config.network.arguments)
    run = {**(config.inference or {}), "least_volume_ml": 0}
    export_bundle(module, metadata_of(config, "0.0.0"), working / "random", run)
    return working / "random", f"{config.network.name} with random weights"


def run_once(ct: Path, model: Path, runtime: str, threads: int, working: Path) -> dict:
    """Wall time, processor time and peak memory of one call of the command line, and its stages."""
    output = working / f"result-{runtime}"
    call = [
        sys.executable,
        "-m",
        "hepadose",
        "segment",
        str(ct),
        "-m",
        str(model),
        "-o",
        str(output),
        "--device",
        "cpu",
    ]
    call += ["--runtime", runtime, "--threads", str(threads), "--probability"]
    began = time.perf_counter()
    process = subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    errors = process.stderr.read()
    # Only this call tells the peak memory of this one child.
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        raise SystemExit(errors)
    stated = json.loads((output / "result.json").read_text())
    return {
        "wall_s": seconds,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_gb": usage.ru_maxrss * 1024 / 1e9,
        "stages": stated["timing"] | stated["seconds"],
        "volume_ml": stated["volume_ml"],
        "tiles": stated["tiles"],
        "output": output,
    }


def compared(one: Path, other: Path) -> str:
    """How far two results of the command line differ."""
    (first,), (second,) = (sorted(folder.glob("*_probability.nrrd")) for folder in (one, other))
    first, second = (sitk.GetArrayFromImage(sitk.ReadImage(str(path))) for path in (first, second))
    apart = int(np.count_nonzero((first > 0.5) != (second > 0.5)))
    return f"largest probability difference {np.abs(first - second).max():.1e}, {apart} voxels differ in the mask"


def peer_seconds(ct: Image, threads: int, most_tiles: int) -> tuple[float, float, int, int]:
    """Wall and processor seconds that the peer's network alone needs for all tiles; tiles in all, and tiles run."""
    import torch

    torch.set_num_threads(threads)
    network = peer_network(torch).eval()
    volume = to_grid(ct, model_grid(ct, (3.0, 3.0, 3.0))).array[None] / 500.0
    starts = product(*(tile_starts(s, t, 0.5) for s, t in zip(volume.shape[1:], PEER_TILE, strict=True)))
    boxes = [tuple(slice(a, a + n) for a, n in zip(start, PEER_TILE, strict=True)) for start in starts]
    began, began_cpu, run = time.perf_counter(), time.process_time(), boxes[:most_tiles]
    for box in run:
        with torch.inference_mode():
            network(torch.from_numpy(np.ascontiguousarray(volume[(slice(None), *box)])[None]))
    share = len(boxes) / len(run)
    wall_s, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
    return wall_s * share, cpu_s * share, len(boxes), len(run)


def peer_network(torch):
    """nnU-Net's plain U-Net: two convolutions, instance normalization and LeakyReLU per stage, transposed ones up."""
    nn = torch.nn

    def stage(inner: int, outer: int, stride: int):
        layers = []
        for first in (True, False):
            source, step = (inner, stride) if first else (outer, 1)
            layers += [nn.Conv3d(source, outer, 3, step, 1), nn.InstanceNorm3d(outer, affine=True), nn.LeakyReLU()]
        return nn.Sequential(*layers)

    class PlainUNet(nn.Module):
        def __init__(self):
            super().__init__()
            widths, inner = PEER_FEATURES, (1, *PEER_FEATURES[:-1])
            self.down = nn.ModuleList(stage(a, b, 1 if a == 1 else 2) for a, b in zip(inner, widths, strict=True))
            pairs = list(zip(widths[::-1], widths[-2::-1], strict=False))
            self.up = nn.ModuleList(nn.ConvTranspose3d(a, b, 2, 2) for a, b in pairs)
            self.join = nn.ModuleList(stage(2 * b, b, 1) for _, b in pairs)
            self.labels = nn.Conv3d(widths[0], PEER_OUTPUTS, 1)

        def forward(self, values):
            skips = []
            for down in self.down:
                values = down(values)
                skips.append(values)
            for up, join, skip in zip(self.up, self.join, skips[-2::-1], strict=True):
                values = up(values)[:, :, : skip.shape[2], : skip.shape[3], : skip.shape[4]]
                values = join(torch.cat([values, skip], dim=1))
            return self.labels(values)

    return PlainUNet()


def main() -> int:
    """Print the figures; exit 1 where the default runtime misses a bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="liver")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--no-peer", action="store_true", help="leave the larger architecture out")
    parser.add_argument("--peer-tiles", type=int, default=1000, help="run so many of its tiles and extrapolate")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        working = Path(folder)
        ct = benchmark_ct()
        sitk.WriteImage(ct.to_sitk(), str(working / "ct.nii.gz"))
        model, words = model_folder(options.model, working)
        load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
        print(f"{ct.describe_grid()}; {words}; {options.threads} threads; load before: {load:.1f}")
        runs: dict[str, dict] = {}
        for runtime in ("onnxruntime", "torch"):
            runs[runtime] = run = run_once(working / "ct.nii.gz", model, runtime, options.threads, working)
            print(
                f"{runtime:12s} {run['wall_s']:6.1f} s from file to mask ({run['cpu_s']:.1f} s of processor time), "
                f"{run['peak_gb']:.2f} GB, {run['tiles']} tiles, {run['volume_ml']:.0f} ml"
            )
            print("             " + ", ".join(f"{name} {value:.2f} s" for name, value in run["stages"].items()))
        print(compared(runs["onnxruntime"]["output"], runs["torch"]["output"]))
        default = runs["onnxruntime"]
        if not options.no_peer:
            wall_s, cpu_s, tiles, run = peer_seconds(ct, options.threads, options.peer_tiles)
            print(
                f"plain U-Net, 118 outputs  {wall_s:6.1f} s, {cpu_s:.1f} s of processor time, {tiles} tiles ({run} run)"
            )
            print(f"ratio, its network alone / file to mask: {wall_s / default['wall_s']:.1f} by the clock")
            print(f"ratio in processor time, which other programs do not change: {cpu_s / default['cpu_s']:.1f}")
    return int(default["wall_s"] > BAR_S or default["peak_gb"] > BAR_GB)


if __name__ == "__main__":
    sys.exit(main())
