"""Runs the Pulumi program as it stands, without a cloud, and shows what it would make."""
