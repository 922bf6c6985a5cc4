#!/usr/bin/env python3
"""Exchanges optimizer state between spam4j's checkpoints and PyTorch's state_dict.

  spam4j_state.py show CHECKPOINT
  spam4j_state.py verify CHECKPOINT
  spam4j_state.py to-torch CHECKPOINT OUT.pt [--names NAMES] [--weights WEIGHTS.pt]
  spam4j_state.py from-torch IN.pt CHECKPOINT --optimizer adam|adamw|spam|stablespam ...

NAMES is a file with one parameter name a line, or names separated by commas: the order in which the
torch optimizer was given its parameters, since torch knows them by position only. Needs Python 3.9
and torch 1.13 or newer, nothing else. Exit codes: 0 done, 1 bad file, 2 wrong usage.
docs/checkpoints.md has the format and what a conversion can and cannot keep.
"""

from __future__ import annotations

import argparse
import ctypes
import functools
import json
import math
import mmap
import os
import pickle
import sys
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Dict, List, Optional, Tuple

import torch
from torch import Tensor

DTYPES = {  # largest elements first: the order of the data in a file
    "F64": torch.float64,
    "F32": torch.float32,
    "BF16": torch.bfloat16,
    "F16": torch.float16,
    "U8": torch.uint8,
}


def settings(text: str) -> Dict[str, str]:
    """Settings as key=value; key=value."""
    return dict(one.strip().split("=", 1) for one in text.split(";"))


# The settings of Java's builders, for the authors' classes those of Preset.REFERENCE.
ADAM = settings(
    """epsilonMode=CORRECTED; weightDecayMode=COUPLED; biasCorrection=GLOBAL; amsgrad=false;
    resetInterval=0; rewarmSteps=0; initialWarmup=false; resetsAtStart=false;
    warmupCurve=WarmupCurve[amplitude=0.99, beyond=1, shift=0]; resetsMissingGradients=true;
    resetsAfterUpdate=false; spikeGraceSteps=0; spikeAction=CLIP; spikeReference=RAW;
    betaSchedule=BetaSchedule[totalSteps=0, finalFraction=1.0, rises=false];
    zeroSecondMoment=EXEMPT; limitsGradients=true; flushesSubnormals=true; seed=0;
    maskSelection=Random[sampling=EXACT]; overlap=RESET; unselected=FROZEN;
    maskedWeightDecay=SELECTED; nonFinite=SKIP_COORDINATE; transforms=[]"""
)
AUTHORS = settings("""resetsMissingGradients=false; limitsGradients=false; flushesSubnormals=false;
    spikeGraceSteps=20; nonFinite=PROPAGATE""")
SPAM = settings(
    """epsilonMode=UNCORRECTED; weightDecayMode=AFTER; resetInterval=500; rewarmSteps=150;
    zeroSecondMoment=CLIP_TO_ZERO; maskSelection=Random[sampling=EXACT_THEN_BERNOULLI];
    maskedWeightDecay=NONE"""
)
STABLE_SPAM = settings("""weightDecayMode=BEFORE; biasCorrection=SINCE_RESET; resetInterval=1000;
    resetsAfterUpdate=true; adaClip=true; adaGN=true; normMeanDecay=0.7; normSquareDecay=0.9;
    normEpsilon=1.0E-8; clipDecay=0.999; countsSinceReset=true""")
PRESETS = {
    "adam": ADAM,
    "adamw": {**ADAM, "weightDecayMode": "BEFORE"},
    "spam": {**ADAM, **AUTHORS, **SPAM},
    "stablespam": {**ADAM, **AUTHORS, **STABLE_SPAM},
}
# What an option sets, or the class keeps: no difference from the preset.
FREE = {"amsgrad", "resetInterval", "rewarmSteps", "spikeGraceSteps", "betaSchedule", "seed"}
FREE |= {"normMeanDecay", "normSquareDecay", "normEpsilon", "clipDecay"}
MOMENTS = ("exp_avg", "exp_avg_sq")
LARGEST = "max_exp_avg_sq"
NORMS = ("m_norm_t", "v_norm_t", "m_max_t")


class Refused(Exception):
    """What the user is told; the exit code says whether a file or the usage is wrong."""

    def __init__(self, rule: str, code: int = 1, **facts: object) -> None:
        named = ", ".join(f"{name}={value}" for name, value in facts.items())
        super().__init__(f"{rule}: {named}")
        self.code = code


@dataclass
class Parameter:
    """What a checkpoint holds of a parameter; the mask is a bool tensor of its shape."""

    shape: List[int]
    group: Dict[str, str]
    updates: int
    since_reset: int
    state: Dict[str, Tensor] = field(default_factory=dict)
    mask: Optional[Tensor] = None
    scalars: Dict[str, float] = field(default_factory=dict)


@dataclass
class Checkpoint:
    """A checkpoint; see docs/checkpoints.md."""

    optimizer: str
    steps: int
    settings: Dict[str, str]
    parameters: Dict[str, Parameter]
    weights: Dict[str, Tensor] = field(default_factory=dict)
    notes: Dict[str, str] = field(default_factory=dict)


def say(text: str) -> None:
    """Tells the user something that is not the result."""
    print(text, file=sys.stderr)


