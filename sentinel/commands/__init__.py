"""The commands: one module each, which reads options, opens a session, makes one call, shows the answer and exits."""
