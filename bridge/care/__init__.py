"""Looking after accounts before they stop working."""
