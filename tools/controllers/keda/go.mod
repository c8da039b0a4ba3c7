// Names the release, whose own go.mod then says what it is built with.
module tke-llm/tools/controllers/keda

go 1.26.0

require github.com/kedacore/keda/v2 v2.21.0
