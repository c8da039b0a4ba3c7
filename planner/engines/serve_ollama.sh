# Starts Ollama and has it load its model, and only then makes the file that the startup probe waits for. Runs in Ollama's
# image, which has bash and coreutils and neither Python nor curl, as `bash -c SCRIPT NAME MODEL FILE SECONDS`.
# Kubernetes reads a doubled dollar sign and a name in parentheses behind one as its own, so that neither stands here.
#
# MODEL  name:tag, as Ollama has it in OLLAMA_MODELS
# FILE   made when the model is in memory; taken away first, for its folder outlives the container
# SECONDS  that open answers have to end in once the pod is told to stop
#
# It ends when Ollama ends, with its exit code, and with 1 where the model cannot be loaded.
set -u
model=$1 loaded=$2 drain=$3 port=${OLLAMA_HOST##*:}
rm -f "$loaded"

ollama serve &
server=$!

# Whether a client is connected: state 01 of the kernel's table is ESTABLISHED.
answering() {
  local at here state
  [[ -f $loaded ]] || return 1
  printf -v at ':%04X' "$port"
  while read -r _ here _ state _; do
    [[ $here == *"$at" && $state == 01 ]] && return 0
  done < <(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null)
  return 1
}

# Told to stop, Ollama breaks off every open answer (server/routes.go closes its HTTP server), so it is told late.
stop() {
  local left
  for ((left = drain; left > 0; left--)); do
    answering || break
    sleep 1
  done
  kill -TERM "$server" 2>/dev/null
}
# As PID 1 bash would ignore SIGTERM.
trap 'stop &' TERM INT

# The first line of the answer; it comes when the server has done what it was asked.
ask() (
  exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
  printf '%s %s HTTP/1.0\r\nHost: localhost\r\nContent-Length: %s\r\n\r\n%s' "$1" "$2" "${#3}" "$3" >&3
  IFS= read -r status <&3
  printf '%s' "$status"
  [[ $status == *" 200 "* ]]
) 2>/dev/null

load() {
  until ask GET /api/version "" >/dev/null; do sleep 1; done
  # Without a prompt the model is loaded, and nothing more.
  if ask POST /api/generate "{\"model\": \"$model\"}" >/dev/null; then
    : >"$loaded"
  else
    echo "serve-ollama: $model cannot be loaded" >&2
    kill -TERM "$server"
  fi
}

load &
loader=$!
wait "$server"
code=$?
# A signal ends the wait before the server ends.
while kill -0 "$server" 2>/dev/null; do
  wait "$server"
  code=$?
done
kill "$loader" 2>/dev/null
[[ $code -ne 0 || -f $loaded ]] || code=1
exit "$code"
