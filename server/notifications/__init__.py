"""What people are told of: letters, the inbox, a browser's push."""
