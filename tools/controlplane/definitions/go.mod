// Custom resource definitions are read out of these modules; nothing here is compiled.
module tke-llm/tools/controlplane/definitions

go 1.24.0

require (
	github.com/envoyproxy/gateway v1.9.1
	github.com/kedacore/keda/v2 v2.21.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
	sigs.k8s.io/gateway-api v1.6.1
	sigs.k8s.io/lws v0.9.0
)
