"""With `retain` the models outlive the stack, and another stack finds them."""

from dataclasses import replace
from pathlib import Path

from rehearsal.pulumi_engine.acceptance import at, left
from rehearsal.pulumi_engine.change_table import with_values
from rehearsal.pulumi_engine.session import EngineSession
from tests.engine.samples import MAIN, sample

VOLUME = "core/v1:PersistentVolume"
FILES = "Cfs/fileSystem:FileSystem"


def test_the_file_system_outlives_the_stack_and_the_next_one_finds_it_by_the_output_model_store(pulumi: Path) -> None:
    dev = sample("dev")
    keeping = replace(dev, sections=with_values(dev.sections, {"retain": True}))
    with EngineSession(keeping, MAIN, pulumi) as session:
        session.up()
        told = session.outputs()["modelStore"]
        destroyed = session.destroy()
        kept = [each.id for each in session.world.of_type(FILES)]
        session.configure(replace(dev, sections=with_values(dev.sections, {**told, "network.nat": True})))

        found = session.up()
        volumes = [at(each.inputs, "spec", "csi", "volumeAttributes") for each in session.world.of_type(VOLUME)]
        session.destroy()

        assert not destroyed.error
        assert len(kept) == 1
        assert not found.error, found.complaints
        assert [at(each, "fsid") for each in volumes] == [told["storage.fileSystemId"]]
        assert [each.id for each in session.world.of_type(FILES)] == kept
        assert any(kept[0] in text for text in left(session.world))
