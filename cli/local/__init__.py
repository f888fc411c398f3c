"""Commands on the accounts folder of this machine, which need no running bridge."""
