"""The real controllers of what a stack installs, as processes of this machine."""
