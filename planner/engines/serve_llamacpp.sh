# Starts llama-server on the GGUF file that lies in a folder of the store. Runs in llama.cpp's image, which has bash, as
# `bash -c SCRIPT NAME FOLDER ARGUMENT...`. Kubernetes reads a doubled dollar sign and a name in parentheses behind one as
# its own, so that neither stands here.
#
# FOLDER    holds one model: one file, or the parts of one, of which llama.cpp is given the first
# ARGUMENT  what llama-server is told besides
#
# It ends with 1 where the folder holds no model, or several, and says what is there.
set -euo pipefail
shopt -s nullglob globstar
folder=$1
shift

models=()
for file in "$folder"/**/*.gguf; do
  case ${file##*/} in
    mmproj*) ;;  # reads images for a model; not one itself
    *-00001-of-*.gguf) models+=("$file") ;;
    *-of-[0-9][0-9][0-9][0-9][0-9].gguf) ;;
    *) models+=("$file") ;;
  esac
done
if ((${#models[@]} != 1)); then
  echo "serve-llamacpp: $folder holds ${#models[@]} models where one is wanted (name it in download.include):" >&2
  printf '  %s\n' "${models[@]##*/}" >&2
  exit 1
fi
exec /app/llama-server --model "${models[0]}" "$@"
