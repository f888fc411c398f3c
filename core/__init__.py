"""Words every room shares: errors, contracts, settings, ids, time, logging, redaction. No I/O."""
