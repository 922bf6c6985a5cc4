"""The torch side of TorchExchangeTest: exchange.py TOOL FOLDER first|second.

first: continues Java's runs from checkpoints that the tool converts, and does the first part of
runs that Java continues. second: continues those too, with the masks that Java has drawn meanwhile.
"""

import functools
import os
import sys

import torch

import authors

NAMES = ["out.weight", "bias", "attn.weight"]  # not sorted
STEPS, MORE = 47, 60
ADAM = dict(lr=1e-2, betas=(0.9, 0.99))
SPAM = dict(lr=1e-2, DeltaT=20, warmup_steps=12, threshold=50, grad_accu_steps=7)
SPAM_ARGUMENTS = (
    "--reset-interval 20 --rewarm-steps 12 --spike-threshold 50 --spike-grace-steps 7 --seed 3"
)
STABLE = dict(lr=1e-2, update_proj_gap=20, gamma1=0.8, gamma2=0.95, gamma3=0.99)
STABLE_ARGUMENTS = "--reset-interval 20 --gammas 0.8,0.95,0.99 --total-steps 47"
CASES = {
    "adam": (functools.partial(torch.optim.Adam, weight_decay=0.1, **ADAM), "adam"),
    "adam-amsgrad": (functools.partial(torch.optim.Adam, amsgrad=True, **ADAM), "adam"),
    "adamw": (functools.partial(torch.optim.AdamW, **ADAM), "adamw"),
    "adamw-amsgrad": (functools.partial(torch.optim.AdamW, amsgrad=True, **ADAM), "adamw"),
    "spam": (functools.partial(authors.SPAM, weight_decay=0.1, **SPAM), "spam"),
    "spam-sparse": (functools.partial(authors.SPAM, **SPAM), "spam"),
    "stablespam": (functools.partial(authors.StableSPAM, **STABLE), "stablespam"),
    "stablespam-schedule": (
        functools.partial(authors.StableSPAM, weight_decay=0.1, total_T=70, **STABLE),
        "stablespam",
    ),
}
SETTING_OF_MATRICES = {"adamw": {"weight_decay": 0.3}, "spam-sparse": {"density": 0.3}}
ARGUMENTS = {
    "adam": "--total-steps 47",
    "adamw": "--total-steps 47",
    "spam": SPAM_ARGUMENTS,
    "stablespam": STABLE_ARGUMENTS,
}


class Hostile:
    """What runs a command when it is read as pickle does."""

    def __reduce__(self):
        return os.mkdir, (os.path.abspath("hostile-was-run"),)


class Run:
    """Parameters and an optimizer; the masks come from Java where it has drawn some."""

    def __init__(self, case, weights, masks):
        self.parameters = [weights[name].clone().requires_grad_() for name in NAMES]
        self.masks = masks
        factory, self.kind = CASES[case]
        self.order = NAMES
        groups = [{"params": self.parameters}]
        if case in SETTING_OF_MATRICES:
            matrices, vectors = self.parameters[::2], self.parameters[1:2]
            self.order = NAMES[::2] + NAMES[1:2]
            groups = [{"params": matrices, **SETTING_OF_MATRICES[case]}, {"params": vectors}]
        if self.kind == "spam":
            factory = functools.partial(factory, draw=self.draw)
        self.optimizer = factory(groups)

    def draw(self, number, interval):
        """Java's mask of the interval, or one of its own."""
        name = self.order[number]
        if f"{interval}.{name}" in self.masks:
            return self.masks[f"{interval}.{name}"].bool()
        shape = self.parameters[NAMES.index(name)].shape
        return torch.rand(shape, generator=torch.Generator().manual_seed(interval)) < 0.3

    def steps(self, begin, end, gradients):
        """Goes on from step to step."""
        for t in range(begin, end):
            for name, parameter in zip(NAMES, self.parameters):
                gradient = gradients.get(f"{name}.{t}")
                parameter.grad = None if gradient is None else gradient.clone()
            self.optimizer.step()

    def weights(self):
        """The weights by name."""
        return {name: p.detach().clone() for name, p in zip(NAMES, self.parameters)}


def main(tool_file, folder, phase):
    """Runs a phase of all cases."""
    sys.path.append(os.path.dirname(tool_file))
    import spam4j_checkpoint
    import spam4j_state

    os.chdir(folder)
    gradients = spam4j_checkpoint.read_safetensors("gradients")[1]
    initial = {name: gradients[f"{name}.init"] for name in NAMES}

    def call(*words):
        if spam4j_state.main(list(words)) != 0:
            raise SystemExit(f"the tool refused: {words}")

    def resumed(case, start):
        masks = spam4j_checkpoint.read_safetensors(f"{case}.{start}.masks")[1]
        run = Run(case, torch.load(f"{case}.{start}.weights"), masks)
        state = torch.load(f"{case}.{start}.pt")
        run.optimizer.load_state_dict(state)
        if run.kind == "stablespam":
            run.optimizer.total_steps = STEPS
        run.steps(STEPS, STEPS + MORE, gradients)
        spam4j_checkpoint.write_safetensors(f"{case}.{start}.torch", {}, run.weights())

    torch.save({"state": {}, "param_groups": [Hostile()]}, "hostile.pt")
    for case, (_, kind) in CASES.items():
        if phase == "second":
            resumed(case, "torch-first")
            continue
        run = Run(case, initial, {})
        order = ",".join(run.order)
        file = f"{case}.java-first"
        call(
            "to-torch",
            f"{file}.state",
            f"{file}.pt",
            "--names",
            order,
            "--weights",
            f"{file}.weights",
        )
        resumed(case, "java-first")
        run.steps(0, STEPS, gradients)
        file = f"{case}.torch-first"
        torch.save(run.optimizer.state_dict(), f"{file}.pt")
        torch.save(run.weights(), f"{file}.weights")
        words = ["--optimizer", kind, "--names", order, "--weights", f"{file}.weights"]
        words += ARGUMENTS[kind].split()
        if case.endswith("schedule"):
            words += ["--beta-schedule", "70,0.5"]
        elif kind == "stablespam":
            words += ["--beta-schedule", "none"]
        call("from-torch", f"{file}.pt", f"{file}.state", *words)


if __name__ == "__main__":
    main(*sys.argv[1:])
