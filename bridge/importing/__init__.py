"""A folder of the bridge that came before this one: what of it becomes ours, dry run first."""
