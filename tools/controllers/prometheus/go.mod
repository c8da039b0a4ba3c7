// Names the release, whose own go.mod then says what it is built with.
module tke-llm/tools/controllers/prometheus

go 1.26.7

require github.com/prometheus/prometheus v0.316.0
