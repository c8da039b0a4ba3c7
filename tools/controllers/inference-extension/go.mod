// Names the release, whose own go.mod then says what it is built with.
module tke-llm/tools/controllers/inference-extension

go 1.25.0

require sigs.k8s.io/gateway-api-inference-extension v1.5.0
