// Names the release, whose own go.mod then says what it is built with.
module tke-llm/tools/controllers/ratelimit

go 1.25.6

require github.com/envoyproxy/ratelimit v1.4.1-0.20260122083618-3fb702589d36
