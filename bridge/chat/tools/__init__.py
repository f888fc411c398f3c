"""The tool bridge: tools are offered to a model that has none in words, and its words are read as calls."""
