"""The formats browsers copy a request in; a module each, text in, `RawRequest` out."""
