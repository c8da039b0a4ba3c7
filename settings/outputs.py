"""The outputs of the stack: the one list that documents, program and tests are held against."""

OUTPUTS = {
    "chatUrl": "Address of the chat page.",
    "apiBaseUrl": "Base address of the OpenAI-compatible API: of all models with `api`, of the first one without.",
    "models": "Each model: name in the API, engine, address.",
    "portForward": "Commands that bring the chat page and the API to this computer.",
    "curl": "A request that shows that the API answers.",
    "smokeTest": "The Jobs that asked after the rollout, and the command that shows what they found.",
    "webuiAdmin": "`email` and `password` (secret) of the chat page's administrator.",
    "apiKeys": "API key of each model (secret).",
    "clients": "With `api`: the key of each client (secret).",
    "kubeconfig": "Kubeconfig of the cluster (secret).",
    "clusterId": "Id of the TKE cluster.",
    "plan": "The numbers that were decided, and why.",
    "monitoring": "With `monitoring.via: tmp`: the id of the managed Prometheus' instance, and where it is asked.",
    "dns": "With a gateway or an Ingress: the command that shows the address which DNS must lead to.",
    "modelStore": "With `retain`: the settings by which another stack finds the models.",
}
"""Each output by name, and what it holds."""

SOMETIMES = frozenset({"clients", "dns", "modelStore", "monitoring"})
"""Those that only some stacks have; the others are always there, null where there is nothing to say."""
ALWAYS = OUTPUTS.keys() - SOMETIMES
