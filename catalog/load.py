"""The catalogue: YAML tables in `data/`, each entry parsed and validated when it is first asked for.

A table is one mapping from an entry's name to its facts, in one file or spread over a folder. Splitting a file into
entries needs no YAML parser (a name stands at the start of a line), so a run pays only for the entries it touches.
`Catalog.verify` walks all of them, and checks what no entry can know alone.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml
from pydantic import ValidationError

from catalog import arguments, library
from catalog.checks import (
    argument_faults,
    image_faults,
    library_faults,
    machine_faults,
    model_faults,
    region_faults,
    shape_faults,
    super_gpu_faults,
    tag_faults,
)
from catalog.cloud import Addon, Duration, KubernetesVersion, Region, ReservedResources, StorageClassFacts
from catalog.entry import Entry
from catalog.hardware import Gpu, Machine, SuperGpu
from catalog.images import Image, KnownTags, Mirror, ReleaseTrait
from catalog.metrics import MetricsEndpoint
from catalog.models import (
    Attention,
    CatalogModel,
    LibraryFamily,
    ModelArchitecture,
    ModelArgument,
    Scales,
    SharedArchitecture,
    Unstaged,
)
from catalog.software import Chart, PageVariable

DATA = Path(__file__).parent / "data"
MLA = "mla"
"""Multi-head latent attention among the kinds of attention."""

OWN_FACTS = {
    "id",
    "architecture",
    "architecture_id",
    "attention",
    "format",
    "weights",
    "aliases",
    "source",
    "note",
    "verified",
}
"""What each model's row says for itself."""

_NAME = re.compile(r"^(?P<name>[^\s#].*):[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"^#.*\n|^[ \t]*\n", re.MULTILINE)

_REPOSITORY = re.compile(r"(?:huggingface|ollama): \"?([^\s\",}]+)")

E = TypeVar("E", bound=Entry)
Facts = dict[str, Any]


class CatalogError(Exception):
    """A fault in the catalogue's data; the text names the file, the entry and the fault."""

    def __init__(self, file: str, entry: str, fault: str) -> None:
        super().__init__(": ".join(part for part in (f"catalog/data/{file}", entry, fault) if part))


class Table(Mapping[str, E], Generic[E]):
    """The entries of one file, or of the files in a folder, by name. Raises CatalogError where the data is at fault."""

    def __init__(
        self,
        path: Path,
        kind: type[E],
        identity: Callable[[str], dict[str, str]],
        faults: Callable[[E], Iterator[str]] | None = None,
        complete: Callable[[Facts], Facts] = lambda facts: facts,
    ) -> None:
        self._path = path
        self._kind = kind
        self._identity = identity
        self._faults = faults
        self._complete = complete
        self._entries: dict[str, E] = {}

    @cached_property
    def _texts(self) -> dict[str, tuple[str, str]]:
        """File name and YAML text of each entry."""
        folder = self._path.is_dir()
        texts: dict[str, tuple[str, str]] = {}
        for path in sorted(self._path.glob("*.yaml")) if folder else (self._path,):
            file = f"{self._path.name}/{path.name}" if folder else path.name
            for key, text in _split(path, file):
                if key in texts:
                    raise CatalogError(file, key, "is given twice")
                texts[key] = (file, text)
        return texts

    def _read(self, key: str) -> E:
        file, text = self._texts[key]
        try:
            facts = yaml.load(text, Loader=yaml.CSafeLoader)
        except yaml.YAMLError as error:
            raise CatalogError(file, key, f"is not valid YAML ({error})") from None
        if not isinstance(facts, dict):
            raise CatalogError(file, key, "is not a mapping")
        try:
            entry = self._kind.model_validate(self._complete({**self._identity(key), **facts}))
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, e['loc'])) or 'entry'}: {e['msg']}" for e in error.errors()]
        except LookupError as error:
            faults = [str(error.args[0])]
        else:
            faults = list(self._faults(entry)) if self._faults else []
            if not faults:
                return entry
        raise CatalogError(file, key, "; ".join(faults))

    def __getitem__(self, key: str) -> E:
        if key not in self._entries:
            self._entries[key] = self._read(key)
        return self._entries[key]

    def __contains__(self, key: object) -> bool:
        return key in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def file_of(self, key: str) -> str:
        """The file that an entry stands in, below `catalog/data`."""
        return self._texts[key][0]

    def matches(self, pattern: re.Pattern[str]) -> Iterator[str]:
        """What the first group of `pattern` finds in the facts of all entries, which are not parsed for it."""
        return (found[1] for _, facts in self._texts.values() for found in pattern.finditer(facts))

    def mentioning(self, text: str) -> Iterator[E]:
        """The entries whose name or facts contain `text` in any case, in the order of the files."""
        sought = text.lower()
        return (
            self[key] for key, (_, facts) in self._texts.items() if sought in key.lower() or sought in facts.lower()
        )


