"""Draws the curves of a benchmark: ``python bench_plot.py bench.json bench.png``.

Runs in the load generator's own environment, which has matplotlib; this program's own has none.
"""

import json
import sys
from pathlib import Path


def draw(document: Path, picture: Path) -> None:
    """Time to the first token, time per further token and tokens per second over the requests at once."""
    import matplotlib as mpl  # pyright: ignore[reportMissingImports]  # noqa: PLC0415

    mpl.use("agg")
    from matplotlib import pyplot as plt  # pyright: ignore[reportMissingImports]  # noqa: PLC0415

    report = json.loads(document.read_text(encoding="utf-8"))
    levels = [each for each in report["levels"] if each["completed"]]
    figure, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
    for axis, key, title in (
        (axes[0], "firstTokenMs", "time to first token, ms"),
        (axes[1], "perTokenMs", "time per further token, ms"),
    ):
        for quantile, style in (("p50", "o-"), ("p99", "o--")):
            axis.plot([each["concurrency"] for each in levels], [each[key][quantile] for each in levels], style,
                      label=quantile)  # fmt: skip
        axis.set_title(title)
        axis.legend()
    places = [each["concurrency"] for each in levels]
    axes[2].plot(places, [each["tokensPerSecond"] for each in levels], "o-", label="measured, all requests")
    bound = report["expected"]["decodeBound"] if report["expected"] else None
    if bound:
        axes[2].axhline(bound, linestyle=":", color="grey", label="bound of one request (memory)")
    axes[2].set_title("output tokens per second")
    axes[2].legend()
    for axis in axes:
        axis.set_xscale("log", base=2)
        axis.set_xticks(places, [str(place) for place in places])
        axis.set_xlabel("requests at once")
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    figure.suptitle(f"{report['model']} ({report['target']})")
    figure.savefig(picture, dpi=110)


if __name__ == "__main__":
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