# ---- CRC-32C. A CRC is linear: 32768 lanes of 4 bytes advance at once, each word times x^(bits of
# ---- a row) by two table lookups, and at the end the lanes are folded in halves.

POLYNOMIAL = 0x82F63B78
LANES = 1 << 15


def times(a: int, b: int) -> int:
    """The product of two polynomials over GF(2) modulo that of CRC-32C; x^0 is the highest bit."""
    product = 0
    for bit in range(31, -1, -1):
        if a >> bit & 1:
            product ^= b
        b = b >> 1 ^ (POLYNOMIAL if b & 1 else 0)
    return product


@functools.lru_cache(maxsize=None)
def shift(length: int) -> int:
    """x^(8 length): the operator that appends so many zero bytes."""
    power, square, bits = 1 << 31, 1 << 30, 8 * length
    while bits:
        power = times(power, square) if bits & 1 else power
        square, bits = times(square, square), bits >> 1
    return power


@functools.lru_cache(maxsize=None)
def tables(length: int) -> Tuple[Tensor, Tensor]:
    """What the low and the high 16 bits of a word become when so many zero bytes are appended."""
    halves = []
    for low in (0, 16):
        table = torch.zeros(1, dtype=torch.int32)
        for bit in range(low, low + 16):
            image = times(shift(length), 1 << bit)
            table = torch.cat((table, table ^ (image - (image >> 31 << 32))))
        halves.append(table)
    return halves[0], halves[1]


def appended(words: Tensor, length: int) -> Tensor:
    """Each word with so many zero bytes appended."""
    low, high = tables(length)
    return low.index_select(0, words & 0xFFFF) ^ high.index_select(0, words >> 16 & 0xFFFF)


def remainder(data: Tensor) -> int:
    """The CRC's register after these bytes if it was 0 before."""
    whole = data.numel() // (4 * LANES) * (4 * LANES)
    register = 0
    if whole:
        rows = data[:whole].view(torch.int32).view(-1, LANES)
        lanes = rows[0]
        for row in rows[1:]:
            lanes = appended(lanes, 4 * LANES) ^ row
        register = collapsed(lanes)
    rest = data.numel() - whole
    if rest:
        padded = torch.zeros(4 << (math.ceil(rest / 4) - 1).bit_length(), dtype=torch.uint8)
        padded[padded.numel() - rest :] = data[whole:]
        register = times(register, shift(rest)) ^ collapsed(padded.view(torch.int32))
    return register


def collapsed(lanes: Tensor) -> int:
    """The register after a row of words, a power of two of them."""
    while lanes.numel() > 1:
        half = lanes.numel() // 2
        lanes = appended(lanes[:half], 4 * half) ^ lanes[half:]
    return times(int(lanes[0]) & 0xFFFFFFFF, shift(4))


def flat_bytes(tensor: Tensor) -> Tensor:
    """A tensor's bytes, without copying where it is contiguous."""
    flat = tensor.detach().contiguous().reshape(-1)
    return (flat.clone() if flat.storage_offset() else flat).view(torch.uint8)


def crc(data: Tensor) -> str:
    """The CRC-32C of a tensor's bytes, as checkpoints write it."""
    ones = 0xFFFFFFFF
    raw = flat_bytes(data)
    return f"{remainder(raw) ^ times(ones, shift(raw.numel())) ^ ones:08x}"


def header_crc(metadata: Dict[str, str], tensors: Dict[str, Tensor]) -> str:
    """The CRC-32C of all but the tensors' bytes."""
    names = {dtype: name for name, dtype in DTYPES.items()}
    texts: List[str] = []
    for key in sorted(metadata, key=str.encode):
        if key != "spam4j.crc32c":
            texts += (key, metadata[key])
    for name in sorted(tensors, key=str.encode):
        texts += (name, names[tensors[name].dtype], shape_text(tensors[name].shape))
    text = bytearray("".join(one + "\0" for one in texts).encode())
    return crc(torch.frombuffer(text, dtype=torch.uint8))


# ---- Files


def shape_text(shape: Any) -> str:
    """A shape as checkpoints write it."""
    return "[" + ",".join(str(extent) for extent in shape) + "]"


def java(value: float) -> str:
    """A number as Java's Double.toString writes it."""
    value = float(value)
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    rest = "".join(str(digit) for digit in digits[1:])
    return f"{'-' * sign}{digits[0]}.{rest or 0}E{int(exponent) + len(rest)}"


