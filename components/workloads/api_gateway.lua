-- Runs in Envoy for each request of the API, after the key was checked and before anything else is decided: says in
-- headers whose request it is and for which model, and on the way back counts tokens, for the log in metadata and as
-- counters of Envoy's own. It fails closed: whatever it does not understand is refused.

local CLIENT, MODEL = "x-tke-llm-client", "x-tke-llm-model"
local METADATA = "tke-llm"
local PREVIOUS = "%.previous$"
-- Where a stream tells its usage only when asked.
local STREAMS = { ["/v1/chat/completions"] = true, ["/v1/completions"] = true }
local WITH_USAGE = '{"include_usage":true,"continuous_usage_stats":true}'
local BOOLEANS = { ["true"] = true, ["false"] = true, ["null"] = true }
local USAGE_BYTES = 4096
-- Of what one request may have this script read: a body made to be slow would hold up others, for Envoy's thread waits.
-- A model's name has at most 253 characters (settings/names.py), of up to four bytes.
local MOST_MARKS, MOST_LEVELS, MOST_MEMBERS, MOST_NAME_BYTES = 1000000, 200, 1000, 1012
local TYPES = { [401] = "authentication_error", [403] = "permission_error", [429] = "rate_limit_error" }
local CODES = { [401] = "invalid_api_key", [403] = "model_not_allowed", [413] = "request_too_large", [429] = "rate_limit_exceeded" }
local MESSAGES = {
  [401] = "This API key is not valid.",
  [403] = "This API key does not open the model that was asked for.",
  [413] = "The request is larger than this API takes.",
  [429] = "The limit of this API key is reached.",
  [503] = "No replica of this model is ready.",
}
local COLD_START = "This model has no replica while nobody asks it. One is on its way: ask again in about %d seconds."

-- Envoy's objects are good until the script waits for more of a body, so that each is asked for anew.
local function note(handle, name, content)
  handle:streamInfo():dynamicMetadata():set(METADATA, name, content)
end

-- Counters, which access_log.py makes series with the labels client and model of. Of the requests `failed` cost no tokens,
-- being refused or answered with an error, and of `counted` the engine told how many. Of the rest nobody knows: the engine
-- told none, or has not yet, or the client broke off before there was an answer, of which this script hears nothing.
local COUNTERS = { "requests", "limited", "failed", "counted", "prompt_tokens", "completion_tokens" }
local OTHER = "(other)"

-- Envoy before 1.39 has no counters for scripts, and neither has what Envoy Gateway tries a script on.
local function counter(handle, name, client, model)
  return handle.stats and handle:stats():counter("tke_llm." .. name .. ".client." .. client .. ".model." .. model)
end

local function count(handle, name, seen, amount)
  local found = seen.client and amount > 0 and counter(handle, name, seen.client, seen.model)
  if found then found:add(amount) end
end

local function holds(names, name)
  for _, each in ipairs(names or {}) do
    if each == name then return true end
  end
  return false
end

local version, models, ends, cold_starts

-- What is configured, kept by each of Envoy's threads: to read it anew for each request takes as long as it is large.
-- All counters there may be are shown at nought then: of one that is first read with something in it nobody can tell
-- whether that is old.
local function configured(handle)
  local context = handle:filterContext()
  if version == context:get("version") then return end
  version, models, ends = context:get("version"), context:get("models"), context:get("ends")
  cold_starts = context:get("cold_starts") or {}
  if not handle.stats then return end
  for client, names in pairs(models) do
    for _, name in ipairs(COUNTERS) do
      for _, model in ipairs(names) do counter(handle, name, client, model):add(0) end
    end
    counter(handle, "requests", client, OTHER):add(0)
  end
end

-- Whose request it is and for which model, as counters have it. Whoever has a key could else make as many series as it
-- thinks of names.
local function counted_as(client, name)
  return { client = client, model = holds(models[client], name) and name or OTHER }
end

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(c) return string.format("\\u%04x", c:byte()) end) .. '"'
end

local function problem(status, message, code)
  local kind = TYPES[status] or (status < 500 and "invalid_request_error" or "api_error")
  code = code or CODES[status]
  return '{"error":{"message":' .. quoted(message) .. ',"type":"' .. kind .. '","param":null,"code":'
    .. (code and quoted(code) or "null") .. "}}"
end

local function refuse(handle, status, message, code)
  handle:respond({ [":status"] = tostring(status), ["content-type"] = "application/json" }, problem(status, message, code))
end

-- Where a string ends that is open, and how many marks were looked at.
local function closing_quote(text, opening)
  local at, marks = opening + 1, 0
  while true do
    local stop = text:find('"', at, true)
    marks = marks + 1
    if not stop or marks > MOST_MARKS then return nil, marks end
    local before = stop - 1
    while before >= at and text:byte(before) == 92 do before = before - 1 end
    if (stop - before) % 2 == 1 then return stop, marks end
    at = stop + 1
  end
