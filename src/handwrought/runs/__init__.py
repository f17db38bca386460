"""A training's folder: its settings, its log, its checkpoint and its models, of one format for the
command line, the library and the studio."""
