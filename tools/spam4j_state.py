#!/usr/bin/env python3
"""Exchanges optimizer state between spam4j's checkpoints and PyTorch's state_dict.

  spam4j_state.py show CHECKPOINT
  spam4j_state.py verify CHECKPOINT
  spam4j_state.py to-torch CHECKPOINT OUT.pt [--names NAMES] [--weights WEIGHTS.pt]
  spam4j_state.py from-torch IN.pt CHECKPOINT --optimizer adam|adamw|spam|stablespam ...

NAMES is a file with one parameter name a line, or names separated by commas: the order in which the
torch optimizer was given its parameters, since torch knows them by position only. Needs Python 3.9,
torch 1.13 or newer, and spam4j_checkpoint.py beside it. Exit codes: 0 done, 1 bad file, 2 wrong usage.
docs/checkpoints.md has the format and what a conversion can and cannot keep.
"""

from __future__ import annotations

import argparse
import collections
import io
import json
import math
import os
import pickle
import sys
import zipfile
from typing import Any, Dict, List, Optional

import torch
from torch import Tensor

from spam4j_checkpoint import DTYPES, PRESETS, Checkpoint, Mask, Parameter, Refused
from spam4j_checkpoint import java, joined, read_checkpoint, regular, replacing, shape_text
from spam4j_checkpoint import shown, write_checkpoint

# What an option sets, or the class keeps: no difference from the preset.
FREE = {"amsgrad", "resetInterval", "rewarmSteps", "spikeGraceSteps", "betaSchedule", "seed"}
FREE |= {"normMeanDecay", "normSquareDecay", "normEpsilon", "clipDecay"}
MOMENTS = ("exp_avg", "exp_avg_sq")
LARGEST = "max_exp_avg_sq"
NORMS = ("m_norm_t", "v_norm_t", "m_max_t")
EXTRA_STATE = {"adam": [LARGEST], "adamw": [LARGEST], "spam": ["mask"], "stablespam": NORMS}


def say(text: str) -> None:
    """Tells the user something that is not the result."""
    print(shown(text), file=sys.stderr)


def tell(text: str) -> None:
    """Prints a line of the result."""
    print(shown(text))


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
    thresholds = sorted({p.group["spikeThreshold"] for p in saved.parameters.values()})
    if len(thresholds) > 1 or kind != "spam" and thresholds != ["0.0"]:
        say(f"WARNING: the torch class has no such thresholds: spikeThreshold={thresholds}")
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
            tell(f"{place}: {name} {shape_text(saved.parameters[name].shape)}")
        place += 1
    if kind == "spam":
        add_spam(saved, state)
    elif kind == "stablespam":
        result["total_steps"] = saved.steps
        tell(f"StableSPAM with {constructor(saved.settings, STABLE_SPAM_NAMES)}")
        say(f"NOTE: load_state_dict does not set it: optimizer.total_steps = {saved.steps}")
    if options.weights:
        if set(saved.weights) != set(names):
            raise Refused("checkpoint must have weights", file=options.checkpoint, weights="none")
        with replacing(options.weights) as file:
            torch.save({name: saved.weights[name].clone() for name in names}, file)
    with replacing(options.out) as file:
        torch.save(result, file)


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
    tell(f"SPAM with threshold={','.join(thresholds)}, {constructor(saved.settings, SPAM_NAMES)}")
    if interval == 0:
        say("NOTE: SPAM cannot do without resets: give it a DeltaT beyond the end of the run")
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
        result["mask"] = parameter.mask.dense()
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
        decoupled = group.get("decoupled_weight_decay")
        if kind in ("adam", "adamw") and decoupled not in (None, kind == "adamw"):
            raise Refused(
                "weight decay must be the class's", 2, optimizer=kind, decoupled=decoupled
            )
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


STORAGES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


