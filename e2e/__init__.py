"""Runs the containers of a stack as processes of this machine, and asks them what a user would."""