def read_safetensors(path: str) -> Tuple[Dict[str, str], Dict[str, Tensor]]:
    """Maps a file; the tensors are views of it."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(8), "little")
        if size < 10 or length > min(size - 8, 100_000_000):
            raise Refused("file must be safetensors, with a header inside", file=path, bytes=size)
        header = json.loads(file.read(length).decode())
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)  # no write reaches the file
    metadata = header.pop("__metadata__", {})
    tensors, end = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        dtype, shape, (begin, stop) = entry["dtype"], entry["shape"], entry["data_offsets"]
        if dtype not in DTYPES:
            raise Refused("tensor type must be known", file=path, tensor=name, dtype=dtype)
        item = torch.empty(0, dtype=DTYPES[dtype]).element_size()
        count = math.prod(shape)
        if begin != end or stop - begin != count * item or stop > size - 8 - length:
            raise Refused("tensors must fill the file without gaps", file=path, tensor=name)
        end = stop
        if count:
            flat = torch.frombuffer(
                data, dtype=DTYPES[dtype], count=count, offset=8 + length + begin
            )
        else:
            flat = torch.empty(0, dtype=DTYPES[dtype])
        tensors[name] = flat.view(shape)
    if end != size - 8 - length:
        raise Refused("file must end with its tensors", file=path, bytes=size, end=8 + length + end)
    return metadata, tensors


def write_safetensors(path: str, metadata: Dict[str, str], tensors: Dict[str, Tensor]) -> None:
    """Writes a file or replaces one, in one step."""
    names = {dtype: name for name, dtype in DTYPES.items()}
    rank = list(DTYPES.values()).index
    header: Dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    end, data = 0, []
    for name, tensor in sorted(tensors.items(), key=lambda item: (rank(item[1].dtype), item[0])):
        data.append(flat_bytes(tensor))
        begin, end = end, end + data[-1].numel()
        shape = list(tensor.shape)
        header[name] = {"dtype": names[tensor.dtype], "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 64)
    temporary = os.path.join(os.path.dirname(path), f".safetensors-{uuid.uuid4()}.tmp")
    with open(temporary, "xb") as file:
        try:
            file.write(len(text).to_bytes(8, "little") + text)
            for one in data:
                file.write((ctypes.c_char * one.numel()).from_address(one.data_ptr()))
            file.flush()
            os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise


# ---- Masks: gaps in symbols of 1, 4, 8 or 16 bits, the symbol of all ones reads on


def encoded(mask: Tensor) -> Tuple[int, Tensor]:
    """The width that takes the fewest bits, and the data."""
    positions = mask.reshape(-1).nonzero().reshape(-1)
    before = torch.cat((torch.full((1,), -1), positions))
    gaps = positions - before[:-1] - 1
    bits = {w: w * int((gaps // ((1 << w) - 1) + 1).sum()) for w in (1, 4, 8, 16)}
    width = min(bits, key=lambda w: (bits[w], w))
    escape = (1 << width) - 1
    filled = math.ceil(bits[width] / 64) * 64 // width  # ones after the last symbol
    symbols = torch.full((filled,), escape, dtype=torch.int64)
    symbols[(gaps // escape + 1).cumsum(0) - 1] = gaps % escape
    if width == 16:
        return width, torch.stack((symbols & 0xFF, symbols >> 8), 1).to(torch.uint8).reshape(-1)
    places = torch.arange(0, 8, width)
    return width, (symbols.view(filled * width // 8, 8 // width) << places).sum(1).to(torch.uint8)


def decoded(data: Tensor, width: int, count: int, shape: List[int]) -> Tensor:
    """The mask, of bools."""
    escape = (1 << width) - 1
    raw = data.to(torch.int64)
    if width == 16:
        symbols = raw[0::2] | raw[1::2] << 8
    else:
        symbols = (raw.unsqueeze(1) >> torch.arange(0, 8, width) & escape).reshape(-1)
    ends = symbols != escape
    positions = (symbols + ends).cumsum(0)[ends] - 1
    mask = torch.zeros(math.prod(shape), dtype=torch.bool)
    if len(positions) != count or (count and int(positions[-1]) >= mask.numel()):
        raise Refused(
            "mask must hold its positions", count=count, found=len(positions), shape=shape
        )
    mask[positions] = True
    return mask.view(shape)


# ---- Checkpoints


def fields(text: str) -> Dict[str, str]:
    """The fields of a text name=value name=value."""
    return dict(one.split("=", 1) for one in text.split(" "))


def joined(named: Dict[str, Any]) -> str:
    """The reverse of fields."""
    return " ".join(f"{name}={value}" for name, value in named.items())


def read_checkpoint(path: str) -> Checkpoint:
    """Reads a checkpoint whose checksums are all right."""
    try:
        metadata, tensors = read_safetensors(path)
        version = metadata.get("spam4j.format")
        if version != "1":
            raise Refused("file must be a checkpoint of version 1", file=path, version=version)
        saved, actual = metadata.get("spam4j.crc32c"), header_crc(metadata, tensors)
        if saved != actual:
            raise Refused("header must have its checksum", file=path, saved=saved, actual=actual)
        damaged = [n for n in tensors if crc(tensors[n]) != metadata.get(f"spam4j.crc32c.{n}")]
        if damaged:
            raise Refused("bytes must have their checksums", file=path, tensors=damaged)
        return parsed(metadata, tensors)
    except OSError as error:
        raise Refused("file must be readable", file=path, cause=error) from error
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise Refused("file must be a checkpoint", file=path, cause=repr(error)) from error


def section(metadata: Dict[str, str], prefix: str) -> Dict[str, str]:
    """The entries whose keys start so, without that start."""
    return {k[len(prefix) :]: v for k, v in sorted(metadata.items()) if k.startswith(prefix)}


def parsed(metadata: Dict[str, str], tensors: Dict[str, Tensor]) -> Checkpoint:
    """Makes sense of a checkpoint's metadata."""
    parameters, weights = {}, {}
    for name, text in section(metadata, "spam4j.parameter.").items():
        own = fields(text)
        shape = json.loads(own.pop("shape"))
        group = fields(metadata["spam4j.group." + own.pop("group")])
        parameter = Parameter(
            shape, group, int(own.pop("updates")), int(own.pop("updatesSinceReset"))
        )
        for key in filter(None, own.pop("state").split(",")):
            parameter.state[key] = tensors[f"state.{name}.{key}"]
        if "maskCount" in own:
            count, width = int(own.pop("maskCount")), int(own.pop("maskWidth"))
            parameter.mask = decoded(tensors[f"state.{name}.mask"], width, count, shape)
        parameter.scalars = {key: float(value) for key, value in own.items()}
        parameters[name] = parameter
        if f"weights.{name}" in tensors:
            weights[name] = tensors[f"weights.{name}"]
    return Checkpoint(
        metadata["spam4j.optimizer"],
        int(metadata["spam4j.steps"]),
        section(metadata, "spam4j.setting."),
        parameters,
        weights,
        section(metadata, "spam4j.note."),
    )


