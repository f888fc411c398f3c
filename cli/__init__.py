"""The command line: a folder a group, a file a command. Results go to stdout, everything else to stderr."""
