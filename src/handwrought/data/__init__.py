"""Images and labels: data sets by name or from files, in batches.  Knows nothing of networks."""
