"""Makes a model small enough for any CPU, which answers with fixed words: run as a script by the Python of an engine.

A Qwen2 of two layers whose attention and feed-forward layers add nothing: what follows a token is decided by that token
alone, through the output layer. So the engine does all of its work, and the answer is known, ends by itself and has the
marks that a reasoning parser looks for.
"""

import json
import math
import sys
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

HIDDEN, LAYERS, HEADS = 128, 2, 4
CONTEXT = 1 << 20
"""Positions; more than any stack asks for."""
SHARPNESS = 4.0
"""Scales the output layer: the next word is all but certain at any temperature that a client sends."""
END, START = "<|im_end|>", "<|im_start|>"
SPECIAL = ("<|endoftext|>", START, END)
MARKS = ("<think>", "</think>", "<tool_call>", "</tool_call>")
"""What parsers look for in the text, hence nothing that is left out of it."""
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% if message.content is string %}{{ message.content }}"
    "{% else %}{% for part in message.content %}{{ part.text }}{% endfor %}{% endif %}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def main() -> None:
    """Arguments: the folder to write to, then a JSON object: `thought` and `answer`, lists of words."""
    folder, words = Path(sys.argv[1]), json.loads(sys.argv[2])
    tokenizer = make_tokenizer([*words["thought"], *words["answer"]])
    torch.manual_seed(0)
    model = make_model(tokenizer, chain(words["thought"], words["answer"]))
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def chain(thought: list[str], answer: list[str]) -> list[str]:
    """The tokens that follow each other from the end of a prompt to the end of an answer."""
    reasoning = [*thought, "</think>"] if thought else []
    return ["\n", *reasoning, *answer, END]


def make_tokenizer(words: list[str]) -> PreTrainedTokenizerFast:
    """Bytes, and each of the words as one token more."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(BPE(vocab={letter: place for place, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens([AddedToken(f" {word}", normalized=False) for word in words])
    tokenizer.add_tokens([AddedToken(each, normalized=False) for each in MARKS])
    tokenizer.add_special_tokens([AddedToken(each, special=True, normalized=False) for each in SPECIAL])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=SPECIAL[0],
        chat_template=TEMPLATE,
        model_max_length=CONTEXT,
    )


def make_model(tokenizer: PreTrainedTokenizerFast, follow: list[str]) -> Qwen2ForCausalLM:
    """`follow` names the tokens in their order; what follows the last is the first word again."""
    ids = [_id(tokenizer, each) for each in follow]
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=HIDDEN,
        intermediate_size=2 * HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS // 2,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=False,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    model = Qwen2ForCausalLM(config).eval()
    with torch.no_grad():
        embedding = torch.randn(len(tokenizer), HIDDEN) / math.sqrt(HIDDEN)
        output = torch.zeros(len(tokenizer), HIDDEN)
        for now, after in zip(ids, [*ids[1:], ids[1]], strict=True):
            output[after] += embedding[now] * SHARPNESS
        model.model.embed_tokens.weight.copy_(embedding)
        model.lm_head.weight.copy_(output)
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    return model.to(torch.bfloat16)


def _id(tokenizer: PreTrainedTokenizerFast, word: str) -> int:
    """A word of ours is one token with its space; a mark or a line's end is one by itself."""
    for text in (f" {word}", word):
        ids = tokenizer.encode(text, add_special_tokens=False)
        if len(ids) == 1:
            return ids[0]
    raise ValueError(f"{word!r} is not one token")


if __name__ == "__main__":
    main()
