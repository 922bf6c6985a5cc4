"""The torch side of EmulatedTraceTest: emulated.py TOOL FOLDER.

Runs the authors' SPAM on bfloat16 tensors, with gradients and masks that Java drew, and writes
weights and moments after every step.
"""

import os
import sys

import torch
from torch.overrides import TorchFunctionMode

import authors

STEPS = 66
# All numbers are bfloat16 themselves, so that it does not matter what torch casts them to.
EXACT = dict(
    lr=2**-7,
    betas=(0.875, 1 - 2**-8),
    eps=2**-20,
    weight_decay=1.0,
    correct_bias=False,
    warmup_steps=0,
    threshold=48,
    DeltaT=20,
    grad_accu_steps=7,
)
USUAL = dict(
    lr=1e-2, weight_decay=0.7, warmup_steps=12, threshold=50, DeltaT=20, grad_accu_steps=7
)


class Gpu(TorchFunctionMode):
    """Arithmetic on bfloat16 as on a GPU: in float32, numbers too, each result rounded once.

    On a CPU it depends on the version of torch, and on an element's place in its tensor.
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = func.__name__.strip("_")
        known = name in ("add", "addcmul", "div", "truediv", "mul", "rmul", "sqrt")
        if not known or args[0].dtype != torch.bfloat16:
            return func(*args, **(kwargs or {}))
        x, *rest = [a.float() if isinstance(a, torch.Tensor) else a for a in args]
        if name == "add":
            alpha = kwargs["alpha"] if kwargs else 1
            result = x + (rest[0] * alpha if alpha != 1 else rest[0])  # no fma
        elif name == "addcmul":
            result = x + rest[0] * rest[1] * kwargs["value"]
        elif name == "sqrt":
            result = x.sqrt()
        else:
            result = x / rest[0] if name in ("div", "truediv") else x * rest[0]
        in_place = func.__name__.endswith("_") and not func.__name__.endswith("__")
        return args[0].copy_(result) if in_place else result.bfloat16()


class Own:
    """Arithmetic as it comes."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


def run(case, arithmetic, settings, inputs):
    """Weights and moments after every step."""
    parameter = inputs[f"{case}.init"].clone().requires_grad_()
    group = {"params": [parameter]}
    is_masked = case.endswith("masked")
    if is_masked:
        group["density"] = 0.3
        settings = dict(settings, weight_decay=0.0)  # it would decay a copy

    def draw(_, interval):
        return inputs[f"{case}.mask.{interval}"].bool()

    optimizer = authors.SPAM([group], draw=draw, **settings)
    outputs = {}
    for t in range(1, STEPS + 1):
        parameter.grad = inputs[f"{case}.grad.{t}"].clone()
        with arithmetic():
            optimizer.step()
        outputs[f"{case}.param.{t}"] = parameter.detach().clone()
        if not (is_masked and (t + 1) % settings["DeltaT"] == 0):  # packed anew already
            for key in ("exp_avg", "exp_avg_sq"):
                outputs[f"{case}.{key}.{t}"] = optimizer.state[parameter][key].clone()
    return outputs


def main(tool_file, folder):
    """Runs all cases."""
    sys.path.append(os.path.dirname(tool_file))
    import spam4j_checkpoint

    os.chdir(folder)
    inputs = spam4j_checkpoint.read_safetensors("inputs")[1]
    outputs = {}
    for kind, arithmetic, settings in (("exact", Own, EXACT), ("gpu", Gpu, USUAL)):
        for case in (f"{kind}-dense", f"{kind}-masked"):
            outputs.update(run(case, arithmetic, settings, inputs))
    spam4j_checkpoint.write_safetensors("outputs", {}, outputs)


if __name__ == "__main__":
    main(*sys.argv[1:])