def write_checkpoint(path: str, saved: Checkpoint) -> None:
    """Writes what Java's Optimizer.load accepts."""
    metadata = {
        "spam4j.format": "1",
        "spam4j.optimizer": saved.optimizer,
        "spam4j.steps": str(saved.steps),
        "spam4j.nonFiniteSteps": "0",
    }
    metadata.update({f"spam4j.setting.{key}": text for key, text in saved.settings.items()})
    metadata.update({f"spam4j.note.{key}": text for key, text in saved.notes.items()})
    tensors: Dict[str, Tensor] = {f"weights.{n}": t for n, t in saved.weights.items()}
    groups: List[Dict[str, str]] = []
    for name, parameter in saved.parameters.items():
        if parameter.group not in groups:
            groups.append(parameter.group)
        own = {"shape": shape_text(parameter.shape), "group": groups.index(parameter.group)}
        own.update(updates=parameter.updates, updatesSinceReset=parameter.since_reset)
        own["state"] = ",".join(parameter.state)
        tensors.update({f"state.{name}.{key}": t for key, t in parameter.state.items()})
        if parameter.mask is not None:
            own["maskCount"] = int(parameter.mask.sum())
            own["maskWidth"], tensors[f"state.{name}.mask"] = encoded(parameter.mask)
        own.update({key: java(value) for key, value in parameter.scalars.items()})
        metadata[f"spam4j.parameter.{name}"] = joined(own)
    metadata.update({f"spam4j.group.{i}": joined(group) for i, group in enumerate(groups)})
    metadata.update({f"spam4j.crc32c.{name}": crc(tensor) for name, tensor in tensors.items()})
    metadata["spam4j.crc32c"] = header_crc(metadata, tensors)
    write_safetensors(path, metadata, tensors)


# ---- Between the two


def same(what: str, values: List[Any]) -> Any:
    """The value that all groups have."""
    if any(value != values[0] for value in values):
        raise Refused("all groups must agree, as spam4j has it once", **{what: values})
    return values[0]


def ordered(names: Optional[str]) -> Optional[List[str]]:
    """The names that an option gives."""
    if names is None:
        return None
    if os.path.isfile(names):
        with open(names, encoding="utf-8") as file:
            return [line.strip() for line in file if line.strip()]
    return names.split(",")


def current_step(steps: int, interval: int, rewarm: int) -> int:
    """SPAM's current_step after so many steps: it restarts at the end of step k * DeltaT - 1."""
    if interval == 0 or steps + 1 < interval:
        return rewarm + 1 + steps
    return (steps + 1) % interval


def since_reset(steps: int, interval: int) -> int:
    """The gradients since the last reset, that of the reset included, if none was missing."""
    return steps if interval == 0 or steps < interval else steps % interval + 1


def redraws(saved: Checkpoint, interval: int) -> bool:
    """Whether SPAM has drawn the masks of the next interval, which spam4j draws a step later."""
    sparse = any(parameter.mask is not None for parameter in saved.parameters.values())
    return sparse and interval > 0 and (saved.steps + 1) % interval == 0


