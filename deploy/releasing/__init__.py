"""Blue/green releases. The standard library alone: this runs on a host whose virtual environments may be broken."""
