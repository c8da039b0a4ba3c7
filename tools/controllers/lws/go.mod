// Names the release, whose own go.mod then says what it is built with.
module tke-llm/tools/controllers/lws

go 1.26.0

require sigs.k8s.io/lws v0.9.0
