"""The script of the API by itself, in LuaJIT 2.1, as Envoy has it. What Envoy makes of it: tests/requests."""

import gzip
import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from lupa import luajit21

from components.workloads.api_gateway import CLIENT_HEADER, MODEL_HEADER, SCRIPT

CHAT = "/v1/chat/completions"
ENVOY = """
local text, head, told, version, handle = "", {}, nil, 0, nil
function asked(headers, body, ends, models, cold_starts)
  text, head, told, version = body, {}, { notes = {}, log = {}, counters = {} }, version + 1
  for name, value in pairs(headers) do head[name] = value end
  handle = {}
  function handle:stats()
    local function add(name) return function(_, more) told.counters[name] = (told.counters[name] or 0) + more end end
    return { counter = function(_, name) return { add = add(name) } end }
  end
  function handle:headers()
    return {
      get = function(_, name) return head[name] end,
      remove = function(_, name) head[name] = nil end,
      replace = function(_, name, value) head[name] = value end,
    }
  end
  function handle:filterContext()
    local context = { ends = ends, models = models, cold_starts = cold_starts, version = version }
    return { get = function(_, name) return context[name] end }
  end
  function handle:streamInfo()
    local set = function(_, _, name, value) told.notes[name] = value end
    local get = function() return told.notes end
    return { dynamicMetadata = function() return { set = set, get = get } end }
  end
  function handle:body()
    return {
      length = function() return #text end,
      getBytes = function(_, first, count) return text:sub(first + 1, first + count) end,
      setBytes = function(_, given) text = given end,
    }
  end
  function handle:timestamp() return 1000 * 1000 end
  function handle:logErr(line) told.log[#told.log + 1] = line end
  function handle:respond(with, body) told.status, told.body = with[":status"], body end
  envoy_on_request(handle)
  return told, head, text
end
function answered(status, pieces)
  head, text = { [":status"] = status }, ""
  function handle:bodyChunks()
    local at = 0
    return function()
      at = at + 1
      local piece = pieces[at]
      return piece and {
        length = function() return #piece end,
        getBytes = function() return piece end,
        setBytes = function(_, given) piece = given end,
      }
    end
  end
  envoy_on_response(handle)
  return told
end
function unanswered(status, said)
  text, head = said, { [":status"] = status, ["content-type"] = "text/plain" }
  envoy_on_response(handle)
  return head, text
end
"""
"""Of Envoy's objects what the script asks of them (envoyproxy.io, HTTP Lua filter); it is second 1000 there."""


@dataclass(frozen=True)
class Told:
    """`status` is None where the request goes on, with `headers` and `body`."""

    status: int | None
    error: dict[str, Any]
    headers: dict[str, str]
    body: bytes
    notes: dict[str, Any]
    log: list[str]
    answer: dict[str, Any]
    counted: dict[tuple[str, str], int]


@pytest.fixture(scope="module")
def lua() -> Any:
    # Its types know no option.
    start: Any = luajit21.LuaRuntime
    runtime = start(encoding=None, unpack_returned_tuples=True)
    runtime.execute(SCRIPT.read_text(encoding="utf-8"))
    runtime.execute(ENVOY)
    return runtime


def ask(
    lua: Any,
    body: bytes,
    path: str = CHAT,
    *,
    client: str | None = "anna",
    ends: dict[str, int] | None = None,
    forged: str | None = None,
    cold_starts: dict[str, float] | None = None,
) -> Told:
    """`forged`: the model that the request says itself that it is for."""
    given = {":path": path, **({CLIENT_HEADER: client} if client else {}), **({MODEL_HEADER: forged} if forged else {})}
    sent = lua.table_from({name.encode(): value.encode() for name, value in given.items()})
    models = lua.table_from({b"anna": lua.table_from([b"Qwen/Large", b"embed"])})
    until = lua.table_from({name.encode(): value for name, value in (ends or {}).items()})
    starts = lua.table_from({name.encode(): value for name, value in (cold_starts or {}).items()})
    told, head, text = lua.globals()[b"asked"](sent, body, until, models, starts)
    answer = json.loads(told[b"body"]) if told[b"body"] else {}
    return Told(
        status=int(told[b"status"]) if told[b"status"] else None,
        error=answer.get("error", {}),
        headers={name.decode(): value.decode() for name, value in head.items()},
        body=text,
        notes={name.decode(): value for name, value in told[b"notes"].items()},
        log=[line.decode() for line in told[b"log"].values()],
        answer=answer,
        counted=counted(told),
    )


def counted(told: Any) -> dict[tuple[str, str], int]:
    """By model and what is counted, whoever the client; what stands at nought is left out."""
    found = {}
    for name, number in told[b"counters"].items():
        parts = re.fullmatch(r"tke_llm\.(\w+)\.client\.\w+\.model\.(.+)", name.decode())
        assert parts is not None
        if number:
            found[parts[2], parts[1]] = number
    return found


