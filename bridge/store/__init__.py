"""The database: engine, the one writer, tables and migrations."""