def _split(path: Path, file: str) -> Iterator[tuple[str, str]]:
    """The entries of one file: name, and the YAML text below it."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CatalogError(file, "", f"cannot be read ({error.strerror})") from None
    names = list(_NAME.finditer(text))
    preamble = text[: names[0].start()] if names else text
    if _COMMENT.sub("", preamble).strip():
        raise CatalogError(file, "", "must begin with the name of an entry, alone on its line")
    ends = [name.start() for name in names[1:]] + [len(text)]
    for name, end in zip(names, ends, strict=True):
        yield name["name"].strip("\"'"), text[name.end() : end]


def _architecture_faults(entry: SharedArchitecture) -> Iterator[str]:
    yield from shape_faults(entry.shape)
    if not entry.shape.computable and entry.note is None:
        yield "note: say why the cache is not computable"
    strange = set(entry.models) - (set(CatalogModel.model_fields) - OWN_FACTS)
    yield from (f"models: {name} is no fact that models share" for name in sorted(strange))


def _name(key: str) -> dict[str, str]:
    return {"name": key}


def _repository_and_tag(key: str) -> dict[str, str]:
    repository, _, tag = key.rpartition(":")
    return {"repository": repository, "tag": tag}


class Catalog:
    """All tables. `root` is the folder of the YAML files. Every attribute may raise CatalogError when it is read."""

    def __init__(self, root: Path = DATA) -> None:
        self.root = root
        self.gpus = Table(root / "gpus.yaml", Gpu, _name)
        self.machines = Table(
            root / "machines.yaml", Machine, _name, lambda entry: machine_faults(entry, self.gpus, self.regions)
        )
        self.super_gpus = Table(
            root / "super_gpus.yaml", SuperGpu, _name, lambda entry: super_gpu_faults(entry, self.gpus)
        )
        self.library = Table(
            root / "ollama.yaml", LibraryFamily, _name, lambda entry: library_faults(entry, self.models)
        )
        self.attention = Table(root / "attention.yaml", Attention, _name)
        self.architectures = Table(root / "architectures", SharedArchitecture, _name, _architecture_faults)
        self.model_arguments = Table(root / "model_arguments.yaml", ModelArgument, _name, argument_faults)
        self.scales = Table(root / "scales.yaml", Scales, _name)
        self.unstaged = Table(root / "unstaged.yaml", Unstaged, _name)
        self.release_traits = Table(root / "release_traits.yaml", ReleaseTrait, _name)
        self.models = Table(
            root / "models", CatalogModel, lambda key: {"id": key}, model_faults, self._with_architecture
        )
        self.mirrors = Table(root / "mirrors.yaml", Mirror, lambda key: {"registry": key})
        self.durations = Table(root / "durations.yaml", Duration, _name)
        self.stores = Table(root / "stores.yaml", StorageClassFacts, _name)
        self.disks = Table(root / "disks.yaml", StorageClassFacts, _name)
        self.regions = Table(root / "regions.yaml", Region, _name, region_faults)
        self.kubernetes_versions = Table(root / "kubernetes.yaml", KubernetesVersion, lambda key: {"version": key})
        self.addons = Table(root / "addons.yaml", Addon, _name)
        self.reserved = Table(root / "reserved.yaml", ReservedResources, _name)
        self.charts = Table(root / "charts.yaml", Chart, _name)
        self.metrics = Table(root / "metrics.yaml", MetricsEndpoint, _name)
        self._releases: dict[str, arguments.Release | None] = {}
        self.page_variables = Table(root / "page_variables.yaml", PageVariable, _name)
        self._images = Table(
            root / "images.yaml", Image, _repository_and_tag, lambda entry: image_faults(entry, self.mirrors)
        )
        self.image_tags = Table(
            root / "image_tags.yaml",
            KnownTags,
            lambda key: {"repository": key},
            lambda entry: tag_faults(entry, self._images),
        )

    @cached_property
    def images(self) -> tuple[Image, ...]:
        """Every pinned image, in the order of the file."""
        return tuple(self._images.values())

    def release(self, image: Image) -> arguments.Release | None:
        """What was recorded of the release that the image holds: an engine's arguments, its or the page's variables."""
        if image.name not in self._releases:
            package = image.engine or image.repository.rpartition("/")[2]
            self._releases[image.name] = arguments.read(self.root, package, image.tag.removeprefix("v"))
        return self._releases[image.name]

    def find_model(self, name: str) -> CatalogModel | None:
        """The model with this Hugging Face id, alias, or repository id of one of its formats (ModelScope; Ollama's
        `name:tag`), in any case; None where there is none."""
        if name in self.models:
            return self.models[name]
        sought = name.lower()
        named = [model for model in self.models.mentioning(name) if sought in _names(model)]
        found = next((model for model in named if model.id.lower() == sought), named[0] if named else None)
        return found or self._in_library(sought)

    def _in_library(self, name: str) -> CatalogModel | None:
        """A model that only Ollama's library lists, or another build of one that is known."""
        pinned = self.pinned_tag(name)
        if pinned is not None:
            base = self.find_model(pinned)
            return library.moving(base, library.whole(name)) if base is not None else None
        first, colon, tag = name.partition(":")
        if not colon:
            return None
        row = self.library[first].tags.get(tag) if first in self.library else None
        if row is not None:
            return library.listed(self.models[row.model], name, row.gb)
        base = library.base_of(name)
        usual = self.find_model(base) if base is not None else None
        return library.estimated(usual, name) if usual is not None and "gguf" in usual.weights else None

    def pinned_tag(self, name: str) -> str | None:
        """The id in Ollama's library that one without a tag, or with "latest", stood for; None: not known, or it names
        another tag."""
        first, _, tag = library.whole(name.lower()).partition(":")
        latest = self.library[first].latest if tag == library.LATEST and first in self.library else None
        return f"{first}:{latest}" if latest else None

    def model_ids(self) -> Iterator[str]:
        """The id of every model, and of each of its formats where it lies elsewhere, without reading the entries."""
        yield from self.models
        yield from self.models.matches(_REPOSITORY)
        for family in self.library.values():
            yield from library.ids(family)

    def attention_of(self, names: Iterable[str] = (), *, mla: bool) -> tuple[Attention, ...]:
        """The kinds of attention of these names, and multi-head latent attention. Raises LookupError for no kind."""
        wanted = [*names, *([MLA] if mla else [])]
        unknown = [name for name in wanted if name not in self.attention]
        if unknown:
            raise LookupError(f"attention: {unknown[0]} is not in attention.yaml")
        return tuple(self.attention[name] for name in wanted)

    def _with_architecture(self, row: Facts) -> Facts:
        """A model's row with what its architecture says in place of the architecture's name, and what its arguments are
        in place of theirs.

        The row's `max_positions` replaces the architecture's; its own weights lie in the repository of its id.
        """
        name = row.get("architecture")
        if not isinstance(name, str) or name not in self.architectures:
            raise LookupError(f"architecture: {name} is not in architectures/")
        shared = self.architectures[name]
        facts: Facts = {
            "note": shared.note,
            **shared.models,
            **row,
            "architecture_id": name,
            "architecture": shared.shape,
            "attention": self.attention_of(shared.shape.attention, mla=shared.shape.kv_lora_rank is not None),
        }
        if "max_positions" in facts:
            shape = shared.shape.model_dump(exclude_unset=True)
            facts["architecture"] = ModelArchitecture.model_validate(
                {**shape, "max_positions": facts.pop("max_positions")}
            )
        facts["arguments"] = tuple(self._argument(each) for each in facts.get("arguments", ()))
        class_ = facts.get("architecture_class")
        if isinstance(class_, str) and class_ in self.unstaged:
            facts["unstaged"] = self.unstaged[class_].engines
        weights, own = facts.get("weights"), facts.get("format")
        if isinstance(weights, dict) and isinstance(weights.get(own), dict):
            weights = {**weights, own: {"huggingface": facts["id"], **weights[own]}}
        if isinstance(weights, dict):
            facts["weights"] = {
                format_: {**self._scales(format_, files), **files} for format_, files in weights.items()
            }
        return facts

    def _argument(self, name: str) -> ModelArgument:
        if name not in self.model_arguments:
            raise LookupError(f"arguments: {name} is not in model_arguments.yaml")
        return self.model_arguments[name]

    def _scales(self, format_: str, files: Facts) -> Facts:
        """What `scales.yaml` says of the files of one format."""
        repository = str(files.get("huggingface") or files.get("modelscope"))
        for name in self.scales:
            if fnmatchcase(repository, name) and format_ in (scales := self.scales[name]).formats:
                return {
                    "group": scales.group,
                    "group_verified": scales.verified,
                    "intermediate_size": scales.intermediate_size,
                }
        return {}

    def verify(self) -> None:
        """Parse and check every entry of every table. Raises CatalogError at the first fault."""
        tables: tuple[Table, ...] = (
            self.gpus,
            self.machines,
            self.super_gpus,
            self.library,
            self.attention,
            self.architectures,
            self.model_arguments,
            self.scales,
            self.unstaged,
            self.release_traits,
            self.models,
            self.mirrors,
            self.durations,
            self.stores,
            self.disks,
            self.regions,
            self.kubernetes_versions,
            self.addons,
            self.reserved,
            self.charts,
            self.metrics,
            self.page_variables,
            self._images,
            self.image_tags,
        )
        for table in tables:
            for key in table:
                table[key]
        self._verify_repositories()
        self._verify_defaults()

    def _verify_repositories(self) -> None:
        """An alias or an Ollama id names one model; a repository that two entries list has one size and one format."""
        owners: dict[str, str] = {}
        for key, model in self.models.items():
            for name in (*model.aliases, *(w.ollama for w in model.weights.values() if w.ollama)):
                if owners.setdefault(name.lower(), key) != key or (name in self.models and name != key):
                    raise CatalogError(self.models.file_of(key), key, f"{name} names {owners[name.lower()]} too")
            for format_, weights in model.weights.items():
                other = self.models.get(weights.huggingface or "")
                if other and (other.format != format_ or other.weights[format_].gib != weights.gib):
                    fault = f"weights.{format_}: {other.id} has {other.weights[other.format].gib} GiB of {other.format}"
                    raise CatalogError(self.models.file_of(key), key, fault)

    def _verify_defaults(self) -> None:
        """Each engine, and each role that is no engine, has one default image."""
        for role in {(image.role, image.engine) for image in self.images}:
            chosen = [i for i in self.images if (i.role, i.engine) == role and i.default]
            if len(chosen) != 1:
                name = role[1] or role[0]
                raise CatalogError("images.yaml", name, f"has {len(chosen)} default images instead of one")


def _names(model: CatalogModel) -> set[str]:
    names = {model.id, *model.aliases}
    for weights in model.weights.values():
        names.update(weights.repositories)
    return {name.lower() for name in names}


@cache
def load() -> Catalog:
    """The catalogue that ships with the program; nothing is read before it is asked for."""
    return Catalog()
