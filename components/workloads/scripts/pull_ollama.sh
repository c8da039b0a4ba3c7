#!/usr/bin/env bash
# Brings a model of Ollama's registry into the shared store, checks it, and only then writes the marker that servers wait
# for. Runs in Ollama's image, which has bash and coreutils and neither Python nor curl.
#
# Exit code 0: the model is complete; 1: it failed, and another run goes on where this one stopped; 2: no further run can
# succeed. The whole run is bounded by the Job's deadline.
#
# MODEL_REPOSITORY  name:tag, as Ollama's registry has it
# MODEL_DIRECTORY   the model's own folder in the store (OLLAMA_MODELS of the server)
# MODEL_MARKER      the file that says that the model is whole
# MODEL_BYTES       the expected number of bytes, 0 where unknown
# MODEL_STORE_ELASTIC  1 where the store grows as it is filled, so that its free space says nothing
# PULL_PAUSES       seconds between the attempts of one run; the Job's own restarts come on top
# PULL_TICK         seconds between two looks at what runs in the background
set -uo pipefail
umask 022

readonly DONE=0 FAILED=1 HOPELESS=2
readonly PAUSES=${PULL_PAUSES:-5 30 120} TICK=${PULL_TICK:-1}
# Looks, a tick apart: until the server in the Job must answer, and between two reports.
readonly START=120 REPORT=60

: "${MODEL_REPOSITORY:?}" "${MODEL_DIRECTORY:?}" "${MODEL_MARKER:?}" "${HOME:?}"
export OLLAMA_HOST=${OLLAMA_HOST:-127.0.0.1:11434} OLLAMA_MODELS=$MODEL_DIRECTORY OLLAMA_NOPRUNE=1
readonly IDENTITY="{\"source\": \"ollama\", \"repository\": \"$MODEL_REPOSITORY\"}"

server=""
fault=""

say() { printf '%(%Y-%m-%d %H:%M:%S)T %s\n' -1 "$*"; }

stop() {
  if [[ -n $server ]]; then
    kill "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    server=""
  fi
}

# As PID 1 it would ignore SIGTERM. The next run goes on where this one stopped.
trap 'stop; exit 143' TERM INT
trap stop EXIT

