"""With `retain` the models outlive the stack, and another stack finds them."""

from dataclasses import replace
from pathlib import Path

from rehearsal.pulumi_engine.acceptance import left
from rehearsal.pulumi_engine.session import EngineSession
from settings.paths import apply_fix, value_at
from tests.engine.samples import MAIN, sample

VOLUME = "core/v1:PersistentVolume"
FILES = "Cfs/fileSystem:FileSystem"


def test_the_file_system_outlives_the_stack_and_the_next_one_finds_it_by_the_output_model_store(pulumi: Path) -> None:
    dev = sample("dev")
    keeping = replace(dev, sections=apply_fix(dev.sections, {"retain": True}.items()))
    with EngineSession(keeping, MAIN, pulumi) as session:
        session.up()
        told = session.outputs()["modelStore"]
        destroyed = session.destroy()
        kept = [each.id for each in session.world.of_type(FILES)]
        session.configure(replace(dev, sections=apply_fix(dev.sections, {**told, "network.nat": True}.items())))

        found = session.up()
        volumes = [value_at(each.inputs, "spec", "csi", "volumeAttributes") for each in session.world.of_type(VOLUME)]
        session.destroy()

        assert not destroyed.error
        assert len(kept) == 1
        assert not found.error, found.complaints
        assert [value_at(each, "fsid") for each in volumes] == [told["storage.fileSystemId"]]
        assert [each.id for each in session.world.of_type(FILES)] == kept
        assert any(kept[0] in text for text in left(session.world))
