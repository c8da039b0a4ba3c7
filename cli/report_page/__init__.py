"""The page that a rehearsal writes: one file that asks for nothing."""
