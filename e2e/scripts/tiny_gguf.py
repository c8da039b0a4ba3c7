"""Writes the tiny model as GGUF, which llama.cpp reads: run as a script by a Python that has gguf.

Arguments: the folder that `tiny_model.py` wrote, and the file to write. Names and keys: the GGUF specification, and
llama.cpp's converter for Qwen2.
"""

import json
import sys
from pathlib import Path

import gguf
from safetensors.numpy import load_file

NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
PARTS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def main() -> None:
    folder, file = Path(sys.argv[1]), sys.argv[2]
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    writer = gguf.GGUFWriter(file, "qwen2")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config.get("rope_theta") or config["rope_parameters"]["rope_theta"])
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    add_tokens(writer, json.loads((folder / "tokenizer.json").read_text(encoding="utf-8")), config)
    for name, values in load_file(folder / "model.safetensors").items():
        writer.add_tensor(renamed(name), values.astype("float32"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_tokens(writer: gguf.GGUFWriter, tokenizer: dict, config: dict) -> None:
    """Bytes, words, and marks that are no text."""
    tokens = {place: (letter, gguf.TokenType.NORMAL) for letter, place in tokenizer["model"]["vocab"].items()}
    for each in tokenizer["added_tokens"]:
        kind = gguf.TokenType.CONTROL if each["special"] else gguf.TokenType.USER_DEFINED
        tokens[each["id"]] = (each["content"], kind)
    ordered = [tokens[place] for place in sorted(tokens)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([text for text, _ in ordered])
    writer.add_token_types([kind for _, kind in ordered])
    # A list must not be empty; this one joins nothing, for there is no such token.
    writer.add_token_merges(["! !"])
    writer.add_eos_token_id(config["eos_token_id"])
    writer.add_pad_token_id(config["pad_token_id"])
    writer.add_add_bos_token(False)


def renamed(name: str) -> str:
    if name in NAMES:
        return NAMES[name]
    _, _, layer, part = name.split(".", 3)
    module, _, kind = part.rpartition(".")
    return f"blk.{layer}.{PARTS[module]}.{kind}"


if __name__ == "__main__":
    main()