def answer(lua: Any, status: int, *pieces: bytes) -> dict[tuple[str, str], int]:
    """What is counted in all when the request that was asked last is answered."""
    return counted(lua.globals()[b"answered"](str(status).encode(), lua.table_from(list(pieces))))


def chat(name: str, **rest: Any) -> bytes:
    return json.dumps({"model": name, "messages": [{"role": "user", "content": "hello"}], **rest}).encode()


def test_a_request_goes_on_with_its_client_and_its_model(lua: Any) -> None:
    told = ask(lua, chat("Qwen/Large"))
    assert told.status is None
    assert (told.headers[CLIENT_HEADER], told.headers[MODEL_HEADER]) == ("anna", "Qwen/Large")
    assert (told.notes["client"], told.notes["model"]) == (b"anna", b"Qwen/Large")
    assert told.body == chat("Qwen/Large")


def test_what_a_request_says_of_its_model_itself_is_not_heard(lua: Any) -> None:
    assert ask(lua, chat("embed"), forged="Qwen/Large").headers[MODEL_HEADER] == "embed"
    assert MODEL_HEADER not in ask(lua, b"{}", forged="Qwen/Large").headers


def test_a_query_goes_no_further_for_engines_log_it(lua: Any) -> None:
    told = ask(lua, chat("Qwen/Large"), f"{CHAT}?api_key=sk-anna&key=sk-anna")
    assert told.headers[":path"] == CHAT
    assert "sk-anna" not in repr(told)


@pytest.mark.parametrize(
    "body",
    [
        b'{"model": "Qwen/Large", "model": "embed"}',
        b'{"model": "Qwen/Large", "messages": [], "messages": []}',
        b'{"mod\\u0065l": "embed", "model": "Qwen/Large"}',
        b'{"model": "Qwen\\u002fLarge"}',
        b'{"model": "Qwen/Large"}{"model": "embed"}',
        b'{"model": "Qwen/Large"} embed',
        b'"model" {"model": "Qwen/Large"}',
        b'\xef\xbb\xbf{"model": "Qwen/Large"}',
        b'{"model": "Qwen/Large"',
        b'{"model": "Qwen/Large',
        b'[{"model": "Qwen/Large"}]',
        b'{"model": ["Qwen/Large"]}',
        b'{"model": "Qwen\nLarge"}',
        b'{"model": ""}',
        b'{"input": {"model": "Qwen/Large"}}',
        b"model=Qwen/Large",
        b"",
        chat("Qwen/Large").decode().encode("utf-16"),
        gzip.compress(chat("Qwen/Large"), mtime=0),
        json.dumps({"model": "x" * 1013}).encode(),
    ],
)
def test_what_two_readers_may_read_differently_is_refused(lua: Any, body: bytes) -> None:
    told = ask(lua, body)
    assert (told.status, told.error["type"]) == (400, "invalid_request_error")
    assert "model" not in told.notes


@pytest.mark.parametrize(
    "inner",
    [
        b"[" * 200 + b"]" * 200,
        b'{"a":' * 200 + b"0" + b"}" * 200,
        b"[" + b"[]," * 600_000 + b"0]",
        b"[" + b'"a",' * 600_000 + b"0]",
        b'"' + b'\\"' * 1_000_001 + b'"',
        b"0" + b"".join(b',"%d":0' % number for number in range(1000)),
        b"0" + b"," * 1_000_001,
    ],
    ids=["lists", "objects", "many lists", "many strings", "many quotes", "many members", "many commas"],
)
def test_what_would_take_envoys_thread_long_to_read_is_refused(lua: Any, inner: bytes) -> None:
    assert ask(lua, b'{"model":"Qwen/Large","x":' + inner + b"}").status == 400


@pytest.mark.parametrize(
    "inner",
    [
        b"[" * 199 + b"]" * 199,
        b"[" + b"12345," * 1_000_000 + b"0]",
        b'"' + b"x" * 10_000_000 + b'"',
        b'"' + b"\\n\\\\" * 1_000_000 + b'"',
        b'"\\\\\\\\\\"}"',
        b'"\xff\xfe not UTF-8 \xc3"',
        '"模型","模":"型"'.encode(),
    ],
    ids=["depth", "tokens", "10 MB", "escapes", "quotes behind backslashes", "not UTF-8", "Chinese"],
)
def test_what_clients_send_is_taken_and_goes_on_as_it_came(lua: Any, inner: bytes) -> None:
    body = b'{"x":' + inner + b',"model":"Qwen/Large"}\n'
    told = ask(lua, body)
    assert told.status is None, told.error
    assert told.headers[MODEL_HEADER] == "Qwen/Large"
    assert told.body == body