def to_torch(options: argparse.Namespace) -> None:
    """A checkpoint becomes a state_dict."""
    saved = read_checkpoint(options.checkpoint)
    kind = saved.optimizer
    if kind not in PRESETS:
        raise Refused("torch must have a class for it", optimizer=kind, known=list(PRESETS))
    names = ordered(options.names)
    if names is None:
        names = sorted(saved.parameters)
        say("NOTE: no --names: torch ids follow the names in sorted order; is this the order in")
        say(f"NOTE: which your torch optimizer has its parameters? {','.join(names)}")
    if sorted(names) != sorted(saved.parameters):
        raise Refused("names must be the file's", 2, names=names, file=list(saved.parameters))
    for key, text in saved.settings.items():
        preset = PRESETS[kind].get(key)
        if text != preset and key not in FREE and (key, text) != ("biasCorrection", "NONE"):
            say(f"WARNING: the torch class does otherwise: {key}={preset}, checkpoint={text}")
    groups: List[Dict[str, str]] = []
    for name in names:
        if saved.parameters[name].group not in groups:
            groups.append(saved.parameters[name].group)
    state: Dict[Any, Any] = {}
    result: Dict[str, Any] = {"state": state, "param_groups": []}
    place = 0
    for group in groups:
        members = [name for name in names if saved.parameters[name].group == group]
        ids = list(range(place, place + len(members)))
        result["param_groups"].append(torch_group(saved, group, ids, members))
        for place, name in zip(ids, members):
            own = torch_state(kind, name, saved.parameters[name])
            state.update({place: own} if own else {})
            print(f"{place}: {name} {shape_text(saved.parameters[name].shape)}")
        place += 1
    if kind == "spam":
        add_spam(saved, state)
    elif kind == "stablespam":
        result["total_steps"] = saved.steps
        print(f"StableSPAM with {constructor(saved.settings, STABLE_SPAM_NAMES)}")
        say(f"NOTE: load_state_dict does not set it: optimizer.total_steps = {saved.steps}")
    if options.weights:
        if set(saved.weights) != set(names):
            raise Refused("checkpoint must have weights", file=options.checkpoint, weights="none")
        torch.save({name: saved.weights[name].clone() for name in names}, options.weights)
    torch.save(result, options.out)


SPAM_NAMES = {
    "resetInterval": "DeltaT",
    "rewarmSteps": "warmup_steps",
    "spikeGraceSteps": "grad_accu_steps",
}
STABLE_SPAM_NAMES = {
    "resetInterval": "update_proj_gap",
    "normMeanDecay": "gamma1",
    "normSquareDecay": "gamma2",
    "clipDecay": "gamma3",
    "betaSchedule": "total_T, eta_min",
}


def constructor(own: Dict[str, str], names: Dict[str, str]) -> str:
    """What the state_dict lacks, by the names of the class's arguments."""
    return ", ".join(f"{theirs}={own[key]}" for key, theirs in names.items())


def add_spam(saved: Checkpoint, state: Dict[Any, Any]) -> None:
    """What SPAM keeps for all parameters."""
    interval = int(saved.settings["resetInterval"])
    state["total_step"] = saved.steps
    state["current_step"] = current_step(saved.steps, interval, int(saved.settings["rewarmSteps"]))
    thresholds = sorted({p.group["spikeThreshold"] for p in saved.parameters.values()})
    print(f"SPAM with threshold={','.join(thresholds)}, {constructor(saved.settings, SPAM_NAMES)}")
    if redraws(saved, interval):
        say("WARNING: SPAM drew masks at the end of this step; the old ones stay an interval more")


def torch_group(
    saved: Checkpoint, group: Dict[str, str], ids: List[int], names: List[str]
) -> Dict[str, Any]:
    """A parameter group as the classes have it."""
    result: Dict[str, Any] = {
        "lr": float(group["learningRate"]),
        "betas": (float(group["beta1"]), float(group["beta2"])),
        "eps": float(group["epsilon"]),
        "weight_decay": float(group["weightDecay"]),
    }
    if saved.optimizer == "spam":
        result["correct_bias"] = saved.settings["biasCorrection"] != "NONE"
        if float(group["density"]) < 1:
            result["density"] = float(group["density"])
    else:
        result["amsgrad"] = saved.settings["amsgrad"] == "true"
    result.update(params=ids, param_names=names)
    return result


def torch_state(kind: str, name: str, parameter: Parameter) -> Dict[str, Any]:
    """A parameter's state as the classes have it; none before its first gradient, but for masks."""
    if parameter.mask is not None and kind != "spam":
        raise Refused("torch class must have masks, as SPAM has", optimizer=kind, parameter=name)
    unknown = set(parameter.state) - {*MOMENTS, LARGEST}
    if unknown:
        raise Refused(
            "state must be known to the torch class", parameter=name, state=sorted(unknown)
        )
    if parameter.updates == 0 and parameter.mask is None:
        return {}
    step: Any = (
        torch.tensor(float(parameter.updates)) if kind in ("adam", "adamw") else parameter.updates
    )
    result = {"step": parameter.since_reset if kind == "stablespam" else step}
    result.update({key: tensor.clone() for key, tensor in parameter.state.items()})
    if parameter.mask is not None:
        result["mask"] = parameter.mask
    if kind == "stablespam":
        result.update({key: torch.tensor(parameter.scalars.get(key, 0.0)) for key in NORMS})
    return result


