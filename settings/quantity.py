"""Quantities as Kubernetes writes them: memory and storage (``110Gi``), CPU (``500m``)."""

_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "": 1}


def size(quantity: str) -> int:
    """Bytes of a quantity of memory or storage."""
    number = quantity.rstrip("KMGTik")
    unit = _UNITS[quantity[len(number) :]]
    return int(number) * unit if number.isdigit() else int(float(number) * unit)


def mebibytes(quantity: str) -> int:
    """MiB of a quantity of memory or storage, rounded down."""
    return size(quantity) // 2**20


def millicores(quantity: str) -> int:
    """Thousandths of a CPU core."""
    return int(quantity[:-1]) if quantity.endswith("m") else round(float(quantity) * 1000)
