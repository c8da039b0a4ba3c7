"""A stack on a real Kubernetes control plane: pools as nodes, objects applied, waited for and reported."""