def from_torch(options: argparse.Namespace) -> None:
    """A state_dict becomes a checkpoint."""
    kind = options.optimizer
    source = loaded(options.input)
    if not isinstance(source, dict) or not {"state", "param_groups"} <= set(source):
        raise Refused("file must hold an optimizer's state_dict", file=options.input)
    state, groups = source["state"], source["param_groups"]
    require(options, source)
    for group in groups:
        if group.get("maximize"):
            raise Refused("spam4j only minimises", maximize=True)
    settings = settings_of(options, groups)
    names = ordered(options.names)
    if names is None and all("param_names" in group for group in groups):
        names = [name for group in groups for name in group["param_names"]]
    ids = [place for group in groups for place in group["params"]]
    if names is None or len(set(names)) != len(ids) or len(names) != len(ids):
        rule = "parameters need names, one each in torch's order: give --names"
        raise Refused(rule, 2, parameters=len(ids), names=names)
    weights = loaded(options.weights) if options.weights else {}
    if options.weights and not set(names) <= set(weights):
        raise Refused(
            "weights must be there", file=options.weights, missing=sorted(set(names) - set(weights))
        )
    saved = Checkpoint(kind, steps_of(options, source, ids), settings, {})
    saved.weights = {name: weights[name].detach().contiguous() for name in names if name in weights}
    place_names = iter(names)
    for group in groups:
        text = group_text(options, group)
        for place in group["params"]:
            name = next(place_names)
            own = state.get(place, {})
            saved.parameters[name] = imported(options, saved, name, own, text)
    if redraws(saved, int(settings["resetInterval"])):
        say("WARNING: SPAM has drawn the masks of the next interval already; spam4j draws its own")
    write_checkpoint(options.checkpoint, saved)
    print_builder(options, saved)


class PlainPickle:
    """In place of the module pickle: makes tensors and plain values, calls nothing else.

    The loader that torch 1.13 has for this (weights_only) knows no floats.
    """

    class Unpickler(pickle.Unpickler):
        """Knows what torch.save writes of a state_dict."""

        ALLOWED = {"_rebuild_tensor_v2", "_rebuild_parameter", "OrderedDict", "defaultdict", "dict"}

        def find_class(self, module: str, name: str) -> Any:
            """Refuses what could run code."""
            if module in ("torch._utils", "collections", "builtins") and name in self.ALLOWED:
                return super().find_class(module, name)
            raise pickle.UnpicklingError(f"not a plain value: {module}.{name}")

    @classmethod
    def load(cls, file: Any, **options: Any) -> Any:
        """As pickle.load."""
        return cls.Unpickler(file, **options).load()


def loaded(path: str) -> Any:
    """What torch.save wrote."""
    try:
        return torch.load(path, "cpu", pickle_module=PlainPickle, weights_only=False)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise Refused("file must be what torch.save wrote", file=path, cause=error) from error


NEEDED = {
    "spam": {
        "reset_interval": "DeltaT or update_proj_gap of the run",
        "rewarm_steps": "warmup_steps or warmup_epoch of the run",
        "spike_threshold": "threshold of the run, 5000 or 2000",
        "spike_grace_steps": "grad_accu_steps of the run, 20",
    },
    "stablespam": {
        "total_steps": "optimizer.total_steps, the steps done",
        "reset_interval": "update_proj_gap of the run, 1000",
        "gammas": "gamma1,gamma2,gamma3 of the run, 0.7,0.9,0.999",
        "beta_schedule": "total_T,eta_min of the run, or none",
    },
}


def require(options: argparse.Namespace, source: Dict[str, Any]) -> None:
    """Takes from the file what some versions of the classes keep there; asks for the rest."""
    gaps = {
        group["update_proj_gap"] for group in source["param_groups"] if "update_proj_gap" in group
    }
    if options.reset_interval is None and len(gaps) == 1:
        options.reset_interval = int(gaps.pop())
    if options.total_steps is None and options.optimizer == "stablespam":
        options.total_steps = source.get("total_steps")
    needed = NEEDED.get(options.optimizer, {})
    missing = [name for name in needed if getattr(options, name) is None]
    if missing:
        asked = "; ".join(f"--{name.replace('_', '-')} ({needed[name]})" for name in missing)
        raise Refused(
            "state_dict lacks what must be given", 2, optimizer=options.optimizer, missing=asked
        )


def settings_of(options: argparse.Namespace, groups: List[Dict[str, Any]]) -> Dict[str, str]:
    """The settings that Java's builder has for this class."""
    settings = dict(PRESETS[options.optimizer])
    settings["seed"] = str(options.seed)
    amsgrad = bool(same("amsgrad", [bool(group.get("amsgrad", False)) for group in groups]))
    if options.optimizer in ("adam", "adamw"):
        settings["amsgrad"] = str(amsgrad).lower()
        return settings
    if amsgrad:
        raise Refused("spam4j has AMSGrad only in Adam and AdamW", amsgrad=True)
    settings["resetInterval"] = str(options.reset_interval)
    if options.optimizer == "spam":
        settings["rewarmSteps"] = str(options.rewarm_steps)
        settings["spikeGraceSteps"] = str(options.spike_grace_steps)
        if not same("correct_bias", [group.get("correct_bias", True) for group in groups]):
            settings["biasCorrection"] = "NONE"
        return settings
    decays = ("normMeanDecay", "normSquareDecay", "clipDecay")
    settings.update({key: java(value) for key, value in zip(decays, options.gammas)})
    settings["normEpsilon"] = java(same("eps", [float(group["eps"]) for group in groups]))
    if options.beta_schedule != "none":
        total, final = options.beta_schedule
        text = f"BetaSchedule[totalSteps={total}, finalFraction={java(final)}, rises=true]"
        settings["betaSchedule"] = text
    return settings


