"""Kubernetes quantities of memory."""

_MEBIBYTES = {"Mi": 1, "Gi": 1024, "Ti": 1024 * 1024}


def mebibytes(quantity: str) -> int:
    """MiB of a quantity in Mi, Gi or Ti, the only units that the stack file takes."""
    return int(quantity[:-2]) * _MEBIBYTES[quantity[-2:]]
