"""The torch side of EmulatedTraceTest: emulated.py TOOL FOLDER [DEVICE].

Runs the authors' SPAM on bfloat16 tensors, with gradients and masks that Java drew, and writes
weights and moments after every step. On cuda all operations are the GPU's own; on cpu, the default,
its arithmetic is imitated.
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

    What multiplies and adds is an fma there. On a CPU it depends on the version of torch, and on an
    element's place in its tensor.
    """

    @staticmethod
    def fma(a, number, b):
        """In float64 the product is exact, and the sum all but exact."""
        factor = float(torch.tensor(number, dtype=torch.float32))
        return (a.double() * factor + b.double()).float()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = func.__name__.strip("_")
        known = name in ("add", "addcmul", "div", "truediv", "mul", "rmul", "sqrt")
        if not known or args[0].dtype != torch.bfloat16:
            return func(*args, **(kwargs or {}))
        x, *rest = [a.float() if isinstance(a, torch.Tensor) else a for a in args]
        if name == "add":
            alpha = kwargs["alpha"] if kwargs else 1
            result = self.fma(rest[0], alpha, x) if alpha != 1 else x + rest[0]
        elif name == "addcmul":
            result = self.fma(rest[0] * rest[1], kwargs["value"], x)
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


def main(tool_file, folder, device="cpu"):
    """Runs all cases."""
    sys.path.append(os.path.dirname(tool_file))
    import spam4j_checkpoint

    os.chdir(folder)
    inputs = spam4j_checkpoint.read_safetensors("inputs")[1]
    inputs = {name: tensor.to(device) for name, tensor in inputs.items()}
    outputs = {}
    gpu = Own if device == "cuda" else Gpu
    for kind, arithmetic, settings in (("exact", Own, EXACT), ("gpu", gpu, USUAL)):
        for case in (f"{kind}-dense", f"{kind}-masked"):
            outputs.update(run(case, arithmetic, settings, inputs))
    outputs = {name: tensor.cpu() for name, tensor in outputs.items()}
    name = torch.cuda.get_device_name() if device == "cuda" else device
    of = {"torch": torch.__version__, "device": name}
    spam4j_checkpoint.write_safetensors("outputs", of, outputs)


if __name__ == "__main__":
    main(*sys.argv[1:])