end

-- Where the values of a JSON object's members lie, by their names; nil for what two readers may read differently (a
-- name that is there twice or has escapes, something before or behind the object, and zero bytes, by which some readers
-- guess at UTF-16), and for what takes too long to read.
local function members(text)
  if text:find("\0", 1, true) or not text:find("^%s*{") then return nil end
  local spans, depth, at, name, first = {}, 0, 1, nil, nil
  local marks, count = 0, 0
  local function close(last)
    if not name or not first then return true end
    count = count + 1
    if spans[name] or count > MOST_MEMBERS then return false end
    spans[name], name, first = { first, last }, nil, nil
    return true
  end
  while true do
    local found = text:find(depth == 1 and '["{}%[%],:]' or '["{}%[%]]', at)
    marks = marks + 1
    if not found or marks > MOST_MARKS then return nil end
    local mark = text:sub(found, found)
    at = found + 1
    if mark == '"' then
      local stop, passed = closing_quote(text, found)
      marks = marks + passed
      if not stop then return nil end
      if depth == 1 and not first then
        name = text:sub(found + 1, stop - 1)
        if name:find("\\", 1, true) then return nil end
      end
      at = stop + 1
    elseif mark == "{" or mark == "[" then
      depth = depth + 1
      if depth > MOST_LEVELS then return nil end
    elseif mark == "}" or mark == "]" then
      depth = depth - 1
      if depth == 0 then return close(found - 1) and text:find("^%s*$", at) and spans or nil end
    elseif depth == 1 and mark == ":" then
      if not first then first = found + 1 end
    elseif depth == 1 then
      if not close(found - 1) then return nil end
    end
  end
end

local function value(text, span)
  return span and text:sub(span[1], span[2]):match("^%s*(.-)%s*$")
end

-- Ask for a stream's usage with each piece of it, for a client may break off before the end; whatever the client asked
-- is written anew, or it could ask twice and differently. What it is then not shown: nil, "pieces" where it asked for
-- the usage at the end, "all". Engines that know nothing of continuous_usage_stats pass over it.
local function with_usage(text, options)
  local asked = options and value(text, options) or ""
  local all = not asked:find('"include_usage"%s*:%s*true')
  local pieces = all or not asked:find('"continuous_usage_stats"%s*:%s*true')
  local changed
  if options then
    changed = text:sub(1, options[1] - 1) .. WITH_USAGE .. text:sub(options[2] + 1)
  else
    changed = text:gsub("{", '{"stream_options":' .. WITH_USAGE .. ",", 1)
  end
  return changed, all and "all" or pieces and "pieces" or nil
end