def steps_of(options: argparse.Namespace, source: Dict[str, Any], ids: List[Any]) -> int:
    """The steps done, if they fit all that the file says of them."""
    state, interval = source["state"], options.reset_interval
    counts = sorted({int(state[place]["step"]) for place in ids if "step" in state.get(place, {})})
    if options.optimizer == "spam":
        steps, current = int(state["total_step"]), int(state["current_step"])
        expected = current_step(steps, interval, options.rewarm_steps)
        if current != expected:
            rule = "current_step must fit --reset-interval and --rewarm-steps"
            raise Refused(rule, current_step=current, expected=expected, total_step=steps)
    elif options.optimizer == "stablespam":
        steps, expected = options.total_steps, since_reset(options.total_steps, interval)
        if expected not in counts and counts:
            rule = "some parameter's step must fit --total-steps and --reset-interval"
            raise Refused(
                rule, steps=counts, expected=expected, total_steps=steps, reset_interval=interval
            )
        return steps
    elif options.total_steps is None and len(counts) > 1:
        rule = "parameters have different steps, give --total-steps: the calls of step()"
        raise Refused(rule, 2, steps=counts)
    else:
        steps = counts[0] if counts else 0
    given = steps if options.total_steps is None else options.total_steps
    if options.optimizer == "spam" and given != steps or counts and given < counts[-1]:
        raise Refused(
            "--total-steps must fit the file", total_steps=given, total_step=steps, steps=counts
        )
    return given


def group_text(options: argparse.Namespace, group: Dict[str, Any]) -> Dict[str, str]:
    """A parameter group as checkpoints have it."""
    beta1, beta2 = group["betas"]
    return {
        "learningRate": java(float(group["lr"])),
        "weightDecay": java(float(group["weight_decay"])),
        "beta1": java(float(beta1)),
        "beta2": java(float(beta2)),
        "epsilon": java(float(group["eps"])),
        "spikeThreshold": java(options.spike_threshold if options.optimizer == "spam" else 0),
        "density": java(float(group.get("density", 1.0))),
    }


def imported(
    options: argparse.Namespace,
    saved: Checkpoint,
    name: str,
    own: Dict[str, Any],
    group: Dict[str, str],
) -> Parameter:
    """A parameter with the state that the file has of it, or none yet."""
    step = int(own.get("step", 0))
    mask = own["mask"].bool() if "mask" in own else None
    like = mask if mask is not None else own.get(MOMENTS[0], saved.weights.get(name))
    if like is None:
        raise Refused("parameter without state needs its shape: give --weights", 2, parameter=name)
    if (mask is None) != (float(group["density"]) == 1.0):
        raise Refused("a mask goes with a density", parameter=name, density=group["density"])
    interval = int(saved.settings["resetInterval"])
    since = since_reset(saved.steps, interval)
    updates = step
    if (
        options.optimizer == "stablespam" and step
    ):  # its step restarts: the total is not in the file
        updates, since = max(step, saved.steps - max(0, since - step)), step
    parameter = Parameter(list(like.shape), group, updates, min(step, since), mask=mask)
    packed = parameter.shape if mask is None else [int(mask.sum())]
    keys = [*MOMENTS, LARGEST] if saved.settings["amsgrad"] == "true" else MOMENTS
    for key in keys:
        tensor = own.get(key, torch.zeros(packed))
        if step and key not in own or list(tensor.shape) != packed:
            raise Refused("state must have its shape", parameter=name, state=key, shape=packed)
        if tensor.dtype not in DTYPES.values():
            raise Refused("state must be floats", parameter=name, state=key, dtype=tensor.dtype)
        if tensor.dtype != torch.float32:
            say(f"NOTE: {name}.{key} is {tensor.dtype}: load with allowTypeConversion")
        parameter.state[key] = tensor
    if name in saved.weights and list(saved.weights[name].shape) != parameter.shape:
        raise Refused(
            "weights must have the shape of the state", parameter=name, shape=parameter.shape
        )
    if options.optimizer == "stablespam":
        norms = {key: float(own.get(key, 0.0)) for key in NORMS}
        parameter.scalars = {**norms, "norm_count": updates, "m_max_count": updates}
    return parameter


def print_builder(options: argparse.Namespace, saved: Checkpoint) -> None:
    """Prints the Java that builds the optimizer which loads the file strictly."""
    kind, settings = saved.optimizer, saved.settings
    starts = {"adam": "Adam.builder()", "adamw": "AdamW.builder()"}
    starts["spam"] = "Spam.builder(Spam.Preset.REFERENCE)"
    starts["stablespam"] = "StableSpam.builder(StableSpam.Preset.REFERENCE)"
    groups = [parameter.group for parameter in saved.parameters.values()]
    calls = group_calls(groups[0])
    if kind in ("adam", "adamw"):
        calls += [".amsgrad(true)"] if settings["amsgrad"] == "true" else []
    else:
        calls.append(f".resetInterval({settings['resetInterval']})")
    if kind == "spam":
        calls += [f".{key}({settings[key]})" for key in ("rewarmSteps", "spikeGraceSteps")]
        calls.append(f".spikeThreshold({groups[0]['spikeThreshold']})")
        if settings["biasCorrection"] == "NONE":
            calls.append(".biasCorrection(BiasCorrection.NONE)")
        calls.append(f".seed({settings['seed']})")
    if kind == "stablespam":
        calls.append(f".normDecays({settings['normMeanDecay']}, {settings['normSquareDecay']})")
        calls.append(f".clipDecay({settings['clipDecay']})")
        if options.beta_schedule != "none":
            total, final = options.beta_schedule
            calls.append(f".betaSchedule({total}, {java(final)})")
    for name, parameter in saved.parameters.items():
        if parameter.group != groups[0]:
            calls.append(f'.group("{name}", group -> group{"".join(group_calls(parameter.group))})')
    print(f"// {saved.steps} steps, {len(saved.parameters)} parameters; build and load with:")
    print("Optimizer optimizer = " + starts[kind])
    for call in [*calls, ".build(parameters);"]:
        print("    " + call)
    kept = ".withWeights()" if saved.weights else ""
    print(f'optimizer.load(Path.of("{options.checkpoint}"), LoadOptions.strict(){kept});')


