"""What people find on site, how it is reviewed, and what follows from it."""
