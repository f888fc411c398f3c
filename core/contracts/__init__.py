"""Models that cross a process or enter a history. Fields are only ever added, with defaults; none is renamed."""