def rebuilt(flat: Tensor, offset: int, size: Any, stride: Any, *_: Any) -> Tensor:
    """A tensor of a storage, which has all of its elements: strides of 0 make any size of one."""
    if math.prod(size) > flat.numel():
        raise ValueError(f"a tensor must fit its storage: size={size}, storage={flat.numel()}")
    return flat.as_strided(tuple(size), tuple(stride), offset)


KNOWN = {
    ("torch._utils", "_rebuild_tensor_v2"): rebuilt,
    ("torch._utils", "_rebuild_parameter"): lambda tensor, *_: tensor,
    ("torch", "Size"): tuple,
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("collections", "defaultdict"): collections.defaultdict,
    ("builtins", "dict"): dict,
}


class PlainUnpickler(pickle.Unpickler):
    """Makes tensors and plain values of what torch.save wrote, and runs no code of the file.

    torch 1.13 cannot: torch.load with weights_only knows no floats, and ignores pickle_module.
    """

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        self.archive = archive
        self.folder = folder
        super().__init__(archive.open(self.stored("data.pkl")))

    def stored(self, name: str) -> zipfile.ZipInfo:
        """An entry as torch.save writes them: not packed, so no larger than the file."""
        entry = self.archive.getinfo(self.folder + name)
        if entry.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"an entry must be stored, not packed: entry={entry.filename}")
        return entry

    def find_class(self, module: str, name: str) -> Any:
        """Knows what state_dicts are made of, nothing else."""
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        if (module, name) not in KNOWN:
            raise pickle.UnpicklingError(f"no plain value: {module}.{name}")
        return KNOWN[module, name]

    def persistent_load(self, pid: Any) -> Tensor:
        """A storage, as a flat tensor."""
        _, dtype, key = pid[:3]
        data = bytearray(self.archive.read(self.stored(f"data/{key}")))
        return torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)


