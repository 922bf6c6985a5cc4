"""The authors' SPAM and StableSPAM, written anew from a description of what their classes do.

Not tuned: for comparing numbers. SPAM's masks are drawn by a function that the caller gives.
"""

import math

import torch


class SPAM(torch.optim.Optimizer):
    """SPAM with the authors' dense and masked update, resets, warm-up and grace period."""

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-6,
        weight_decay=0.0,
        correct_bias=True,
        warmup_steps=150,
        threshold=5000,
        DeltaT=500,
        grad_accu_steps=20,
        draw=None,
    ):
        defaults = dict(
            lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, correct_bias=correct_bias
        )
        super().__init__(params, defaults)
        self.warmup_steps = warmup_steps
        self.threshold = threshold
        self.DeltaT = DeltaT
        self.grad_accu_steps = grad_accu_steps
        self.draw = draw  # of the parameter's number and the interval
        self.state["total_step"] = 0
        self.state["current_step"] = warmup_steps + 1
        for number, _, p in self._masked():
            self.state[p]["mask"] = draw(number, 0)

    def _masked(self):
        number = 0
        for group in self.param_groups:
            for p in group["params"]:
                if "density" in group:
                    yield number, group, p
                number += 1

    def _scale(self):
        j, n = self.state["current_step"], self.warmup_steps
        return 1.0 if j >= n else 1 - 0.99 * (1 + math.cos(math.pi * j / (n + 1))) / 2

    @torch.no_grad()
    def step(self):
        """Updates all parameters that have a gradient."""
        t = self.state["total_step"] + 1
        scale = self._scale()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._update(p, group, t, scale)
        self.state["total_step"] = t
        self.state["current_step"] += 1
        if (t + 1) % self.DeltaT == 0:
            for number, _, p in self._masked():
                self._redraw(p, self.draw(number, (t + 1) // self.DeltaT))
            self.state["current_step"] = 0

    def _update(self, p, group, t, scale):
        state = self.state[p]
        mask = state["mask"].bool() if "mask" in state else None
        g = p.grad.clone() if mask is None else p.grad[mask]
        if "exp_avg" not in state:
            state["step"] = 0
            state["exp_avg"] = torch.zeros_like(g)
            state["exp_avg_sq"] = torch.zeros_like(g)
        if t % self.DeltaT == 0:
            state["exp_avg"].zero_()
            state["exp_avg_sq"].zero_()
        m, v = state["exp_avg"], state["exp_avg_sq"]
        state["step"] += 1
        grace = self.grad_accu_steps
        if self.threshold != 0 and t >= grace and t % self.DeltaT >= grace:
            limit = self.threshold * v
            g = torch.where(g * g > limit, g.sign() * limit.sqrt(), g)
        beta1, beta2 = group["betas"]
        m.mul_(beta1).add_(g, alpha=1 - beta1)
        v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
        size = group["lr"]
        if group["correct_bias"]:
            size *= math.sqrt(1 - beta2 ** state["step"]) / (1 - beta1 ** state["step"])
        update = m / (v.sqrt() + group["eps"])
        if mask is None:
            p.add_(update, alpha=-size * scale)
            p.add_(p, alpha=-group["lr"] * group["weight_decay"])
        else:
            full = torch.zeros_like(p)
            full[mask] = update
            p.add_(full.mul_(scale), alpha=-size)

    def _redraw(self, p, mask):
        state = self.state[p]
        old = state["mask"].bool()
        for key in ("exp_avg", "exp_avg_sq"):
            full = torch.zeros_like(p)
            full[old] = state[key]
            state[key] = torch.where(mask & old, full, torch.zeros_like(full))[mask]
        state["mask"] = mask


class StableSPAM(torch.optim.Optimizer):
    """Stable-SPAM with the authors' reset, that reaches the moments after its step."""

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0.0,
        gamma1=0.7,
        gamma2=0.9,
        gamma3=0.999,
        total_T=None,
        eta_min=0.5,
        update_proj_gap=1000,
    ):
        defaults = dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=False)
        super().__init__(params, defaults)
        self.gammas = gamma1, gamma2, gamma3
        self.total_T = total_T
        self.eta_min = eta_min
        self.update_proj_gap = update_proj_gap
        self.total_steps = 0

    @torch.no_grad()
    def step(self):
        """Updates all parameters that have a gradient."""
        self.total_steps += 1
        scale = 1.0
        if self.total_T is not None:
            wave = 1 + math.cos(math.pi * self.total_steps / (self.total_T + 1))
            scale = self.eta_min + (1 - self.eta_min) * wave / 2
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._update(p, group, scale)

    def _update(self, p, group, scale):
        state = self.state[p]
        if not state:
            state["step"] = 0
            state["exp_avg"] = torch.zeros_like(p)
            state["exp_avg_sq"] = torch.zeros_like(p)
            for key in ("m_norm_t", "v_norm_t", "m_max_t"):
                state[key] = 0.0
        gamma1, gamma2, gamma3 = self.gammas
        gamma1 *= scale
        beta1, beta2 = group["betas"]
        beta1 *= scale
        p.mul_(1 - group["lr"] * group["weight_decay"])
        state["step"] += 1
        k = state["step"]
        g = p.grad
        largest = g.abs().max()
        state["m_max_t"] = gamma3 * state["m_max_t"] + (1 - gamma3) * largest
        limit = state["m_max_t"] / (1 - gamma3**k)
        g = torch.where(g.abs() > limit, g / largest * limit, g)
        norm = g.norm()
        state["m_norm_t"] = gamma1 * state["m_norm_t"] + (1 - gamma1) * norm
        state["v_norm_t"] = gamma2 * state["v_norm_t"] + (1 - gamma2) * norm**2
        target = state["m_norm_t"] / (1 - gamma1**k)
        target = target / ((state["v_norm_t"] / (1 - gamma2**k)).sqrt() + group["eps"])
        g = g / norm * target if norm > 0 else g
        m, v = state["exp_avg"], state["exp_avg_sq"]
        gap = self.update_proj_gap
        if gap != 0 and self.total_steps % gap == 0:
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(m), torch.zeros_like(v)
            state["step"] = k = 1
        m.mul_(beta1).add_(g, alpha=1 - beta1)
        v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
        root = v.sqrt() / math.sqrt(1 - beta2**k) + group["eps"]
        p.sub_(m / root * (group["lr"] / (1 - beta1**k)))