# Where Ollama keeps the manifest of a name, below its models.
manifest() {
  local name=$1 tag=latest
  if [[ ${name##*/} == *:* ]]; then
    tag=${name##*:} name=${name%:*}
  fi
  case $name in
    */*/*) ;;
    */*) name=registry.ollama.ai/$name ;;
    *) name=registry.ollama.ai/library/$name ;;
  esac
  printf '%s/manifests/%s/%s' "$MODEL_DIRECTORY" "$name" "$tag"
}

# Whether every blob that the manifest names is there with its size. Ollama itself compares digests after a pull.
whole() {
  local file part digest size blob found=0
  file=$(manifest "$MODEL_REPOSITORY")
  if [[ ! -s $file ]]; then
    fault="there is no manifest of $MODEL_REPOSITORY"
    return 1
  fi
  while IFS= read -r part; do
    digest=$(sed -n 's/.*"digest":"sha256:\([0-9a-f]*\)".*/\1/p' <<<"$part")
    size=$(sed -n 's/.*"size":\([0-9]*\).*/\1/p' <<<"$part")
    [[ -n $digest ]] || continue
    blob=$MODEL_DIRECTORY/blobs/sha256-$digest
    if [[ ! -f $blob ]]; then
      fault="blob sha256-$digest is missing"
      return 1
    fi
    if [[ -n $size && $(stat -c %s "$blob") != "$size" ]]; then
      fault="blob sha256-$digest has $(stat -c %s "$blob") bytes instead of $size"
      # Ollama takes a blob of the right name as done.
      rm -f "$blob"
      return 1
    fi
    found=$((found + 1))
  done < <(tr -d ' \t\r\n' <"$file" | grep -o '{[^{}]*}')
  fault="the manifest of $MODEL_REPOSITORY names no blob"
  ((found > 0))
}

complete() { [[ -f $MODEL_MARKER && $(<"$MODEL_MARKER") == "$IDENTITY" ]] && whole; }

# Whether the server in this Job answers. The subshell closes the connection.
answers() (
  exec 3<>"/dev/tcp/${OLLAMA_HOST%:*}/${OLLAMA_HOST##*:}" || return 1
  printf 'GET /api/version HTTP/1.0\r\nHost: %s\r\n\r\n' "$OLLAMA_HOST" >&3
  IFS= read -r -t 5 status <&3
  [[ $status == *" 200"* ]]
) 2>/dev/null

serve() {
  local waited
  [[ -n $server ]] && kill -0 "$server" 2>/dev/null && answers && return 0
  stop
  ollama serve >"$HOME/serve.log" 2>&1 &
  server=$!
  for ((waited = 0; waited < START; waited++)); do
    answers && return 0
    if ! kill -0 "$server" 2>/dev/null; then
      fault="ollama serve ended: $(last "$HOME/serve.log")"
      return 1
    fi
    sleep "$TICK"
  done
  fault="ollama serve does not answer: $(last "$HOME/serve.log")"
  return 1
}

# The last line of a log, without the control characters of a progress bar.
last() { tr '\r' '\n' <"$1" | sed 's/\x1b\[[0-9;?]*[A-Za-z]//g' | grep -v '^[[:space:]]*$' | tail -n 1 | cut -c 1-400; }

pull() {
  local waited=0 puller
  ollama pull "$MODEL_REPOSITORY" >"$HOME/pull.log" 2>&1 &
  puller=$!
  while kill -0 "$puller" 2>/dev/null; do
    sleep "$TICK"
    waited=$((waited + 1))
    ((waited % REPORT)) || say "$(($(present) / 1000000)) of $((${MODEL_BYTES:-0} / 1000000)) MB here"
  done
  wait "$puller" && return "$DONE"
  fault=$(last "$HOME/pull.log")
  case $fault in
    *"no space left on device"* | *"disk quota exceeded"*)
      fault="the store is full: $fault; enlarge or clear it, then run \`pulumi up\` again"
      return "$HOPELESS"
      ;;
    *"file does not exist"* | *"not found"* | *"invalid model name"* | *"newer version of Ollama"*) return "$HOPELESS" ;;
  esac
  return "$FAILED"
}

# Ollama makes a file as large as it will be before it is there, hence the blocks and not the lengths.
present() { du -s -B1 "$MODEL_DIRECTORY" | cut -f 1; }

room() {
  local needed free
  needed=$((${MODEL_BYTES:-0} - $(present)))
  free=$(df -B1 --output=avail "$MODEL_DIRECTORY" | tail -n 1)
  fault="the store has $((free / 1000000)) MB free, the model needs $((needed / 1000000)) MB more"
  ((needed <= free)) && return 0
  [[ ${MODEL_STORE_ELASTIC:-0} == 1 ]] || return 1
  say "$fault; going on, for this kind of store grows as it is filled"
}

mark() {
  # The server runs as another user, and a store may map groups.
  chmod -R a+rX "$MODEL_DIRECTORY" &&
    printf '%s\n' "$IDENTITY" >"$MODEL_MARKER.$$" &&
    mv -f "$MODEL_MARKER.$$" "$MODEL_MARKER"
}

main() {
  local pause result
  if complete; then
    say "$MODEL_REPOSITORY is complete already in $MODEL_DIRECTORY"
    return "$DONE"
  fi
  # A marker of another request must not vouch for files that are about to change.
  rm -f "$MODEL_MARKER"
  mkdir -p "$MODEL_DIRECTORY" || return "$FAILED"
  if ! room; then
    say "giving up: $fault"
    return "$HOPELESS"
  fi
  say "pulling $MODEL_REPOSITORY into $MODEL_DIRECTORY"
  for pause in $PAUSES ""; do
    result=$FAILED
    if serve; then
      pull
      result=$?
      if ((result == DONE)) && whole && mark; then
        say "complete: $(($(present) / 1000000)) MB"
        return "$DONE"
      fi
    fi
    if ((result == HOPELESS)); then
      say "giving up: $fault"
      return "$HOPELESS"
    fi
    [[ -n $pause ]] || break
    say "$fault; trying again in $pause s"
    # In the background, for bash heeds a signal only between commands.
    sleep "$pause" &
    wait $!
  done
  say "failed: $fault"
  return "$FAILED"
}

main
