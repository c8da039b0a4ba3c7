"""What is wrong with the driver that a pool states or has installed, and with MIG."""

from collections.abc import Iterator

from catalog.load import Catalog
from planner.pools import driver_codes as codes
from settings.diagnostics import Diagnostic
from settings.pools import Driver, Pool


def check_driver(name: str, pool: Pool, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with the driver of this pool, and with MIG."""
    yield from _driver(name, pool)
    yield from _mig(name, pool, catalog)


def _driver(name: str, pool: Pool) -> Iterator[Diagnostic]:
    driver = pool.driver
    if driver is None:
        return
    installing = sorted(driver.model_fields_set - {"version"})
    if pool.kind != "ordinary" and installing:
        keys = [str(Driver.model_fields[key].alias) for key in installing]
        paths = [f"pools.{name}.driver.{key}" for key in keys]
        native = pool.kind == "native"
        fix = ((f"pools.{name}.kind", "ordinary"),) if native else tuple((path, None) for path in paths)
        yield codes.driver_not_installed(paths[0], kind=pool.kind, given=keys, fix=fix)
    elif pool.kind == "ordinary" and driver.url is None:
        yield from _incomplete(name, driver)


def _incomplete(name: str, driver: Driver) -> Iterator[Diagnostic]:
    for version, file in (("version", "name"), ("cuda", "cuda_name"), ("cudnn", "cudnn_name")):
        have, lack = (version, file) if getattr(driver, version) else (file, version)
        if getattr(driver, have) and not getattr(driver, lack):
            fields, several = Driver.model_fields, len(driver.model_fields_set) > 1
            path, given, missing = f"pools.{name}.driver", str(fields[have].alias), str(fields[lack].alias)
            yield codes.driver_incomplete(
                f"{path}.{missing}",
                missing=missing,
                given=given,
                value=str(getattr(driver, have)),
                # A driver of one key may stand there in its short form.
                fix=((f"{path}.{given}" if several else path, None),),
            )


def _mig(name: str, pool: Pool, catalog: Catalog) -> Iterator[Diagnostic]:
    machine = catalog.machines.get(pool.instance_type or "")
    gpu = catalog.gpus.get(machine.gpu or "") if machine else None
    if pool.kind != "ordinary" or pool.driver is None or not pool.driver.mig or gpu is None:
        return
    refusal = codes.mig_not_planned if gpu.mig else codes.mig_not_supported
    yield refusal(f"pools.{name}.driver.mig", gpu=gpu.name)
