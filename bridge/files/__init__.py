"""Files that are kept: artifacts, where they lie and how they are checked and named."""
