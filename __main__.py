"""The Pulumi program: stack file -> settings -> plan -> LlmStack -> outputs."""

import pulumi

from cli.language import translate
from components.stack import LlmStack, LlmStackArgs
from planner.prove import prove, refusal
from settings import load
from settings.diagnostics import blocking
from settings.parse import parse

plan, diagnostics = prove(parse(load.read()))
if plan is None or blocking(diagnostics):
    raise pulumi.RunError(translate(refusal(diagnostics)))
for each in diagnostics:
    if each.severity == "warning":
        pulumi.log.warn(f"{each.code} {each.path}: {translate(each.message)} {translate(each.remedy)}")

stack = LlmStack("llm", LlmStackArgs(plan=plan, secrets=load.secret_inputs()))
for key, value in stack.outputs.items():
    pulumi.export(key, value)
