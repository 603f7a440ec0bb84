"""OGC API Features: a server opened in QGIS by its address."""
