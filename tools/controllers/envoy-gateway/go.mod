// Names the release, whose own go.mod then says what it is built with.
module tke-llm/tools/controllers/envoy-gateway

go 1.26.7

require github.com/envoyproxy/gateway v1.9.1
