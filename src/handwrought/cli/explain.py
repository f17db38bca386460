"""``handwrought explain``: one image through the article's algorithm, with its numbers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from handwrought.cli.console import new_console
from handwrought.cli.drawing import draw_digit
from handwrought.cli.streams import printable
from handwrought.data.catalog import load_dataset
from handwrought.errors import InvalidArgument
from handwrought.model import Model
from handwrought.nn.equations import Sum, Trace, follow, update
from handwrought.nn.gradient_check import agreeing_digits, derivative_at
from handwrought.nn.network import Network

__all__ = ["run"]

_SHOWN = 5


def run(
    *,
    model: Path | None = None,
    index: int = 7,
    split: str = "test",
    layer: int | None = None,
    neuron: int | None = None,
    source: int | None = None,
    learning_rate: float = 3.0,
    dataset: str = "mnist",
    json_output: bool = False,
) -> int:
    """Show input, feedforward, BP1 to BP4, a numeric check and the update; returns the exit code."""
    data = load_dataset(dataset)
    splits = {"train": data.train, "validation": data.validation, "test": data.test}
    chosen = splits.get(split)
    if chosen is None:
        raise InvalidArgument(f"--split {split!r} is not there: use train, validation or test")
    if not 0 <= index < len(chosen):
        raise InvalidArgument(f"--index {index} is not there: {split} has 0 to {len(chosen) - 1}")
    if not 0 < learning_rate < np.inf:
        raise InvalidArgument(f"--learning-rate is {learning_rate}: it must be a number above 0")
    found = (
        Model.load(model)
        if model
        else Model(Network([chosen.n_inputs, 30, chosen.n_classes], seed=0))
    )
    found = found.named(data.class_names).with_dtype("float64")
    network, label = found.network, int(chosen.labels[index])
    trace = follow(network, found.inputs(chosen.images[index : index + 1])[0], label)
    l, j, k = _followed(trace, layer, neuron, source)
    numeric = derivative_at(network, trace.x[np.newaxis], np.array([label]), layer=l - 2, j=j, k=k)
    moved = update(trace, learning_rate)
    report = _report(trace, moved, l, j, k, numeric, learning_rate)
    names = found.class_names
    report.update(index=index, split=split, label=label, model=str(model) if model else None)
    report.update(label_name=names[label], prediction_name=names[report["prediction"]])
    if json_output:
        sys.stdout.write(json.dumps(report) + "\n")
        return 0
    _show(new_console(soft_wrap=True), trace, moved, report, chosen.images[index])
    return 0


def _followed(
    trace: Trace, layer: int | None, neuron: int | None, source: int | None
) -> tuple[int, int, int]:
    """The neuron and weight to follow: where not asked for, those with the largest gradient."""
    l = layer if layer is not None else 2
    trace._check(l, neuron or 0, source)
    gradient = np.abs(trace.dC_dw[l])
    j = neuron if neuron is not None else int(gradient.max(axis=1).argmax())
    k = source if source is not None else int(gradient[j].argmax())
    return l, j, k


def _sum_as_json(total: Sum) -> dict[str, Any]:
    ordered = total.largest_first()
    return {
        "symbol": total.symbol,
        "terms": [[t.index, t.left, t.right, t.product] for t in ordered.terms[:20]],
        "n_terms": len(total.terms),
        "offset": total.offset,
        "factor": total.factor,
        "value": total.value,
    }


def _report(
    trace: Trace, moved: Trace, l: int, j: int, k: int, numeric: float, learning_rate: float
) -> dict[str, Any]:
    analytic = float(trace.dC_dw[l][j, k])
    layers = range(2, trace.L + 1)
    return {
        "cost": trace.C,
        "prediction": int(trace.a[trace.L].argmax()),
        "z": {str(i): trace.z[i].tolist() for i in layers},
        "a": {str(i): trace.a[i].tolist() for i in layers},
        "delta": {str(i): trace.δ[i].tolist() for i in layers},
        "layer": l,
        "neuron": j,
        "source": k,
        "feedforward": _sum_as_json(trace.sum_for_z(l, j)),
        "BP1": _sum_as_json(trace.sum_for_δ(trace.L, _output_neuron(trace, l, j))),
        "BP2": _sum_as_json(trace.sum_for_δ(l, j)) if l < trace.L else None,
        "BP3": _sum_as_json(trace.sum_for_dC_db(l, j)),
        "BP4": _sum_as_json(trace.sum_for_dC_dw(l, j, k)),
        "analytic": analytic,
        "central_difference": numeric,
        "agreeing_digits": agreeing_digits(analytic, numeric),
        "learning_rate": learning_rate,
        "weight_before": float(trace.W[l][j, k]),
        "weight_after": float(moved.W[l][j, k]),
        "bias_before": float(trace.b[l][j]),
        "bias_after": float(moved.b[l][j]),
        "cost_after": moved.C,
    }


def _output_neuron(trace: Trace, l: int, j: int) -> int:
    return j if l == trace.L else int(np.abs(trace.δ[trace.L]).argmax())


def _substituted(total: Sum, left: str, right: str) -> list[str]:
    """The sum with its numbers, the largest terms first."""
    ordered = total.largest_first().terms
    rows = [
        f"      {left.format(k=t.index)} {right.format(k=t.index)} = "
        f"{t.left:+.6f} × {t.right:+.6f} = {t.product:+.6f}"
        for t in ordered[:_SHOWN]
    ]
    rest = ordered[_SHOWN:]
    if rest:
        rows.append(
            f"      + {len(rest)} more terms that add up to {sum(t.product for t in rest):+.6f}"
        )
    return rows


def _vector(values: np.ndarray) -> str:
    shown = " ".join(f"{v:+.3f}" for v in values[:10])
    return shown + (f" ... ({len(values)} in all)" if len(values) > 10 else "")


def _show(
    console: Console, trace: Trace, moved: Trace, report: dict[str, Any], image: np.ndarray
) -> None:
    l, j, k, L = report["layer"], report["neuron"], report["source"], trace.L

    def say(*lines: str) -> None:
        for line in lines:
            console.print(line)

    if image.ndim == 2:
        console.file.write(
            "\n".join(draw_digit(image, colour=console.color_system is not None)) + "\n\n"
        )
    if report["model"] is None:
        say("(An untrained network; train one with `handwrought train` and give it by --model.)")
    say(
        f"1. Input: image {report['index']} of {report['split']}, a {printable(report['label_name'])}; "
        f"a^1 has {len(trace.x)} pixels, {int((trace.x > 0).sum())} of them not 0.",
        "",
        "2. Feedforward: z^l = W^l a^{l-1} + b^l, a^l = σ(z^l)",
    )
    for i in range(2, L + 1):
        say(f"   z^{i} = {_vector(trace.z[i])}", f"   a^{i} = {_vector(trace.a[i])}")
    say(
        f"   It says {printable(report['prediction_name'])}; C = {trace.C:.6f}",
        f"   z^{l}_{j} = Σ_k w^{l}_{j},k a^{l - 1}_k + b^{l}_{j} = {trace.z[l][j]:+.6f}",
        *_substituted(trace.sum_for_z(l, j), f"w^{l}_{j},{{k}}", f"a^{l - 1}_{{k}}"),
        f"      b^{l}_{j} = {trace.b[l][j]:+.6f}",
        "",
    )
    o = _output_neuron(trace, l, j)
    bp1 = trace.sum_for_δ(L, o)
    say(f"3. BP1, the error at the output: δ^{L} = ∂C/∂a^{L} ⊙ σ'(z^{L})")
    if trace.σ[L].elementwise:
        say(
            f"   δ^{L}_{o} = {trace.dC_da[L][o]:+.6f} × {bp1.factor:.6f} = {bp1.value:+.6f}",
        )
    else:
        say(
            f"   δ^{L}_{o} = Σ_k ∂C/∂a_k ∂a_k/∂z_{o} = {bp1.value:+.6f}",
            *_substituted(bp1, f"∂a_{{k}}/∂z_{o}", "∂C/∂a_{k}"),
        )
    say(f"   δ^{L} = {_vector(trace.δ[L])}", "")
    if l < L:
        bp2 = trace.sum_for_δ(l, j)
        say(
            f"4. BP2, the error of layer {l}: δ^{l} = ((W^{l + 1})ᵀ δ^{l + 1}) ⊙ σ'(z^{l})",
            f"   δ^{l}_{j} = (Σ_k w^{l + 1}_k,{j} δ^{l + 1}_k) × σ'(z^{l}_{j})",
            f"         = {trace.dC_da[l][j]:+.6f} × {trace.σ_prime[l][j]:.6f} = {bp2.value:+.6f}",
            *_substituted(bp2, f"w^{l + 1}_{{k}},{j}", f"δ^{l + 1}_{{k}}"),
            "",
        )
    say(
        "5. The gradient",
        f"   BP3: ∂C/∂b^{l}_{j} = δ^{l}_{j} = {report['BP3']['value']:+.6f}",
        f"   BP4: ∂C/∂w^{l}_{j},{k} = δ^{l}_{j} a^{l - 1}_{k} = "
        f"{trace.δ[l][j]:+.6f} × {trace.a[l - 1][k]:.6f} = {report['analytic']:+.12f}",
        f"   central difference (C(w+h) - C(w-h)) / 2h    = {report['central_difference']:+.12f}"
        f"   ({report['agreeing_digits']} digits agree)",
        "",
        f"6. Update with η = {report['learning_rate']:g}, on this image alone",
        f"   w^{l}_{j},{k}: {report['weight_before']:+.6f} - {report['learning_rate']:g} × "
        f"{report['analytic']:+.6f} = {report['weight_after']:+.6f}",
        f"   b^{l}_{j}: {report['bias_before']:+.6f} → {report['bias_after']:+.6f}",
        f"   C: {trace.C:.6f} → {moved.C:.6f}",
    )