def loaded(path: str) -> Any:
    """What torch.save wrote."""
    try:
        with zipfile.ZipFile(regular(path)) as archive:
            pickles = [name for name in archive.namelist() if name.endswith("/data.pkl")]
            return PlainUnpickler(archive, pickles[0][: -len("data.pkl")]).load()
    except (OSError, zipfile.BadZipFile, pickle.UnpicklingError) as error:
        raise Refused("file must be what torch.save wrote", file=path, cause=error) from error
    except (AttributeError, EOFError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise Refused("file must be what torch.save wrote", file=path, cause=repr(error)) from error


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
    unknown = set(own) - {"step", *MOMENTS, *EXTRA_STATE[options.optimizer]}
    if unknown:
        raise Refused("state must be the class's", optimizer=options.optimizer, unknown=unknown)
    step = int(own["step"]) if set(own) - {"mask"} else 0
    mask = own["mask"].bool() if "mask" in own else None
    selected = None
    if mask is not None:
        positions = mask.reshape(-1).nonzero().reshape(-1)
        selected = Mask(positions, list(mask.shape), mask.numel())
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
    parameter = Parameter(list(like.shape), group, updates, min(step, since), mask=selected)
    packed = parameter.shape if selected is None else [selected.positions.numel()]
    keys = [*MOMENTS, LARGEST] if saved.settings["amsgrad"] == "true" else MOMENTS
    for key in keys:
        tensor = own.get(key, torch.zeros(packed))
        if step and key not in own or list(tensor.shape) != packed:
            raise Refused("state must have its shape", parameter=name, state=key, shape=packed)
        if tensor.dtype not in DTYPES.values() or not tensor.is_floating_point():
            raise Refused("state must be floats", parameter=name, state=key, dtype=tensor.dtype)
        if tensor.dtype != torch.float32:
            say(f"NOTE: {name}.{key} is {tensor.dtype}: load with allowTypeConversion")
        parameter.state[key] = tensor
    if name in saved.weights and list(saved.weights[name].shape) != parameter.shape:
        raise Refused(
            "weights must have the shape of the state", parameter=name, shape=parameter.shape
        )
    if options.optimizer == "stablespam":
        norms = {key: float(own[key]) if step else 0.0 for key in NORMS}
        parameter.scalars = {**norms, "norm_count": updates, "m_max_count": updates}
    return parameter


def print_builder(options: argparse.Namespace, saved: Checkpoint) -> None:
    """Prints the Java that builds the optimizer which loads the file strictly."""
    kind, settings = saved.optimizer, saved.settings
    starts = {"adam": "Adam.builder()", "adamw": "AdamW.builder()"}
    starts["spam"] = "Spam.builder(Spam.Preset.REFERENCE)"
    starts["stablespam"] = "StableSpam.builder(StableSpam.Preset.REFERENCE)"
    groups = [parameter.group for parameter in saved.parameters.values()]
    calls = group_calls(groups[0], "1.0")
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
            own = "".join(group_calls(parameter.group, groups[0]["density"]))
            calls.append(f".group({json.dumps(name)}, group -> group{own})")
    tell(f"// {saved.steps} steps, {len(saved.parameters)} parameters; build and load with:")
    tell("Optimizer optimizer = " + starts[kind])
    for call in [*calls, ".build(parameters);"]:
        tell("    " + call)
    kept = ".withWeights()" if saved.weights else ""
    tell(f"optimizer.load(Path.of({json.dumps(options.checkpoint)}), LoadOptions.strict(){kept});")


def group_calls(group: Dict[str, str], default: str) -> List[str]:
    """The builder calls that set hyper-parameters; the density only if it is not the default."""
    calls = [f".learningRate({group['learningRate']})"]
    calls += [f".betas({group['beta1']}, {group['beta2']})", f".epsilon({group['epsilon']})"]
    calls.append(f".weightDecay({group['weightDecay']})")
    return calls + ([] if group["density"] == default else [f".density({group['density']})"])


# ---- The command line


def show(options: argparse.Namespace) -> None:
    """Prints what is in a checkpoint."""
    saved = read_checkpoint(options.checkpoint)
    tell(f"{saved.optimizer}, {saved.steps} steps, {len(saved.parameters)} parameters")
    tell(f"consecutive steps with gradients that were not finite: {saved.non_finite_steps}")
    for kind, texts in (("setting", saved.settings), ("note", saved.notes)):
        for key, text in texts.items():
            tell(f"{kind} {key}={text}")
    for name, parameter in saved.parameters.items():
        weights = " with weights" if name in saved.weights else ""
        tell(f"{name} {shape_text(parameter.shape)}{weights}")
        tell(f"  {joined(parameter.group)}")
        tell(f"  updates={parameter.updates} updatesSinceReset={parameter.since_reset} spikes={parameter.spikes}")
        if parameter.mask is not None:
            selected = parameter.mask.positions.numel()
            tell(f"  mask: {selected} of {math.prod(parameter.mask.shape)}")
        for key, tensor in parameter.state.items():
            text = f"{tensor.dtype} {shape_text(tensor.shape)}"
            tell(f"  {key}: {text} norm={float(tensor.double().norm()):.6g}")
        for key, value in parameter.scalars.items():
            tell(f"  {key}={value}")


def verify(options: argparse.Namespace) -> None:
    """Compares all checksums."""
    saved = read_checkpoint(options.checkpoint)
    tell(f"all checksums are right: file={options.checkpoint}, parameters={len(saved.parameters)}")


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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = arguments(words)
    try:
        options.run(options)
        sys.stdout.flush()
    except Refused as refused:
        say(f"spam4j_state.py: {refused}")
        return refused.code
    except KeyError as key:
        say(
            f"spam4j_state.py: file must be of this optimizer: command={options.command}, lacks={key}"
        )
        return 1
    except OSError as error:
        say(f"spam4j_state.py: file must be readable or writable: cause={error}")
        discard_output()
        return 1
    except Exception as error:  # whatever a file can hold, its user gets one line
        say(f"spam4j_state.py: file must make sense: command={options.command}, cause={error!r}")
        return 1
    return 0


def discard_output() -> None:
    """Python would try again at its end to write what could not be written."""
    with open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), 1)


if __name__ == "__main__":
    sys.exit(main())
