"""The figures of a ``config.json``, under the names that the families of models have for them."""

from collections.abc import Iterator, Mapping, Sequence

from settings.translation import tr

Figures = Mapping[str, object]

_NESTED = ("text_config", "llm_config", "language_config", "thinker_config")
"""Where a model of several kinds of input keeps its text model (Qwen-VL, InternVL, DeepSeek-VL2, Qwen-Omni)."""


class ConfigError(ValueError):
    """The file is no description of a text model; `str()` says what is missing."""


def text_figures(config: Figures) -> Figures:
    """The figures of the text model, those of the whole where it has none of its own."""
    inner = next((part for name in _NESTED if isinstance(part := config.get(name), Mapping)), None)
    return config if inner is None else {**config, **text_figures(inner)}


def optional(figures: Figures, *names: str) -> int | None:
    """The first of these figures that is a whole number above zero."""
    for name in names:
        value = figures.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None


def whole(figures: Figures, *names: str) -> int:
    """As `optional`; raises ConfigError where none is there."""
    value = optional(figures, *names)
    if value is None:
        raise ConfigError(tr("config.json has no {names}", names=names[0]))
    return value


def listed(figures: Figures, *names: str) -> Sequence[object]:
    """The first of these figures that is a list; empty where none is."""
    return next((value for name in names if isinstance(value := figures.get(name), list)), ())


def part(figures: Figures, name: str) -> Figures:
    """An object within the figures; empty where there is none."""
    value = figures.get(name)
    return value if isinstance(value, Mapping) else {}


def model_type(figures: Figures) -> str:
    return str(figures.get("model_type") or "").replace("-", "_").lower()


def classes(config: Figures) -> Iterator[str]:
    """The classes of the model, as `architectures` has them."""
    return (name for name in listed(config, "architectures") if isinstance(name, str))
