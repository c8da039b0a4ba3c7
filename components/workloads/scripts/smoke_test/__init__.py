"""Asks a stack that is up what people will ask of it, and tries a connection that must be refused.

Runs in whatever image of the stack holds Python 3.10, with the standard library alone (``python3 -m smoke_test``);
`tke-llm smoke` runs the same functions from the user's machine. What it found goes to stdout and, in short, to the
container's termination message; no secret stands there. Exit code 0: nothing failed (warnings are no failures); 1:
something did, or the request could not be read.
"""
