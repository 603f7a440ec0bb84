"""Who is asking: logins, sessions, roles."""
