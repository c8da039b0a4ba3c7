"""Pulumi's mocks without what no test looks at."""

import pulumi.runtime.resource
from pulumi.runtime.proto.source_pb2 import StackTrace


def without_stack_traces() -> None:
    """Registers without the lines of code that it came from: of these Pulumi writes down the whole stack, pytest's own
    included, which takes a third of the time that a stack takes under mocks."""
    pulumi.runtime.resource._get_stack_trace = StackTrace