def group_calls(group: Dict[str, str]) -> List[str]:
    """The builder calls that set hyper-parameters."""
    calls = [
        f".learningRate({group['learningRate']})",
        f".betas({group['beta1']}, {group['beta2']})",
    ]
    calls += [f".epsilon({group['epsilon']})", f".weightDecay({group['weightDecay']})"]
    return calls + ([] if group["density"] == "1.0" else [f".density({group['density']})"])


# ---- The command line


def show(options: argparse.Namespace) -> None:
    """Prints what is in a checkpoint."""
    saved = read_checkpoint(options.checkpoint)
    print(f"{saved.optimizer}, {saved.steps} steps, {len(saved.parameters)} parameters")
    for kind, texts in (("setting", saved.settings), ("note", saved.notes)):
        for key, text in texts.items():
            print(f"{kind} {key}={text}")
    for name, parameter in saved.parameters.items():
        weights = " with weights" if name in saved.weights else ""
        print(f"{name} {shape_text(parameter.shape)}{weights}")
        print(f"  {joined(parameter.group)}")
        print(f"  updates={parameter.updates} updatesSinceReset={parameter.since_reset}")
        if parameter.mask is not None:
            print(f"  mask: {int(parameter.mask.sum())} of {parameter.mask.numel()}")
        for key, tensor in parameter.state.items():
            text = f"{tensor.dtype} {shape_text(tensor.shape)}"
            print(f"  {key}: {text} norm={float(tensor.double().norm()):.6g}")
        for key, value in parameter.scalars.items():
            print(f"  {key}={value}")


def verify(options: argparse.Namespace) -> None:
    """Compares all checksums."""
    saved = read_checkpoint(options.checkpoint)
    print(f"all checksums are right: file={options.checkpoint}, parameters={len(saved.parameters)}")


def gammas(text: str) -> List[float]:
    """Three numbers."""
    values = [float(one) for one in text.split(",")]
    if len(values) != 3:
        raise argparse.ArgumentTypeError(f"need gamma1,gamma2,gamma3: gammas={text}")
    return values


def schedule(text: str) -> Any:
    """The schedule's length and end, or none."""
    if text == "none":
        return text
    total, final = text.split(",")
    return int(total), float(final)


def arguments(words: Optional[List[str]]) -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser("spam4j_state.py", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(required=True, dest="command")
    for action in (show, verify):
        command = commands.add_parser(action.__name__, help=action.__doc__)
        command.add_argument("checkpoint")
        command.set_defaults(run=action)
    names = "a file with one name a line, or a,b,c: the order of the torch optimizer's parameters"
    command = commands.add_parser("to-torch", help=to_torch.__doc__)
    command.add_argument("checkpoint")
    command.add_argument("out")
    command.add_argument("--names", help=names + "; default: sorted")
    command.add_argument("--weights", help="write the weights here, as a model's state_dict")
    command.set_defaults(run=to_torch)
    command = commands.add_parser("from-torch", help=from_torch.__doc__)
    command.add_argument("input")
    command.add_argument("checkpoint")
    command.add_argument("--optimizer", required=True, choices=list(PRESETS))
    command.add_argument("--names", help=names + "; default: param_names, if the file has them")
    command.add_argument("--weights", help="a model's state_dict: take the weights from it")
    command.add_argument("--total-steps", type=int, help="the steps done")
    command.add_argument("--reset-interval", type=int, help="DeltaT, update_proj_gap")
    command.add_argument("--rewarm-steps", type=int, help="SPAM's warmup_steps, warmup_epoch")
    command.add_argument("--spike-threshold", type=float, help="SPAM's threshold")
    command.add_argument("--spike-grace-steps", type=int, help="SPAM's grad_accu_steps")
    command.add_argument("--gammas", type=gammas, help="Stable-SPAM's gamma1,gamma2,gamma3")
    command.add_argument(
        "--beta-schedule", type=schedule, help="Stable-SPAM's total_T,eta_min, or none"
    )
    command.add_argument("--seed", type=int, default=0, help="of the masks that spam4j will draw")
    command.set_defaults(run=from_torch)
    return parser.parse_args(words)


def main(words: Optional[List[str]] = None) -> int:
    """Runs a command; returns the exit code."""
    options = arguments(words)
    try:
        options.run(options)
    except Refused as refused:
        say(f"spam4j_state.py: {refused}")
        return refused.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
