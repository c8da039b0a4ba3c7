"""The Pulumi program: stack file -> settings -> plan -> LlmStack -> outputs."""

import pulumi

from cli.language import say
from components.stack import LlmStack, LlmStackArgs
from planner.prove import prove, refusal
from settings import load
from settings.diagnostics import blocking
from settings.parse import parse

plan, diagnostics = prove(parse(load.read()))
if plan is None or blocking(diagnostics):
    raise pulumi.RunError(say(refusal(diagnostics)))
for each in diagnostics:
    if each.severity == "warning":
        pulumi.log.warn(f"{each.code} {each.path}: {say(each.message)} {say(each.remedy)}")

stack = LlmStack("llm", LlmStackArgs(plan=plan, secrets=load.secret_inputs()))
for key, value in stack.outputs.items():
    pulumi.export(key, value)
