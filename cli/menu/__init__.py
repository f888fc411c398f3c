"""`chatgpt-api menu`: the everyday commands, asked for one by one."""
