"""Reads and writes the checkpoints of spam4j as torch tensors; docs/checkpoints.md has the format.

Needs Python 3.9 and torch 1.13 or newer, nothing else.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import json
import math
import mmap
import os
import stat
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, BinaryIO, Dict, Iterator, List, Optional, Tuple

import torch
from torch import Tensor

DTYPES = {  # largest elements first: the order of the data in a file
    "F64": torch.float64,
    "F32": torch.float32,
    "BF16": torch.bfloat16,
    "F16": torch.float16,
    "I16": torch.int16,
    "I8": torch.int8,
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


class Refused(Exception):
    """What the user is told; the exit code says whether a file or the usage is wrong."""

    def __init__(self, rule: str, code: int = 1, **facts: object) -> None:
        named = ", ".join(f"{name}={value}" for name, value in facts.items())
        super().__init__(f"{rule}: {named}")
        self.code = code


@dataclass
class Mask:
    """Which weights of a parameter have moments: their flat positions, ascending."""

    positions: Tensor
    shape: List[int]
    stored: int  # bytes in the file

    def dense(self) -> Tensor:
        """As torch has it: a bool for each weight. A few bytes can claim a shape of any size."""
        elements = math.prod(self.shape)
        if elements > max(1, self.stored) << 16:  # a gap of so many weights takes two bytes
            raise Refused(
                "mask must be as large as its shape asks for", shape=self.shape, bytes=self.stored
            )
        mask = torch.zeros(elements, dtype=torch.bool)
        mask[self.positions] = True
        return mask.view(self.shape)


@dataclass
class Parameter:
    """What a checkpoint holds of a parameter."""

    shape: List[int]
    group: Dict[str, str]
    updates: int
    since_reset: int
    spikes: int = 0
    state: Dict[str, Tensor] = field(default_factory=dict)
    mask: Optional[Mask] = None
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
    non_finite_steps: int = 0


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


def shown(text: object) -> str:
    """A text as a terminal may have it: names come from files."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in str(text)
    )


def regular(path: str) -> str:
    """The path, if opening it neither waits nor has no end."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise Refused("file must be a regular file", file=path)
    return path


@contextlib.contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """A file to write, which takes the path's place, with its mode, once it is whole."""
    path = os.path.realpath(regular(path))
    old = os.stat(path) if os.path.exists(path) else None
    temporary = os.path.join(os.path.dirname(path), f".spam4j-{uuid.uuid4()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with open(os.open(temporary, flags, 0o600 if old else 0o666), "wb") as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if old:
                with contextlib.suppress(OSError, AttributeError):  # of another owner
                    os.chown(temporary, old.st_uid, old.st_gid)
                os.chmod(temporary, stat.S_IMODE(old.st_mode))
        except BaseException:
            os.unlink(temporary)
            raise
    os.replace(temporary, path)


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
    with open(regular(path), "rb") as file:
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
    with replacing(path) as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for one in data:
            file.write((ctypes.c_char * one.numel()).from_address(one.data_ptr()))


# ---- Masks: gaps in symbols of 1, 4, 8 or 16 bits, the symbol of all ones reads on


def encoded(positions: Tensor) -> Tuple[int, Tensor]:
    """The width that takes the fewest bits, and the data."""
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


def decoded(data: Tensor, width: int, count: int, shape: List[int], line: int) -> Mask:
    """The mask, of single weights or of lines of so many."""
    if width not in (1, 4, 8, 16):
        raise Refused("mask width must be 1, 4, 8 or 16", width=width)
    escape = (1 << width) - 1
    raw = data.to(torch.int64)
    if width == 16:
        symbols = raw[0::2] | raw[1::2] << 8
    else:
        symbols = (raw.unsqueeze(1) >> torch.arange(0, 8, width) & escape).reshape(-1)
    ends = symbols != escape
    positions = (symbols + ends).cumsum(0)[ends] - 1
    if line > 1:
        positions = (positions.unsqueeze(1) * line + torch.arange(line)).reshape(-1)
        positions = positions[positions < math.prod(shape)]  # the last line may be shorter
    if len(positions) != count or (count and int(positions[-1]) >= math.prod(shape)):
        raise Refused(
            "mask must hold its positions", count=count, found=len(positions), shape=shape
        )
    return Mask(positions, shape, data.numel())


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
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Refused("file must be a checkpoint", file=path, cause=repr(error)) from error
    except (MemoryError, RuntimeError) as error:
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
        parameter.spikes = int(own.pop("spikes"))
        for key in filter(None, own.pop("state").split(",")):
            parameter.state[key] = tensors[f"state.{name}.{key}"]
        if "maskCount" in own:
            count, width = int(own.pop("maskCount")), int(own.pop("maskWidth"))
            line = int(own.pop("maskLines", 1))
            data = tensors[f"state.{name}.mask"]
            parameter.mask = decoded(data, width, count, shape, line)
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
        int(metadata["spam4j.nonFiniteSteps"]),
    )


def write_checkpoint(path: str, saved: Checkpoint) -> None:
    """Writes what Java's Optimizer.load accepts."""
    metadata = {
        "spam4j.format": "1",
        "spam4j.optimizer": saved.optimizer,
        "spam4j.steps": str(saved.steps),
        "spam4j.nonFiniteSteps": str(saved.non_finite_steps),
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
        own["spikes"] = parameter.spikes
        own["state"] = ",".join(parameter.state)
        tensors.update({f"state.{name}.{key}": t for key, t in parameter.state.items()})
        if parameter.mask is not None:
            own["maskCount"] = parameter.mask.positions.numel()
            own["maskWidth"], tensors[f"state.{name}.mask"] = encoded(parameter.mask.positions)
        own.update({key: java(value) for key, value in parameter.scalars.items()})
        metadata[f"spam4j.parameter.{name}"] = joined(own)
    metadata.update({f"spam4j.group.{i}": joined(group) for i, group in enumerate(groups)})
    metadata.update({f"spam4j.crc32c.{name}": crc(tensor) for name, tensor in tensors.items()})
    metadata["spam4j.crc32c"] = header_crc(metadata, tensors)
    write_safetensors(path, metadata, tensors)
