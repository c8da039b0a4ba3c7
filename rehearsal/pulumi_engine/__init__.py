"""The program under the real Pulumi engine, with simulated providers in place of the real plugins."""