def test_the_longest_name_that_a_stack_file_takes_is_taken(lua: Any) -> None:
    name = "𝕏" * 253
    assert ask(lua, json.dumps({"model": name}, ensure_ascii=False).encode()).headers[MODEL_HEADER] == name


def test_without_a_client_that_the_key_named_nothing_is_answered(lua: Any) -> None:
    for path in (CHAT, "/v1/models"):
        told = ask(lua, chat("Qwen/Large"), path, client=None)
        assert (told.status, told.error["code"]) == (401, "invalid_api_key")


def test_a_key_ends_at_its_moment_and_the_one_before_at_its_own(lua: Any) -> None:
    assert ask(lua, chat("embed"), ends={"anna": 1001}).status is None
    assert ask(lua, chat("embed"), ends={"anna": 1000}).status == 401
    assert ask(lua, chat("embed"), client="anna.previous", ends={"anna.previous": 999}).status == 401
    told = ask(lua, chat("embed"), client="anna.previous", ends={"anna.previous": 1001})
    assert (told.status, told.headers[CLIENT_HEADER]) == (None, "anna")


def test_a_client_is_shown_its_own_models_and_one_that_nobody_knows_none(lua: Any) -> None:
    shown = ask(lua, b"", "/v1/models?limit=1").answer["data"]
    assert [each["id"] for each in shown] == ["Qwen/Large", "embed"]
    assert ask(lua, b"", "/v1/models", client="bert").answer["data"] == []


USAGE = b'{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}'
LARGE = {("Qwen/Large", "requests"): 1}


def test_a_request_is_counted_when_it_comes_for_its_client_may_wait_for_no_answer(lua: Any) -> None:
    assert ask(lua, chat("Qwen/Large")).counted == LARGE


def test_an_answer_is_the_same_request_and_tells_its_tokens(lua: Any) -> None:
    ask(lua, chat("Qwen/Large"))
    tokens = {("Qwen/Large", "prompt_tokens"): 7, ("Qwen/Large", "completion_tokens"): 3}
    assert answer(lua, 200, USAGE) == {**LARGE, ("Qwen/Large", "counted"): 1, **tokens}


def test_an_answer_whose_engine_tells_no_tokens_is_neither_counted_nor_failed(lua: Any) -> None:
    ask(lua, chat("Qwen/Large", stream=True))
    assert answer(lua, 200, b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n') == LARGE


def test_what_failed_cost_no_tokens(lua: Any) -> None:
    ask(lua, chat("Qwen/Large"))
    assert answer(lua, 429) == {**LARGE, ("Qwen/Large", "limited"): 1, ("Qwen/Large", "failed"): 1}


@pytest.mark.parametrize(
    ("body", "path", "ends"),
    [
        (b"", "/v1/models", {}),
        (b"no object", CHAT, {}),
        (b"{}", CHAT, {}),
        (chat("of-others"), CHAT, {}),
        (chat("embed"), CHAT, {"anna": 1}),
    ],
    ids=["a list", "no object", "no model", "another's model", "an expired key"],
)
def test_what_goes_to_no_model_of_the_client_is_a_request_and_nothing_more(
    lua: Any, body: bytes, path: str, ends: dict[str, int]
) -> None:
    assert ask(lua, body, path, ends=ends).counted == {("(other)", "requests"): 1}


def test_whatever_goes_wrong_in_the_script_the_request_is_refused_and_nothing_of_it_logged(lua: Any) -> None:
    lua.execute("known, string.match = string.match, function() error('broken') end")
    try:
        told = ask(lua, chat("Qwen/Large", user="a-secret-prompt"))
    finally:
        lua.execute("string.match = known")
    assert (told.status, told.error["type"]) == (500, "api_error")
    assert MODEL_HEADER not in told.headers
    assert len(told.log) == 1
    assert "a-secret-prompt" not in told.log[0]


@pytest.mark.parametrize(
    ("model", "again", "says"),
    [("Qwen/Large", b"432", "ask again in about 432 seconds"), ("embed", None, "No replica of this model is ready.")],
    ids=["none while nobody asks", "none though there should be"],
)
def test_who_finds_no_replica_is_told_when_to_come_again_where_one_comes(
    lua: Any, model: str, again: bytes | None, says: str
) -> None:
    ask(lua, chat(model), cold_starts={"Qwen/Large": 432.0})
    head, text = lua.globals()[b"unanswered"](b"503", b"no healthy upstream")
    error = json.loads(text)["error"]
    assert head[b"retry-after"] == again
    assert says in error["message"]
    assert error["type"] == "api_error"