local function listed(names)
  local entries = {}
  for _, name in ipairs(names or {}) do
    entries[#entries + 1] = '{"id":' .. quoted(name) .. ',"object":"model","created":0,"owned_by":"tke-llm"}'
  end
  return '{"object":"list","data":[' .. table.concat(entries, ",") .. "]}"
end

local function admit(handle)
  local headers = handle:headers()
  configured(handle)
  headers:remove(MODEL)
  -- Engines would else compress an answer that is to be read here.
  headers:remove("accept-encoding")
  local id = headers:get(CLIENT)
  if not id then return refuse(handle, 401, MESSAGES[401]) end
  local client = id:gsub(PREVIOUS, "")
  headers:replace(CLIENT, client)
  note(handle, "client", client)
  note(handle, "tokens", 0)
  if ends[id] and handle:timestamp() / 1000 >= ends[id] then
    count(handle, "requests", counted_as(client), 1)
    return refuse(handle, 401, "This API key has expired.", CODES[401])
  end
  local path = headers:get(":path"):gsub("%?.*", "")
  -- No path here takes a query; a key that somebody put there would stand in the engine's log.
  headers:replace(":path", path)
  if path == "/v1/models" then
    count(handle, "requests", counted_as(client), 1)
    return handle:respond({ [":status"] = "200", ["content-type"] = "application/json" }, listed(models[client]))
  end
  local body = handle:body(true)
  local text = body:length() > 0 and body:getBytes(0, body:length()) or ""
  local spans = members(text)
  local name = spans and (value(text, spans.model) or ""):gsub("\\/", "/"):match('^"([^"\\%c]+)"$')
  -- Before anything is answered, for that may end the script, and a client may wait for no answer.
  count(handle, "requests", counted_as(client, name), 1)
  if not spans then return refuse(handle, 400, "The body is not a JSON object with each name once.") end
  if not name or #name > MOST_NAME_BYTES then
    return refuse(handle, 400, "The body names no model.", "model_not_found")
  end
  note(handle, "model", name)
  handle:headers():replace(MODEL, name)
  if not STREAMS[path] then return end
  local stream = value(text, spans.stream)
  -- Some engines take other words for true, and would answer with a stream that tells no usage.
  if stream and not BOOLEANS[stream] then return refuse(handle, 400, "stream is neither true nor false.") end
  if stream == "true" then
    local changed, hidden = with_usage(text, spans.stream_options)
    if hidden then note(handle, "hidden", hidden) end
    body:setBytes(changed)
  end
end

function envoy_on_request(handle)
  local done, failure = pcall(admit, handle)
  if not done then
    handle:logErr("api: " .. tostring(failure))
    refuse(handle, 500, "The gateway could not read this request.")
  end
end

local function number(object, ...)
  for _, name in ipairs({ ... }) do
    local found = object:match('"' .. name .. '"%s*:%s*(%d+)')
    if found then return tonumber(found) end
  end
end

-- The usage objects of a piece of an answer, and the piece's end where one is cut off. Within a string of JSON the
-- quotes would be escaped, so that no model can write its own usage.
local function read_usage(text, seen)
  local at = 1
  while true do
    local found = text:find('"usage"', at, true)
    if not found then return text:sub(-8) end
    local object = text:match('^"usage"%s*:%s*(%b{})', found)
    if object and (found == 1 or text:sub(found - 1, found - 1) ~= "\\") then
      seen.fresh = true
      seen.prompt = number(object, "prompt_tokens", "input_tokens") or seen.prompt
      seen.completion = number(object, "completion_tokens", "output_tokens") or seen.completion
      seen.total = number(object, "total_tokens")
    elseif text:find('^"usage"%s*:?%s*$', found) or text:find('^"usage"%s*:%s*{', found) and #text - found < USAGE_BYTES then
      return text:sub(math.max(found - 1, 1))
    end
    at = found + 7
  end
end

local function keep(handle, seen)
  local total = seen.total or (seen.prompt or 0) + (seen.completion or 0)
  local prompt, completion = seen.prompt or total, seen.completion or 0
  note(handle, "tokens", total)
  note(handle, "prompt_tokens", prompt)
  note(handle, "completion_tokens", completion)
  if not seen.counted then count(handle, "counted", seen, 1) end
  count(handle, "prompt_tokens", seen, prompt - (seen.counted_prompt or 0))
  count(handle, "completion_tokens", seen, completion - (seen.counted_completion or 0))
  seen.counted, seen.counted_prompt, seen.counted_completion = true, prompt, completion
end

-- The event that tells only the usage, which goes to nobody who did not ask for it.
local function usage_only(line)
  return line:find('"choices"%s*:%s*%[%s*%]') and line:find('"usage"%s*:%s*{')
end

-- A line as it may go on. Within a string the quotes would be escaped.
local function without_usage(line, hidden)
  if usage_only(line) then return hidden == "all" and "" or line end
  return (line:gsub(',%s*"usage"%s*:%s*%b{}', ""))
end

-- What of the text may go on, and the beginning of a line that is yet to come whole.
local function whole_lines(text, hidden)
  local kept, at = {}, 1
  while true do
    local stop = text:find("\n", at, true)
    if not stop then break end
    kept[#kept + 1] = without_usage(text:sub(at, stop), hidden)
    at = stop + 1
  end
  local rest = text:sub(at)
  -- Held back only where it may become such an event, for what is last would else never arrive.
  if rest:sub(1, 6) ~= ("data: "):sub(1, #rest) or rest:find("^data: [^{]") then
    kept[#kept + 1], rest = rest, ""
  end
  return table.concat(kept), rest
end

local function follow(handle, seen, hidden)
  local cut, held = "", ""
  for chunk in handle:bodyChunks() do
    local size = chunk:length()
    if size > 0 then
      local text = chunk:getBytes(0, size)
      seen.fresh = false
      cut = read_usage(cut .. text, seen)
      if hidden then
        local whole
        whole, held = whole_lines(held .. text, hidden)
        if whole ~= text then chunk:setBytes(whole) end
      end
      if seen.fresh then keep(handle, seen) end
    end
  end
end

-- What Envoy itself says is plain text; what an engine says is JSON, and stays as it is.
local function explain(handle, status, model)
  local body, headers = handle:body(true), handle:headers()
  local reset, start = headers:get("x-ratelimit-reset"), status == 503 and cold_starts[model]
  local message = start and COLD_START:format(start) or MESSAGES[status] or "The request failed."
  local again = start and string.format("%d", start) or status == 429 and reset
  if again then headers:replace("retry-after", again) end
  body:setBytes(problem(status, message))
  headers:replace("content-type", "application/json")
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local status = tonumber(headers:get(":status")) or 500
  local noted = handle:streamInfo():dynamicMetadata():get(METADATA) or {}
  configured(handle)
  local seen = counted_as(noted.client, noted.model)
  if status == 429 then count(handle, "limited", seen, 1) end
  if status < 400 then return follow(handle, seen, noted.hidden) end
  if seen.model ~= OTHER then count(handle, "failed", seen, 1) end
  if not (headers:get("content-type") or ""):find("json", 1, true) then explain(handle, status, noted.model) end
end
